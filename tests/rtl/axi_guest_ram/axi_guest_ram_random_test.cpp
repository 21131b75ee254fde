// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Random bursts of every kind, reads and writes at once, against the scoreboard, over latencies,
// stalls and pauses. GUESTLINK_SEED repeats a run, GUESTLINK_ROUNDS makes it longer.
#include "axi_models.h"

namespace guestlink::test {
namespace {

template <typename Bench>
class AxiGuestRamRandomTest : public ::testing::Test {};
TYPED_TEST_SUITE(AxiGuestRamRandomTest, RandomBenches);

std::uint64_t pick(std::mt19937_64& random, std::uint64_t count) { return random() % count; }

// Two RAM regions with a hole between them and nothing above; mostly a few pages that reads and
// writes share, and the edges of the regions.
std::uint64_t random_address(std::mt19937_64& random) {
  constexpr std::uint64_t kPages[] = {0x0,     0x1000,   0x9f000,  0xa0000,
                                      0xff000, 0x100000, 0x1ff000, 0x200000};
  const std::uint64_t page = kPages[pick(random, 2) != 0 ? pick(random, 2) : pick(random, 8)];
  return page + pick(random, 4096);
}

// A burst that AXI4 allows, at or below the address drawn.
Burst random_legal_burst(std::mt19937_64& random, unsigned bus_bytes) {
  Burst burst;
  burst.size = static_cast<unsigned>(pick(random, log2_of(bus_bytes) + 1));
  if (pick(random, 2) != 0) burst.size = log2_of(bus_bytes);
  burst.type = static_cast<BurstType>(pick(random, 3));
  burst.id = static_cast<unsigned>(pick(random, kIds));
  burst.address = random_address(random);
  if (burst.type == BurstType::kFixed) {
    burst.len = static_cast<unsigned>(pick(random, 16));
  } else if (burst.type == BurstType::kWrap) {
    burst.len = (2U << pick(random, 4)) - 1;
    burst.address -= burst.address % burst.beat_bytes();
  } else {
    const std::uint64_t aligned = burst.address / burst.beat_bytes() * burst.beat_bytes();
    const std::uint64_t room = (4096 - aligned % 4096) / burst.beat_bytes();
    burst.len = static_cast<unsigned>(pick(random, std::min<std::uint64_t>(room, 256)));
    if (pick(random, 2) != 0) burst.len %= 4;
  }
  return burst;
}

Burst random_any_burst(std::mt19937_64& random, unsigned bus_bytes) {
  Burst burst = random_legal_burst(random, bus_bytes);
  burst.size = static_cast<unsigned>(pick(random, 8));
  burst.type = static_cast<BurstType>(pick(random, 4));
  burst.len = static_cast<unsigned>(pick(random, pick(random, 2) != 0 ? 256 : 20));
  return burst;
}

void fill_write(Burst& burst, std::mt19937_64& random, unsigned bus_bytes) {
  burst.write = true;
  burst.data.resize(std::size_t{burst.beats()} * bus_bytes);
  burst.strobe.assign(burst.data.size(), 0);
  for (std::uint8_t& byte : burst.data) byte = static_cast<std::uint8_t>(random());
  const unsigned density = static_cast<unsigned>(pick(random, 4));  // 0 is every lane
  if (!burst.legal(bus_bytes)) {  // every lane, so that a beat that is not refused is seen
    burst.strobe.assign(burst.data.size(), 1);
    return;
  }
  for (unsigned n = 0; n < burst.beats(); ++n) {
    const BeatBytes bytes = burst.beat(n, bus_bytes);
    for (unsigned k = 0; k < bytes.count; ++k) {
      const bool on = density == 0 || pick(random, density + 1) != 0;
      burst.strobe[std::size_t{n} * bus_bytes + bytes.lane + k] = on;
    }
  }
}

template <typename Bench>
void random_timing(Bench& bench) {
  std::mt19937_64& random = bench.random();
  constexpr unsigned kLatencies[] = {0, 1, 2, 3, 20, 100};
  bench.read_latency = kLatencies[pick(random, 6)];
  bench.write_latency = kLatencies[pick(random, 6)];
  bench.model().read_latency_i = static_cast<std::uint16_t>(bench.read_latency);
  bench.model().write_latency_i = static_cast<std::uint16_t>(bench.write_latency);
  const auto pattern = [&random] {
    const std::uint64_t word = random() & random();
    return pick(random, 2) != 0 ? 0U : static_cast<std::uint32_t>(word) & 0x7fffffffU;
  };
  bench.model().accept_stall_i = pattern();
  bench.model().beat_stall_i = pattern();
  const auto pause = [&random] {
    return static_cast<unsigned>(pick(random, 2) * pick(random, 200));
  };
  bench.pauses = {pause(), pause(), pause()};
}

template <typename Bench>
void run_rounds(std::uint64_t seed, bool only_legal) {
  const char* rounds_text = std::getenv("GUESTLINK_ROUNDS");
  const unsigned rounds =
      rounds_text != nullptr ? static_cast<unsigned>(std::atoi(rounds_text)) : 60;
  OpenMemory memory("mock:,size=2M,machine=pc");
  ASSERT_NE(memory.handle(), nullptr);
  Bench bench(seed);
  bench.context().assertOn(only_legal);
  ShadowMemory shadow(memory.handle());
  bench.shadow = &shadow;
  bench.model().memory_id_i = memory.id();
  bench.reset();
  for (unsigned round = 0; round < rounds; ++round) {
    random_timing(bench);
    for (int n = 0; n < 60; ++n) {
      Burst burst = only_legal || pick(bench.random(), 2) != 0
                        ? random_legal_burst(bench.random(), Bench::kBytes)
                        : random_any_burst(bench.random(), Bench::kBytes);
      if (pick(bench.random(), 2) != 0) fill_write(burst, bench.random(), Bench::kBytes);
      bench.push(std::move(burst));
    }
    bench.run(1000000);
    ASSERT_EQ(bench.failure(), "") << "GUESTLINK_SEED=" << seed << " round " << round;
  }
  EXPECT_EQ(shadow.difference(), "") << "GUESTLINK_SEED=" << seed;
}

TYPED_TEST(AxiGuestRamRandomTest, LegalBurstsMatchTheScoreboard) {
  run_rounds<TypeParam>(test_seed(1), true);
}

TYPED_TEST(AxiGuestRamRandomTest, IllegalBurstsAmongLegalOnesAreAnsweredAndTouchNothing) {
  run_rounds<TypeParam>(test_seed(2), false);
}

}  // namespace
}  // namespace guestlink::test
