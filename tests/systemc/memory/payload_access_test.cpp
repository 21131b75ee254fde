// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What a payload does to guest memory, beside a model that knows bytes only.
#include "systemc/target/payload_access.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "guestlink/attach.h"
#include "support/boundary_check.h"
#include "support/seed.h"

namespace guestlink {
namespace {

using test::EdgeMemory;
using tlm::tlm_generic_payload;
using tlm::tlm_response_status;

constexpr unsigned char kOn = TLM_BYTE_ENABLED;
constexpr unsigned char kOff = TLM_BYTE_DISABLED;

// A payload with its own data and enables.
struct Request {
  tlm::tlm_command command = tlm::TLM_READ_COMMAND;
  std::uint64_t address = 0x1000;
  std::vector<std::byte> data = std::vector<std::byte>(8, std::byte{0xD5});
  std::vector<unsigned char> enables = {};
  unsigned int width = 8;

  tlm_response_status run(GuestMemory& memory) {
    tlm_generic_payload payload;
    fill_in(payload);
    payload.set_dmi_allowed(true);  // of an earlier use
    execute_payload(memory, payload);
    const bool moves = payload.is_response_ok() && command != tlm::TLM_IGNORE_COMMAND;
    if (command != tlm::TLM_IGNORE_COMMAND) {
      EXPECT_EQ(payload.is_dmi_allowed(), moves);
    }
    EXPECT_EQ(payload.get_address(), address) << "the target may not change it";
    return payload.get_response_status();
  }
  unsigned int debug(GuestMemory& memory) {
    tlm_generic_payload payload;
    fill_in(payload);
    const unsigned int moved = execute_debug(memory, payload);
    EXPECT_EQ(payload.get_response_status(), tlm::TLM_INCOMPLETE_RESPONSE);
    return moved;
  }

 private:
  void fill_in(tlm_generic_payload& payload) {
    payload.set_command(command);
    payload.set_address(address);
    payload.set_data_ptr(reinterpret_cast<unsigned char*>(data.data()));
    payload.set_data_length(static_cast<unsigned int>(data.size()));
    payload.set_streaming_width(width);
    payload.set_byte_enable_ptr(enables.empty() ? nullptr : enables.data());
    payload.set_byte_enable_length(static_cast<unsigned int>(enables.size()));
  }
};

Request write_of(std::uint64_t address, std::vector<std::byte> data) {
  const auto width = static_cast<unsigned int>(data.size());
  return {.command = tlm::TLM_WRITE_COMMAND,
          .address = address,
          .data = std::move(data),
          .width = width};
}

std::vector<std::byte> counted(std::size_t length) {
  std::vector<std::byte> bytes(length);
  for (std::size_t i = 0; i < length; ++i) bytes[i] = std::byte(i + 1);
  return bytes;
}

AccessStatus status_of(tlm_response_status response) {
  switch (response) {
    case tlm::TLM_OK_RESPONSE:
      return AccessStatus::kOk;
    case tlm::TLM_ADDRESS_ERROR_RESPONSE:
      return AccessStatus::kOutOfRange;
    case tlm::TLM_COMMAND_ERROR_RESPONSE:
      return AccessStatus::kReadOnly;
    default:
      return AccessStatus::kDetached;
  }
}

// --- the model ---

// The response by the bytes addressed, and what each of them does, one at a time and in order.
tlm_response_status expect(const Request& request, std::vector<std::byte>& files,
                           std::vector<std::byte>& data) {
  if (request.width == 0) return tlm::TLM_BURST_ERROR_RESPONSE;
  const bool write = request.command == tlm::TLM_WRITE_COMMAND;
  const AddressMap map = EdgeMemory::map();
  bool read_only = false;
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(request.width, data.size()); ++i) {
    const MapRow* const row =
        request.address + i < request.address ? nullptr : map.find(request.address + i);
    if (row == nullptr) return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    read_only |= row->permission == Permission::kReadOnly;
  }
  if (write && read_only) return tlm::TLM_COMMAND_ERROR_RESPONSE;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const auto& enables = request.enables;
    if (!enables.empty() && enables[i % enables.size()] == kOff) continue;
    std::byte& in_memory = files[EdgeMemory::index_of(request.address + i % request.width)];
    (write ? in_memory : data[i]) = write ? data[i] : in_memory;
  }
  return tlm::TLM_OK_RESPONSE;
}

void expect_as_model(EdgeMemory& edge, Request request) {
  std::vector<std::byte> files = edge.snapshot();
  std::vector<std::byte> data = request.data;
  const tlm_response_status expected = expect(request, files, data);
  SCOPED_TRACE(hex(request.address) + " length " + std::to_string(data.size()) + " width " +
               std::to_string(request.width) + " enables " +
               std::to_string(request.enables.size()) + " command " +
               std::to_string(request.command));
  ASSERT_EQ(request.run(edge.memory()), expected);
  ASSERT_TRUE(edge.snapshot() == files) << "memory, in the range or outside it";
  ASSERT_TRUE(request.data == data) << "the payload's data";
}

// --- boundaries ---

enum class Shape { kPlain, kAllEnabled, kRepeated };

Request shaped(Request request, Shape shape) {
  if (shape == Shape::kAllEnabled) request.enables = {kOn, kOn, kOn};
  if (shape == Shape::kRepeated) {  // the same bytes twice
    const std::vector<std::byte> once = request.data;
    request.data.insert(request.data.end(), once.begin(), once.end());
  }
  return request;
}

void check_table(Shape shape) {
  for (const std::uint64_t length : {1U, 2U, 3U, 4U, 7U, 8U, 9U, 64U, 100U, 4095U, 4096U}) {
    for (const Access access : {Access::kRead, Access::kWrite}) {
      test::check_boundaries([=](EdgeMemory& edge) {
        const auto run = [=, &edge](std::uint64_t address, std::uint64_t n,
                                    std::vector<std::byte>& data) {
          Request request = write_of(address, std::vector<std::byte>(n, test::kWritten));
          if (access == Access::kRead) request.command = tlm::TLM_READ_COMMAND;
          request = shaped(std::move(request), shape);
          const tlm_response_status response = request.run(edge.memory());
          if (access == Access::kRead)
            data.assign(request.data.begin(),
                        request.data.begin() + static_cast<std::ptrdiff_t>(n));
          return status_of(response);
        };
        return test::Operation{.name = access == Access::kRead ? "read" : "write",
                               .length = length,
                               .access = access,
                               .run = run};
      });
    }
  }
}

TEST(PayloadBoundaryTest, TableHoldsForPlainPayloads) { check_table(Shape::kPlain); }
TEST(PayloadBoundaryTest, TableHoldsWithEnables) { check_table(Shape::kAllEnabled); }
TEST(PayloadBoundaryTest, TableHoldsForStreams) { check_table(Shape::kRepeated); }

// --- corner cases ---

class PayloadAccessTest : public testing::Test {
 protected:
  // Refused as `expected`, and not a byte moved.
  void expect_refused(Request request, tlm_response_status expected) {
    const auto files = edge_.snapshot();
    const auto data = request.data;
    EXPECT_EQ(request.run(edge_.memory()), expected);
    EXPECT_TRUE(edge_.snapshot() == files);
    EXPECT_TRUE(request.data == data);
  }

  EdgeMemory edge_;
};

TEST_F(PayloadAccessTest, IgnoreCommandIsOkAndMovesNothing) {
  expect_refused({.command = tlm::TLM_IGNORE_COMMAND}, tlm::TLM_OK_RESPONSE);
  expect_refused({.command = tlm::TLM_IGNORE_COMMAND, .address = 0x5000, .data = {}, .width = 0},
                 tlm::TLM_OK_RESPONSE);
}

TEST_F(PayloadAccessTest, UnknownCommandIsACommandError) {
  expect_refused({.command = static_cast<tlm::tlm_command>(3)}, tlm::TLM_COMMAND_ERROR_RESPONSE);
}

TEST_F(PayloadAccessTest, NullDataIsAGenericError) {
  for (const auto command : {tlm::TLM_READ_COMMAND, tlm::TLM_WRITE_COMMAND}) {
    tlm_generic_payload payload;
    payload.set_command(command);
    payload.set_address(0x1000);
    payload.set_data_length(8);
    payload.set_streaming_width(8);
    execute_payload(edge_.memory(), payload);
    EXPECT_EQ(payload.get_response_status(), tlm::TLM_GENERIC_ERROR_RESPONSE);
    EXPECT_EQ(execute_debug(edge_.memory(), payload), 0U);
  }
}

TEST_F(PayloadAccessTest, ZeroLengthIsABurstError) {
  tlm_generic_payload payload;
  unsigned char byte = 0;
  payload.set_read();
  payload.set_address(0x1000);
  payload.set_data_ptr(&byte);
  payload.set_data_length(0);
  payload.set_streaming_width(1);
  execute_payload(edge_.memory(), payload);
  EXPECT_EQ(payload.get_response_status(), tlm::TLM_BURST_ERROR_RESPONSE);
}

TEST_F(PayloadAccessTest, ZeroStreamingWidthIsABurstError) {
  for (const auto command : {tlm::TLM_READ_COMMAND, tlm::TLM_WRITE_COMMAND}) {
    expect_refused({.command = command, .width = 0}, tlm::TLM_BURST_ERROR_RESPONSE);
  }
}

TEST_F(PayloadAccessTest, StreamingWidthOverTheLengthIsPlain) {
  Request request = write_of(0x1000, counted(8));
  request.width = ~0U;
  expect_as_model(edge_, request);
}

TEST_F(PayloadAccessTest, BeatsOfAStreamGoToTheSameAddress) {
  for (const auto command : {tlm::TLM_READ_COMMAND, tlm::TLM_WRITE_COMMAND}) {
    for (const unsigned int width : {1U, 2U, 3U, 4U, 5U, 8U, 15U}) {
      Request request = write_of(0x1FFF, counted(16));  // over a page
      request.command = command;
      request.width = width;
      expect_as_model(edge_, request);
    }
  }
}

TEST_F(PayloadAccessTest, AStreamMayReachBehindTheEndByItsLength) {
  Request request = write_of(0x4000 - 4, counted(64));
  request.width = 4;
  expect_as_model(edge_, request);
  request.width = 5;
  expect_refused(request, tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TEST_F(PayloadAccessTest, ByteEnablesOfAnyLengthRepeat) {
  const std::vector<std::vector<unsigned char>> patterns = {
      {kOn},
      {kOff},
      {kOn, kOff},
      {kOff, kOn, kOn},
      {kOn, kOff, kOff},
      {kOff, kOff, kOff},
      {kOn, kOn, kOn, kOn, kOff, kOff, kOff, kOff},
      std::vector<unsigned char>(13, kOn),
      std::vector<unsigned char>(64, kOn)};
  for (const auto command : {tlm::TLM_READ_COMMAND, tlm::TLM_WRITE_COMMAND}) {
    for (const auto& enables : patterns) {
      for (const unsigned int width : {13U, 5U}) {
        Request request = write_of(0x2FFA, counted(13));  // over two rows
        request.command = command;
        request.enables = enables;
        request.width = width;
        expect_as_model(edge_, request);
      }
    }
  }
}

TEST_F(PayloadAccessTest, TheRangeIsJudgedWholeWhateverTheEnables) {
  Request request = write_of(0x3FFC, counted(8));
  request.enables = {kOn, kOn, kOn, kOn, kOff, kOff, kOff, kOff};  // the half in the hole is off
  expect_refused(request, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  request.enables = {kOff};
  expect_refused(request, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  request.address = 0x9FFC;  // into the read-only row
  expect_refused(request, tlm::TLM_COMMAND_ERROR_RESPONSE);
  request.address = ~std::uint64_t{0} - 3;
  expect_refused(request, tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TEST_F(PayloadAccessTest, OtherEnablesThanOnAndOffAreRefused) {
  for (const auto command : {tlm::TLM_READ_COMMAND, tlm::TLM_WRITE_COMMAND}) {
    Request request = write_of(0x1000, counted(8));
    request.command = command;
    request.enables = {kOn, 0x0F, kOn};
    expect_refused(request, tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
  }
}

TEST_F(PayloadAccessTest, EnablesBehindTheDataAreNotLookedAt) {
  Request request = write_of(0x1000, counted(2));
  request.enables = {kOn, kOff, 0x0F};
  expect_as_model(edge_, request);
}

TEST_F(PayloadAccessTest, NoEnablesInAnArrayIsAnError) {
  tlm_generic_payload payload;
  std::array<unsigned char, 8> data{};
  unsigned char enable = kOn;
  payload.set_write();
  payload.set_address(0x1000);
  payload.set_data_ptr(data.data());
  payload.set_data_length(8);
  payload.set_streaming_width(8);
  payload.set_byte_enable_ptr(&enable);
  payload.set_byte_enable_length(0);
  const auto files = edge_.snapshot();
  execute_payload(edge_.memory(), payload);
  EXPECT_EQ(payload.get_response_status(), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
  EXPECT_TRUE(edge_.snapshot() == files);
}

TEST_F(PayloadAccessTest, LostMemoryIsAGenericError) {
  edge_.memory().detach();
  for (const auto command : {tlm::TLM_READ_COMMAND, tlm::TLM_WRITE_COMMAND}) {
    Request request = write_of(0x1000, counted(8));
    request.command = command;
    expect_refused(request, tlm::TLM_GENERIC_ERROR_RESPONSE);
    EXPECT_EQ(request.debug(edge_.memory()), 0U);
    request.enables = {kOn, kOff};
    expect_refused(request, tlm::TLM_GENERIC_ERROR_RESPONSE);
  }
}

TEST_F(PayloadAccessTest, RandomPayloadsDoWhatTheModelDoes) {
  std::mt19937_64 random(test::random_seed());
  const auto below = [&](std::uint64_t limit) { return random() % limit; };
  constexpr std::uint64_t kEdges[] = {0,
                                      0x1000,
                                      0x2000,
                                      0x3000,
                                      0x4000,
                                      0x8000,
                                      0xA000,
                                      0xB000,
                                      0xC000,
                                      0xD000,
                                      0xE000,
                                      EdgeMemory::kTopPage,
                                      EdgeMemory::kTopPage + 0x1000};
  for (int i = 0; i < 20000 && !HasFatalFailure(); ++i) {
    Request request;
    request.command = below(2) == 0 ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND;
    request.data.resize(1 + (below(20) == 0 ? below(5000) : below(70)));
    for (std::byte& byte : request.data) byte = std::byte(random());
    request.address = kEdges[below(std::size(kEdges))] + below(0x400) - below(0x400);
    const std::size_t length = request.data.size();
    request.width = static_cast<unsigned int>(below(3) == 0 ? below(length + 2) : length);
    if (below(2) == 0) request.enables.resize(1 + below(20));
    for (unsigned char& enable : request.enables) enable = below(2) == 0 ? kOn : kOff;
    expect_as_model(edge_, request);
  }
}

// --- debug ---

TEST_F(PayloadAccessTest, DebugMovesUpToTheEndOfRam) {
  struct Case {
    std::uint64_t address;
    std::size_t length;
    unsigned int read;
    unsigned int write;
  };
  const std::vector<Case> cases = {{0x1000, 16, 16, 16},
                                   {0x2FF8, 16, 16, 16},  // adjoining rows
                                   {0x3FF8, 16, 8, 8},
                                   {0x5000, 16, 0, 0},
                                   {0xFFF, 16, 0, 0},
                                   {0x9FFC, 16, 16, 4},
                                   {0xA000, 16, 16, 0},
                                   {0xDFFF, 2, 1, 0},
                                   {0xAFF8, 16, 16, 0},
                                   {EdgeMemory::kTopPage + 0xFFF, 16, 1, 1},
                                   {~std::uint64_t{0}, 16, 0, 0},
                                   {0x1000, 0, 0, 0}};
  for (const Case& row : cases) {
    SCOPED_TRACE(hex(row.address));
    const auto before = edge_.snapshot();
    Request request{.address = row.address, .data = counted(row.length), .width = 0};
    EXPECT_EQ(request.debug(edge_.memory()), row.read);
    for (std::size_t i = 0; i < row.length; ++i) {
      EXPECT_EQ(request.data[i],
                i < row.read ? before[EdgeMemory::index_of(row.address + i)] : std::byte(i + 1));
    }
    request = {.command = tlm::TLM_WRITE_COMMAND,
               .address = row.address,
               .data = counted(row.length),
               .enables = {kOff},
               .width = 0};
    EXPECT_EQ(request.debug(edge_.memory()), row.write);
    auto expected = before;
    for (std::size_t i = 0; i < row.write; ++i) {
      expected[EdgeMemory::index_of(row.address + i)] = std::byte(i + 1);
    }
    EXPECT_TRUE(edge_.snapshot() == expected);
  }
}

TEST_F(PayloadAccessTest, DebugIgnoresTheIgnoreCommand) {
  Request request{.command = tlm::TLM_IGNORE_COMMAND};
  EXPECT_EQ(request.debug(edge_.memory()), 0U);
}

}  // namespace
}  // namespace guestlink
