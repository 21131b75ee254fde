// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "memory/crc32c.h"

#include <gtest/gtest.h>

#include <random>
#include <string_view>
#include <vector>

#include "support/seed.h"

namespace guestlink::detail {
namespace {

std::uint32_t crc_of(Crc32cUpdate update, std::span<const std::byte> data) {
  return ~update(0xFFFFFFFF, data);
}

struct Vector {
  std::vector<std::byte> data;
  std::uint32_t crc;
};

// RFC 3720 appendix B.4, and the check value of the CRC catalogue.
std::vector<Vector> known_vectors() {
  std::vector<std::byte> ascending(32);
  for (std::size_t i = 0; i < 32; ++i) ascending[i] = static_cast<std::byte>(i);
  const std::vector<std::byte> descending(ascending.rbegin(), ascending.rend());
  const auto digits = std::as_bytes(std::span(std::string_view("123456789")));
  return {{{}, 0},
          {{digits.begin(), digits.end()}, 0xE3069283},
          {std::vector<std::byte>(32), 0x8A9136AA},
          {std::vector<std::byte>(32, std::byte{0xFF}), 0x62A8AB43},
          {ascending, 0x46DD794E},
          {descending, 0x113FDB5C}};
}

TEST(Crc32cTest, TableGivesKnownValues) {
  for (const Vector& vector : known_vectors()) {
    EXPECT_EQ(crc_of(crc32c_by_table, vector.data), vector.crc);
  }
}

TEST(Crc32cTest, InstructionGivesKnownValues) {
  const Crc32cUpdate update = crc32c_by_instruction();
  if (update == nullptr) GTEST_SKIP() << "this processor has no CRC-32C instruction (SSE4.2)";
  for (const Vector& vector : known_vectors()) EXPECT_EQ(crc_of(update, vector.data), vector.crc);
}

TEST(Crc32cTest, TableAndChosenAgreeOnEveryLengthAndAlignment) {
  std::mt19937_64 random(test::random_seed());
  std::vector<std::byte> data(300);
  for (std::byte& byte : data) byte = std::byte(random() & 0xFF);
  for (std::size_t start = 0; start < 9; ++start) {
    for (std::size_t length = 0; start + length <= data.size(); ++length) {
      const auto part = std::span<const std::byte>(data).subspan(start, length);
      ASSERT_EQ(crc_of(crc32c_update(), part), crc_of(crc32c_by_table, part));
    }
  }
}

}  // namespace
}  // namespace guestlink::detail
