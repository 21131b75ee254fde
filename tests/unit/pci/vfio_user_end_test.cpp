// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// How a connection ends, whatever the guest's side was at.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "unit/pci/vfio_user_fixture.h"

namespace guestlink::test {
namespace {

class VfioUserEndTest : public VfioUserTest {
 protected:
  // The guest has gone: nothing waits, and the memory is no one's. A guest that never reset the
  // device, as QEMU does at its start, has refused it.
  void expect_ended(const std::string& message = "has closed the connection") {
    EXPECT_EQ(endpoint_->link(), PciLink::kEnded);
    EXPECT_EQ(load(0), AccessStatus::kDetached);
    EXPECT_EQ(store(0), AccessStatus::kDetached);
    EXPECT_EQ(memory_.generation(), 2U);
    EXPECT_EQ(endpoint_->dma_problem(0), "no guest is there");
    EXPECT_FALSE(endpoint_->pending());
    MmioRequest request;
    for (unsigned bar = 0; bar < 6; ++bar) {
      EXPECT_EQ(endpoint_->next(bar, true, request), Next::kNothing);
    }
    complete();
    EXPECT_TRUE(endpoint_->set_interrupt(0, true));
    EXPECT_TRUE(endpoint_->set_interrupt(0, false));
    endpoint_->wait(std::chrono::milliseconds(0));
    const std::string all = all_messages();
    EXPECT_NE(all.find(message), std::string::npos) << all;
    EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 1);
    EXPECT_EQ(endpoint_->link(), PciLink::kEnded);
  }
  void negotiate() { EXPECT_EQ(client_.version().error, 0U); }
};

TEST_F(VfioUserEndTest, BeforeAnything) {
  client_.close();
  endpoint_->poll();
  expect_ended();
}

// After each byte of all that QEMU says at its start, with the RTL still at its first answer.
TEST_F(VfioUserEndTest, AtEveryPoint) {
  const EventFd event;
  const std::vector<ClientMessage> all = start_up(ram_.fd(), event.fd());
  rtl_ = [](const MmioRequest&) { return 0; };
  for (std::size_t last = 0; last < all.size(); ++last) {
    const std::size_t size = Client::kHeaderBytes + all[last].payload.bytes().size();
    for (std::size_t cut = 0; cut <= size; ++cut) {
      if (HasFailure()) return;
      SCOPED_TRACE(testing::Message() << "byte " << cut << " of message " << last);
      memory_ = GuestMemory();
      start_again();
      for (std::size_t i = 0; i < last; ++i) {
        client_.call(all[i].command, all[i].payload, all[i].files);
      }
      (void)all_messages();
      const WireBytes bytes = Client::message(1, all[last].command, all[last].payload);
      client_.send_bytes(std::span(bytes.bytes()).first(cut), all[last].files);
      if (cut % 2 == 0) endpoint_->poll();
      MmioRequest request;
      if (cut % 4 == 0) (void)endpoint_->next(0, true, request);  // at work on it
      client_.close();
      // What is complete may still be for the RTL.
      for (int i = 0; i < 3 && endpoint_->link() != PciLink::kEnded; ++i) {
        endpoint_->poll();
        complete();
        serve();
      }
      expect_ended();
    }
  }
}

TEST_F(VfioUserEndTest, WhileTheRtlIsReset) {
  negotiate();
  client_.send(Client::kReset);
  endpoint_->poll();
  MmioRequest request;
  EXPECT_EQ(endpoint_->next(0, true, request), Next::kReset);
  client_.send_bytes(std::vector<std::byte>(16));  // no message
  client_.close();
  complete();
  expect_ended(
      "the connection to the guest was ended: it sent a message of 0 bytes, expected 16 to "
      "1048640\n");
}

TEST_F(VfioUserEndTest, NobodyWaitsForTheEndOfAReset) {
  negotiate();
  client_.send(Client::kReset);
  endpoint_->poll();
  MmioRequest request;
  EXPECT_EQ(endpoint_->next(0, true, request), Next::kReset);
  client_.close();
  endpoint_->poll();
  expect_ended();
}

TEST_F(VfioUserEndTest, NobodyWaitsForTheAnswerOfARead) {
  negotiate();
  client_.send_read(0, 0, 4);
  endpoint_->poll();
  (void)take();
  client_.close();
  endpoint_->poll();
  expect_ended();
}

// A guest that writes a register and powers off.
TEST_F(VfioUserEndTest, WithTheLastWritesMade) {
  negotiate();
  for (std::uint32_t i = 0; i < 10; ++i) client_.post(0, 0, i);
  client_.close();
  rtl_ = [](const MmioRequest&) { return 0; };
  for (int i = 0; i < 10; ++i) endpoint_->poll();
  EXPECT_EQ(endpoint_->link(), PciLink::kConnected);
  serve();
  EXPECT_EQ(seen_.size(), 10U);
  expect_ended();
}

TEST_F(VfioUserEndTest, FrameLost) {
  negotiate();
  WireBytes bytes;
  bytes.add(std::uint16_t{1}).add(std::uint16_t{9}).add(std::uint32_t{0x7FFFFFFF});
  client_.send_bytes(bytes.add(std::uint64_t{0}));
  EXPECT_TRUE(client_.hung_up());
  expect_ended(
      "the connection to the guest was ended: it sent a message of 2147483647 bytes, "
      "expected 16 to 1048640\n");
}

TEST_F(VfioUserEndTest, MemoryThatIsLostBefore) {
  negotiate();
  EXPECT_EQ(client_.dma_map(0, 0x100000, ram_.fd()).error, 0U);
  enable_bus_master();
  ram_.resize(kPage);
  EXPECT_EQ(store(0x80000), AccessStatus::kPartial);
  EXPECT_EQ(load(0), AccessStatus::kDetached);
  expect_alive();
  client_.close();
  endpoint_->poll();
  EXPECT_EQ(endpoint_->link(), PciLink::kEnded);
  EXPECT_EQ(load(0), AccessStatus::kDetached);
}

// QEMU 11.1 aborts if the connection ends while it waits: it gets its answers first.
TEST_F(VfioUserEndTest, EndpointGoesFirst) {
  negotiate();
  EXPECT_EQ(client_.dma_map(0, kPage, ram_.fd()).error, 0U);
  enable_bus_master();
  const std::uint16_t begun = client_.send_read(0, 0, 4);
  endpoint_->poll();
  (void)take();
  const std::uint16_t waiting = client_.send_read(0, 4, 4);
  client_.post(0, 8, std::uint32_t{1});
  const std::uint16_t behind = client_.send(Client::kReset);
  client_.pump = nullptr;
  endpoint_.reset();
  EXPECT_EQ(client_.receive(begun).number(Client::kHeaderBytes, 4), 0xFFFFFFFFU);
  EXPECT_EQ(client_.receive(waiting).error, std::uint32_t{ENODEV});
  EXPECT_EQ(client_.receive(behind).error, std::uint32_t{ENODEV});
  EXPECT_TRUE(client_.hung_up());
}

TEST_F(VfioUserEndTest, EndpointGoesFirstInAReset) {
  negotiate();
  const std::uint16_t id = client_.send(Client::kReset);
  endpoint_->poll();
  client_.pump = nullptr;
  endpoint_.reset();
  EXPECT_EQ(client_.receive(id).error, 0U);
  EXPECT_TRUE(client_.hung_up());
}

// It reads again some time: nothing was lost, and nobody has waited.
TEST_F(VfioUserEndTest, GuestThatDoesNotReadForAWhile) {
  negotiate();
  std::vector<std::uint16_t> ids;
  const WireBytes all = Client::access(Client::kConfig, 0, 4096);
  for (int i = 0; i < 150; ++i) {
    ids.push_back(client_.send(Client::kRegionRead, all));
    const auto begin = std::chrono::steady_clock::now();
    endpoint_->poll();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  }
  EXPECT_FALSE(endpoint_->pending());
  for (const std::uint16_t id : ids) {
    EXPECT_EQ(client_.receive(id).payload.size(), 16U + 4096U);
  }
  expect_alive();
}

TEST_F(VfioUserEndTest, GuestThatNeverReads) {
  negotiate();
  const WireBytes all = Client::access(Client::kConfig, 0, 4096);
  for (int i = 0; i < 150; ++i) client_.send(Client::kRegionRead, all);
  const auto begin = std::chrono::steady_clock::now();
  while (endpoint_->link() != PciLink::kEnded) {
    endpoint_->wait(std::chrono::milliseconds(100));
    ASSERT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
  }
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::seconds(9));
  expect_ended("the connection to the guest was ended: it does not read what it is sent\n");
}

}  // namespace
}  // namespace guestlink::test
