// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci/config_space.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "support/seed.h"

namespace guestlink::detail {
namespace {

using Bytes = std::vector<std::byte>;

Bytes ones(std::size_t count) { return {count, std::byte{0xFF}}; }

TEST(ConfigSpaceTest, NumbersAreLittleEndianAndInForceAtOnce) {
  ConfigSpace space;
  space.set(0x10, 4, 0x12345678);
  space.set(0x20, 2, 0xABCD);
  space.set(0x30, 1, 0x5A);
  Bytes data(4);
  ASSERT_TRUE(space.read(0x10, data));
  EXPECT_EQ(data, (Bytes{std::byte{0x78}, std::byte{0x56}, std::byte{0x34}, std::byte{0x12}}));
  EXPECT_EQ(space.get(0x10, 4), 0x12345678U);
  EXPECT_EQ(space.get(0x12, 2), 0x1234U);
  EXPECT_EQ(space.get(0x20, 4), 0xABCDU);
  EXPECT_EQ(space.get(0x30, 1), 0x5AU);
}

TEST(ConfigSpaceTest, OnlyWritableBitsAreTheGuests) {
  ConfigSpace space;
  space.set(0x04, 2, 0x0800);
  space.make_writable(0x04, 2, 0x0006);
  space.make_writable(0x04, 2, 0x0400);
  ASSERT_TRUE(space.write(0x04, ones(2)));
  EXPECT_EQ(space.get(0x04, 2), 0x0C06U);
  ASSERT_TRUE(space.write(0x04, Bytes(2)));
  EXPECT_EQ(space.get(0x04, 2), 0x0800U);
  ASSERT_TRUE(space.write(0x03, ones(4)));
  EXPECT_EQ(space.get(0x00, 4), 0U);
  EXPECT_EQ(space.get(0x04, 4), 0x0C06U);
}

TEST(ConfigSpaceTest, HardwareDrivesWhatTheGuestCannot) {
  ConfigSpace space;
  space.drive(0x06, 2, 0x0008);
  EXPECT_EQ(space.get(0x06, 2), 0x0008U);
  ASSERT_TRUE(space.write(0x06, Bytes(2)));
  EXPECT_EQ(space.get(0x06, 2), 0x0008U);
}

TEST(ConfigSpaceTest, ResetBringsBackPowerOnValuesAndKeepsMasks) {
  ConfigSpace space;
  space.set(0x40, 4, 0x11);
  space.make_writable(0x40, 4, 0xFF00);
  ASSERT_TRUE(space.write(0x40, ones(4)));
  space.drive(0x50, 1, 7);
  space.reset();
  EXPECT_EQ(space.get(0x40, 4), 0x11U);
  EXPECT_EQ(space.get(0x50, 1), 0U);
  ASSERT_TRUE(space.write(0x40, ones(4)));
  EXPECT_EQ(space.get(0x40, 4), 0xFF11U);
}

TEST(ConfigSpaceTest, AccessOutsideIsRefusedAndDoesNothing) {
  ConfigSpace space;
  space.make_writable(ConfigSpace::kBytes - 4, 4, 0xFFFFFFFF);
  struct Case {
    std::uint64_t offset;
    std::size_t count;
    bool inside;
  };
  constexpr std::uint64_t kLast = std::numeric_limits<std::uint64_t>::max();
  for (const auto& [offset, count, inside] :
       {Case{0, ConfigSpace::kBytes, true}, Case{ConfigSpace::kBytes - 1, 1, true},
        Case{ConfigSpace::kBytes - 4, 4, true}, Case{ConfigSpace::kBytes - 3, 4, false},
        Case{ConfigSpace::kBytes, 1, false}, Case{0, ConfigSpace::kBytes + 1, false},
        Case{kLast, 1, false}, Case{kLast - 2, 4, false}, Case{ConfigSpace::kBytes, 0, true}}) {
    space.reset();
    EXPECT_EQ(space.write(offset, ones(count)), inside) << offset << " " << count;
    EXPECT_EQ(space.get(ConfigSpace::kBytes - 4, 4) != 0, inside && count != 0)
        << offset << " " << count;
    Bytes data(count, std::byte{0x5A});
    EXPECT_EQ(space.read(offset, data), inside) << offset << " " << count;
    if (!inside) {
      EXPECT_EQ(data, Bytes(count, std::byte{0x5A}));
    }
  }
}

// Against two arrays of bytes.
TEST(ConfigSpaceTest, RandomAccesses) {
  std::mt19937_64 random(test::random_seed());
  std::array<std::uint8_t, ConfigSpace::kBytes> value{};
  std::array<std::uint8_t, ConfigSpace::kBytes> mask{};
  ConfigSpace space;
  for (std::size_t i = 0; i < value.size(); ++i) {
    value[i] = static_cast<std::uint8_t>(random());
    mask[i] = static_cast<std::uint8_t>(random());
    space.set(i, 1, value[i]);
    space.make_writable(i, 1, mask[i]);
  }
  for (int step = 0; step < 20000; ++step) {
    const std::size_t offset = random() % value.size();
    Bytes data(random() % std::min<std::size_t>(value.size() - offset + 1, 64));
    for (std::byte& byte : data) byte = static_cast<std::byte>(random());
    ASSERT_TRUE(space.write(offset, data));
    for (std::size_t i = 0; i < data.size(); ++i) {
      const auto written = std::to_integer<unsigned>(data[i]);
      auto& byte = value[offset + i];
      byte = static_cast<std::uint8_t>((byte & ~mask[offset + i]) | (written & mask[offset + i]));
    }
  }
  Bytes data(value.size());
  ASSERT_TRUE(space.read(0, data));
  EXPECT_EQ(std::memcmp(data.data(), value.data(), data.size()), 0);
}

}  // namespace
}  // namespace guestlink::detail
