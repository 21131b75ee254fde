// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Every address-taking function of GuestMemory over the boundary table.
#include <gtest/gtest.h>

#include "support/boundary_check.h"
#include "support/temporary_directory.h"

namespace guestlink::test {
namespace {

constexpr std::uint64_t kElsewhere =
    0x8000;  // a page of RAM for the other side of copy and compare

using Bytes = std::vector<std::byte>;
using Make = std::function<Operation(GuestMemory&)>;

template <typename T>
Bytes bytes_of(const T& value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  return {bytes.begin(), bytes.end()};
}

template <typename T>
constexpr T written_word() {
  return static_cast<T>(0x5A5A5A5A5A5A5A5AU);
}

template <typename T>
Operation load(GuestMemory& memory) {
  return {"load" + std::to_string(sizeof(T) * 8), sizeof(T), Access::kRead, false,
          [&memory](std::uint64_t address, std::uint64_t, Bytes& data) {
            T value{};
            const AccessStatus status = memory.load(address, value);
            data = bytes_of(value);
            return status;
          }};
}

template <typename T>
Operation store(GuestMemory& memory) {
  return {"store" + std::to_string(sizeof(T) * 8), sizeof(T), Access::kWrite, false,
          [&memory](std::uint64_t address, std::uint64_t, Bytes&) {
            return memory.store(address, written_word<T>());
          }};
}

template <typename T>
Operation compare_swap(GuestMemory& memory) {
  return {"compare_swap" + std::to_string(sizeof(T) * 8), sizeof(T), Access::kWrite, true,
          [&memory](std::uint64_t address, std::uint64_t, Bytes&) {
            T found{};
            (void)memory.load(address, found);
            T previous{};
            const AccessStatus status =
                memory.compare_swap(address, found, written_word<T>(), previous);
            if (status == AccessStatus::kOk) {
              EXPECT_EQ(previous, found);
            }
            return status;
          }};
}

template <typename T>
Operation fetch_add(GuestMemory& memory) {
  return {"fetch_add" + std::to_string(sizeof(T) * 8), sizeof(T), Access::kWrite, true,
          [&memory](std::uint64_t address, std::uint64_t, Bytes&) {
            T found{};
            (void)memory.load(address, found);
            T previous{};
            const T operand = static_cast<T>(written_word<T>() - found);
            const AccessStatus status = memory.fetch_add(address, operand, previous);
            if (status == AccessStatus::kOk) {
              EXPECT_EQ(previous, found);
            }
            return status;
          }};
}

template <std::size_t Size>
Operation read_beat(GuestMemory& memory) {
  return {"read_beat" + std::to_string(Size * 8), Size, Access::kRead, true,
          [&memory](std::uint64_t address, std::uint64_t, Bytes& data) {
            data.resize(Size);
            return memory.read_beat<Size>(address, data.data());
          }};
}

template <std::size_t Size>
Operation write_beat(GuestMemory& memory) {
  return {"write_beat" + std::to_string(Size * 8), Size, Access::kWrite, true,
          [&memory](std::uint64_t address, std::uint64_t, Bytes&) {
            const Bytes data(Size, kWritten);
            const Bytes strobe((Size + 7) / 8, std::byte{0xFF});
            return memory.write_beat<Size>(address, data.data(), strobe.data());
          }};
}

Operation read_block(GuestMemory& memory) {
  return {"read", 0, Access::kRead, false,
          [&memory](std::uint64_t address, std::uint64_t length, Bytes& data) {
            data.resize(length);
            return memory.read(address, data);
          }};
}

Operation write_block(GuestMemory& memory) {
  return {"write", 0, Access::kWrite, false,
          [&memory](std::uint64_t address, std::uint64_t length, Bytes&) {
            return memory.write(address, Bytes(length, kWritten));
          }};
}

Operation fill(GuestMemory& memory) {
  return {"fill", 0, Access::kWrite, false,
          [&memory](std::uint64_t address, std::uint64_t length, Bytes&) {
            return memory.fill(address, length, kWritten);
          }};
}

Operation copy_to(GuestMemory& memory) {
  EXPECT_EQ(memory.fill(kElsewhere, 0x1000, kWritten), AccessStatus::kOk);
  return {"copy_to", 0, Access::kWrite, false,
          [&memory](std::uint64_t address, std::uint64_t length, Bytes&) {
            return memory.copy(address, kElsewhere, length);
          }};
}

Operation copy_from(GuestMemory& memory) {
  return {"copy_from", 0, Access::kRead, false,
          [&memory](std::uint64_t address, std::uint64_t length, Bytes& data) {
            Bytes saved(0x1000);
            EXPECT_EQ(memory.read(kElsewhere, saved), AccessStatus::kOk);
            const AccessStatus status = memory.copy(kElsewhere, address, length);
            data.resize(status == AccessStatus::kOk ? length : 0);
            EXPECT_EQ(memory.read(kElsewhere, data), AccessStatus::kOk);
            EXPECT_EQ(memory.write(kElsewhere, saved), AccessStatus::kOk);
            return status;
          }};
}

template <bool First>
Operation compare(GuestMemory& memory) {
  return {First ? "compare_a" : "compare_b", 0, Access::kRead, false,
          [&memory](std::uint64_t address, std::uint64_t length, Bytes&) {
            std::uint64_t difference = 0;
            return First ? memory.compare(address, kElsewhere, length, difference)
                         : memory.compare(kElsewhere, address, length, difference);
          }};
}

Operation crc32c(GuestMemory& memory) {
  return {"crc32c", 0, Access::kRead, false,
          [&memory](std::uint64_t address, std::uint64_t length, Bytes&) {
            std::uint32_t crc = 0;
            return memory.crc32c(address, length, crc);
          }};
}

Operation check(GuestMemory& memory) {
  return {"check", 0, Access::kRead, false,
          [&memory](std::uint64_t address, std::uint64_t length, Bytes&) {
            return memory.check(address, length, Access::kRead);
          }};
}

Operation load_file(GuestMemory& memory) {
  return {"load_file", 0, Access::kWrite, false,
          [&memory](std::uint64_t address, std::uint64_t length, Bytes&) {
            const TemporaryDirectory directory;
            const std::string path = directory.file("in", std::string(length, 'Z'));
            static_assert(std::byte{'Z'} == kWritten);
            std::uint64_t loaded = 0;
            const AccessStatus status = memory.load_file(address, path.c_str(), loaded);
            if (status == AccessStatus::kOk) {
              EXPECT_EQ(loaded, length);
            }
            return status;
          }};
}

Operation save_file(GuestMemory& memory) {
  return {"save_file", 0, Access::kRead, false,
          [&memory](std::uint64_t address, std::uint64_t length, Bytes& data) {
            const TemporaryDirectory directory;
            const std::string path = directory.file("out");
            const AccessStatus status = memory.save_file(address, length, path.c_str());
            EXPECT_EQ(std::filesystem::exists(path), status == AccessStatus::kOk);
            for (const char byte : content_of(path)) data.push_back(static_cast<std::byte>(byte));
            return status;
          }};
}

class GuestMemoryBoundaryTest : public testing::TestWithParam<Make> {};

TEST_P(GuestMemoryBoundaryTest, StatusAndBytesAreExact) {
  check_boundaries([](EdgeMemory& edge) { return GetParam()(edge.memory()); });
}

INSTANTIATE_TEST_SUITE_P(
    All, GuestMemoryBoundaryTest,
    testing::Values(load<std::uint8_t>, load<std::uint16_t>, load<std::uint32_t>,
                    load<std::uint64_t>, store<std::uint8_t>, store<std::uint16_t>,
                    store<std::uint32_t>, store<std::uint64_t>, compare_swap<std::uint32_t>,
                    compare_swap<std::uint64_t>, fetch_add<std::uint32_t>, fetch_add<std::uint64_t>,
                    read_beat<4>, read_beat<8>, read_beat<16>, read_beat<32>, read_beat<64>,
                    read_beat<128>, write_beat<4>, write_beat<8>, write_beat<16>, write_beat<32>,
                    write_beat<64>, write_beat<128>, read_block, write_block, fill, copy_to,
                    copy_from, compare<true>, compare<false>, crc32c, check, load_file, save_file),
    [](const auto& parameter) {
      EdgeMemory edge;
      return parameter.param(edge.memory()).name;
    });

}  // namespace
}  // namespace guestlink::test
