// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What waits for what, and who waits for whom.
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "support/temporary_directory.h"
#include "unit/pci/vfio_user_fixture.h"

namespace guestlink::test {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

class VfioUserOrderTest : public VfioUserTest {
 protected:
  VfioUserOrderTest() { EXPECT_EQ(client_.version().error, 0U); }
};

TEST_F(VfioUserOrderTest, ConfigurationWriteWaitsBehindPostedWrites) {
  EXPECT_EQ(client_.dma_map(0, kPage, ram_.fd()).error, 0U);
  client_.post(0, 0, std::uint32_t{1});
  client_.post(0, 4, std::uint32_t{2});
  const std::uint16_t config = client_.send_write(Client::kConfig, 4, std::array{std::byte{4}});
  endpoint_->poll();
  EXPECT_EQ(take().data, 1U);
  endpoint_->poll();
  EXPECT_EQ(load(0), AccessStatus::kOutOfRange);
  complete();
  EXPECT_FALSE(client_.try_receive());
  EXPECT_EQ(take().data, 2U);
  EXPECT_EQ(load(0), AccessStatus::kOutOfRange);  // bus master is off yet
  EXPECT_EQ(endpoint_->dma_problem(0), "bus master is off");
  complete();
  EXPECT_EQ(load(0), AccessStatus::kOk);
  EXPECT_EQ(client_.receive(config).error, 0U);
}

TEST_F(VfioUserOrderTest, ReadsStandBehindWritesOfEveryBar) {
  client_.post(0, 0, std::uint32_t{1});
  client_.post(2, 0, std::uint8_t{2});
  const std::uint16_t read = client_.send_read(3, 8, 8);
  const std::uint16_t second = client_.send_read(0, 8, 8);
  endpoint_->poll();
  MmioRequest request;
  for (const unsigned bar : {2U, 3U}) {
    EXPECT_EQ(endpoint_->next(bar, true, request), Next::kNothing);
  }
  EXPECT_EQ(take(0).data, 1U);
  EXPECT_EQ(endpoint_->next(2, true, request), Next::kNothing);  // the first is not done
  complete();
  EXPECT_EQ(take(2).data, 2U);
  complete();
  EXPECT_EQ(endpoint_->next(0, true, request), Next::kNothing);
  EXPECT_FALSE(take(3).write);
  complete(33);
  EXPECT_EQ(take(0).offset, 8U);
  complete(44);
  EXPECT_EQ(client_.receive(read).number(16, 8), 33U);
  EXPECT_EQ(client_.receive(second).number(16, 8), 44U);
}

TEST_F(VfioUserOrderTest, MsixBarWaitsBehindPostedWrites) {
  EXPECT_EQ(client_.set_irqs(Client::kMsix, Client::kWire, 0, 1).error, 0U);
  client_.post(0, 0, std::uint32_t{1});
  const std::uint16_t read = client_.send_read(kMsixBar, kPba, 4);
  endpoint_->poll();
  (void)take();
  EXPECT_FALSE(client_.try_receive());
  EXPECT_TRUE(endpoint_->pulse_interrupt(0));  // what the write was for
  complete();
  EXPECT_EQ(client_.receive(read).number(16, 4), 1U);
}

TEST_F(VfioUserOrderTest, UnmapWaitsForTheAccessesBeforeIt) {
  EXPECT_EQ(client_.dma_map(0, kPage, ram_.fd()).error, 0U);
  enable_bus_master();
  client_.post(0, 0, std::uint32_t{1});
  WireBytes unmap;
  unmap.add(std::uint32_t{24}).add(std::uint32_t{0}).add(std::uint64_t{0}).add(kPage);
  const std::uint16_t id = client_.send(Client::kDmaUnmap, unmap);
  endpoint_->poll();
  (void)take();
  endpoint_->poll();
  EXPECT_EQ(store(0), AccessStatus::kOk);
  complete();
  EXPECT_EQ(store(0), AccessStatus::kOutOfRange);
  EXPECT_EQ(client_.receive(id).error, 0U);
}

TEST_F(VfioUserOrderTest, ResetWaitsForTheAccessesBeforeIt) {
  client_.post(0, 0, std::uint32_t{1});
  const std::uint16_t reset = client_.send(Client::kReset);
  client_.post(0, 0, std::uint32_t{2});
  endpoint_->poll();
  EXPECT_EQ(take().data, 1U);
  complete();
  MmioRequest request;
  EXPECT_EQ(endpoint_->next(0, false, request), Next::kNothing);
  EXPECT_EQ(endpoint_->next(0, true, request), Next::kReset);
  complete();
  EXPECT_EQ(client_.receive(reset).error, 0U);
  EXPECT_EQ(take().data, 2U);
  complete();
}

TEST_F(VfioUserOrderTest, RequestsOutAreLimitedAndNoneIsLost) {
  constexpr std::uint32_t kWrites = 3 * 4096 + 5;
  std::jthread guest([&] {
    for (std::uint32_t i = 0; i < kWrites; ++i) client_.post(0, 4 * (i % 64), i);
  });
  client_.pump = nullptr;
  // More than fits stays in the socket, whatever is polled.
  std::uint32_t expected = 0;
  while (expected < kWrites) {
    for (int i = 0; i < 3; ++i) endpoint_->poll();
    if (!endpoint_->pending()) {
      std::this_thread::yield();
      continue;
    }
    for (int i = 0; i < 1000 && endpoint_->pending(); ++i) {
      ASSERT_EQ(take().data, expected);
      ++expected;
      complete();
    }
  }
  guest.join();
  EXPECT_FALSE(endpoint_->pending());
}

TEST_F(VfioUserOrderTest, BeyondTheLimitAWriteWaits) {
  WireBytes multi;
  constexpr std::uint64_t kEntries = 4096;
  multi.add(kEntries);
  for (std::uint64_t i = 0; i < kEntries; ++i) {
    multi.add(std::uint64_t{0}).add(std::uint32_t{0}).add(std::uint32_t{4}).add(i);
  }
  client_.send(Client::kWriteMulti, multi, {}, Client::kNoReply);
  const std::uint16_t refused = client_.send_read(0, 0x4000, 4);  // outside
  endpoint_->poll();
  EXPECT_FALSE(client_.try_receive());  // has not been looked at
  EXPECT_EQ(take().data, 0U);
  complete();
  endpoint_->poll();
  EXPECT_NE(client_.receive(refused).error, 0U);
}

TEST_F(VfioUserOrderTest, NextPollsNowAndThen) {
  client_.post(0, 0, std::uint32_t{1});
  MmioRequest request;
  unsigned calls = 1;
  while (endpoint_->next(0, true, request) == Next::kNothing) {
    ASSERT_LT(++calls, 2 * PciEndpoint::kPollClocks + 2);
  }
  EXPECT_EQ(request.data, 1U);
}

TEST_F(VfioUserOrderTest, CompleteWithoutARequestDoesNothing) {
  complete(1);
  const std::uint16_t id = client_.send_read(0, 0, 4);
  endpoint_->poll();
  complete(2);
  EXPECT_TRUE(endpoint_->pending());
  (void)take();
  complete(3);
  complete(4);
  EXPECT_EQ(client_.receive(id).number(16, 4), 3U);
  EXPECT_FALSE(client_.try_receive());
}

TEST_F(VfioUserOrderTest, WaitEndsWithAMessage) {
  const auto begin = Clock::now();
  std::jthread guest([&] {
    std::this_thread::sleep_for(milliseconds(30));
    client_.post(0, 0, std::uint32_t{1});
  });
  endpoint_->wait(milliseconds(20000));
  EXPECT_TRUE(endpoint_->pending());
  endpoint_->wait(milliseconds(20000));  // there is something already
  EXPECT_LT(Clock::now() - begin, milliseconds(10000));
  guest.join();
}

TEST_F(VfioUserOrderTest, WaitEndsWithAnotherDescriptor) {
  const EventFd other;
  const std::uint64_t one = 1;
  ASSERT_EQ(write(other.fd(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
  const auto begin = Clock::now();
  endpoint_->wait(milliseconds(20000), std::array{other.fd()});
  EXPECT_LT(Clock::now() - begin, milliseconds(10000));
}

TEST_F(VfioUserOrderTest, WaitEndsAtItsLimit) {
  const auto begin = Clock::now();
  endpoint_->wait(milliseconds(30));
  EXPECT_GE(Clock::now() - begin, milliseconds(30));
  client_.close();
  endpoint_->wait(milliseconds(20000));  // ends with the guest
  EXPECT_EQ(endpoint_->link(), PciLink::kEnded);
  endpoint_->wait(milliseconds(10));
  EXPECT_LT(Clock::now() - begin, milliseconds(10000));
}

TEST_F(VfioUserOrderTest, WaitEndsWithAGuestThatComes) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("s");
  GuestMemory memory;
  PciEndpoint endpoint("vfio-user:" + path + ",vendor=1,device=2", memory);
  std::jthread guest([&] {
    VfioUserClient client = VfioUserClient::connect(path);
    EXPECT_EQ(client.version().error, 0U);
  });
  const auto begin = Clock::now();
  while (endpoint.link() != PciLink::kEnded) endpoint.wait(milliseconds(20000));
  EXPECT_LT(Clock::now() - begin, milliseconds(10000));
}

TEST_F(VfioUserOrderTest, NoReplyIsHonoured) {
  client_.send(Client::kGetInfo,
               WireBytes().add(std::uint32_t{16}).add(std::uint32_t{0}).add(std::uint64_t{0}), {},
               Client::kNoReply);
  client_.send(99, {}, {}, Client::kNoReply);  // no error either
  client_.send(Client::kRegionRead, Client::access(0, 0, 4), {}, Client::kNoReply);  // nobody's
  client_.post(0, 0x4000, std::uint32_t{0});
  endpoint_->poll();
  EXPECT_FALSE(endpoint_->pending());
  EXPECT_FALSE(client_.try_receive());
  expect_alive();
}

}  // namespace
}  // namespace guestlink::test
