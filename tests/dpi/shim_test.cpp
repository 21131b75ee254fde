// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The C ABI as a simulator sees it: handles, errors, null pointers, open arrays.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <bit>
#include <filesystem>
#include <set>
#include <thread>

#include "fake_svdpi.h"
#include "guestlink/attach.h"
#include "guestlink_dpi.h"
#include "guestlink_endpoints.h"
#include "guestlink_handles.h"
#include "support/temporary_directory.h"

namespace guestlink::test {
namespace {

using Bytes = std::vector<std::byte>;

void* open_mock(const std::string& keys = "size=64K") {
  void* const handle = guestlink_open(("mock:," + keys).c_str());
  EXPECT_NE(handle, nullptr) << guestlink_last_error();
  return handle;
}

void* as_handle(std::uint64_t id) { return std::bit_cast<void*>(id); }

TEST(ShimHandleTest, OpensReadsWritesAndCloses) {
  void* const handle = open_mock();
  EXPECT_EQ(guestlink_write64(handle, 0x100, 0x0123456789ABCDEF), GUESTLINK_OK);
  unsigned int word = 0;
  EXPECT_EQ(guestlink_read32(handle, 0x104, &word), GUESTLINK_OK);
  EXPECT_EQ(word, 0x01234567U);
  guestlink_fence();
  EXPECT_EQ(guestlink_close(handle), GUESTLINK_OK);
}

TEST(ShimHandleTest, ClosedNullAndWildHandlesAreRefusedAndNotFollowed) {
  void* const handle = open_mock();
  const unsigned long long id = guestlink_id(handle);
  ASSERT_EQ(guestlink_close(handle), GUESTLINK_OK);
  void* const again = open_mock();  // takes the same slot
  int local = 0;
  const std::uint64_t good = guestlink_id(again);
  for (void* const bad :
       {handle, static_cast<void*>(nullptr), static_cast<void*>(&local), as_handle(1),
        as_handle(kMaximumHandles), as_handle(~std::uint64_t{0}), as_handle(good + 1),
        as_handle(good - kMaximumHandles), as_handle(good & 0xFFFFFFFF)}) {
    unsigned char byte = 7;
    EXPECT_EQ(guestlink_read8(bad, 0, &byte), GUESTLINK_BAD_HANDLE) << bad;
    EXPECT_EQ(byte, 7);
    EXPECT_EQ(guestlink_id(bad), 0U);
    EXPECT_EQ(guestlink_close(bad), GUESTLINK_BAD_HANDLE);
    EXPECT_EQ(
        std::string(guestlink_last_error()),
        "guestlink_close: handle " + hex(std::bit_cast<std::uintptr_t>(bad)) + ": BAD_HANDLE (4)");
  }
  EXPECT_EQ(guestlink_from_id(id), nullptr);
  EXPECT_EQ(guestlink_from_id(0), nullptr);
  unsigned char byte = 0;
  EXPECT_EQ(guestlink_read8(again, 0, &byte), GUESTLINK_OK);
  EXPECT_EQ(guestlink_close(again), GUESTLINK_OK);
}

TEST(ShimHandleTest, IdsGoThroughPortsAndBack) {
  void* const handle = open_mock();
  const unsigned long long id = guestlink_id(handle);
  EXPECT_NE(id, 0U);
  EXPECT_EQ(guestlink_from_id(id), handle);
  EXPECT_EQ(guestlink_close(handle), GUESTLINK_OK);
}

TEST(ShimHandleTest, StatusAndGenerationTellOfALoss) {
  const test::TemporaryDirectory directory;
  const std::string ram = directory.file("ram");
  void* const handle = guestlink_open(("mock:" + ram + ",size=64K").c_str());
  EXPECT_EQ(guestlink_status(handle), GUESTLINK_OK);
  EXPECT_EQ(guestlink_generation(handle), 1U);
  std::filesystem::resize_file(ram, 0x1000);
  unsigned long long word = 77;
  EXPECT_EQ(guestlink_read64(handle, 0x8000, &word), GUESTLINK_DETACHED);
  EXPECT_EQ(word, 77U);
  EXPECT_STREQ(guestlink_last_error(), "guestlink_read64: address 0x8000, length 8: DETACHED (3)");
  EXPECT_EQ(guestlink_status(handle), GUESTLINK_DETACHED);
  const std::string why = guestlink_last_error();
  EXPECT_EQ(why.find("guest memory was lost at guest address 0x8000: file '" + ram +
                     "' was cut short to 0x1000 bytes"),
            0U)
      << why;
  EXPECT_EQ(guestlink_generation(handle), 2U);
  EXPECT_EQ(guestlink_write64(handle, 0, 1), GUESTLINK_DETACHED);
  EXPECT_EQ(guestlink_close(handle), GUESTLINK_OK);
  EXPECT_EQ(guestlink_status(handle), GUESTLINK_BAD_HANDLE);
  EXPECT_EQ(guestlink_generation(handle), 0U);
  EXPECT_EQ(guestlink_status(nullptr), GUESTLINK_BAD_HANDLE);
}

TEST(ShimHandleTest, AHandleIsAttachedAgain) {
  const test::TemporaryDirectory directory;
  const std::string ram = directory.file("ram");
  void* const handle = guestlink_open(("mock:" + ram + ",size=64K").c_str());
  ASSERT_EQ(guestlink_write64(handle, 0, 5), GUESTLINK_OK);
  memory_from_id(guestlink_id(handle))->detach();
  ASSERT_EQ(guestlink_status(handle), GUESTLINK_DETACHED);
  EXPECT_EQ(guestlink_reattach(handle), GUESTLINK_OK) << guestlink_last_error();
  EXPECT_EQ(guestlink_generation(handle), 3U);
  unsigned long long word = 0;
  EXPECT_EQ(guestlink_read64(handle, 0, &word), GUESTLINK_OK);
  EXPECT_EQ(word, 5U);
  std::filesystem::resize_file(ram, 0x1000);
  EXPECT_EQ(guestlink_reattach(handle), GUESTLINK_DETACHED);
  const std::string why = guestlink_last_error();
  EXPECT_NE(why.find("exists and has 0x1000 bytes, not size=0x10000"), std::string::npos) << why;
  EXPECT_EQ(guestlink_generation(handle), 4U);
  EXPECT_EQ(guestlink_close(handle), GUESTLINK_OK);
  EXPECT_EQ(guestlink_reattach(handle), GUESTLINK_BAD_HANDLE);
  EXPECT_EQ(guestlink_reattach(nullptr), GUESTLINK_BAD_HANDLE);
}

TEST(ShimHandleTest, AWriteThatMeetsTheLossIsPartial) {
  const test::TemporaryDirectory directory;
  const std::string ram = directory.file("ram");
  void* const handle = guestlink_open(("mock:" + ram + ",size=64K").c_str());
  std::filesystem::resize_file(ram, 0x1000);
  unsigned long long previous = 77;
  EXPECT_EQ(guestlink_fetch_add64(handle, 0x8000, 1, &previous), GUESTLINK_PARTIAL);
  EXPECT_EQ(previous, 77U);
  EXPECT_EQ(guestlink_fetch_add64(handle, 0x8000, 1, &previous), GUESTLINK_DETACHED);
  EXPECT_EQ(guestlink_close(handle), GUESTLINK_OK);
}

TEST(ShimHandleTest, TwoHandlesAreTwoMemories) {
  void* const first = open_mock("size=64K,fill=1");
  void* const second = open_mock("size=4K,fill=2");
  unsigned char byte = 0;
  EXPECT_EQ(guestlink_write8(first, 0, 0x11), GUESTLINK_OK);
  EXPECT_EQ(guestlink_read8(second, 0, &byte), GUESTLINK_OK);
  EXPECT_EQ(byte, 2);
  EXPECT_EQ(guestlink_read8(first, 0x1000, &byte), GUESTLINK_OK);
  EXPECT_EQ(guestlink_read8(second, 0x1000, &byte), GUESTLINK_OUT_OF_RANGE);
  EXPECT_EQ(guestlink_close(first), GUESTLINK_OK);
  EXPECT_EQ(guestlink_read8(first, 0, &byte), GUESTLINK_BAD_HANDLE);
  EXPECT_EQ(guestlink_read8(second, 0, &byte), GUESTLINK_OK);
  EXPECT_EQ(guestlink_close(second), GUESTLINK_OK);
}

TEST(ShimHandleTest, ProgramsRegisterMemoryOfTheirOwn) {
  const std::uint64_t id = register_memory(attach("mock:,size=4K,fill=9"));
  ASSERT_NE(id, 0U);
  unsigned char byte = 0;
  EXPECT_EQ(guestlink_read8(guestlink_from_id(id), 0, &byte), GUESTLINK_OK);
  EXPECT_EQ(byte, 9);
  ASSERT_NE(memory_from_id(id), nullptr);
  EXPECT_EQ(memory_from_id(id)->store<std::uint8_t>(0, 8), AccessStatus::kOk);
  EXPECT_EQ(guestlink_read8(guestlink_from_id(id), 0, &byte), GUESTLINK_OK);
  EXPECT_EQ(byte, 8);
  EXPECT_EQ(close_memory(id), AccessStatus::kOk);
  EXPECT_EQ(close_memory(id), AccessStatus::kBadHandle);
  EXPECT_EQ(memory_from_id(id), nullptr);
}

TEST(ShimHandleTest, TheTableFillsUpWithAMessageAndRecovers) {
  std::vector<std::uint64_t> ids;
  while (const std::uint64_t id = register_memory(GuestMemory())) ids.push_back(id);
  EXPECT_EQ(ids.size(), kMaximumHandles);
  EXPECT_EQ(std::set<std::uint64_t>(ids.begin(), ids.end()).size(), ids.size());
  EXPECT_EQ(guestlink_open("mock:,size=4K"), nullptr);
  EXPECT_STREQ(guestlink_last_error(),
               "attach spec 'mock:,size=4K': 1024 handles are open already; close one first");
  for (const std::uint64_t id : ids) EXPECT_EQ(close_memory(id), AccessStatus::kOk);
  EXPECT_EQ(guestlink_close(open_mock()), GUESTLINK_OK);
}

TEST(ShimHandleTest, ThreadsOpenAndCloseAtOnce) {
  const auto churn = [] {
    for (int i = 0; i < 200; ++i) {
      void* const handle = open_mock("size=4K");
      ASSERT_EQ(guestlink_write32(handle, 0, 5), GUESTLINK_OK);
      ASSERT_EQ(guestlink_close(handle), GUESTLINK_OK);
    }
  };
  std::thread other(churn);
  churn();
  other.join();
}

TEST(ShimErrorTest, OpenFailsWithTheAttachMessage) {
  EXPECT_EQ(guestlink_open("mock:,size=lots"), nullptr);
  EXPECT_NE(std::string(guestlink_last_error()).find("key 'size' has value 'lots'"),
            std::string::npos);
  EXPECT_EQ(guestlink_open(nullptr), nullptr);
  EXPECT_STREQ(guestlink_last_error(), "attach spec is a null pointer");
  EXPECT_EQ(guestlink_open((std::string(20000, 'x') + ":").c_str()), nullptr);  // cut, not overrun
  EXPECT_GT(std::string(guestlink_last_error()).size(), 4096U);
  EXPECT_TRUE(std::string(guestlink_last_error()).ends_with("one of file qmp mock"));
}

TEST(ShimErrorTest, AccessesTellFunctionAddressLengthAndStatus) {
  void* const handle = open_mock("size=64K,machine=riscv-virt");
  unsigned long long value = 0;
  EXPECT_EQ(guestlink_read64(handle, 0x1000, &value), GUESTLINK_OUT_OF_RANGE);
  EXPECT_STREQ(guestlink_last_error(),
               "guestlink_read64: address 0x1000, length 8: OUT_OF_RANGE (1)");
  EXPECT_STREQ(guestlink_last_error(),
               "guestlink_read64: address 0x1000, length 8: OUT_OF_RANGE (1)");
  EXPECT_EQ(guestlink_fetch_add64(handle, 0x80000001, 1, &value), GUESTLINK_BAD_ARGUMENT);
  EXPECT_STREQ(
      guestlink_last_error(),
      "guestlink_fetch_add64: address 0x80000001, length 8: BAD_ARGUMENT (5): the address is "
      "no multiple of 8");
  EXPECT_EQ(guestlink_read64(handle, 0x80000000, nullptr), GUESTLINK_BAD_ARGUMENT);
  EXPECT_STREQ(
      guestlink_last_error(),
      "guestlink_read64: address 0x80000000, length 8: BAD_ARGUMENT (5): a null pointer, or "
      "an array not of one dimension");
  EXPECT_EQ(guestlink_copy(handle, 0x80000000, 0x1000, 64), GUESTLINK_OUT_OF_RANGE);
  EXPECT_STREQ(
      guestlink_last_error(),
      "guestlink_copy: destination 0x80000000, source 0x1000, length 64: OUT_OF_RANGE (1)");
  EXPECT_EQ(guestlink_compare(handle, 0x80000000, 0x1000, 64, &value), GUESTLINK_OUT_OF_RANGE);
  EXPECT_STREQ(guestlink_last_error(),
               "guestlink_compare: a 0x80000000, b 0x1000, length 64: OUT_OF_RANGE (1)");
  int writable = 0;
  EXPECT_EQ(guestlink_region(handle, 9, &value, &value, &writable), GUESTLINK_OUT_OF_RANGE);
  EXPECT_STREQ(guestlink_last_error(), "guestlink_region: index 9: OUT_OF_RANGE (1)");
  EXPECT_EQ(guestlink_load_file(handle, 0x80000000, "/nowhere/file", &value), GUESTLINK_IO_ERROR);
  EXPECT_STREQ(guestlink_last_error(),
               "guestlink_load_file: address 0x80000000, length 0: IO_ERROR (6), file "
               "'/nowhere/file': No such file or directory");
  const TemporaryDirectory directory;
  const std::string big = directory.sparse_file("big", 0x10001);
  EXPECT_EQ(guestlink_load_file(handle, 0x80000000, big.c_str(), &value), GUESTLINK_OUT_OF_RANGE);
  EXPECT_EQ(std::string(guestlink_last_error()),
            "guestlink_load_file: address 0x80000000, length 65537: OUT_OF_RANGE (1), file '" +
                big + "'");
  EXPECT_EQ(guestlink_close(handle), GUESTLINK_OK);
}

TEST(ShimErrorTest, EachThreadHasItsOwnMessage) {
  EXPECT_EQ(guestlink_open("nonsense"), nullptr);
  std::thread([] { EXPECT_STREQ(guestlink_last_error(), ""); }).join();
}

TEST(ShimErrorTest, StatusNamesAreTheContracts) {
  EXPECT_STREQ(guestlink_status_name(GUESTLINK_OK), "OK");
  EXPECT_STREQ(guestlink_status_name(GUESTLINK_OUT_OF_RANGE), "OUT_OF_RANGE");
  EXPECT_STREQ(guestlink_status_name(GUESTLINK_READ_ONLY), "READ_ONLY");
  EXPECT_STREQ(guestlink_status_name(GUESTLINK_DETACHED), "DETACHED");
  EXPECT_STREQ(guestlink_status_name(GUESTLINK_BAD_HANDLE), "BAD_HANDLE");
  EXPECT_STREQ(guestlink_status_name(GUESTLINK_BAD_ARGUMENT), "BAD_ARGUMENT");
  EXPECT_STREQ(guestlink_status_name(GUESTLINK_IO_ERROR), "IO_ERROR");
  EXPECT_STREQ(guestlink_status_name(GUESTLINK_PARTIAL), "PARTIAL");
  EXPECT_STREQ(guestlink_status_name(GUESTLINK_UNSUPPORTED), "UNSUPPORTED");
  EXPECT_STREQ(guestlink_status_name(99), "UNKNOWN");
}

TEST(ShimArgumentTest, NullPointersAreBadArguments) {
  void* const handle = open_mock();
  constexpr int kBad = GUESTLINK_BAD_ARGUMENT;
  unsigned long long wide = 0;
  int flag = 0;
  const svBitVecVal word = 0;
  EXPECT_EQ(guestlink_read8(handle, 0, nullptr), kBad);
  EXPECT_EQ(guestlink_read16(handle, 0, nullptr), kBad);
  EXPECT_EQ(guestlink_read32(handle, 0, nullptr), kBad);
  EXPECT_EQ(guestlink_read64(handle, 0, nullptr), kBad);
  EXPECT_EQ(guestlink_compare_swap32(handle, 0, 0, 1, nullptr), kBad);
  EXPECT_EQ(guestlink_compare_swap64(handle, 0, 0, 1, nullptr), kBad);
  EXPECT_EQ(guestlink_fetch_add32(handle, 0, 1, nullptr), kBad);
  EXPECT_EQ(guestlink_fetch_add64(handle, 0, 1, nullptr), kBad);
  EXPECT_EQ(guestlink_read_beat32(handle, 0, nullptr), kBad);
  EXPECT_EQ(guestlink_write_beat32(handle, 0, nullptr, &word), kBad);
  EXPECT_EQ(guestlink_write_beat32(handle, 0, &word, nullptr), kBad);
  EXPECT_EQ(guestlink_read_block(handle, 0, nullptr), kBad);
  EXPECT_EQ(guestlink_write_block(handle, 0, nullptr), kBad);
  EXPECT_EQ(guestlink_write_code(handle, 0, nullptr), kBad);
  EXPECT_EQ(guestlink_compare(handle, 0, 0, 8, nullptr), kBad);
  EXPECT_EQ(guestlink_crc32c(handle, 0, 8, nullptr), kBad);
  EXPECT_EQ(guestlink_load_file(handle, 0, nullptr, &wide), kBad);
  EXPECT_EQ(guestlink_load_file(handle, 0, "/dev/null", nullptr), kBad);
  EXPECT_EQ(guestlink_save_file(handle, 0, 8, nullptr), kBad);
  EXPECT_EQ(guestlink_region(handle, 0, nullptr, &wide, &flag), kBad);
  EXPECT_EQ(guestlink_region(handle, 0, &wide, nullptr, &flag), kBad);
  EXPECT_EQ(guestlink_region(handle, 0, &wide, &wide, nullptr), kBad);
  EXPECT_EQ(guestlink_read64(handle, 0, &wide), GUESTLINK_OK);
  EXPECT_EQ(wide, 0U);
  EXPECT_EQ(guestlink_close(handle), GUESTLINK_OK);
}

TEST(ShimBeatTest, LanesOfThePackedVectorAreBytesInAddressOrder) {
  void* const handle = open_mock();
  const svBitVecVal data[4] = {0x03020100, 0x07060504, 0x0B0A0908, 0x0F0E0D0C};
  const svBitVecVal strobe[1] = {0xFFFF8001};  // bits above 15 mean nothing
  ASSERT_EQ(guestlink_fill(handle, 0, 0x100, 0xEE), GUESTLINK_OK);
  ASSERT_EQ(guestlink_write_beat128(handle, 0x10, data, strobe), GUESTLINK_OK);
  for (unsigned int i = 0; i < 0x40; ++i) {
    unsigned char byte = 0;
    ASSERT_EQ(guestlink_read8(handle, i, &byte), GUESTLINK_OK);
    EXPECT_EQ(byte, i == 0x10 ? 0x00 : i == 0x1F ? 0x0F : 0xEE) << i;
  }
  EXPECT_EQ(guestlink_close(handle), GUESTLINK_OK);
}

TEST(ShimBlockTest, TheLowestIndexIsTheByteAtTheAddress) {
  void* const handle = open_mock();
  Bytes content(5000);
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::byte>(i * 3);
  for (const bool has_c_layout : {true, false}) {
    for (const auto& [left, right] : {std::pair{0, 4999}, {4999, 0}, {12, 5011}, {2500, -2499}}) {
      OpenArray out{content};
      out.left = left;
      out.right = right;
      out.has_c_layout = has_c_layout;
      ASSERT_EQ(guestlink_write_block(handle, 0x101, &out), GUESTLINK_OK);
      OpenArray in = out;
      std::fill(in.bytes.begin(), in.bytes.end(), std::byte{0});
      ASSERT_EQ(guestlink_read_block(handle, 0x101, &in), GUESTLINK_OK);
      EXPECT_EQ(in.bytes, content);
      unsigned char first = 1;
      ASSERT_EQ(guestlink_read8(handle, 0x101, &first), GUESTLINK_OK);
      EXPECT_EQ(first, 0);
    }
  }
  EXPECT_EQ(guestlink_close(handle), GUESTLINK_OK);
}

TEST(ShimBlockTest, ArraysThatCannotBeReadAreRefused) {
  void* const handle = open_mock();
  OpenArray array{Bytes(16)};
  array.dimensions = 2;
  EXPECT_EQ(guestlink_read_block(handle, 0, &array), GUESTLINK_BAD_ARGUMENT);
  EXPECT_EQ(guestlink_write_block(handle, 0, &array), GUESTLINK_BAD_ARGUMENT);
  array.dimensions = 1;
  array.has_c_layout = array.has_elements = false;
  EXPECT_EQ(guestlink_read_block(handle, 0, &array), GUESTLINK_BAD_ARGUMENT);
  EXPECT_EQ(guestlink_write_block(handle, 0, &array), GUESTLINK_BAD_ARGUMENT);
  EXPECT_EQ(guestlink_write_code(handle, 0, &array), GUESTLINK_BAD_ARGUMENT);
  EXPECT_EQ(guestlink_close(handle), GUESTLINK_OK);
}

TEST(ShimPciTest, MemoryOfAnEndpointClosesWithIt) {
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  const FileDescriptor guest(ends[0]);
  void* const endpoint = guestlink_pci_from_id(
      open_endpoint("vfio-user:x,vendor=1,device=1,bar0=mem:4K", FileDescriptor(ends[1])));
  void* const memory = guestlink_pci_memory(endpoint);
  ASSERT_NE(memory, nullptr);
  EXPECT_EQ(guestlink_close(memory), GUESTLINK_BAD_ARGUMENT);
  EXPECT_EQ(guestlink_status(memory), GUESTLINK_OK);
  EXPECT_EQ(guestlink_reattach(memory), GUESTLINK_DETACHED);
  EXPECT_EQ(guestlink_status(memory), GUESTLINK_OK) << "nothing was done";
  EXPECT_EQ(guestlink_pci_close(endpoint), GUESTLINK_OK);
  EXPECT_EQ(guestlink_status(memory), GUESTLINK_BAD_HANDLE);
  EXPECT_EQ(guestlink_pci_close(endpoint), GUESTLINK_BAD_HANDLE);
  EXPECT_EQ(guestlink_pci_link(endpoint), GUESTLINK_PCI_ENDED);
  EXPECT_EQ(guestlink_pci_open("vfio-user:x,vendor=1"), nullptr);
  EXPECT_NE(std::string(guestlink_last_error()).find("device=ID"), std::string::npos);
}

TEST(ShimRegionTest, RegionsAreCountedToTheLast) {
  void* const handle = open_mock("size=4G,machine=q35,ro");
  const std::uint64_t expected[][2] = {
      {0, 0xA0000}, {0x100000, 0x7FF00000}, {0x100000000, 0x80000000}};
  unsigned long long base = 0;
  unsigned long long length = 0;
  int writable = 1;
  for (unsigned int i = 0; i < 3; ++i) {
    ASSERT_EQ(guestlink_region(handle, i, &base, &length, &writable), GUESTLINK_OK);
    EXPECT_EQ(base, expected[i][0]);
    EXPECT_EQ(length, expected[i][1]);
    EXPECT_EQ(writable, 0);
  }
  EXPECT_EQ(guestlink_region(handle, 3, &base, &length, &writable), GUESTLINK_OUT_OF_RANGE);
  EXPECT_EQ(guestlink_region(handle, ~0U, &base, &length, &writable), GUESTLINK_OUT_OF_RANGE);
  EXPECT_EQ(guestlink_write8(handle, 0, 1), GUESTLINK_READ_ONLY);
  EXPECT_EQ(guestlink_close(handle), GUESTLINK_OK);
  void* const writable_handle = open_mock();
  ASSERT_EQ(guestlink_region(writable_handle, 0, &base, &length, &writable), GUESTLINK_OK);
  EXPECT_EQ(writable, 1);
  EXPECT_EQ(guestlink_close(writable_handle), GUESTLINK_OK);
}

TEST(ShimBulkTest, ResultsComeBackInOutputs) {
  void* const handle = open_mock();
  unsigned int crc = 0;
  ASSERT_EQ(guestlink_write64(handle, 0x100, 0x3837363534333231), GUESTLINK_OK);
  ASSERT_EQ(guestlink_write8(handle, 0x108, 0x39), GUESTLINK_OK);
  ASSERT_EQ(guestlink_crc32c(handle, 0x100, 9, &crc), GUESTLINK_OK);
  EXPECT_EQ(crc, 0xE3069283U);
  unsigned long long difference = 0;
  ASSERT_EQ(guestlink_copy(handle, 0x203, 0x100, 9), GUESTLINK_OK);
  ASSERT_EQ(guestlink_compare(handle, 0x100, 0x203, 9, &difference), GUESTLINK_OK);
  EXPECT_EQ(difference, 9U);
  ASSERT_EQ(guestlink_write8(handle, 0x205, 0), GUESTLINK_OK);
  ASSERT_EQ(guestlink_compare(handle, 0x100, 0x203, 9, &difference), GUESTLINK_OK);
  EXPECT_EQ(difference, 2U);
  EXPECT_EQ(guestlink_close(handle), GUESTLINK_OK);
}

}  // namespace
}  // namespace guestlink::test
