// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci/pci_function.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/seed.h"

namespace guestlink::detail {
namespace {

using Bytes = std::vector<std::byte>;
using Kind = PciBar::Kind;

// What a guest reads and writes.
std::uint32_t read(const PciFunction& function, std::uint64_t offset, std::size_t count) {
  std::uint32_t value = 0;
  const auto bytes = std::as_writable_bytes(std::span(&value, 1)).first(count);
  EXPECT_TRUE(function.read_config(offset, bytes)) << offset;
  return value;
}
void write(PciFunction& function, std::uint64_t offset, std::size_t count, std::uint32_t value) {
  const auto bytes = std::as_bytes(std::span(&value, 1)).first(count);
  EXPECT_TRUE(function.write_config(offset, bytes)) << offset;
}
Bytes all_of(const PciFunction& function) {
  Bytes bytes(ConfigSpace::kBytes);
  EXPECT_TRUE(function.read_config(0, bytes));
  return bytes;
}

PciIdentity identity() {
  PciIdentity made;
  made.vendor = 0x8086;
  made.device = 0x0B00;
  made.subsystem_vendor = 0x1AF4;
  made.subsystem = 0x1100;
  made.class_code = 0x088001;
  made.revision = 0x42;
  made.bars[0] = {.kind = Kind::kMemory32, .size = 0x4000};
  made.intx = true;
  return made;
}

PciIdentity with_bar(std::size_t index, PciBar bar) {
  PciIdentity made = identity();
  made.bars[0] = {};
  made.bars[index] = bar;
  return made;
}

// What a guest gets that sizes a BAR.
std::uint32_t sized(PciFunction& function, std::size_t index) {
  const std::uint64_t offset = 0x10 + 4 * index;
  const std::uint32_t before = read(function, offset, 4);
  write(function, offset, 4, 0xFFFFFFFF);
  const std::uint32_t bits = read(function, offset, 4);
  write(function, offset, 4, before);
  return bits;
}

void expect_refused(const PciIdentity& made, const std::string& message) {
  try {
    const PciFunction function(made);
    ADD_FAILURE() << "was made: " << message;
  } catch (const std::invalid_argument& error) {
    EXPECT_EQ(error.what(), message);
  }
}

TEST(PciFunctionTest, HeaderIsThatOfTheIdentity) {
  const PciFunction function(identity());
  EXPECT_EQ(read(function, 0x00, 2), 0x8086U);
  EXPECT_EQ(read(function, 0x02, 2), 0x0B00U);
  EXPECT_EQ(read(function, 0x04, 2), 0U);
  EXPECT_EQ(read(function, 0x06, 2), 0U);
  EXPECT_EQ(read(function, 0x08, 1), 0x42U);
  EXPECT_EQ(read(function, 0x08, 4), 0x08800142U);
  EXPECT_EQ(read(function, 0x0E, 1), 0U);  // header type
  EXPECT_EQ(read(function, 0x2C, 2), 0x1AF4U);
  EXPECT_EQ(read(function, 0x2E, 2), 0x1100U);
  EXPECT_EQ(read(function, 0x30, 4), 0U);  // no ROM
  EXPECT_EQ(read(function, 0x34, 1), 0U);
  EXPECT_EQ(read(function, 0x3D, 1), 1U);
  EXPECT_FALSE(function.msix_bar().has_value());
}

TEST(PciFunctionTest, NoPinWithoutIntx) {
  PciIdentity made = identity();
  made.intx = false;
  EXPECT_EQ(read(PciFunction(made), 0x3D, 1), 0U);
}

TEST(PciFunctionTest, WriteMasks) {
  PciIdentity made = identity();
  made.msix_vectors = 4;
  PciFunction function(made);
  const Bytes ones(ConfigSpace::kBytes, std::byte{0xFF});
  const Bytes before = all_of(function);
  ASSERT_TRUE(function.write_config(0, ones));
  const Bytes after = all_of(function);
  // Offset and mask of each register that a guest may write.
  Bytes expected = before;
  const auto writable = [&](std::size_t offset, std::uint32_t mask) {
    for (std::size_t i = 0; i < 4; ++i) expected[offset + i] |= std::byte(mask >> (8 * i));
  };
  writable(0x04, 0x0547);
  writable(0x0C, 0xFF);
  writable(0x10, ~0x3FFFU);
  writable(0x14, ~0xFFFU);  // MSI-X
  writable(0x3C, 0xFF);
  writable(0x40, 0xC0000000);
  EXPECT_EQ(after, expected);
}

TEST(PciFunctionTest, CommandBits) {
  PciFunction function(identity());
  EXPECT_FALSE(function.bus_master());
  EXPECT_FALSE(function.intx_disabled());
  write(function, 0x04, 2, 0x0004);
  EXPECT_TRUE(function.bus_master());
  write(function, 0x05, 1, 0x04);
  EXPECT_TRUE(function.bus_master());
  EXPECT_TRUE(function.intx_disabled());
  write(function, 0x04, 2, 0);
  EXPECT_FALSE(function.bus_master());
  EXPECT_FALSE(function.intx_disabled());
}

TEST(PciFunctionTest, InterruptStatus) {
  PciIdentity made = identity();
  made.msix_vectors = 1;
  PciFunction function(made);
  EXPECT_EQ(read(function, 0x06, 2), 0x0010U);
  function.show_intx(true);
  EXPECT_EQ(read(function, 0x06, 2), 0x0018U);
  write(function, 0x06, 2, 0);
  EXPECT_EQ(read(function, 0x06, 2), 0x0018U);
  function.show_intx(false);
  EXPECT_EQ(read(function, 0x06, 2), 0x0010U);
}

TEST(PciFunctionTest, SizesOfBars) {
  struct Case {
    PciBar bar;
    std::uint32_t low, high;
  };
  constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
  for (const Case& each :
       {Case{{Kind::kMemory32, 16}, 0xFFFFFFF0, 0}, Case{{Kind::kMemory32, 0x4000}, 0xFFFFC000, 0},
        Case{{Kind::kMemory32, 2 * kGiB}, 0x80000000, 0},
        Case{{Kind::kMemory64, 0x1000}, 0xFFFFF004, 0xFFFFFFFF},
        Case{{Kind::kMemory64, 4 * kGiB}, 0x00000004, 0xFFFFFFFF},
        Case{{Kind::kMemory64, 1024 * kGiB}, 0x00000004, 0xFFFFFF00},
        Case{{Kind::kMemory64, 0x1000, true}, 0xFFFFF00C, 0xFFFFFFFF},
        Case{{Kind::kIo, 4}, 0xFFFFFFFD, 0}, Case{{Kind::kIo, 256}, 0xFFFFFF01, 0}}) {
    for (std::size_t index = 0; index < 5; ++index) {
      PciFunction function(with_bar(index, each.bar));
      EXPECT_EQ(function.bar_size(index), each.bar.size);
      EXPECT_EQ(sized(function, index), each.low) << index << " " << each.bar.size;
      EXPECT_EQ(sized(function, index + 1), each.high) << index << " " << each.bar.size;
      for (std::size_t other = 0; other < 9; ++other) {
        if (other == index) continue;
        EXPECT_EQ(function.bar_size(other), 0U);
      }
    }
  }
}

TEST(PciFunctionTest, MsixTableTakesTheFirstFreeBar) {
  struct Case {
    PciBar bar0, bar1, bar2;
    std::size_t expected;
  };
  const PciBar memory{Kind::kMemory32, 0x1000};
  const PciBar wide{Kind::kMemory64, 0x1000};
  for (const auto& [bar0, bar1, bar2, expected] :
       {Case{{}, {}, {}, 0}, Case{memory, {}, {}, 1}, Case{memory, memory, {}, 2},
        Case{wide, {}, {}, 2}, Case{wide, {}, memory, 3}, Case{{}, wide, {}, 0},
        Case{memory, wide, {}, 3}}) {
    PciIdentity made = identity();
    made.bars = {bar0, bar1, bar2};
    made.msix_vectors = 3;
    EXPECT_EQ(PciFunction(made).msix_bar(), expected);
  }
}

TEST(PciFunctionTest, MsixCapability) {
  struct Case {
    std::uint32_t vectors;
    std::uint64_t pba;
  };
  for (const auto& [vectors, pba] :
       {Case{1, 0x800}, Case{128, 0x800}, Case{129, 0x1000}, Case{2048, 0x8000}}) {
    PciIdentity made = identity();
    made.msix_vectors = vectors;
    PciFunction function(made);
    EXPECT_EQ(read(function, 0x06, 2), 0x0010U);
    EXPECT_EQ(read(function, 0x34, 1), 0x40U);
    EXPECT_EQ(read(function, 0x40, 2), 0x0011U);  // the last of the list
    EXPECT_EQ(read(function, 0x42, 2), vectors - 1);
    EXPECT_EQ(read(function, 0x44, 4), 1U);
    EXPECT_EQ(read(function, 0x48, 4), pba | 1U);
    EXPECT_EQ(function.pba_offset(), pba);
    EXPECT_EQ(function.bar_size(1), 2 * pba);
    EXPECT_GE(pba, vectors * 16);       // the table fits
    EXPECT_LE((vectors + 7) / 8, pba);  // the pending bits fit
    EXPECT_EQ(sized(function, 1), ~static_cast<std::uint32_t>(2 * pba - 1));
    EXPECT_EQ(function.identity().bars[1].size, 2 * pba);
    write(function, 0x42, 2, 0xFFFF);
    EXPECT_EQ(read(function, 0x42, 2), 0xC000U | (vectors - 1));
  }
}

TEST(PciFunctionTest, ResetBringsBackPowerOnValues) {
  PciIdentity made = identity();
  made.msix_vectors = 4;
  PciFunction function(made);
  const Bytes before = all_of(function);
  ASSERT_TRUE(function.write_config(0, Bytes(ConfigSpace::kBytes, std::byte{0xFF})));
  function.show_intx(true);
  ASSERT_NE(all_of(function), before);
  function.reset();
  EXPECT_EQ(all_of(function), before);
  EXPECT_FALSE(function.bus_master());
}

TEST(PciFunctionTest, WhatNoFunctionCanBe) {
  expect_refused(with_bar(0, {Kind::kMemory32, 0x3000}),
                 "bar0 has size 0x3000, expected a power of two from 0x10 to 0x80000000");
  expect_refused(with_bar(0, {Kind::kMemory32, 0}),
                 "bar0 has size 0x0, expected a power of two from 0x10 to 0x80000000");
  expect_refused(with_bar(2, {Kind::kMemory32, 8}),
                 "bar2 has size 0x8, expected a power of two from 0x10 to 0x80000000");
  expect_refused(with_bar(2, {Kind::kMemory32, std::uint64_t{1} << 32}),
                 "bar2 has size 0x100000000, expected a power of two from 0x10 to 0x80000000");
  expect_refused(with_bar(4, {Kind::kMemory64, std::uint64_t{1} << 41}),
                 "bar4 has size 0x20000000000, expected a power of two from 0x10 to 0x10000000000");
  expect_refused(with_bar(1, {Kind::kIo, 2}),
                 "bar1 has size 0x2, expected a power of two from 0x4 to 0x100");
  expect_refused(with_bar(1, {Kind::kIo, 512}),
                 "bar1 has size 0x200, expected a power of two from 0x4 to 0x100");
  expect_refused(with_bar(3, {Kind::kNone, 16}), "bar3 has a size and no kind");
  expect_refused(with_bar(5, {Kind::kMemory64, 16}),
                 "bar5 has 64 bits and needs bar6 for its upper half");
  PciIdentity made = with_bar(0, {Kind::kMemory64, 16});
  made.bars[1] = {.kind = Kind::kIo, .size = 16};
  expect_refused(made, "bar0 has 64 bits and needs bar1 for its upper half");
  made = identity();
  made.class_code = 0x1000000;
  expect_refused(made, "class 0x1000000 has more than 24 bits");
  made = identity();
  made.msix_vectors = 2049;
  expect_refused(made, "2049 MSI-X vectors, expected at most 2048");
  made.msix_vectors = 1;
  made.bars.fill({.kind = Kind::kMemory32, .size = 16});
  expect_refused(made, "no BAR is left for the MSI-X table");
  made.bars[4] = {.kind = Kind::kMemory64, .size = 16};
  made.bars[5] = {};
  expect_refused(made, "no BAR is left for the MSI-X table");
}

// Bits that no guest may write are found by writing ones and zeroes everywhere; then nothing that
// it writes changes any.
TEST(PciFunctionTest, RandomWritesChangeNoReadOnlyBit) {
  std::mt19937_64 random(test::random_seed());
  PciIdentity made = identity();
  made.bars[2] = {.kind = Kind::kMemory64, .size = 0x10000, .prefetchable = true};
  made.bars[4] = {.kind = Kind::kIo, .size = 64};
  made.msix_vectors = 32;
  PciFunction function(made);
  ASSERT_TRUE(function.write_config(0, Bytes(ConfigSpace::kBytes, std::byte{0xFF})));
  const Bytes high = all_of(function);
  ASSERT_TRUE(function.write_config(0, Bytes(ConfigSpace::kBytes)));
  const Bytes low = all_of(function);
  for (int step = 0; step < 20000; ++step) {
    Bytes data(1U << random() % 4);
    for (std::byte& byte : data) byte = static_cast<std::byte>(random());
    const std::uint64_t limit = random() % 2 == 0 ? 0x60 : ConfigSpace::kBytes;
    const std::uint64_t offset = random() % limit;
    Bytes before(ConfigSpace::kBytes);
    ASSERT_TRUE(function.read_config(0, before));
    const bool inside = offset + data.size() <= ConfigSpace::kBytes;
    ASSERT_EQ(function.write_config(offset, data), inside);
    const Bytes after = all_of(function);
    for (std::size_t i = 0; i < after.size(); ++i) {
      const bool written = inside && i >= offset && i < offset + data.size();
      const std::byte expected =
          written ? (low[i] & ~(high[i] ^ low[i])) | (data[i - offset] & (high[i] ^ low[i]))
                  : before[i];
      ASSERT_EQ(after[i], expected) << "offset " << i << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace guestlink::detail
