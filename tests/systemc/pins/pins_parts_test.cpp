// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/pins/parts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "support/seed.h"

namespace guestlink::pins {
namespace {

struct Case {
  Access access;
  std::vector<std::uint8_t> enables;
};

Case random_case(std::mt19937_64& random, std::uint32_t bus_bytes, bool lite) {
  Case c;
  c.access.length = 1 + random() % (random() % 4 != 0 ? 300 : 20'000);
  c.access.address = random() % 3 != 0 ? random() % 10'000 : 0xFFFF'FFFF'FFFF'0000 + random() % 9;
  c.access.streaming_width = c.access.length;
  if (!lite && random() % 2 != 0) {
    c.access.streaming_width = random() % 2 != 0 ? 1ULL << random() % 8 : 1 + random() % 100;
    if (random() % 2 != 0) c.access.address -= c.access.address % c.access.streaming_width;
    c.access.streaming_width = std::min(c.access.streaming_width, c.access.length);
  }
  if (random() % 2 != 0) {
    c.enables.resize(1 + random() % (std::size_t{3} * bus_bytes));
    for (auto& enable : c.enables) enable = random() % 3 != 0 ? 0xFF : 0;
  }
  if (random() % 4 == 0) c.access.address = ~std::uint64_t{0} - (c.access.streaming_width - 1);
  return c;
}

// Every enabled byte of the payload once, in order where addresses repeat, at its address; none
// that is not of the payload; only bursts that the bus allows.
void check_parts(const Access& access, const BusShape& bus) {
  PartPlanner planner(access, bus);
  std::vector<unsigned> seen(access.length);
  std::uint64_t planned = 0;
  while (const auto part = planner.next()) {
    ASSERT_TRUE(part->burst.legal(bus.bus_bytes));
    ASSERT_LE(part->burst.beats(), bus.max_beats);
    ASSERT_GE(part->offset, planned) << "out of order";
    planned = part->offset + 1;
    if (bus.lite) {
      ASSERT_EQ(part->burst.address % bus.bus_bytes, 0U);
    }
    std::uint64_t enabled = 0;
    for (std::uint32_t n = 0; n < part->burst.beats(); ++n) {
      const Slice slice = slice_of(*part, n, bus.bus_bytes);
      const axi::BeatBytes beat = part->burst.beat(n, bus.bus_bytes);
      ASSERT_GE(slice.count, 1U);
      ASSERT_GE(slice.lane, beat.lane);
      ASSERT_LE(slice.lane + slice.count, beat.lane + beat.count);
      for (std::uint32_t i = 0; i < slice.count; ++i) {
        const std::uint64_t byte = slice.offset + i;
        ASSERT_LT(byte, access.length);
        ++seen[byte];
        if (access.enabled(byte)) ++enabled;
        const std::uint64_t address = beat.address + (slice.lane - beat.lane) + i;
        ASSERT_EQ(address, access.address + byte % access.streaming_width);
      }
    }
    ASSERT_NE(enabled, 0U) << "a burst without an enabled byte";
  }
  for (std::uint64_t byte = 0; byte < access.length; ++byte) {
    ASSERT_LE(seen[byte], 1U);
    if (access.enabled(byte)) {
      ASSERT_EQ(seen[byte], 1U) << "payload byte " << byte;
    }
  }
}

TEST(PartPlannerTest, CoversEveryEnabledByteOnceWithLegalBursts) {
  const std::uint64_t seed = test::random_seed();
  std::mt19937_64 random(seed);
  for (int run = 0; run < 4000; ++run) {
    const bool lite = run % 4 == 0;
    const std::uint32_t bus_bytes = lite ? 4U << random() % 2 : 4U << random() % 6;
    Case c = random_case(random, bus_bytes, lite);
    if (!c.enables.empty()) {
      c.access.enables = c.enables.data();
      c.access.enable_length = c.enables.size();
    }
    SCOPED_TRACE("run " + std::to_string(run) + ", bus of " + std::to_string(bus_bytes));
    check_parts(c.access, {bus_bytes, lite ? 1U : 256U, lite});
    if (HasFatalFailure()) return;
  }
}

std::vector<Part> parts_of(const Access& access, const BusShape& bus) {
  PartPlanner planner(access, bus);
  std::vector<Part> parts;
  while (const auto part = planner.next()) parts.push_back(*part);
  return parts;
}

TEST(PartPlannerTest, CutsAt4KiBAndAt256Beats) {
  Access access;
  access.address = 0xF80;
  access.length = access.streaming_width = 0x100;
  const auto page = parts_of(access, {64, 256, false});
  ASSERT_EQ(page.size(), 2U);
  EXPECT_EQ(page[0].burst.beats(), 2U);
  EXPECT_EQ(page[1].burst.address, 0x1000U);

  access.address = 0;
  access.length = access.streaming_width = 2048;
  const auto beats = parts_of(access, {4, 256, false});
  ASSERT_EQ(beats.size(), 2U);
  EXPECT_EQ(beats[0].burst.beats(), 256U);
  EXPECT_EQ(beats[1].burst.address, 1024U);
}

TEST(PartPlannerTest, OneBeatIsAsNarrowAsItsBytes) {
  Access access;
  for (std::uint64_t length : {1U, 2U, 4U, 8U}) {
    access.address = 0x1010;
    access.length = access.streaming_width = length;
    const auto parts = parts_of(access, {64, 256, false});
    ASSERT_EQ(parts.size(), 1U);
    EXPECT_EQ(parts[0].burst.beat_bytes(), length);
    EXPECT_EQ(parts[0].burst.len, 0U);
  }
}

TEST(PartPlannerTest, RepetitionsOfAWordAreFixedBursts) {
  Access access;
  access.address = 0x1004;
  access.length = 72;
  access.streaming_width = 4;
  const auto parts = parts_of(access, {8, 256, false});
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].burst.type, axi::BurstType::kFixed);
  EXPECT_EQ(parts[0].burst.beats(), 16U);
  EXPECT_EQ(parts[1].burst.type, axi::BurstType::kFixed);
  EXPECT_EQ(parts[1].burst.beats(), 2U);
  EXPECT_EQ(parts[1].burst.size, 2U);
}

}  // namespace
}  // namespace guestlink::pins
