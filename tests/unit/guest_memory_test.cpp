// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "guestlink/guest_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <stdexcept>

#include "guestlink/attach.h"
#include "support/boundary_table.h"

namespace guestlink::test {
namespace {

constexpr AccessStatus kOk = AccessStatus::kOk;
using Bytes = std::vector<std::byte>;

Bytes ascending(std::size_t size, unsigned first = 1) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(first + i);
  return bytes;
}

Bytes read_back(const GuestMemory& memory, std::uint64_t address, std::size_t size) {
  Bytes bytes(size);
  EXPECT_EQ(memory.read(address, bytes), kOk);
  return bytes;
}

TEST(AccessStatusTest, ValuesAndNamesAreTheContracts) {
  const std::array names{"OK",           "OUT_OF_RANGE", "READ_ONLY", "DETACHED",   "BAD_HANDLE",
                         "BAD_ARGUMENT", "IO_ERROR",     "PARTIAL",   "UNSUPPORTED"};
  for (int value = 0; value < static_cast<int>(names.size()); ++value) {
    EXPECT_STREQ(to_string(static_cast<AccessStatus>(value)), names[static_cast<size_t>(value)]);
  }
  EXPECT_STREQ(to_string(static_cast<AccessStatus>(9)), "UNKNOWN");
  EXPECT_STREQ(to_string(static_cast<AccessStatus>(-1)), "UNKNOWN");
}

TEST(GuestMemoryTest, ScalarsAreLittleEndianAlignedAndNot) {
  GuestMemory memory = attach("mock:,size=64K,base=0");
  for (const std::uint64_t address : {0x100U, 0x101U, 0x103U, 0x107U, 0xFFCU, 0xFFDU}) {
    ASSERT_EQ(memory.store(address, std::uint64_t{0x0807060504030201}), kOk);
    EXPECT_EQ(read_back(memory, address, 8), ascending(8));
    std::uint8_t byte = 0;
    std::uint16_t half = 0;
    std::uint32_t word = 0;
    std::uint64_t wide = 0;
    ASSERT_EQ(memory.load(address, byte), kOk);
    ASSERT_EQ(memory.load(address, half), kOk);
    ASSERT_EQ(memory.load(address, word), kOk);
    ASSERT_EQ(memory.load(address, wide), kOk);
    EXPECT_EQ(byte, 0x01);
    EXPECT_EQ(half, 0x0201);
    EXPECT_EQ(word, 0x04030201U);
    EXPECT_EQ(wide, 0x0807060504030201U);
  }
}

TEST(GuestMemoryTest, FailedLoadLeavesTheValueAlone) {
  const GuestMemory memory = attach("mock:,size=4K");
  std::uint64_t value = 42;
  EXPECT_EQ(memory.load(0xFFF, value), AccessStatus::kOutOfRange);
  EXPECT_EQ(value, 42U);
}

TEST(GuestMemoryTest, RowsOfOneAddressRangeAreFoundInTheirFiles) {
  EdgeMemory edge;
  GuestMemory& memory = edge.memory();
  for (const std::uint64_t address : {std::uint64_t{0x1000}, std::uint64_t{0x3008},
                                      std::uint64_t{0x9FF8}, EdgeMemory::kTopPage}) {
    const std::uint64_t value = 0xAB00000000000000 + (address & 0xFFFFF);
    ASSERT_EQ(memory.store(address, value), kOk);
    const auto bytes = edge.snapshot();
    std::uint64_t found = 0;
    std::memcpy(&found, &bytes[EdgeMemory::index_of(address)], sizeof found);
    EXPECT_EQ(found, value) << hex(address);
  }
}

// All strobe patterns of one lane, at every lane of the widest beat.
TEST(GuestMemoryTest, StrobesAreExactInEveryLane) {
  constexpr std::size_t kBytes = 128;
  GuestMemory memory = attach("mock:,size=4K");
  const Bytes data = ascending(kBytes);
  for (unsigned pattern = 0; pattern < 256; ++pattern) {
    for (std::size_t lane = 0; lane < kBytes / 8; ++lane) {
      ASSERT_EQ(memory.fill(0, 0x1000, std::byte{0xEE}), kOk);
      std::array<std::uint8_t, kBytes / 8> strobe{};
      strobe[lane] = static_cast<std::uint8_t>(pattern);
      ASSERT_EQ(memory.write_beat<kBytes>(kBytes, data.data(), strobe.data()), kOk);
      Bytes expected(3 * kBytes, std::byte{0xEE});
      for (std::size_t i = 0; i < 8; ++i) {
        if ((pattern >> i & 1) != 0) expected[kBytes + lane * 8 + i] = data[lane * 8 + i];
      }
      ASSERT_EQ(read_back(memory, 0, 3 * kBytes), expected) << pattern << " in lane " << lane;
    }
  }
}

template <std::size_t Size>
void check_beat() {
  GuestMemory memory = attach("mock:,size=4K");
  const Bytes data = ascending(Size);
  const std::array<std::uint8_t, 16> all = [] {
    std::array<std::uint8_t, 16> strobe{};
    strobe.fill(0xFF);
    return strobe;
  }();
  ASSERT_EQ(memory.write_beat<Size>(Size, data.data(), all.data()), kOk);
  Bytes expected(3 * Size);
  std::copy(data.begin(), data.end(), expected.begin() + Size);
  EXPECT_EQ(read_back(memory, 0, 3 * Size), expected);
  Bytes back(Size);
  ASSERT_EQ(memory.read_beat<Size>(Size, back.data()), kOk);
  EXPECT_EQ(back, data);
  for (std::uint64_t offset = 1; offset < Size; ++offset) {
    EXPECT_EQ(memory.read_beat<Size>(offset, back.data()), AccessStatus::kBadArgument);
    EXPECT_EQ(memory.write_beat<Size>(offset, data.data(), all.data()), AccessStatus::kBadArgument);
  }
}

TEST(GuestMemoryTest, BeatsOfEveryWidthGoToTheirLanes) {
  check_beat<4>();
  check_beat<8>();
  check_beat<16>();
  check_beat<32>();
  check_beat<64>();
  check_beat<128>();
}

// Row borders need not be aligned to anything (raspi): a beat over one is put together from both.
TEST(GuestMemoryTest, BeatOverAnUnalignedRowBorderIsSplit) {
  std::vector<Mapping> mappings;
  for (int i = 0; i < 2; ++i) {
    FileDescriptor fd(memfd_create("guestlink-test", MFD_CLOEXEC));
    ASSERT_EQ(ftruncate(fd.get(), 0x1000), 0);
    mappings.emplace_back(std::move(fd), 0x1000, true);
  }
  GuestMemory memory(
      AddressMap({{.guest_address = 0, .length = 0x25},
                  {.guest_address = 0x25, .length = 0x100, .file = 1, .file_offset = 0x25}}),
      std::move(mappings));
  const Bytes data = ascending(16);
  const std::uint16_t strobe = 0xFFDE;  // neither byte 0 nor byte 5, the first of the second row
  ASSERT_EQ(memory.write_beat<16>(0x20, data.data(), &strobe), kOk);
  Bytes expected = data;
  expected[0] = expected[5] = std::byte{0};
  Bytes back(16);
  ASSERT_EQ(memory.read_beat<16>(0x20, back.data()), kOk);
  EXPECT_EQ(back, expected);
  std::uint64_t previous = 0;
  EXPECT_EQ(memory.fetch_add<std::uint64_t>(0x20, 1, previous), AccessStatus::kBadArgument);
}

TEST(GuestMemoryTest, BlocksAreWrittenAndReadOverRows) {
  EdgeMemory edge;
  const Bytes data = ascending(0x2800);
  ASSERT_EQ(edge.memory().write(0x1400, data), kOk);
  EXPECT_EQ(read_back(edge.memory(), 0x1400, data.size()), data);
}

TEST(GuestMemoryTest, CopyIsMemmoveOverRowsInBothDirections) {
  for (const std::int64_t shift : {-0x1801, -0x1000, -1, 0, 1, 7, 0x1000, 0x1801}) {
    EdgeMemory edge;
    GuestMemory& memory = edge.memory();
    const std::uint64_t from = shift < 0 ? static_cast<std::uint64_t>(0x1000 - shift) : 0x1000;
    const std::uint64_t to = from + static_cast<std::uint64_t>(shift);
    Bytes expected = read_back(memory, 0x1000, 0x3000);
    std::memmove(&expected[to - 0x1000], &expected[from - 0x1000], 0x1700);
    ASSERT_EQ(memory.copy(to, from, 0x1700), kOk);
    EXPECT_EQ(read_back(memory, 0x1000, 0x3000), expected) << shift;
  }
}

TEST(GuestMemoryTest, CompareFindsTheFirstDifference) {
  EdgeMemory edge;
  GuestMemory& memory = edge.memory();
  constexpr std::uint64_t kA = 0x2003;  // crosses rows at 0x3000
  constexpr std::uint64_t kB = 0x8001;
  constexpr std::uint64_t kLength = 0x1E00;
  ASSERT_EQ(memory.copy(kB, kA, kLength), kOk);
  std::uint64_t difference = 0;
  ASSERT_EQ(memory.compare(kA, kB, kLength, difference), kOk);
  EXPECT_EQ(difference, kLength);
  for (const std::uint64_t at : {kLength - 1, std::uint64_t{0x1001}, std::uint64_t{0xFFC},
                                 std::uint64_t{1}, std::uint64_t{0}}) {
    std::uint8_t byte = 0;
    ASSERT_EQ(memory.load(kB + at, byte), kOk);
    ASSERT_EQ(memory.store(kB + at, static_cast<std::uint8_t>(~byte)), kOk);
    ASSERT_EQ(memory.compare(kA, kB, kLength, difference), kOk);
    EXPECT_EQ(difference, at);
  }
}

TEST(GuestMemoryTest, Crc32cGoesOverRows) {
  EdgeMemory edge;
  const std::string_view digits = "123456789";
  ASSERT_EQ(edge.memory().write(0x2FFC, std::as_bytes(std::span(digits))), kOk);
  std::uint32_t crc = 0;
  ASSERT_EQ(edge.memory().crc32c(0x2FFC, digits.size(), crc), kOk);
  EXPECT_EQ(crc, 0xE3069283);
}

TEST(GuestMemoryTest, WithoutMemoryEveryAccessIsDetached) {
  GuestMemory memory = attach("mock:,size=64K");
  GuestMemory* const gone = &memory;
  const GuestMemory taken = std::move(memory);
  std::uint64_t value = 0;
  EXPECT_EQ(taken.load(0, value), kOk);
  Bytes bytes(8);
  const std::uint64_t strobe = 0xFF;
  constexpr AccessStatus kDetached = AccessStatus::kDetached;
  EXPECT_EQ(gone->load(0, value), kDetached);
  EXPECT_EQ(gone->store(0, value), kDetached);
  EXPECT_EQ(gone->fetch_add(0, value, value), kDetached);
  EXPECT_EQ(gone->compare_swap(0, value, value, value), kDetached);
  EXPECT_EQ(gone->read_beat<8>(0, bytes.data()), kDetached);
  EXPECT_EQ(gone->write_beat<8>(0, bytes.data(), &strobe), kDetached);
  EXPECT_EQ(gone->read(0, bytes), kDetached);
  EXPECT_EQ(gone->write(0, bytes), kDetached);
  EXPECT_EQ(gone->fill(0, 8, std::byte{1}), kDetached);
  EXPECT_EQ(gone->copy(0, 8, 8), kDetached);
  EXPECT_EQ(gone->compare(0, 8, 8, value), kDetached);
  std::uint32_t crc = 0;
  EXPECT_EQ(gone->crc32c(0, 8, crc), kDetached);
  EXPECT_EQ(gone->load_file(0, "/dev/null", value), kDetached);
  EXPECT_EQ(gone->save_file(0, 8, "/dev/null"), kDetached);
  EXPECT_TRUE(gone->regions().empty());
  EXPECT_TRUE(gone->populated_ranges().empty());
}

TEST(GuestMemoryTest, MoveAssignmentReleasesTheOldMemory) {
  GuestMemory first = attach("mock:,size=64K,fill=1");
  GuestMemory second = attach("mock:,size=4K,fill=2");
  first = std::move(second);
  std::uint8_t byte = 0;
  EXPECT_EQ(first.load(0xFFF, byte), kOk);
  EXPECT_EQ(byte, 2);
  EXPECT_EQ(first.load(0x1000, byte), AccessStatus::kOutOfRange);
}

TEST(GuestMemoryTest, RegionsTellAddressLengthAndPermission) {
  EdgeMemory edge;
  const auto regions = edge.memory().regions();
  ASSERT_EQ(regions.size(), 7U);
  EXPECT_EQ(regions[0].guest_address, 0x1000U);
  EXPECT_EQ(regions[0].length, 0x2000U);
  EXPECT_TRUE(regions[0].writable());
  EXPECT_EQ(regions[3].guest_address, 0xA000U);
  EXPECT_FALSE(regions[3].writable());
  EXPECT_EQ(regions[6].guest_address, EdgeMemory::kTopPage);
}

TEST(GuestMemoryTest, RowsOutsideTheirMappingAreRefused) {
  const auto message = [](MapRow row, bool writable) {
    FileDescriptor fd(memfd_create("guestlink-test", MFD_CLOEXEC));
    EXPECT_EQ(ftruncate(fd.get(), 0x2000), 0);
    std::vector<Mapping> mappings;
    mappings.emplace_back(std::move(fd), 0x2000, writable);
    try {
      const GuestMemory memory(AddressMap({row}), std::move(mappings));
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string("nothing was thrown");
  };
  EXPECT_EQ(message({.guest_address = 0, .length = 0x1000, .file = 1}, true),
            "map row at 0x0 has no mapping of index 1");
  EXPECT_EQ(message({.guest_address = 0, .length = 0x2001}, true),
            "map row at 0x0 ends at byte 0x2001 of a mapping of 0x2000 bytes");
  EXPECT_EQ(message({.guest_address = 0x1000, .length = 0x1000, .file_offset = 0x2000}, true),
            "map row at 0x1000 ends at byte 0x3000 of a mapping of 0x2000 bytes");
  EXPECT_EQ(message({.guest_address = 0, .length = 0x2000}, false),
            "map row at 0x0 is writable and its mapping is not");
}

}  // namespace
}  // namespace guestlink::test
