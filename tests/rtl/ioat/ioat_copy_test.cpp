// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Copies against the scoreboard: alignment x size x latency x stall x bus width, chains of every
// shape, and the order of data, record and interrupt.
#include <algorithm>
#include <numeric>

#include "ioat_bench.h"

namespace guestlink_test {
namespace {

/// A chain with destinations that do not touch, and the checks that hold while it runs.
template <typename Device>
class ChainRun {
 public:
  using Bench = IoatBench<Device>;
  explicit ChainRun(Bench& bench) : bench_(bench) {}

  /// Adds a copy of `size` bytes whose ends have the given offsets in a 64-byte line.
  void add(std::uint32_t size, std::uint64_t source_offset, std::uint64_t dest_offset,
           std::uint32_t control) {
    Descriptor d;
    d.size = size;
    d.control = control;
    d.source = Bench::kSources + bench_.below((0x10'0000 - size - 64) / 64) * 64 + source_offset;
    d.dest = next_dest_ + dest_offset;
    next_dest_ = (d.dest + size + 1 + bench_.below(100) + 63) / 64 * 64;
    if (next_dest_ > Bench::kChain) throw std::runtime_error("destinations are used up");
    chain_.push_back(d);
  }
  void add_null(std::uint32_t control) {
    Descriptor d;
    d.control = control | kNull;
    d.source = ~0ULL;
    d.dest = ~0ULL;
    chain_.push_back(d);
  }

  /// Places the chain: contiguous, or in shuffled order all over the chain's memory.
  void place(bool scattered) {
    std::vector<std::uint64_t> slots(scattered ? 2048 : chain_.size());
    std::iota(slots.begin(), slots.end(), 0);
    if (scattered) std::shuffle(slots.begin(), slots.end(), bench_.random);
    for (std::size_t i = 0; i < chain_.size(); ++i) {
      address_.push_back(Bench::kChain + slots[i] * 64);
    }
    for (std::size_t i = 0; i < chain_.size(); ++i) {
      chain_[i].next = address_[(i + 1) % chain_.size()];
      bench_.put(address_[i], chain_[i]);
    }
    for (const Descriptor& d : chain_) {
      if ((d.control & kNull) == 0) bench_.expect_copy(d);
    }
  }

  /// Runs the chain with doorbells of random size, and checks everything.
  void run() {
    watch();
    bench_.prepare(address_[0]);
    const std::uint64_t done_before = bench_.descriptors_done();
    for (std::size_t rung = 0; rung < chain_.size();) {
      rung = std::min(chain_.size(), rung + 1 + bench_.below(chain_.size()));
      bench_.doorbell(static_cast<std::uint32_t>(rung));
      EXPECT_LE(bench_.status(), kDone);
      bench_.clocks(bench_.below(300));
    }
    bench_.wait_idle();
    EXPECT_EQ(bench_.status(), kDone);
    EXPECT_EQ(bench_.error(), 0U);
    EXPECT_EQ(bench_.read64(kChanStatus), address_.back() | kDone);
    EXPECT_EQ(bench_.descriptors_done() - done_before, chain_.size());
    if ((chain_.back().control & kRecord) != 0) {
      EXPECT_EQ(bench_.record(), address_.back() | kDone);
    }
    bench_.expect_memory();
  }

 private:
  /// A record covers only descriptors whose data is visible; an interrupt comes after its record.
  void watch() {
    bench_.memory.on_write = [this](const AxiBurst& burst) {
      if (burst.id == 1) check_record(burst);
    };
    bench_.on_clock = [this] {
      if (bench_.irq() && !was_irq_) check_irq();
      was_irq_ = bench_.irq();
    };
  }
  void check_record(const AxiBurst& burst) {
    ASSERT_EQ(burst.beats, 1U);
    const std::size_t lane = Bench::kRecordPage % Bench::kBusBytes;
    ASSERT_EQ(burst.strobes[0], 0xFFULL << lane);
    std::uint64_t value = 0;
    std::memcpy(&value, &burst.data[0][lane], 8);
    const auto found = std::find(address_.begin() + static_cast<std::ptrdiff_t>(covered_),
                                 address_.end(), value & ~63ULL);
    ASSERT_NE(found, address_.end()) << "record of a descriptor not in turn";
    const auto last = static_cast<std::size_t>(found - address_.begin());
    for (; covered_ <= last; ++covered_) {
      const Descriptor& d = chain_[covered_];
      if ((d.control & kNull) != 0) continue;
      EXPECT_EQ(
          std::memcmp(bench_.memory.at(d.dest), &bench_.expected[d.dest - Bench::kBase], d.size), 0)
          << "record before the data of descriptor " << covered_;
    }
  }
  void check_irq() {
    const auto found = std::find(address_.begin(), address_.end(), bench_.record() & ~63ULL);
    ASSERT_NE(found, address_.end()) << "interrupt before a record is in memory";
  }

  Bench& bench_;
  std::vector<Descriptor> chain_;
  std::vector<std::uint64_t> address_;
  std::uint64_t next_dest_ = Bench::kDests;
  std::size_t covered_ = 0;
  bool was_irq_ = false;
};

template <typename Device>
class IoatCopyTest : public ::testing::Test {};
TYPED_TEST_SUITE(IoatCopyTest, AllDevices);

/// Sizes near what the bus width makes special.
std::uint32_t interesting_size(std::mt19937& random, std::size_t bus) {
  const auto beat = static_cast<std::uint32_t>(bus);
  switch (random() % 4) {
    case 0:
      return 1 + static_cast<std::uint32_t>(random()) % (3 * beat);
    case 1:
      return beat * (1 + static_cast<std::uint32_t>(random()) % 4);
    case 2:
      return 1 + static_cast<std::uint32_t>(random()) % 700;
    default:
      return 1 + static_cast<std::uint32_t>(random()) % 5000;
  }
}

std::uint32_t random_control(std::mt19937& random) {
  std::uint32_t control = 0;
  if (random() % 2 == 0) control |= kRecord;
  if (random() % 4 == 0) control |= kIrq | kRecord;
  if (random() % 8 == 0) control |= kFence;
  return control | static_cast<std::uint32_t>(random() % 4) << 1;  // snoop bits: no effect
}

AxiBehaviour random_behaviour(std::mt19937& random) {
  AxiBehaviour b;
  const std::uint32_t latencies[] = {1, 3, 20, 100};
  const std::uint32_t chances[] = {100, 80, 30};
  b.latency_min = latencies[random() % 4];
  b.latency_max = b.latency_min + (random() % 2 == 0 ? 0 : 30);
  b.aw_ready = chances[random() % 3];
  b.w_ready = chances[random() % 3];
  b.ar_ready = chances[random() % 3];
  b.r_valid = chances[random() % 3];
  b.b_valid = chances[random() % 3];
  b.reorder = random() % 2 == 0;
  b.one_at_a_time = random() % 5 == 0;
  return b;
}

TYPED_TEST(IoatCopyTest, EveryPairOfOffsetsWithShortSizes) {
  IoatBench<TypeParam> bench(test_seed(11));
  const std::size_t bus = TypeParam::kBusBytes;
  ChainRun<TypeParam> run(bench);
  // All pairs on narrow buses, a grid with the ends on wide ones
  const std::size_t step = bus > 16 ? 7 : 1;
  std::size_t count = 0;
  for (std::size_t source = 0; source < bus;
       source += (source + step < bus || source + 1 == bus) ? step : bus - 1 - source) {
    for (std::size_t dest = 0; dest < bus;
         dest += (dest + step < bus || dest + 1 == bus) ? step : bus - 1 - dest) {
      for (const std::size_t size :
           {std::size_t{1}, std::size_t{2}, bus - 1, bus, bus + 1, 2 * bus, 2 * bus + 1}) {
        if (++count > 2000) break;
        run.add(static_cast<std::uint32_t>(size), source, dest, 0);
      }
    }
  }
  run.add(5, 3, 7, kRecord | kIrq);
  run.place(false);
  run.run();
}

TYPED_TEST(IoatCopyTest, RandomChainsOnRandomMemory) {
  const std::uint32_t seed = test_seed(21);
  for (std::uint32_t i = 0; i < 12 && !this->HasFailure(); ++i) {
    SCOPED_TRACE("GUESTLINK_SEED=" + std::to_string(seed + i));
    IoatBench<TypeParam> bench(seed + i);
    ChainRun<TypeParam> run(bench);
    for (int n = 0; n < 100; ++n) {
      const std::uint32_t control = random_control(bench.random);
      if (bench.below(10) == 0) {
        run.add_null(control);
      } else {
        run.add(interesting_size(bench.random, TypeParam::kBusBytes), bench.below(64),
                bench.below(64), control);
      }
    }
    run.place(bench.below(2) == 0);
    bench.memory.behaviour = random_behaviour(bench.random);
    run.run();
    if (std::getenv("GUESTLINK_SEED") != nullptr) break;
  }
}

TYPED_TEST(IoatCopyTest, LargestTransferAndPageCrossings) {
  IoatBench<TypeParam> bench(test_seed(31));
  ChainRun<TypeParam> run(bench);
  run.add(0x1'0000, 1, 63, kRecord);
  run.add(0xFF00, 0, 0, kRecord);
  run.add(8192, 33, 5, kRecord | kIrq);
  run.place(false);
  run.run();
  // 1 MiB is the cap; the destination does not share bytes with the first chain's
  Descriptor d{
      0x10'0000, kRecord, bench.kSources, bench.kDests + 0x10'0000 + 3, 0,
  };
  bench.put_ring({d});
  bench.expect_copy(d);
  bench.memory.on_write = nullptr;
  bench.prepare(bench.kChain);
  bench.doorbell(1);
  bench.wait_idle();
  EXPECT_EQ(bench.record(), bench.kChain | kDone);
  bench.expect_memory();
}

TYPED_TEST(IoatCopyTest, SinglePortMemoryDoesNotDeadlock) {
  IoatBench<TypeParam> bench(test_seed(41));
  bench.memory.behaviour.one_at_a_time = true;
  bench.memory.behaviour.latency_min = bench.memory.behaviour.latency_max = 10;
  ChainRun<TypeParam> run(bench);
  for (std::uint32_t n = 0; n < 20; ++n) run.add(4096, n, 3 * n % 64, kRecord);
  run.place(false);
  run.run();
}

TYPED_TEST(IoatCopyTest, FencedChainReadsWhatTheOneBeforeWrote) {
  IoatBench<TypeParam> bench(test_seed(51));
  bench.memory.behaviour.latency_max = 60;
  std::vector<Descriptor> chain;
  for (std::uint64_t i = 0; i < 40; ++i) {
    Descriptor d{static_cast<std::uint32_t>(100 + i), kFence | kRecord, 0, 0, 0};
    d.source = bench.kDests + i * 1000 + i % 7;
    d.dest = bench.kDests + (i + 1) * 1000 + (i + 1) % 7;
    chain.push_back(d);
    bench.expect_copy(d);
  }
  bench.put_ring(chain);
  bench.prepare(bench.kChain);
  bench.doorbell(40);
  bench.wait_idle();
  EXPECT_EQ(bench.record(), (bench.kChain + 39 * 64) | kDone);
  bench.expect_memory();
}

TYPED_TEST(IoatCopyTest, FenceHoldsBackTheNextUntilTheRecordIsWritten) {
  IoatBench<TypeParam> bench;
  bench.memory.behaviour.latency_min = bench.memory.behaviour.latency_max = 50;
  Descriptor first{256, kFence | kRecord, bench.kSources, bench.kDests, 0};
  Descriptor second{256, kRecord, bench.kSources + 0x1000, bench.kDests + 0x1000, 0};
  bench.put_ring({first, second});
  bench.prepare(bench.kChain);
  bool record_there = false, second_read = false;
  bench.memory.on_visible = [&](const AxiBurst& b) { record_there = record_there || b.id == 1; };
  bench.memory.on_read = [&](const AxiBurst& b) {
    if (b.address / 4096 != second.source / 4096) return;
    second_read = true;
    EXPECT_TRUE(record_there);
  };
  bench.doorbell(2);
  bench.wait_idle();
  EXPECT_TRUE(second_read);
}

TYPED_TEST(IoatCopyTest, ReadsOfTheNextRunAheadWithoutFence) {
  IoatBench<TypeParam> bench;
  bench.memory.behaviour.latency_min = bench.memory.behaviour.latency_max = 50;
  Descriptor first{64, kRecord, bench.kSources, bench.kDests, 0};
  Descriptor second{64, kRecord, bench.kSources + 0x1000, bench.kDests + 0x1000, 0};
  bench.put_ring({first, second});
  bench.prepare(bench.kChain);
  bool first_written = false, ahead = false;
  bench.memory.on_visible = [&](const AxiBurst&) { first_written = true; };
  bench.memory.on_read = [&](const AxiBurst& b) {
    if (b.address / 4096 == second.source / 4096) ahead = ahead || !first_written;
  };
  bench.doorbell(2);
  bench.wait_idle();
  // The smallest device has room for one read burst only, and then too reads before the write is
  // answered
  EXPECT_TRUE(ahead);
}

TYPED_TEST(IoatCopyTest, RingGoesRoundWithDoorbellsOneByOne) {
  IoatBench<TypeParam> bench(test_seed(61));
  std::vector<Descriptor> ring;
  for (std::uint64_t i = 0; i < 5; ++i) {
    ring.push_back({77, kRecord | kIrq, bench.kSources + 100 * i, bench.kDests + 101 * i, 0});
    bench.expect_copy(ring.back());
  }
  bench.put_ring(ring);
  bench.prepare(bench.kChain);
  for (std::uint32_t n = 1; n <= 33; ++n) {
    bench.doorbell(n);
    if (n % 3 == 0) bench.wait_idle();
  }
  bench.wait_idle();
  EXPECT_EQ(bench.read64(kChanStatus), (bench.kChain + 32 % 5 * 64) | kDone);
  bench.expect_memory();
}

TYPED_TEST(IoatCopyTest, NothingPastDmacountIsFetched) {
  IoatBench<TypeParam> bench(test_seed(71));
  std::vector<Descriptor> chain(64);
  for (std::size_t i = 0; i < chain.size(); ++i) {
    chain[i] = {40, kRecord, bench.kSources + 64 * i, bench.kDests + 64 * i, 0};
  }
  bench.put_ring(chain);
  bench.prepare(bench.kChain);
  std::uint64_t valid_end = bench.kChain;
  bench.memory.on_read = [&](const AxiBurst& b) {
    if (b.id != 1) return;
    EXPECT_LE(b.address + b.beats * TypeParam::kBusBytes, valid_end);
  };
  for (std::uint32_t n = 1; n <= 60; n += 1 + static_cast<std::uint32_t>(bench.below(9))) {
    valid_end = bench.kChain + n * 64;
    bench.doorbell(n);
    bench.clocks(bench.below(200));
  }
  bench.wait_idle();
  EXPECT_EQ(bench.error(), 0U);
}

TYPED_TEST(IoatCopyTest, WrongGuessesAreDroppedEvenWhenTheyFail) {
  IoatBench<TypeParam> bench(test_seed(81));
  // Each descriptor stands alone before a stale one, or before memory that answers with an error
  const std::size_t count = 30;
  Descriptor stale{64, kRecord, bench.kSources, bench.kDests + 0x20'0000, 0};
  for (std::size_t i = 0; i < count; ++i) {
    Descriptor d{90, kRecord, bench.kSources + 200 * i, bench.kDests + 300 * i, 0};
    d.next = bench.kChain + (i + 1) % count * 256;
    bench.put(bench.kChain + i * 256, d);
    bench.put(bench.kChain + i * 256 + 64, stale);
    bench.expect_copy(d);
    if (i % 2 == 0)
      bench.memory.fail_reads(bench.kChain + i * 256 + 64, bench.kChain + i * 256 + 256);
  }
  bench.prepare(bench.kChain);
  bench.doorbell(count);
  bench.wait_idle();
  EXPECT_EQ(bench.error(), 0U);
  EXPECT_EQ(bench.read64(kChanStatus), (bench.kChain + (count - 1) * 256) | kDone);
  bench.expect_memory();
}

TYPED_TEST(IoatCopyTest, NoGuessLeavesThePage) {
  IoatBench<TypeParam> bench(test_seed(91));
  bench.memory.behaviour.latency_min = bench.memory.behaviour.latency_max = 20;
  // The last three descriptors of every second page; what lies behind them is not part of the chain
  const std::size_t count = 30;
  const auto place = [](std::size_t i) {
    return IoatBench<TypeParam>::kChain + i / 3 * 0x2000 + 0x1000 - (3 - i % 3) * 64;
  };
  for (std::size_t i = 0; i < count; ++i) {
    Descriptor d{90, kRecord, bench.kSources + 200 * i, bench.kDests + 300 * i, 0};
    d.next = place((i + 1) % count);
    bench.put(place(i), d);
    bench.expect_copy(d);
  }
  bench.prepare(bench.kChain + 0x1000 - 3 * 64);
  bench.memory.on_read = [&](const AxiBurst& b) {
    if (b.id != 1) return;
    EXPECT_EQ(b.address / 0x1000 % 2, bench.kChain / 0x1000 % 2);
  };
  bench.doorbell(count);
  bench.wait_idle();
  EXPECT_EQ(bench.error(), 0U);
  EXPECT_EQ(bench.read64(kChanStatus), place(count - 1) | kDone);
  bench.expect_memory();
}

// After a first wrong guess each descriptor of a chain that is not in a row is read once.
TYPED_TEST(IoatCopyTest, ScatteredChainIsNotReadOverAndOver) {
  IoatBench<TypeParam> bench(test_seed(101));
  const std::size_t count = 256;
  for (std::size_t i = 0; i < count; ++i) {
    Descriptor d{64, 0, bench.kSources + 64 * i, bench.kDests + 64 * i, 0};
    d.next = bench.kChain + (i + 1) % count * 128;
    bench.put(bench.kChain + i * 128, d);
    bench.expect_copy(d);
  }
  std::size_t beats = 0;
  bench.memory.on_read = [&](const AxiBurst& b) { beats += b.id == 1 ? b.beats : 0; };
  bench.prepare(bench.kChain);
  bench.doorbell(count);
  bench.wait_idle();
  bench.expect_memory();
  EXPECT_LE(beats * TypeParam::kBusBytes, (std::uint64_t{count} + 64) * 64);
}

TEST(IoatCountTest, DmacountGoesRoundAt65536) {
  IoatBench<Device256> bench;
  std::vector<Descriptor> ring(16);
  for (Descriptor& d : ring) d.control = kNull;
  bench.put_ring(ring);
  bench.prepare(bench.kChain);
  std::uint32_t count = 0;
  while (count < 0x1'0010) {
    count += 16;
    bench.doorbell(count & 0xFFFF);
    EXPECT_LE(bench.status(), kDone);
    bench.wait_idle();
  }
  EXPECT_EQ(bench.descriptors_done(), count);
  EXPECT_EQ(bench.read32(kCommandWord), (count & 0xFFFF) << 16);
  EXPECT_EQ(bench.read64(kChanStatus), (bench.kChain + 15UL * 64) | kDone);
}

}  // namespace
}  // namespace guestlink_test
