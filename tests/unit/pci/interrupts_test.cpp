// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci/interrupts.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace guestlink::detail {
namespace {

/// An eventfd of which the class under test has a duplicate.
class Event {
 public:
  Event() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  [[nodiscard]] FileDescriptor trigger() const { return FileDescriptor(dup(fd_.get())); }
  [[nodiscard]] int fd() const { return fd_.get(); }
  /// How often it was sent since the last call.
  [[nodiscard]] std::uint64_t sent() const {
    std::uint64_t count = 0;
    return read(fd_.get(), &count, sizeof count) == sizeof count ? count : 0;
  }

 private:
  FileDescriptor fd_;
};

std::vector<FileDescriptor> one(const Event& event) {
  std::vector<FileDescriptor> triggers;
  triggers.push_back(event.trigger());
  return triggers;
}
std::vector<FileDescriptor> none(std::size_t count) { return std::vector<FileDescriptor>(count); }

std::uint8_t pending(const Interrupts& interrupts, std::uint64_t byte = 0) {
  std::byte data{0xEE};
  interrupts.read_pending(byte, std::span(&data, 1));
  return std::to_integer<std::uint8_t>(data);
}

TEST(MsixTest, RisingWireSendsItsMessage) {
  Interrupts interrupts(2, false);
  const Event zero;
  const Event first;
  interrupts.set_msix_triggers(0, one(zero));
  interrupts.set_msix_triggers(1, one(first));
  EXPECT_TRUE(interrupts.set_level(1, true));
  EXPECT_EQ(first.sent(), 1U);
  EXPECT_TRUE(interrupts.set_level(1, true));  // no edge
  EXPECT_TRUE(interrupts.set_level(1, false));
  EXPECT_EQ(first.sent(), 0U);
  EXPECT_TRUE(interrupts.set_level(1, true));
  EXPECT_EQ(first.sent(), 1U);
  EXPECT_EQ(zero.sent(), 0U);
  EXPECT_EQ(interrupts.sent(), 2U);
}

TEST(MsixTest, EveryPulseSends) {
  Interrupts interrupts(1, false);
  const Event event;
  interrupts.set_msix_triggers(0, one(event));
  EXPECT_TRUE(interrupts.pulse(0));
  EXPECT_TRUE(interrupts.pulse(0));
  EXPECT_EQ(event.sent(), 2U);
}

TEST(MsixTest, VectorsThatAreNotThere) {
  Interrupts interrupts(2, true);
  EXPECT_TRUE(interrupts.set_level(1, true));
  EXPECT_FALSE(interrupts.set_level(2, true));
  EXPECT_FALSE(interrupts.pulse(2));
  EXPECT_FALSE(interrupts.set_level(0xFFFFFFFF, true));
  Interrupts intx(0, true);
  EXPECT_TRUE(intx.pulse(0));
  EXPECT_FALSE(intx.pulse(1));
  EXPECT_EQ(intx.msix_vectors(), 0U);
}

TEST(MsixTest, VectorNotWiredYetIsPendingAndSentWithItsTrigger) {
  Interrupts interrupts(12, false);
  interrupts.set_msix_triggers(0, none(1));  // as QEMU enables MSI-X
  EXPECT_TRUE(interrupts.msix_enabled());
  EXPECT_TRUE(interrupts.pulse(0));
  EXPECT_TRUE(interrupts.pulse(0));
  EXPECT_TRUE(interrupts.set_level(9, true));
  EXPECT_EQ(pending(interrupts), 0x01);
  EXPECT_EQ(pending(interrupts, 1), 0x02);
  EXPECT_EQ(pending(interrupts, 2), 0);
  EXPECT_EQ(interrupts.sent(), 0U);
  const Event zero;
  const Event nine;
  interrupts.set_msix_triggers(0, one(zero));
  EXPECT_EQ(zero.sent(), 1U);  // one message, however often it was raised
  EXPECT_EQ(pending(interrupts), 0);
  EXPECT_EQ(pending(interrupts, 1), 0x02);
  interrupts.set_msix_triggers(9, one(nine));
  EXPECT_EQ(nine.sent(), 1U);
  EXPECT_EQ(pending(interrupts, 1), 0);
}

TEST(MsixTest, PendingBitsBehindTheLastVectorAreZero) {
  Interrupts interrupts(9, false);
  interrupts.set_msix_triggers(0, none(9));
  for (std::uint32_t i = 0; i < 9; ++i) EXPECT_TRUE(interrupts.pulse(i));
  std::vector<std::byte> data(8, std::byte{0xEE});
  interrupts.read_pending(0, data);
  EXPECT_EQ(data[0], std::byte{0xFF});
  EXPECT_EQ(data[1], std::byte{0x01});
  for (std::size_t i = 2; i < data.size(); ++i) EXPECT_EQ(data[i], std::byte{0});
  interrupts.read_pending(~std::uint64_t{0}, data);
  for (const std::byte byte : data) EXPECT_EQ(byte, std::byte{0});
}

// QEMU, while a driver asks for its vectors one after the other: drop all, wire 1, drop all, wire
// 2, ... What the RTL raises meanwhile is not lost.
TEST(MsixTest, WiresComeBackOneMoreAtATime) {
  constexpr std::uint32_t kVectors = 5;
  Interrupts interrupts(kVectors, true);
  const std::vector<Event> events(kVectors);
  const Event intx;
  for (std::uint32_t wired = 1; wired <= kVectors; ++wired) {
    interrupts.drop_msix();
    EXPECT_FALSE(interrupts.msix_enabled());
    EXPECT_TRUE(interrupts.pulse(wired - 1));  // in the gap
    for (const Event& event : events) EXPECT_EQ(event.sent(), 0U);
    std::vector<FileDescriptor> triggers;
    for (std::uint32_t i = 0; i < wired; ++i) triggers.push_back(events[i].trigger());
    interrupts.set_msix_triggers(0, std::move(triggers));
    EXPECT_EQ(events[wired - 1].sent(), 1U) << wired;
    for (std::uint32_t i = 0; i < kVectors; ++i) EXPECT_EQ(events[i].sent(), 0U) << wired;
    EXPECT_EQ(pending(interrupts), 0);
  }
  interrupts.drop_msix();
  interrupts.set_intx_trigger(intx.trigger());
  EXPECT_EQ(intx.sent(), 0U);  // all of them were sent
}

TEST(MsixTest, PendingVectorSurvivesTheGap) {
  Interrupts interrupts(2, false);
  interrupts.set_msix_triggers(0, none(1));
  EXPECT_TRUE(interrupts.pulse(1));
  interrupts.drop_msix();
  const std::vector<Event> events(2);
  std::vector<FileDescriptor> triggers;
  for (const Event& event : events) triggers.push_back(event.trigger());
  interrupts.set_msix_triggers(0, std::move(triggers));
  EXPECT_EQ(events[0].sent(), 0U);
  EXPECT_EQ(events[1].sent(), 1U);
}

TEST(MsixTest, WireThatIsHighWhenMsixComesIsSent) {
  Interrupts interrupts(2, true);
  EXPECT_TRUE(interrupts.set_level(1, true));
  const std::vector<Event> events(2);
  interrupts.set_msix_triggers(0, one(events[0]));
  EXPECT_EQ(pending(interrupts), 0x02);
  interrupts.set_msix_triggers(1, one(events[1]));
  EXPECT_EQ(events[0].sent(), 0U);
  EXPECT_EQ(events[1].sent(), 1U);
}

TEST(MsixTest, TriggerTakenAwayLeavesPending) {
  Interrupts interrupts(1, false);
  const Event event;
  interrupts.set_msix_triggers(0, one(event));
  interrupts.set_msix_triggers(0, none(1));
  EXPECT_TRUE(interrupts.pulse(0));
  EXPECT_EQ(event.sent(), 0U);
  EXPECT_EQ(pending(interrupts), 1);
}

TEST(MsixTest, GuestTriesItsHandler) {
  Interrupts interrupts(2, false);
  const Event event;
  interrupts.set_msix_triggers(1, one(event));
  interrupts.send_msix(1);
  EXPECT_EQ(event.sent(), 1U);
}

TEST(MsixTest, NothingIsPendingWithoutMsix) {
  Interrupts interrupts(1, false);
  EXPECT_TRUE(interrupts.pulse(0));
  EXPECT_EQ(pending(interrupts), 0);
  EXPECT_EQ(interrupts.sent(), 0U);
}

TEST(MsixTest, FullEventfdHoldsAnInterruptAlready) {
  Interrupts interrupts(1, false);
  const Event event;
  const std::uint64_t most = ~std::uint64_t{0} - 1;
  ASSERT_EQ(write(event.fd(), &most, sizeof most), static_cast<ssize_t>(sizeof most));
  interrupts.set_msix_triggers(0, one(event));
  EXPECT_TRUE(interrupts.pulse(0));  // does not wait
  EXPECT_EQ(pending(interrupts), 0);
  EXPECT_EQ(event.sent(), most);
}

TEST(IntxTest, FiresOnceUntilUnmasked) {
  Interrupts interrupts(0, true);
  const Event event;
  interrupts.set_intx_trigger(event.trigger());
  EXPECT_FALSE(interrupts.intx_asserted());
  EXPECT_TRUE(interrupts.set_level(0, true));
  EXPECT_TRUE(interrupts.intx_asserted());
  EXPECT_EQ(event.sent(), 1U);
  EXPECT_TRUE(interrupts.set_level(0, false));
  EXPECT_TRUE(interrupts.set_level(0, true));
  EXPECT_EQ(event.sent(), 0U);  // masked by having fired
  interrupts.mask_intx(false);
  EXPECT_EQ(event.sent(), 1U);  // asserted still
  EXPECT_TRUE(interrupts.set_level(0, false));
  EXPECT_FALSE(interrupts.intx_asserted());
  interrupts.mask_intx(false);
  EXPECT_EQ(event.sent(), 0U);
  EXPECT_TRUE(interrupts.set_level(0, true));
  EXPECT_EQ(event.sent(), 1U);
  EXPECT_EQ(interrupts.sent(), 3U);
}

TEST(IntxTest, MaskedByTheGuest) {
  Interrupts interrupts(0, true);
  const Event event;
  interrupts.set_intx_trigger(event.trigger());
  interrupts.mask_intx(true);
  EXPECT_TRUE(interrupts.set_level(0, true));
  EXPECT_TRUE(interrupts.intx_asserted());
  EXPECT_EQ(event.sent(), 0U);
  interrupts.mask_intx(false);
  EXPECT_EQ(event.sent(), 1U);
}

TEST(IntxTest, DisabledByTheCommandRegister) {
  Interrupts interrupts(0, true);
  const Event event;
  interrupts.set_intx_trigger(event.trigger());
  interrupts.disable_intx(true);
  EXPECT_TRUE(interrupts.set_level(0, true));
  EXPECT_EQ(event.sent(), 0U);
  EXPECT_TRUE(interrupts.intx_asserted());  // the status bit shows it all the same
  interrupts.disable_intx(false);
  EXPECT_EQ(event.sent(), 1U);
}

TEST(IntxTest, AssertedBeforeThereIsATrigger) {
  Interrupts interrupts(0, true);
  const Event event;
  EXPECT_TRUE(interrupts.set_level(0, true));
  interrupts.set_intx_trigger(event.trigger());
  EXPECT_EQ(event.sent(), 1U);
  interrupts.set_intx_trigger({});
  interrupts.mask_intx(false);
  EXPECT_EQ(event.sent(), 0U);
  interrupts.set_intx_trigger(event.trigger());  // not masked by what fired before
  EXPECT_EQ(event.sent(), 1U);
}

TEST(IntxTest, PulseIsSentOnceAndWaitsForTheMask) {
  Interrupts interrupts(0, true);
  const Event event;
  interrupts.set_intx_trigger(event.trigger());
  EXPECT_TRUE(interrupts.pulse(0));
  EXPECT_EQ(event.sent(), 1U);
  EXPECT_FALSE(interrupts.intx_asserted());
  EXPECT_TRUE(interrupts.pulse(0));  // masked
  EXPECT_TRUE(interrupts.intx_asserted());
  EXPECT_EQ(event.sent(), 0U);
  interrupts.mask_intx(false);
  EXPECT_EQ(event.sent(), 1U);
  interrupts.mask_intx(false);
  EXPECT_EQ(event.sent(), 0U);
}

TEST(IntxTest, IsTheOrOfAllWiresWithoutMsix) {
  Interrupts interrupts(3, true);
  const Event event;
  interrupts.set_intx_trigger(event.trigger());
  EXPECT_TRUE(interrupts.set_level(2, true));
  EXPECT_TRUE(interrupts.set_level(1, true));
  EXPECT_EQ(event.sent(), 1U);
  EXPECT_TRUE(interrupts.set_level(2, false));
  EXPECT_TRUE(interrupts.intx_asserted());
  interrupts.mask_intx(false);
  EXPECT_EQ(event.sent(), 1U);
  EXPECT_TRUE(interrupts.set_level(1, false));
  EXPECT_FALSE(interrupts.intx_asserted());
}

TEST(IntxTest, SilentWithMsixAndBackWithoutIt) {
  Interrupts interrupts(2, true);
  const Event intx;
  const Event event;
  interrupts.set_intx_trigger(intx.trigger());
  interrupts.set_msix_triggers(0, one(event));
  EXPECT_TRUE(interrupts.set_level(0, true));
  EXPECT_FALSE(interrupts.intx_asserted());
  EXPECT_EQ(intx.sent(), 0U);
  EXPECT_EQ(event.sent(), 1U);
  interrupts.drop_msix();
  EXPECT_TRUE(interrupts.intx_asserted());
  EXPECT_EQ(intx.sent(), 1U);
  EXPECT_EQ(event.sent(), 0U);
}

TEST(IntxTest, FunctionWithoutAPinHasNone) {
  Interrupts interrupts(1, false);
  const Event event;
  interrupts.set_intx_trigger(event.trigger());
  EXPECT_TRUE(interrupts.set_level(0, true));
  EXPECT_TRUE(interrupts.pulse(0));
  EXPECT_FALSE(interrupts.intx_asserted());
  EXPECT_EQ(event.sent(), 0U);
}

TEST(InterruptsTest, ResetLowersWiresAndKeepsTriggers) {
  Interrupts interrupts(2, true);
  const Event intx;
  const Event event;
  interrupts.set_intx_trigger(intx.trigger());
  interrupts.disable_intx(true);
  EXPECT_TRUE(interrupts.set_level(1, true));
  EXPECT_TRUE(interrupts.pulse(0));
  interrupts.reset();
  EXPECT_FALSE(interrupts.intx_asserted());
  EXPECT_EQ(intx.sent(), 0U);
  EXPECT_TRUE(interrupts.set_level(1, true));  // rises anew, and nothing is masked or disabled
  EXPECT_EQ(intx.sent(), 1U);

  interrupts.set_msix_triggers(0, one(event));
  EXPECT_EQ(pending(interrupts), 0x02);
  interrupts.reset();
  EXPECT_EQ(pending(interrupts), 0);
  EXPECT_TRUE(interrupts.msix_enabled());
  EXPECT_TRUE(interrupts.set_level(0, true));
  EXPECT_EQ(event.sent(), 1U);
}

}  // namespace
}  // namespace guestlink::detail
