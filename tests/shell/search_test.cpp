// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "shell/search.h"

#include <gtest/gtest.h>

#include <random>

#include "support/seed.h"

namespace guestlink::test {
namespace {

using shell::Pattern;
using shell::Segment;

std::vector<std::byte> bytes_of(std::string_view text) {
  std::vector<std::byte> bytes;
  for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
  return bytes;
}

std::vector<std::uint64_t> find_all(const std::vector<Segment>& segments, const Pattern& pattern) {
  std::vector<std::uint64_t> found;
  shell::search(
      segments, pattern,
      [&](std::uint64_t address) {
        found.push_back(address);
        return true;
      },
      [](std::uint64_t) {});
  return found;
}

using Addresses = std::vector<std::uint64_t>;

TEST(ShellSearchTest, MatchLiesAcrossSegmentsThatAdjoinAndNoOthers) {
  const auto first = bytes_of("xxab");
  const auto second = bytes_of("c");
  const auto third = bytes_of("deab");
  const std::vector<Segment> segments{{0x1000, 4, first.data()},
                                      {0x1004, 1, second.data()},
                                      {0x1005, 4, third.data()},
                                      {0x100A, 1, second.data()}};
  EXPECT_EQ(find_all(segments, {bytes_of("abcde"), 1}), Addresses{0x1002});
  EXPECT_EQ(find_all(segments, {bytes_of("cd"), 1}), Addresses{0x1004});
  EXPECT_EQ(find_all(segments, {bytes_of("abc"), 1}), Addresses{0x1002});
  EXPECT_EQ(find_all(segments, {bytes_of("abc"), 4}), Addresses{});
}

TEST(ShellSearchTest, HolesAreZeroesAndAreNotRead) {
  const auto data = bytes_of(std::string_view("ab\0", 3));
  const std::vector<Segment> segments{
      {0, 1ULL << 40, nullptr}, {1ULL << 40, 3, data.data()}, {(1ULL << 40) + 3, 9, nullptr}};
  EXPECT_EQ(find_all(segments, {bytes_of(std::string_view("\0a", 2)), 1}),
            Addresses{(1ULL << 40) - 1});
  EXPECT_EQ(find_all(segments, {bytes_of(std::string_view("b\0\0\0", 4)), 1}),
            Addresses{(1ULL << 40) + 1});
  EXPECT_EQ(find_all(segments, {bytes_of(std::string_view("\0\0\0\0", 4)), 1ULL << 39}),
            (Addresses{0, 1ULL << 39}));
}

TEST(ShellSearchTest, LastAddressesDoNotWrap) {
  const auto data = bytes_of("abcabcab");
  const std::uint64_t start = ~std::uint64_t{0} - 8;
  EXPECT_EQ(find_all({{start, 8, data.data()}}, {bytes_of("ab"), 1}),
            (Addresses{start, start + 3, start + 6}));
  EXPECT_EQ(find_all({{start, 8, nullptr}}, {bytes_of(std::string_view("\0", 1)), 1ULL << 40}),
            Addresses{});
}

TEST(ShellSearchTest, AgreesWithAPlainSearchOverAnyCut) {
  std::mt19937 random(random_seed());
  for (int round = 0; round < 300; ++round) {
    std::vector<std::byte> memory(3000 + random() % 3000);
    for (std::byte& byte : memory) byte = std::byte(random() % 4 == 0 ? 1 + random() % 2 : 0);
    std::vector<Segment> segments;
    const std::uint64_t base = random() % 100;
    for (std::size_t at = 0; at < memory.size();) {
      const std::size_t length = std::min<std::size_t>(1 + random() % 1500, memory.size() - at);
      const bool hole = random() % 3 == 0;
      if (hole) std::fill_n(memory.begin() + static_cast<std::ptrdiff_t>(at), length, std::byte{0});
      segments.push_back({base + at, length, hole ? nullptr : memory.data() + at});
      at += length;
    }
    const std::size_t length = 1 + random() % 12;
    const std::size_t from = random() % (memory.size() - length);
    const auto start = memory.begin() + static_cast<std::ptrdiff_t>(from);
    const std::vector<std::byte> bytes(start, start + static_cast<std::ptrdiff_t>(length));
    const std::uint64_t alignment = 1 + random() % 9;
    Addresses expected;
    for (std::size_t at = 0; at + length <= memory.size(); ++at) {
      if ((base + at) % alignment == 0 &&
          std::equal(bytes.begin(), bytes.end(),
                     memory.begin() + static_cast<std::ptrdiff_t>(at))) {
        expected.push_back(base + at);
      }
    }
    ASSERT_EQ(find_all(segments, {bytes, alignment}), expected) << "round " << round;
  }
}

}  // namespace
}  // namespace guestlink::test
