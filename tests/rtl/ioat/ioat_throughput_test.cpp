// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Counted clocks: a stream of descriptors, each with a completion record, on a memory that answers
// after 1, 20 and 100 clocks and then moves a beat a clock.
#include <cstdio>

#include "ioat_bench.h"

namespace guestlink_test {
namespace {

struct Offsets {
  std::uint64_t source, dest;
};

/// Clocks a descriptor takes in the middle of a stream of `count`.
template <typename Device>
double clocks_per_descriptor(std::uint32_t size, std::uint32_t latency, Offsets offsets,
                             std::size_t count = 240) {
  IoatBench<Device> bench;
  bench.memory.behaviour.latency_min = bench.memory.behaviour.latency_max = latency;
  std::vector<Descriptor> chain;
  const std::uint64_t stride = (std::uint64_t{size} + 64 + 63) / 64 * 64;
  for (std::size_t i = 0; i < count; ++i) {
    chain.push_back({size, kRecord, bench.kSources + i * stride + offsets.source,
                     bench.kDests + i * stride + offsets.dest, 0});
    bench.expect_copy(chain.back());
  }
  bench.put_ring(chain);
  bench.prepare(bench.kChain);
  // From the first completion to the last: filling and draining the pipe is not counted
  std::uint64_t first = 0;
  bench.on_clock = [&] {
    if (first == 0 && bench.descriptors_done() != 0) first = bench.done_clock();
  };
  bench.doorbell(static_cast<std::uint32_t>(count));
  bench.wait_idle();
  bench.expect_memory();
  EXPECT_EQ(bench.descriptors_done(), count);
  return static_cast<double>(bench.done_clock() - first) / static_cast<double>(count - 1);
}

constexpr Offsets kOffsets[] = {{0, 0}, {1, 1}, {60, 1}, {1, 60}, {0, 17}, {17, 0}};
constexpr std::uint32_t kLatencies[] = {1, 20, 100};

TEST(IoatThroughputTest, FourKibStreamMoves95PercentOfTheBus) {
  for (const std::uint32_t latency : kLatencies) {
    for (const Offsets o : kOffsets) {
      const double clocks = clocks_per_descriptor<Device512>(4096, latency, o);
      std::printf(
          "512 bit, 4096 bytes, source+%-2d dest+%-2d latency %3u: %6.2f clocks, %.4f of a beat a "
          "clock\n",
          static_cast<int>(o.source), static_cast<int>(o.dest), latency, clocks, 64 / clocks);
      EXPECT_GE(64 / clocks, 0.95);
    }
  }
}

TEST(IoatThroughputTest, NarrowerBusesMoveAsMuch) {
  for (const std::uint32_t latency : kLatencies) {
    const double at256 = clocks_per_descriptor<Device256>(4096, latency, {60, 1});
    const double at64 = clocks_per_descriptor<Device64>(4096, latency, {7, 1}, 100);
    std::printf("4096 bytes, latency %3u: 256 bit %.4f, 64 bit %.4f of a beat a clock\n", latency,
                128 / at256, 512 / at64);
    EXPECT_GE(128 / at256, 0.95);
    EXPECT_GE(512 / at64, 0.95);
  }
}

TEST(IoatThroughputTest, ShortDescriptorsDoNotWaitForLatency) {
  for (const std::uint32_t size : {64U, 256U}) {
    for (const std::uint32_t latency : kLatencies) {
      const double clocks = clocks_per_descriptor<Device512>(size, latency, {0, 0}, 400);
      std::printf("512 bit, %4u bytes, latency %3u: %.2f clocks a descriptor\n", size, latency,
                  clocks);
      EXPECT_LE(clocks, size / 64.0 + 2.5);
    }
  }
}

}  // namespace
}  // namespace guestlink_test
