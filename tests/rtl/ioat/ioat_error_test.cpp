// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Every CHANERR bit that the engine can set: earlier descriptors complete, the failing one and
// those after it do not, and nothing but the failing one's destination changes.
#include "ioat_bench.h"

namespace guestlink_test {
namespace {

template <typename Device>
class IoatErrorTest : public ::testing::Test {
 protected:
  using MyBench = IoatBench<Device>;
  static constexpr std::size_t kCount = 6, kBad = 3;

  std::vector<Descriptor> good_chain() {
    std::vector<Descriptor> chain;
    for (std::uint64_t i = 0; i < kCount; ++i) {
      chain.push_back(
          {3000, kRecord, MyBench::kSources + i * 4096 + 5, MyBench::kDests + i * 4096 + 9, 0});
    }
    return chain;
  }
  /// Runs the chain in memory; it must stop at descriptor kBad with exactly `errors`.
  void expect_stop(MyBench& bench, const std::vector<Descriptor>& chain, std::uint32_t errors,
                   std::size_t bad = kBad, bool record = true) {
    const std::uint64_t edges = bench.irq_edges();
    bench.doorbell(static_cast<std::uint32_t>(chain.size()));
    bench.wait_idle();
    EXPECT_EQ(bench.error(), errors);
    const std::uint64_t last = bad == 0 ? 0 : MyBench::kChain + (bad - 1) * 64;
    EXPECT_EQ(bench.read64(kChanStatus), last | kHalted);
    if (record) {
      EXPECT_EQ(bench.record(), last | kHalted);
    }
    EXPECT_EQ(bench.irq_edges(), edges + 1) << "error interrupt";
    for (std::size_t i = 0; i < bad; ++i) bench.expect_copy(chain[i]);
    allow_partial(bench, chain[bad]);
    bench.expect_memory();
    // It stays halted until it is reset, then works
    bench.doorbell(static_cast<std::uint32_t>(chain.size() + 1));
    bench.command(kStart);
    bench.clocks(200);
    EXPECT_EQ(bench.status(), kHalted);
    bench.write32(kChanError, errors);
    EXPECT_EQ(bench.error(), 0U);
    works_after_reset(bench);
  }
  void works_after_reset(MyBench& bench) {
    bench.memory.heal();
    const auto chain = good_chain();
    bench.put_ring(chain);
    bench.prepare(MyBench::kChain);
    bench.doorbell(kCount);
    bench.wait_idle();
    for (const Descriptor& d : chain) bench.expect_copy(d);
    EXPECT_EQ(bench.error(), 0U);
    EXPECT_EQ(bench.record(), (MyBench::kChain + (kCount - 1) * 64) | kDone);
    bench.expect_memory();
  }
  /// The failing copy may have moved some of its bytes.
  static void allow_partial(MyBench& bench, const Descriptor& d) {
    for (std::uint64_t i = 0; i < d.size; ++i) {
      const std::uint64_t from = d.source + i - MyBench::kBase, to = d.dest + i - MyBench::kBase;
      if (from >= MyBench::kSize || to >= MyBench::kSize) return;
      const std::uint8_t now = bench.memory.bytes()[to];
      if (now == bench.expected[from]) bench.expected[to] = now;
    }
  }
  void expect_bad_descriptor(const Descriptor& bad, std::uint32_t errors) {
    MyBench bench;
    auto chain = good_chain();
    chain[kBad] = bad;
    bench.put_ring(chain);
    bench.prepare(MyBench::kChain);
    expect_stop(bench, chain, errors);
  }
};
TYPED_TEST_SUITE(IoatErrorTest, AllDevices);

TYPED_TEST(IoatErrorTest, DescriptorFaults) {
  using Bench = IoatBench<TypeParam>;
  const std::uint64_t s = Bench::kSources, d = Bench::kDests + 0x10'0000;
  struct Case {
    const char* name;
    Descriptor descriptor;
    std::uint32_t errors;
  };
  const Case cases[] = {
      {"size 0", {0, kRecord, s, d, 0}, 1U << 11},
      {"size 0, null", {0, kRecord | kNull, s, d, 0}, 1U << 11},
      {"size above the cap", {0x10'0001, kRecord, s, d, 0}, 1U << 11},
      {"largest size", {~0U, kRecord, s, d, 0}, 1U << 11},
      {"fill", {64, kRecord | 0x0100'0000, s, d, 0}, 1U << 10},
      {"XOR", {64, kRecord | 0x8700'0000, s, d, 0}, 1U << 10},
      {"page break", {64, kRecord | 0x40, s, d, 0}, 1U << 10},
      {"bundle", {64, kRecord | 0x100, s, d, 0}, 1U << 10},
      {"source wraps", {64, kRecord, ~62ULL, d, 0}, 1U << 0},
      {"destination wraps", {64, kRecord, s, ~0ULL, 0}, 1U << 1},
      {"all at once", {0x20'0000, kRecord | 0x80, ~0ULL, ~0ULL, 0}, 1U << 11 | 1U << 10 | 3U},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    this->expect_bad_descriptor(c.descriptor, c.errors);
  }
}

TYPED_TEST(IoatErrorTest, SourceOrDestinationInAHole) {
  using Bench = IoatBench<TypeParam>;
  const std::uint64_t s = Bench::kSources, d = Bench::kDests + 0x10'0000;
  const std::uint64_t end = Bench::kBase + Bench::kSize;
  this->expect_bad_descriptor({64, kRecord, 0x1000, d, 0}, 1U << 8);
  this->expect_bad_descriptor({64, kRecord | kFence, s, 0x1000, 0}, 1U << 9);
  this->expect_bad_descriptor({0x2000, kRecord, end - 0xF00, d, 0}, 1U << 8);
  // The last bytes of the address space are no error in themselves
  this->expect_bad_descriptor({64, kRecord, ~63ULL, d, 0}, 1U << 8);
  this->expect_bad_descriptor({64, kRecord | kFence, s, ~63ULL, 0}, 1U << 9);
}

TYPED_TEST(IoatErrorTest, BusErrorsInTheMiddleOnASlowMemory) {
  const std::uint32_t seed = test_seed(401);
  for (std::uint32_t i = 0; i < 24 && !this->HasFailure(); ++i) {
    SCOPED_TRACE("GUESTLINK_SEED=" + std::to_string(seed + i));
    IoatBench<TypeParam> bench(seed + i);
    auto chain = this->good_chain();
    // A failed write is known late: only a fence keeps the next descriptor from running meanwhile
    const bool write = bench.below(2) == 0;
    if (write) chain[this->kBad].control |= kFence;
    bench.put_ring(chain);
    bench.prepare(bench.kChain);
    // The first and the last byte too: what follows, or has not come back yet, is then the most
    const std::uint64_t places[] = {0, 2999, bench.below(64), bench.below(3000)};
    const std::uint64_t at = places[bench.below(4)];
    if (write) {
      bench.memory.fail_writes(chain[this->kBad].dest + at, chain[this->kBad].dest + at + 1);
    } else {
      bench.memory.fail_reads(chain[this->kBad].source + at, chain[this->kBad].source + at + 1);
    }
    AxiBehaviour& b = bench.memory.behaviour;
    b.latency_max = 1 + static_cast<std::uint32_t>(bench.below(100));
    if (bench.below(2) == 0) b.latency_min = b.latency_max;
    b.w_ready = b.r_valid = 30 + static_cast<std::uint32_t>(bench.below(71));
    b.reorder = bench.below(2) == 0;
    this->expect_stop(bench, chain, write ? 1U << 9 : 1U << 8);
  }
}

TYPED_TEST(IoatErrorTest, WriteErrorWithoutFenceStopsTheChannel) {
  IoatBench<TypeParam> bench;
  bench.memory.behaviour.latency_min = bench.memory.behaviour.latency_max = 60;
  const auto chain = this->good_chain();
  bench.put_ring(chain);
  bench.prepare(bench.kChain);
  bench.memory.fail_writes(chain[2].dest, chain[2].dest + 1);
  bench.doorbell(this->kCount);
  bench.wait_idle();
  EXPECT_EQ(bench.error(), 1U << 9);
  EXPECT_EQ(bench.record(), (bench.kChain + 64) | kHalted);
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (i < 2) {
      bench.expect_copy(chain[i]);
    } else {
      this->allow_partial(bench, chain[i]);
    }
  }
  bench.expect_memory();
}

// The driver takes one of the two bits as handled and BUG()s on what is left over.
TYPED_TEST(IoatErrorTest, ReadAndWriteErrorOfOneDescriptorAreOneBit) {
  using Bench = IoatBench<TypeParam>;
  Bench bench;
  bench.put_ring({{64, kRecord, bench.kSources, bench.kDests, 0},
                  {8192, kRecord, bench.kSources + 0x10FC0, bench.kDests + 0x10FC0, 0}});
  bench.memory.fail_reads(bench.kSources + 0x11000, bench.kSources + 0x12000);
  bench.memory.fail_writes(bench.kDests + 0x10FC0, bench.kDests + 0x11000);
  bench.prepare(bench.kChain);
  bench.memory.behaviour.b_valid = 0;  // both errors are there before the first descriptor is done
  bench.doorbell(2);
  bench.clocks(1000);
  bench.memory.behaviour.b_valid = 100;
  bench.wait_idle();
  EXPECT_TRUE(bench.error() == 1U << 8 || bench.error() == 1U << 9) << bench.error();
}

TYPED_TEST(IoatErrorTest, RecordThatFailsUnderAResetLeavesNoError) {
  using Bench = IoatBench<TypeParam>;
  Bench bench;
  Descriptor null;
  null.control = kNull | kRecord;
  bench.put_ring({null});
  bench.memory.fail_writes(bench.kRecordPage, bench.kRecordPage + 8);
  bench.prepare(bench.kChain);
  bool sent = false;
  bench.memory.on_write = [&](const AxiBurst&) { sent = true; };
  bench.memory.behaviour.b_valid = 0;
  bench.doorbell(1);
  bench.wait("the record", [&] { return sent; });
  bench.command(kReset);
  bench.memory.behaviour.b_valid = 100;
  bench.wait(
      "the end of the reset", [&] { return !bench.resetting(); }, 1000);
  EXPECT_EQ(bench.error(), 0U);
  EXPECT_EQ(bench.status(), kHalted);
}

TYPED_TEST(IoatErrorTest, ChainAddressNotAligned) {
  IoatBench<TypeParam> bench;
  const auto chain = this->good_chain();
  bench.put_ring(chain);
  bench.prepare(bench.kChain + 8);
  this->expect_stop(bench, chain, 1U << 4, 0);
}

TYPED_TEST(IoatErrorTest, NextAddressNotAligned) {
  IoatBench<TypeParam> bench;
  auto chain = this->good_chain();
  bench.put_ring(chain);
  chain[this->kBad - 1].next = bench.kChain + this->kBad * 64 + 32;
  bench.put(bench.kChain + (this->kBad - 1) * 64, chain[this->kBad - 1]);
  bench.prepare(bench.kChain);
  // It is no error while DMACOUNT does not make the next one valid
  bench.doorbell(this->kBad);
  bench.wait_idle();
  EXPECT_EQ(bench.status(), kDone);
  EXPECT_EQ(bench.error(), 0U);
  this->expect_stop(bench, chain, 1U << 3);
}

TYPED_TEST(IoatErrorTest, DescriptorThatCannotBeRead) {
  IoatBench<TypeParam> bench;
  const auto chain = this->good_chain();
  bench.put_ring(chain);
  const std::uint64_t bad = bench.kChain + this->kBad * 64;
  bench.memory.fail_reads(bad + 63, bad + 64);
  bench.prepare(bench.kChain);
  this->expect_stop(bench, chain, 1U << 2);
}

TYPED_TEST(IoatErrorTest, ChainInAHole) {
  IoatBench<TypeParam> bench;
  const auto chain = this->good_chain();
  bench.put_ring(chain);
  bench.prepare(0x1000);
  this->expect_stop(bench, chain, 1U << 2, 0);
}

TYPED_TEST(IoatErrorTest, CompletionAddressNotAlignedOrNotWritable) {
  using Bench = IoatBench<TypeParam>;
  for (const std::uint64_t address : {Bench::kRecordPage + 4, Bench::kRecordPage + 0x200}) {
    Bench bench;
    bench.put_ring({{64, kRecord, bench.kSources, bench.kDests, 0}});
    bench.expect_copy({64, 0, bench.kSources, bench.kDests, 0});
    bench.memory.fail_writes(bench.kRecordPage + 0x200, bench.kRecordPage + 0x208);
    bench.prepare(bench.kChain, address);
    std::size_t records = 0;
    bench.memory.on_write = [&](const AxiBurst& b) { records += b.id; };
    bench.doorbell(1);
    bench.wait_idle();
    EXPECT_EQ(records, address % 8 == 0 ? 1U : 0U) << "no second try where the first failed";
    EXPECT_EQ(bench.error(), 1U << 12);
    EXPECT_EQ(bench.read64(kChanStatus), bench.kChain | kHalted);
    EXPECT_TRUE(bench.irq());
    EXPECT_EQ(bench.memory.bytes(), bench.expected);
    bench.write32(kChanError, 1U << 12);
    this->works_after_reset(bench);
  }
}

TYPED_TEST(IoatErrorTest, ErrorRecordThatCannotBeWritten) {
  IoatBench<TypeParam> bench;
  bench.put_ring({{0, 0, bench.kSources, bench.kDests, 0}});
  bench.memory.fail_writes(bench.kRecordPage, bench.kRecordPage + 8);
  bench.prepare(bench.kChain);
  bench.doorbell(1);
  bench.wait_idle();
  EXPECT_EQ(bench.error(), 1U << 12 | 1U << 11);
  EXPECT_EQ(bench.status(), kHalted);
}

TYPED_TEST(IoatErrorTest, SeveralCommandsAtOnce) {
  for (const std::uint32_t bits : {kSuspend | kAbort, kStart | kAppend, kReset | kSuspend, 0x3FU}) {
    IoatBench<TypeParam> bench;
    bench.put_ring(this->good_chain());
    bench.prepare(bench.kChain);
    bench.doorbell(this->kCount);
    bench.clocks(100);
    bench.command(bits);
    bench.wait_idle();
    EXPECT_EQ(bench.error(), 1U << 5);
    EXPECT_EQ(bench.status(), kHalted);
    EXPECT_TRUE(bench.irq());
  }
}

TYPED_TEST(IoatErrorTest, NoRecordAndNoInterruptUnlessAskedFor) {
  using Bench = IoatBench<TypeParam>;
  struct Case {
    std::uint32_t control, mask;
    bool record, irq;
  };
  const Case cases[] = {{0x1D, 0, true, true},
                        {0x19, 0, false, true},
                        {0x0D, 0, true, false},
                        {0x01, 0, false, false},
                        {0x1D, ~0U, true, false}};
  for (const Case& c : cases) {
    Bench bench;
    bench.put_ring({{0, 0, bench.kSources, bench.kDests, 0}});
    bench.prepare(bench.kChain);
    const std::uint64_t before = bench.record();
    bench.write32(kChanCtrl, c.control, 0x3);
    bench.write32(kChanErrorMask, c.mask);
    bench.doorbell(1);
    bench.wait_idle();
    EXPECT_EQ(bench.error(), 1U << 11);
    EXPECT_EQ(bench.status(), kHalted);
    EXPECT_EQ(bench.record(), c.record ? std::uint64_t{kHalted} : before);
    EXPECT_EQ(bench.irq(), c.irq);
  }
}

TYPED_TEST(IoatErrorTest, EarlierRecordsAreWrittenBeforeTheHalt) {
  IoatBench<TypeParam> bench;
  bench.memory.behaviour.latency_min = bench.memory.behaviour.latency_max = 40;
  auto chain = this->good_chain();
  chain[this->kBad].size = 0;
  bench.put_ring(chain);
  bench.prepare(bench.kChain);
  bench.write32(kChanCtrl, 0x01, 0x3);  // no record of the error itself
  bench.doorbell(this->kCount);
  bench.wait_idle();
  EXPECT_EQ(bench.record() & ~7ULL, bench.kChain + (this->kBad - 1) * 64);
  EXPECT_EQ(bench.status(), kHalted);
}

TYPED_TEST(IoatErrorTest, ChanErrorIsClearedBitByBit) {
  IoatBench<TypeParam> bench;
  bench.put_ring({{0, 0x40, 0, 0, 0}});
  bench.prepare(bench.kChain);
  bench.doorbell(1);
  bench.wait_idle();
  EXPECT_EQ(bench.error(), 3U << 10);
  bench.write32(kChanError, 1U << 10 | 1U << 3);
  EXPECT_EQ(bench.error(), 1U << 11);
  bench.reset_channel();
  EXPECT_EQ(bench.error(), 1U << 11);
  bench.write32(kChanError, ~0U);
  EXPECT_EQ(bench.error(), 0U);
}

}  // namespace
}  // namespace guestlink_test
