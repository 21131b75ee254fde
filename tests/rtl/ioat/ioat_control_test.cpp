// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Suspend, resume, abort and reset at random moments on a slow, stalling memory. The bus rules are
// checked on every clock by the checkers and the memory model.
#include <algorithm>

#include "ioat_bench.h"

namespace guestlink_test {
namespace {

template <typename Device>
class IoatControlTest : public ::testing::Test {
 protected:
  using Bench = IoatBench<Device>;

  /// A chain of `count` random copies, ready to start; not yet in bench.expected.
  void lay_out(Bench& bench, std::size_t count) {
    chain_.clear();
    for (std::size_t i = 0; i < count; ++i) {
      Descriptor d;
      d.size = 1 + static_cast<std::uint32_t>(bench.below(6000));
      d.control = kRecord | (bench.below(4) == 0 ? kIrq : 0U) | (bench.below(6) == 0 ? kFence : 0U);
      d.source = bench.kSources + bench.below(0xF'0000);
      d.dest = bench.kDests + i * 8192 + bench.below(1000);
      chain_.push_back(d);
    }
    bench.put_ring(chain_);
    bench.prepare(bench.kChain);
  }
  void slow_memory(Bench& bench) {
    AxiBehaviour& b = bench.memory.behaviour;
    b.latency_max = 1 + static_cast<std::uint32_t>(bench.below(80));
    for (std::uint32_t* chance : {&b.aw_ready, &b.w_ready, &b.ar_ready, &b.r_valid, &b.b_valid}) {
      *chance = bench.below(2) == 0 ? 100 : 20 + static_cast<std::uint32_t>(bench.below(60));
    }
    b.reorder = bench.below(2) == 0;
  }
  /// The first `done` copies are whole. Of the others a byte is as before or as copied; nothing
  /// else moved.
  void expect_after_stop(Bench& bench, std::size_t done) {
    for (std::size_t i = 0; i < chain_.size(); ++i) {
      const Descriptor& d = chain_[i];
      if (i < done) {
        bench.expect_copy(d);
        continue;
      }
      for (std::uint64_t byte = 0; byte < d.size; ++byte) {
        const std::uint8_t now = *bench.memory.at(d.dest + byte);
        std::uint8_t& want = bench.expected[d.dest + byte - bench.kBase];
        if (now == bench.expected[d.source + byte - bench.kBase]) want = now;
      }
    }
    bench.expect_memory();
  }
  /// How many descriptors CHANSTS says are complete.
  std::size_t completed(Bench& bench) {
    const std::uint64_t address = bench.read64(kChanStatus) & ~63ULL;
    return address == 0 ? 0 : (address - bench.kChain) / 64 + 1;
  }
  /// Descriptors that a hostile guest may write: any field may be wrong, most are nearly right.
  void lay_out_garbage(Bench& bench) {
    const std::uint32_t controls[] = {0, kRecord, kRecord | kIrq, kFence, kNull | kRecord, ~0U};
    for (std::uint64_t slot = 0; slot < 256; ++slot) {
      Descriptor d;
      d.size =
          static_cast<std::uint32_t>(bench.below(30) == 0 ? bench.random() : bench.below(5000));
      d.control = controls[bench.below(bench.below(4) == 0 ? 6 : 5)];
      d.source = bench.kSources + bench.below(0xF'0000);
      d.dest = bench.kDests + bench.below(0x20'0000);
      d.next = bench.kChain + (bench.below(4) == 0 ? bench.below(256) : (slot + 1) % 256) * 64;
      for (std::uint64_t* address : {&d.source, &d.dest, &d.next}) {
        if (bench.below(100) == 0) *address = bench.random() * std::uint64_t{bench.random()};
      }
      bench.put(bench.kChain + slot * 64, d);
    }
  }
  /// One register access that software may do at any time, most of them meaningful.
  void poke(Bench& bench) {
    const std::uint32_t commands[] = {kStart,  kAppend, kSuspend, kAbort,
                                      kResume, kReset,  kReset,   0x3F};
    switch (bench.below(8)) {
      case 0:
        return bench.command(commands[bench.below(8)]);
      case 1:
        return bench.write64(kChainAddress, bench.kChain + bench.below(256) * 64);
      case 2:
        return bench.write64(kRecordAddress,
                             bench.kRecordPage + bench.below(64) * (bench.below(9) + 1));
      case 3:
        return bench.write32(static_cast<std::uint32_t>(bench.below(0x60)) * 4,
                             static_cast<std::uint32_t>(bench.random()),
                             static_cast<std::uint32_t>(bench.below(16)));
      case 4:
        bench.read32(static_cast<std::uint32_t>(bench.below(0x60)) * 4);
        return;
      default:
        return bench.doorbell(static_cast<std::uint32_t>(bench.below(300)));
    }
  }
  void run_to_the_end(Bench& bench) {
    bench.doorbell(static_cast<std::uint32_t>(chain_.size()));
    bench.wait_idle();
    EXPECT_EQ(bench.status(), kDone);
    EXPECT_EQ(bench.error(), 0U);
    expect_after_stop(bench, chain_.size());
  }

  std::vector<Descriptor> chain_;
};
TYPED_TEST_SUITE(IoatControlTest, AllDevices);

constexpr std::uint32_t kRounds = 15;

TYPED_TEST(IoatControlTest, SuspendFinishesWhatIsInFlightAndResumeGoesOn) {
  const std::uint32_t seed = test_seed(101);
  for (std::uint32_t i = 0; i < kRounds && !this->HasFailure(); ++i) {
    SCOPED_TRACE("GUESTLINK_SEED=" + std::to_string(seed + i));
    IoatBench<TypeParam> bench(seed + i);
    this->lay_out(bench, 20);
    this->slow_memory(bench);
    bench.doorbell(20);
    bench.clocks(bench.below(3000));
    bench.command(kSuspend);
    bench.wait_status(kSuspended);
    EXPECT_TRUE(bench.idle());
    EXPECT_EQ(bench.memory.outstanding(), 0U);
    const std::size_t done = this->completed(bench);
    if (done != 0) {
      EXPECT_EQ(bench.record() & ~7ULL, bench.kChain + (done - 1) * 64);
    }
    const std::uint64_t beats = bench.memory.write_beats();
    bench.doorbell(20);
    bench.clocks(200);
    EXPECT_EQ(bench.memory.write_beats(), beats);
    EXPECT_EQ(bench.status(), kSuspended);
    bench.command(kResume);
    EXPECT_LE(bench.status(), kDone);
    this->run_to_the_end(bench);
  }
}

TYPED_TEST(IoatControlTest, AbortHaltsWithTheBusInOrder) {
  const std::uint32_t seed = test_seed(201);
  for (std::uint32_t i = 0; i < kRounds && !this->HasFailure(); ++i) {
    SCOPED_TRACE("GUESTLINK_SEED=" + std::to_string(seed + i));
    IoatBench<TypeParam> bench(seed + i);
    this->lay_out(bench, 20);
    this->slow_memory(bench);
    bench.doorbell(20);
    bench.clocks(bench.below(3000));
    bench.command(kAbort);
    bench.wait_status(kHalted);
    bench.wait_idle();
    EXPECT_EQ(bench.error(), 0U);
    const std::size_t done = this->completed(bench);
    if (done != 0) {
      EXPECT_EQ(bench.record() & ~63ULL, bench.kChain + (done - 1) * 64);
    }
    bench.doorbell(20);  // an aborted channel wants a reset first
    bench.command(kStart);
    bench.command(kResume);
    bench.clocks(100);
    EXPECT_EQ(bench.status(), kHalted);
    this->expect_after_stop(bench, done);
    this->lay_out(bench, 10);
    this->run_to_the_end(bench);
  }
}

TYPED_TEST(IoatControlTest, ResetInTheMiddleLeavesNothingBehind) {
  const std::uint32_t seed = test_seed(301);
  for (std::uint32_t i = 0; i < kRounds && !this->HasFailure(); ++i) {
    SCOPED_TRACE("GUESTLINK_SEED=" + std::to_string(seed + i));
    IoatBench<TypeParam> bench(seed + i);
    this->lay_out(bench, 20);
    this->slow_memory(bench);
    bench.doorbell(20);
    bench.clocks(bench.below(3000));
    const std::uint64_t done_before = bench.descriptors_done();
    bench.reset_channel();
    EXPECT_EQ(bench.memory.outstanding(), 0U);
    EXPECT_EQ(bench.read64(kChanStatus), kHalted);
    EXPECT_EQ(bench.read32(kCommandWord), 0U);
    bench.clocks(100);
    EXPECT_TRUE(bench.idle());
    EXPECT_LE(done_before, bench.descriptors_done());
    this->expect_after_stop(bench, static_cast<std::size_t>(bench.descriptors_done()));
    this->lay_out(bench, 10);
    this->run_to_the_end(bench);
  }
}

TYPED_TEST(IoatControlTest, NothingAGuestWritesKeepsResetFromWorking) {
  const std::uint32_t seed = test_seed(501);
  for (std::uint32_t i = 0; i < 20 && !this->HasFailure(); ++i) {
    SCOPED_TRACE("GUESTLINK_SEED=" + std::to_string(seed + i));
    IoatBench<TypeParam> bench(seed + i);
    this->lay_out_garbage(bench);
    this->slow_memory(bench);
    if (bench.below(3) == 0)
      bench.memory.fail_reads(bench.kSources + 0x8000, bench.kSources + 0x9000);
    if (bench.below(3) == 0) bench.memory.fail_writes(bench.kDests + 0x8000, bench.kDests + 0x9000);
    bench.prepare(bench.kChain);
    for (int n = 0; n < 40; ++n) {
      this->poke(bench);
      bench.clocks(bench.below(400));
    }
    bench.reset_channel();
    EXPECT_EQ(bench.memory.outstanding(), 0U);
    bench.memory.heal();
    bench.expected = bench.memory.bytes();
    this->lay_out(bench, 5);
    bench.write32(kChanErrorMask, 0);
    this->run_to_the_end(bench);
  }
}

TYPED_TEST(IoatControlTest, ResetWaitsForAStalledBus) {
  IoatBench<TypeParam> bench;
  this->lay_out(bench, 20);
  bench.doorbell(20);
  bench.clocks(500);
  AxiBehaviour& b = bench.memory.behaviour;
  b.aw_ready = b.w_ready = b.ar_ready = b.r_valid = b.b_valid = 0;
  bench.clocks(50);
  bench.command(kReset);
  bench.clocks(500);
  EXPECT_TRUE(bench.resetting());
  b = AxiBehaviour{};
  bench.wait_status(kHalted);
  EXPECT_FALSE(bench.resetting());
  EXPECT_EQ(bench.memory.outstanding(), 0U);
}

TYPED_TEST(IoatControlTest, ResetDropsTheRecordThatIsNotBegun) {
  IoatBench<TypeParam> bench;
  std::vector<Descriptor> ring(6);
  for (Descriptor& d : ring) d.control = kNull | kRecord | kIrq;
  bench.put_ring(ring);
  bench.prepare(bench.kChain);
  std::size_t records = 0;
  bench.memory.on_write = [&](const AxiBurst&) { ++records; };
  bench.memory.behaviour.b_valid = 0;
  bench.doorbell(1);
  bench.wait("the first record", [&] { return records == 1; });
  bench.doorbell(6);
  bench.wait("completion", [&] { return bench.descriptors_done() == 6; });
  bench.command(kReset);
  bench.memory.behaviour.b_valid = 100;
  bench.wait_status(kHalted);
  bench.clocks(100);
  EXPECT_EQ(records, 1U);
  EXPECT_FALSE(bench.irq());
}

// The doorbell page makes a guest store 0 after a reset: it must not latch the old CHAINADDR.
TYPED_TEST(IoatControlTest, CountOfZeroAfterResetStartsNothing) {
  IoatBench<TypeParam> bench;
  this->lay_out(bench, 3);
  this->run_to_the_end(bench);
  bench.reset_channel();
  bench.doorbell(0);
  bench.clocks(200);
  EXPECT_EQ(bench.status(), kHalted);
  EXPECT_TRUE(bench.idle());
  bench.write64(kChainAddress, bench.kChain + 64);
  bench.doorbell(1);
  bench.wait_idle();
  EXPECT_EQ(bench.read64(kChanStatus), (bench.kChain + 64) | kDone);
}

TYPED_TEST(IoatControlTest, ResetDropsAnInterruptThatWaits) {
  IoatBench<TypeParam> bench;
  std::vector<Descriptor> ring(2);
  for (Descriptor& d : ring) d.control = kNull | kRecord | kIrq | kFence;
  bench.put_ring(ring);
  bench.prepare(bench.kChain);
  bench.doorbell(2);  // two interrupts and no re-arm: the second waits
  bench.wait_idle();
  bench.clocks(100);
  EXPECT_TRUE(bench.irq());
  bench.reset_channel();
  bench.write32(kChanCtrl, 0x1D);
  bench.clocks(100);
  EXPECT_FALSE(bench.irq());
}

TYPED_TEST(IoatControlTest, StartBeginsAChannelThatHasNoWork) {
  IoatBench<TypeParam> bench;
  this->lay_out(bench, 2);
  EXPECT_EQ(bench.status(), kHalted);
  bench.command(kStart);
  EXPECT_EQ(bench.status(), kDone);
  bench.command(kAppend);  // accepted: DMACOUNT says what is valid
  bench.command(kSuspend);
  bench.wait_status(kSuspended);
  bench.command(kResume);
  EXPECT_EQ(bench.status(), kDone);
  EXPECT_EQ(bench.error(), 0U);
  this->run_to_the_end(bench);
}

TYPED_TEST(IoatControlTest, RecordsOfManyDescriptorsAreMerged) {
  IoatBench<TypeParam> bench;
  std::vector<Descriptor> ring(60);
  for (Descriptor& d : ring) d.control = kNull | kRecord | kIrq;
  bench.memory.behaviour.latency_min = bench.memory.behaviour.latency_max = 100;
  bench.put_ring(ring);
  bench.prepare(bench.kChain);
  std::size_t records = 0;
  bench.memory.on_visible = [&](const AxiBurst&) { ++records; };
  bench.doorbell(60);
  bench.wait_idle();
  EXPECT_EQ(bench.descriptors_done(), 60U);
  EXPECT_EQ(bench.record(), (bench.kChain + 59 * 64) | kDone);
  EXPECT_GE(records, 1U);
  EXPECT_LT(records, 60U);
  EXPECT_TRUE(bench.irq());
}

}  // namespace
}  // namespace guestlink_test
