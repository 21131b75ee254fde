// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <cstdlib>

#include "rtl/doorbell/doorbell_bench.h"

namespace {

using Bench = DoorbellBench;

uint32_t seed() {
  static const uint32_t kValue = [] {
    const char* text = std::getenv("GUESTLINK_SEED");
    const uint32_t chosen =
        text ? static_cast<uint32_t>(std::strtoul(text, nullptr, 0)) : std::random_device{}();
    std::printf("GUESTLINK_SEED=%u\n", chosen);
    return chosen;
  }();
  return kValue;
}

uint32_t sequence_of(uint64_t word) { return static_cast<uint32_t>(word >> 53); }

/// Issues one command as the guest does and gives the reply.
uint64_t transact(Bench& bench, uint64_t command) {
  bench.word(Bench::kCommand) = command;
  bench.run_until([&] { return sequence_of(bench.word(Bench::kReply)) == sequence_of(command); });
  return bench.word(Bench::kReply);
}

/// Every rule is tried at full speed and with slow buses.
class DoorbellPageTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  Bench bench{seed(), GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Slowness, DoorbellPageTest, ::testing::Values(1U, 3U, 11U));

TEST_P(DoorbellPageTest, DoesNothingUntilEnabled) {
  bench.step(200);
  EXPECT_TRUE(bench.page_writes.empty());
  EXPECT_TRUE(bench.poll_cycles.empty());
}

TEST_P(DoorbellPageTest, AttachWritesTheSession) {
  ASSERT_TRUE(bench.attach());
  EXPECT_EQ(bench.word(Bench::kAttached), Bench::kSession);
  EXPECT_EQ(bench.page_writes, std::vector<uint64_t>{Bench::kAttached});
  bench.run_until([&] { return bench.top().page_state_o == 1; });
}

TEST_P(DoorbellPageTest, ReadCommandReturnsTheRegister) {
  ASSERT_TRUE(bench.attach());
  bench.registers[0x3FFC] = 0xDEADBEEF;
  EXPECT_EQ(transact(bench, Bench::command(1, false, 0x3FFC)), uint64_t{1} << 53 | 0xDEADBEEF);
  EXPECT_EQ(bench.accesses, (std::vector<RegisterAccess>{{false, 0x3FFC, 0xDEADBEEF, 0}}));
}

TEST_P(DoorbellPageTest, WriteCommandCarriesStrobes) {
  ASSERT_TRUE(bench.attach());
  EXPECT_EQ(transact(bench, Bench::command(1, true, 0x84, 0x00200000, 4)), uint64_t{1} << 53);
  EXPECT_EQ(bench.accesses, (std::vector<RegisterAccess>{{true, 0x84, 0x00200000, 4}}));
}

TEST_P(DoorbellPageTest, SequenceZeroAndARepeatAreNoCommands) {
  ASSERT_TRUE(bench.attach());
  bench.word(Bench::kCommand) = Bench::command(0, true, 0x84, 1);
  bench.step(1500);
  EXPECT_TRUE(bench.accesses.empty());
  transact(bench, Bench::command(2047, true, 0x84, 1));
  bench.step(1500);
  EXPECT_EQ(bench.accesses.size(), 1U);
  transact(bench, Bench::command(1, true, 0x84, 2));
  EXPECT_EQ(bench.accesses.size(), 2U);
}

TEST_P(DoorbellPageTest, BadOffsetsAreAnsweredWithoutAnAccess) {
  ASSERT_TRUE(bench.attach());
  EXPECT_EQ(transact(bench, Bench::command(1, false, 0x4000)) >> 32 & 3, 3U);
  EXPECT_EQ(transact(bench, Bench::command(2, true, 0xFFFC)) >> 32 & 3, 3U);
  EXPECT_EQ(transact(bench, Bench::command(3, false, 0x86)) >> 32 & 3, 2U);
  EXPECT_TRUE(bench.accesses.empty());
}

TEST_P(DoorbellPageTest, RegisterErrorReachesTheGuest) {
  ASSERT_TRUE(bench.attach());
  bench.register_response = 2;
  EXPECT_EQ(transact(bench, Bench::command(1, false, 0)) >> 32 & 3, 2U);
  EXPECT_EQ(transact(bench, Bench::command(2, true, 0)) >> 32 & 3, 2U);
  EXPECT_FALSE(bench.top().page_error_o);
}

TEST_P(DoorbellPageTest, ChangedDoorbellWritesTheCount) {
  ASSERT_TRUE(bench.attach());
  for (const uint32_t count : {1U, 0xFFFFU, 0U}) {
    bench.word(Bench::kDoorbell) = count;
    bench.accesses.clear();
    ASSERT_TRUE(bench.run_until([&] { return !bench.accesses.empty(); }));
    bench.step(1500);
    EXPECT_EQ(bench.accesses, (std::vector<RegisterAccess>{{true, 0x84, count << 16, 0xC}}));
  }
}

TEST_P(DoorbellPageTest, DoorbellGoesBeforeTheCommandOfTheSamePoll) {
  ASSERT_TRUE(bench.attach());
  bench.word(Bench::kDoorbell) = 7;
  transact(bench, Bench::command(1, false, 0x88));
  ASSERT_EQ(bench.accesses.size(), 2U);
  EXPECT_EQ(bench.accesses[0], (RegisterAccess{true, 0x84, 7U << 16, 0xC}));
  EXPECT_EQ(bench.accesses[1].address, 0x88U);
}

TEST_P(DoorbellPageTest, InterruptsAreRisingEdgesSinceAttach) {
  bench.top().irq_i = 1;
  bench.step(5);
  ASSERT_TRUE(bench.attach());
  bench.step(1500);
  EXPECT_EQ(bench.word(Bench::kInterrupts), 0U);
  for (int edge = 0; edge < 3; ++edge) {
    bench.top().irq_i = 0;
    bench.step(1);
    bench.top().irq_i = 1;
    bench.step(1);
  }
  ASSERT_TRUE(bench.run_until([&] { return bench.word(Bench::kInterrupts) == 3; }));
  bench.step(1500);
  EXPECT_EQ(bench.word(Bench::kInterrupts), 3U);
}

TEST_P(DoorbellPageTest, InterruptsWordFollowsTheReply) {
  ASSERT_TRUE(bench.attach());
  bench.registers[0] = 1;
  bench.word(Bench::kCommand) = Bench::command(1, false, 0);
  ASSERT_TRUE(bench.run_until([&] { return bench.top().m_axil_arvalid != 0; }));
  bench.top().irq_i = 1;
  ASSERT_TRUE(bench.run_until([&] { return bench.word(Bench::kInterrupts) == 1; }));
  const auto& writes = bench.page_writes;
  ASSERT_GE(writes.size(), 2U);
  EXPECT_EQ(writes[writes.size() - 2], Bench::kReply);
  EXPECT_EQ(writes.back(), Bench::kInterrupts);
}

TEST_P(DoorbellPageTest, ClosedPageEndsPollingUntilEnableFalls) {
  for (const uint64_t state : {uint64_t{2}, uint64_t{3}}) {
    bench.word(Bench::kState) = 1;
    ASSERT_TRUE(bench.attach());
    bench.step(300);
    bench.word(Bench::kState) = state;
    ASSERT_TRUE(bench.run_until([&] { return !bench.top().page_attached_o; }));
    EXPECT_EQ(bench.word(Bench::kAttached), 0U);
    EXPECT_EQ(bench.top().page_state_o, state);
    EXPECT_FALSE(bench.top().page_error_o);
    const size_t polls = bench.poll_cycles.size();
    const size_t writes = bench.page_writes.size();
    bench.word(Bench::kState) = 1;
    bench.word(Bench::kDoorbell) += 1;
    bench.step(500);
    EXPECT_EQ(bench.poll_cycles.size(), polls);
    EXPECT_EQ(bench.page_writes.size(), writes);
    bench.word(Bench::kDoorbell) = 0;
    bench.top().page_enable_i = 0;
    bench.step(5);
  }
  EXPECT_TRUE(bench.accesses.empty());
}

// The program died and its page became something else: not a byte more may be written there.
TEST_P(DoorbellPageTest, PageThatIsNoLongerOneIsNotWritten) {
  for (const uint64_t state : {uint64_t{0}, uint64_t{5}, ~uint64_t{0}}) {
    bench.word(Bench::kState) = 1;
    ASSERT_TRUE(bench.attach());
    bench.step(300);
    const size_t writes = bench.page_writes.size();
    bench.word(Bench::kState) = state;
    bench.word(Bench::kDoorbell) += 1;
    ASSERT_TRUE(bench.run_until([&] { return bench.top().page_error_o != 0; }));
    bench.step(500);
    EXPECT_FALSE(bench.top().page_attached_o);
    EXPECT_EQ(bench.page_writes.size(), writes);
    bench.word(Bench::kDoorbell) = 0;
    bench.top().page_enable_i = 0;
    bench.step(5);
  }
  EXPECT_TRUE(bench.accesses.empty());
}

// The program died, and the kernel gave its page to a new one, which published it between two
// polls.
TEST_P(DoorbellPageTest, PageOfAnotherSessionIsNotServed) {
  ASSERT_TRUE(bench.attach());
  bench.step(300);
  const size_t writes = bench.page_writes.size();
  bench.word(Bench::kSessionWord) = Bench::kSession + 1;
  bench.word(Bench::kDoorbell) = 7;
  bench.word(Bench::kCommand) = Bench::command(1, true, 0x84, 1);
  ASSERT_TRUE(bench.run_until([&] { return bench.top().page_error_o != 0; }));
  bench.step(500);
  EXPECT_FALSE(bench.top().page_attached_o);
  EXPECT_EQ(bench.page_writes.size(), writes);
  EXPECT_TRUE(bench.accesses.empty());
}

TEST_P(DoorbellPageTest, ShortFallOfEnableInAPollIsNotLost) {
  ASSERT_TRUE(bench.attach());
  ASSERT_TRUE(bench.run_until([&] { return bench.top().m_axi_arvalid != 0; }));
  bench.top().page_enable_i = 0;
  bench.step(1);
  bench.word(Bench::kSessionWord) = bench.top().page_session_i = 0x1111;
  bench.top().page_enable_i = 1;
  EXPECT_TRUE(bench.run_until([&] { return bench.word(Bench::kAttached) == 0x1111; }));
}

// check_rules() of the bench fails if an address leaves the page or moves under a held valid.
TEST_P(DoorbellPageTest, AddressIsTakenOnceAtAttach) {
  ASSERT_TRUE(bench.attach());
  ASSERT_TRUE(bench.run_until([&] { return bench.top().m_axi_arvalid != 0; }));
  bench.top().page_enable_i = 0;
  bench.top().page_address_i = Bench::kPage + 0x10000;
  ASSERT_TRUE(bench.run_until([&] { return !bench.top().page_attached_o; }));
  EXPECT_EQ(bench.word(Bench::kAttached), 0U);
}

TEST_P(DoorbellPageTest, FallingEnableDetaches) {
  ASSERT_TRUE(bench.attach());
  bench.step(100);
  bench.top().page_enable_i = 0;
  ASSERT_TRUE(bench.run_until([&] { return !bench.top().page_attached_o; }));
  EXPECT_EQ(bench.word(Bench::kAttached), 0U);
  bench.step(5);
  ASSERT_TRUE(bench.attach());
  EXPECT_EQ(bench.word(Bench::kAttached), Bench::kSession);
}

TEST_P(DoorbellPageTest, RefusedPollStopsAndReports) {
  for (const uint64_t offset : {0x40U, 0x48U, 0x50U, 0x58U}) {
    bench.page_response.clear();
    ASSERT_TRUE(bench.attach());
    bench.step(300);
    bench.page_response[offset] = offset == 0x48 ? 3 : 2;
    bench.word(Bench::kCommand) = Bench::command(9, true, 0x84);
    ASSERT_TRUE(bench.run_until([&] { return bench.top().page_error_o != 0; }));
    const size_t polls = bench.poll_cycles.size();
    const size_t writes = bench.page_writes.size();
    bench.step(500);
    EXPECT_EQ(bench.poll_cycles.size(), polls);
    EXPECT_EQ(bench.page_writes.size(), writes);
    EXPECT_FALSE(bench.top().page_attached_o);
    bench.word(Bench::kCommand) = 0;
    bench.top().page_enable_i = 0;
    bench.step(5);
    EXPECT_FALSE(bench.top().page_error_o);
  }
  EXPECT_LE(bench.accesses.size(), 4U);
}

TEST_P(DoorbellPageTest, RefusedPageWriteStopsAndReports) {
  for (const uint64_t offset : {Bench::kAttached, Bench::kReply, Bench::kInterrupts}) {
    bench.page_response.clear();
    bench.page_response[offset] = 3;
    bench.top().page_enable_i = 1;
    bench.step(200);
    bench.word(Bench::kCommand) = Bench::command(1, false, 0);
    bench.top().irq_i = 1;
    ASSERT_TRUE(bench.run_until([&] { return bench.top().page_error_o != 0; }));
    const size_t polls = bench.poll_cycles.size();
    bench.step(500);
    EXPECT_EQ(bench.poll_cycles.size(), polls);
    EXPECT_FALSE(bench.top().page_attached_o);
    bench.word(Bench::kCommand) = 0;
    bench.top().irq_i = 0;
    bench.top().page_enable_i = 0;
    bench.step(5);
  }
}

TEST(DoorbellPageTimingTest, PollsAtTheInterval) {
  Bench bench(1);
  ASSERT_TRUE(bench.attach());
  bench.step(1000);
  ASSERT_GE(bench.poll_cycles.size(), 10U);
  for (size_t i = 1; i < bench.poll_cycles.size(); ++i) {
    ASSERT_EQ(bench.poll_cycles[i] - bench.poll_cycles[i - 1], Bench::kPollInterval);
  }
}

/// A guest that does what it likes within the contract; registers and interrupts must agree.
TEST_P(DoorbellPageTest, RandomGuest) {
  ASSERT_TRUE(bench.attach());
  const auto random = [&] { return bench.random(); };
  uint32_t sequence = 0;
  uint32_t edges = 0;
  std::map<uint32_t, uint32_t> expected;
  for (int round = 0; round < 300 && !HasFailure(); ++round) {
    if (random() % 2) {
      bench.word(Bench::kDoorbell) = random() & 0xFFFF;
      expected[0x84] =
          (expected[0x84] & 0xFFFF) | static_cast<uint32_t>(bench.word(Bench::kDoorbell)) << 16;
    }
    if (random() % 2) {
      edges += bench.top().irq_i == 0;
      bench.top().irq_i = !bench.top().irq_i;
    }
    const uint32_t offset = 4 * (random() % 64) + 0x100;
    const bool write = random() % 2;
    const uint32_t data = random();
    if (write) expected[offset] = data;
    sequence = sequence % 2047 + 1;
    const uint64_t reply = transact(bench, Bench::command(sequence, write, offset, data));
    EXPECT_EQ(static_cast<uint32_t>(reply), write ? 0 : expected[offset]);
    EXPECT_EQ(bench.registers[0x84], expected[0x84]);
  }
  bench.run_until([&] { return bench.word(Bench::kInterrupts) == edges; });
}

}  // namespace
