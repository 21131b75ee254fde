// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>
#include <vector>

#include "rtl/guest_mmio/mmio_bench.h"
#include "support/seed.h"

namespace guestlink::test {
namespace {

constexpr std::uint64_t kOnes = ~std::uint64_t{0};

std::uint64_t low(std::uint64_t value, unsigned size) {
  return size == 8 ? value : value & ((std::uint64_t{1} << (8 * size)) - 1);
}

TEST_F(GuestMmio, PutsEachSizeOnItsByteLanes) {
  constexpr std::uint64_t kData = 0x8877665544332211;
  for (const unsigned size : {1U, 2U, 4U}) {
    for (unsigned offset = 0; offset < 8; offset += size) {
      SCOPED_TRACE(std::to_string(size) + " bytes at " + std::to_string(offset));
      bar0_.seen.clear();
      write(0, 0x40 + offset, size, low(kData, size));
      const unsigned lane = offset % 4;
      const unsigned strobes = ((1U << size) - 1) << lane;
      ASSERT_EQ(bar0_.seen.size(), 1U);
      EXPECT_EQ(bar0_.seen[0].address, 0x40 + offset);
      EXPECT_EQ(bar0_.seen[0].strobes, strobes);
      EXPECT_EQ(bar0_.seen[0].data >> (8 * lane) & low(kOnes, size), low(kData, size));
      EXPECT_EQ(read(0, 0x40 + offset, size), low(kData, size));
      EXPECT_EQ(bar0_.seen[1].address, 0x40 + offset) << "of the first byte";
    }
  }
}

TEST_F(GuestMmio, MakesTwoOfEightBytesTheLowerFirst) {
  write(0, 0xFF8, 8, 0x8877665544332211);
  EXPECT_EQ(bar0_.seen, (std::vector<Device::Access>{{true, 0xFF8, 0xF, 0x44332211},
                                                     {true, 0xFFC, 0xF, 0x88776655}}));
  EXPECT_EQ(read(0, 0xFF8, 8), 0x8877665544332211U);
}

TEST_F(GuestMmio, KeepsTheOrderOverBarsAndPostedWrites) {
  random_.seed(static_cast<std::mt19937::result_type>(random_seed()));
  std::map<std::pair<unsigned, unsigned>, std::uint64_t> expected;
  std::vector<std::pair<std::uint16_t, std::uint64_t>> reads;
  for (int round = 0; round < 2000; ++round) {
    bar0_.slowness = 1 + static_cast<unsigned>(random_() % 4);
    bar2_.slowness = 1 + static_cast<unsigned>(random_() % 4);
    const unsigned bar = random_() % 2 == 0 ? 0 : 2;
    const auto offset = 4 * static_cast<unsigned>(random_() % 4);
    if (random_() % 3 != 0) {
      expected[{bar, offset}] = low(random_(), 4);
      (void)send_write(bar, offset, 4, expected[{bar, offset}], random_() % 4 != 0);
    } else {
      reads.emplace_back(guest_->send_read(bar, offset, 4), expected[{bar, offset}]);
    }
    clocks(static_cast<unsigned>(random_() % 20));
    while (auto reply = guest_->try_receive()) {
      if (reply->command != Client::kRegionRead) continue;
      ASSERT_FALSE(reads.empty());
      EXPECT_EQ(reply->id, reads.front().first);
      EXPECT_EQ(data_of(*reply), reads.front().second);
      reads.erase(reads.begin());
    }
  }
  while (!reads.empty()) {
    const VfioUserReply reply = answer();
    if (HasFailure()) return;
    if (reply.command != Client::kRegionRead) continue;
    EXPECT_EQ(data_of(reply), reads.front().second);
    reads.erase(reads.begin());
  }
}

TEST_F(GuestMmio, WritesOfOneMessageComeOneByOne) {
  WireBytes payload;
  payload.add(std::uint64_t{100});
  for (unsigned i = 0; i < 100; ++i) {
    payload.add(std::uint64_t{4 * (i % 4)}).add(i % 2 == 0 ? 0U : 2U).add(4U);
    payload.add(std::uint64_t{i});
  }
  (void)guest_->send(Client::kWriteMulti, payload, {}, Client::kNoReply);
  EXPECT_EQ(read(2, 12, 4), 99U);
  EXPECT_EQ(bar0_.seen.size(), 50U);
  EXPECT_EQ(bar2_.seen.size(), 51U);
}

TEST_F(GuestMmio, SeesARequestWithinThePollInterval) {
  clocks(100);
  (void)guest_->send_read(0, 0, 4);
  unsigned waited = 0;
  while (!top_.m0_axil_arvalid && waited < 1000) clock(), ++waited;
  EXPECT_LE(waited, PciEndpoint::kPollClocks);
  (void)answer();
}

TEST_F(GuestMmio, GivesOnesForAnErrorResponse) {
  for (const CData response : {CData{2}, CData{3}}) {
    bar0_.response = response;
    EXPECT_EQ(read(0, 0, 4), low(kOnes, 4));
    EXPECT_EQ(read(0, 8, 8), kOnes);
    write(0, 0, 4, 5);  // answered all the same
  }
  EXPECT_EQ(top_.error_count0_o, 6U);
  bar0_.response = 0;
  EXPECT_EQ(read(0, 0, 4), 5U);
}

TEST_F(GuestMmio, GivesOnesAboveTheAdaptersWindow) {
  EXPECT_EQ(read(0, 0x1000, 4), low(kOnes, 4));
  EXPECT_TRUE(bar0_.seen.empty());
  EXPECT_EQ(read(0, 0xFFC, 4), 0U);
}

TEST_F(GuestMmio, GivesUpADeviceThatDoesNotAnswer) {
  bar0_.stuck = true;
  EXPECT_EQ(read(0, 0, 4), low(kOnes, 4));
  EXPECT_EQ(top_.timeout_count0_o, 1U);
  EXPECT_EQ(read(0, 4, 1), 0xFFU) << "at once, while it is stuck";
  EXPECT_EQ(top_.timeout_count0_o, 1U);
  EXPECT_EQ(top_.idle0_o, 0);
  EXPECT_EQ(read(2, 0, 4), 0U) << "the other BAR works";
  bar0_.stuck = false;
  bar0_.memory[1] = 77;
  clocks(50);
  EXPECT_EQ(read(0, 4, 4), 77U);
}

TEST_F(GuestMmio, ResetsTheDeviceForItsClocksAndAnswersThen) {
  bar0_.stuck = true;  // in the middle of an access that was given up
  write(0, 0, 4, 1);
  reset_clocks_ = 0;
  const auto id = guest_->send(Client::kReset);
  (void)guest_->send_read(0, 0, 4);  // waits for the end of the reset
  const VfioUserReply reply = answer();
  EXPECT_EQ(reply.id, id);
  EXPECT_EQ(reset_clocks_, 16U);
  bar0_.stuck = false;
  EXPECT_EQ(data_of(answer()), 0U);
}

TEST_F(GuestMmio, ResetFreesTheOtherBarsToo) {
  bar2_.stuck = true;
  EXPECT_EQ(read(2, 0, 4), low(kOnes, 4));
  EXPECT_EQ(top_.idle2_o, 0);
  const auto id = guest_->send(Client::kReset);
  EXPECT_EQ(answer().id, id);
  bar2_.stuck = false;
  bar2_.memory[0] = 9;
  clocks(5);
  EXPECT_EQ(top_.idle2_o, 1);
  EXPECT_TRUE(bar2_.seen.empty()) << "what was asked before the reset";
  EXPECT_EQ(read(2, 0, 4), 9U);
}

TEST_F(GuestMmio, LocalResetAnswersWhatIsUnderWay) {
  for (const bool in_guest_reset : {false, true}) {
    bar0_.stuck = true;
    const auto id = in_guest_reset ? guest_->send(Client::kReset) : guest_->send_read(0, 0, 4);
    clocks(45);
    top_.rst_ni = 0;
    clocks(3);
    top_.rst_ni = 1;
    bar0_.stuck = false;
    EXPECT_EQ(answer(20).id, id);
    EXPECT_EQ(read(0, 8, 4), 0U);
  }
}

TEST_F(GuestMmio, InLockStepAnswersAnIdleDeviceOnly) {
  top_.lock_step_i = 1;
  top_.device_idle_i = 0;
  (void)send_write(0, 0, 4, 1, false);
  clocks(300);
  EXPECT_EQ(bar0_.seen.size(), 1U);
  EXPECT_FALSE(guest_->try_receive().has_value());
  top_.device_idle_i = 1;
  (void)answer(20);
  top_.device_idle_i = 0;
  (void)guest_->send_read(0, 0, 4);
  EXPECT_EQ(data_of(answer(2100)), 1U) << "at its limit";
}

/// An eventfd that counts.
class Trigger {
 public:
  [[nodiscard]] int fd() const { return fd_.get(); }
  std::uint64_t take() {
    std::uint64_t count = 0;
    return ::read(fd_.get(), &count, sizeof count) == sizeof count ? count : 0;
  }

 private:
  FileDescriptor fd_{eventfd(0, EFD_NONBLOCK)};
};

TEST_F(GuestMmio, SendsMsixByLevelAndByEdge) {
  Trigger level;
  Trigger edge;
  const std::array<int, 2> files{level.fd(), edge.fd()};
  set_irqs(Client::kMsix, Client::kWire, 2, files);
  for (int i = 0; i < 3; ++i) {
    top_.level_irq_i = top_.edge_irq_i = 1;
    clocks(3);
    EXPECT_EQ(top_.irq_idle_o, 1);
    EXPECT_EQ(level.take(), 1U);
    EXPECT_EQ(edge.take(), 1U);
    clocks(10);
    top_.level_irq_i = top_.edge_irq_i = 0;
    clocks(3);
    EXPECT_EQ(level.take() + edge.take(), 0U);
  }
}

TEST_F(GuestMmio, AssertsIntxWhileTheWireIsHigh) {
  Trigger intx;
  const std::array<int, 1> files{intx.fd()};
  set_irqs(Client::kIntx, Client::kWire, 1, files);
  top_.level_irq_i = 1;
  clocks(3);
  EXPECT_EQ(intx.take(), 1U);
  EXPECT_EQ(read(Client::kConfig, 6, 2) & 0x08, 0x08U);
  set_irqs(Client::kIntx, Client::kUnmask, 1);
  EXPECT_EQ(intx.take(), 1U) << "asserted still";
  top_.level_irq_i = 0;
  clocks(3);
  set_irqs(Client::kIntx, Client::kUnmask, 1);
  EXPECT_EQ(intx.take(), 0U);
  EXPECT_EQ(read(Client::kConfig, 6, 2) & 0x08, 0U);
}

TEST_F(GuestMmio, TellsOfAWireThatRoseBeforeMsixWasOn) {
  top_.level_irq_i = 1;
  clocks(3);
  Trigger level;
  const std::array<int, 1> files{level.fd()};
  set_irqs(Client::kMsix, Client::kWire, 1, files);
  EXPECT_EQ(level.take(), 1U);
}

TEST_F(GuestMmio, IsQuietWhenTheGuestHasGone) {
  bar0_.stuck = true;
  (void)guest_->send_read(0, 0, 4);
  clocks(40);
  guest_->close();
  clocks(400);
  EXPECT_EQ(endpoint_from_id(id_)->link(), PciLink::kEnded);
  bar0_.stuck = false;
  clocks(50);
  EXPECT_EQ(top_.idle0_o, 1);
}

}  // namespace
}  // namespace guestlink::test
