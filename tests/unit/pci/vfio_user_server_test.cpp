// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What each command of vfio-user does, as a guest sees it.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <string>

#include "unit/pci/vfio_user_fixture.h"

namespace guestlink::test {
namespace {

class VfioUserVersionTest : public VfioUserTest {
 protected:
  void expect_version(const VfioUserReply& reply) {
    EXPECT_EQ(reply.error, 0U);
    EXPECT_EQ(reply.command, Client::kVersion);
    EXPECT_EQ(reply.number(0, 4), 0U);
    ASSERT_GT(reply.payload.size(), 5U);
    EXPECT_EQ(reply.payload.back(), std::byte{0});
    const auto* text = reinterpret_cast<const char*>(reply.payload.data()) + 4;
    const auto json = nlohmann::json::parse(text, text + reply.payload.size() - 5);
    const auto& capabilities = json.at("capabilities");
    EXPECT_EQ(capabilities.at("max_data_xfer_size"), 1 << 20);
    EXPECT_EQ(capabilities.at("write_multiple"), true);
    EXPECT_GE(capabilities.at("max_msg_fds"), 16);
  }
};

TEST_F(VfioUserVersionTest, IsZeroZero) { expect_version(client_.version()); }
TEST_F(VfioUserVersionTest, EmptyObjectIsEnough) { expect_version(client_.version("{}")); }
TEST_F(VfioUserVersionTest, NewerMinorGetsOurs) { expect_version(client_.version("{}", 0, 7)); }
TEST_F(VfioUserVersionTest, TextMayBeMissing) {
  expect_version(client_.call(Client::kVersion, WireBytes().add(std::uint32_t{0})));
}

/// The guest is there and has said so.
class VfioUserServerTest : public VfioUserTest {
 protected:
  VfioUserServerTest() { EXPECT_EQ(client_.version().error, 0U); }
  VfioUserServerTest(std::string_view spec) : VfioUserTest(spec) {
    EXPECT_EQ(client_.version().error, 0U);
  }

  void enable_dma() {
    EXPECT_EQ(client_.dma_map(0x10000, 0x10000, ram_.fd()).error, 0U);
    enable_bus_master();
  }
};

TEST_F(VfioUserServerTest, DeviceInfo) {
  const VfioUserReply reply = client_.get_info();
  EXPECT_EQ(reply.error, 0U);
  EXPECT_EQ(reply.payload.size(), 16U);
  EXPECT_EQ(reply.number(0, 4), 16U);
  EXPECT_EQ(reply.number(4, 4), 3U);  // PCI, reset
  EXPECT_EQ(reply.number(8, 4), 9U);
  EXPECT_EQ(reply.number(12, 4), 5U);
}

TEST_F(VfioUserServerTest, RegionInfo) {
  constexpr std::uint64_t kSizes[] = {0x4000, 0x1000, 64, 0x10000, 0, 0, 0, 0x1000, 0};
  for (std::uint32_t region = 0; region < 9; ++region) {
    const VfioUserReply reply = client_.get_region_info(region);
    EXPECT_EQ(reply.error, 0U);
    EXPECT_EQ(reply.payload.size(), 32U);
    EXPECT_EQ(reply.number(0, 4), 32U);
    EXPECT_EQ(reply.number(4, 4), kSizes[region] != 0 ? 3U : 0U) << region;  // read, write
    EXPECT_EQ(reply.number(8, 4), region);
    EXPECT_EQ(reply.number(12, 4), 0U);
    EXPECT_EQ(reply.number(16, 8), kSizes[region]) << region;
  }
  EXPECT_EQ(client_.get_region_info(9).error, EINVAL);
  EXPECT_EQ(client_.get_region_info(0xFFFFFFFF).error, EINVAL);
}

TEST_F(VfioUserServerTest, IrqInfo) {
  constexpr std::uint32_t kFlags[] = {7, 9, 9, 9, 9};
  constexpr std::uint32_t kCounts[] = {1, 0, 12, 1, 0};
  for (std::uint32_t index = 0; index < 5; ++index) {
    const VfioUserReply reply = client_.get_irq_info(index);
    EXPECT_EQ(reply.error, 0U);
    EXPECT_EQ(reply.payload.size(), 16U);
    EXPECT_EQ(reply.number(0, 4), 16U);
    EXPECT_EQ(reply.number(4, 4), kFlags[index]);
    EXPECT_EQ(reply.number(8, 4), index);
    EXPECT_EQ(reply.number(12, 4), kCounts[index]);
  }
  EXPECT_EQ(client_.get_irq_info(5).error, EINVAL);
}

class PlainDeviceTest : public VfioUserServerTest {
 protected:
  PlainDeviceTest() : VfioUserServerTest("vfio-user:unused,vendor=1,device=2,bar0=mem:4K") {}
};

TEST_F(PlainDeviceTest, HasNoInterrupts) {
  EXPECT_EQ(client_.get_irq_info(Client::kIntx).number(12, 4), 0U);
  EXPECT_EQ(client_.get_irq_info(Client::kMsix).number(12, 4), 0U);
  const EventFd event;
  EXPECT_EQ(client_.set_irqs(Client::kIntx, Client::kWire, 0, 1, std::array{event.fd()}).error,
            EINVAL);
  EXPECT_EQ(client_.set_irqs(Client::kMsix, Client::kWire, 0, 1, std::array{event.fd()}).error,
            EINVAL);
  EXPECT_TRUE(endpoint_->pulse_interrupt(0));
  EXPECT_FALSE(endpoint_->pulse_interrupt(1));
  EXPECT_EQ(endpoint_->interrupts_sent(), 0U);
}

TEST_F(VfioUserServerTest, ConfigurationSpace) {
  EXPECT_EQ(client_.read<std::uint8_t>(Client::kConfig, 1), 0x80);
  EXPECT_EQ(client_.read<std::uint16_t>(Client::kConfig, 2), 0x0B00);
  EXPECT_EQ(client_.read<std::uint32_t>(Client::kConfig, 8), 0x08800000U);
  EXPECT_EQ(client_.read<std::uint64_t>(Client::kConfig, 0x40), 0x00000001'000B0011U);
  EXPECT_EQ(client_.read<std::uint32_t>(Client::kConfig, 1), 0x000B0080U);  // not aligned
  const VfioUserReply all = client_.region_read(Client::kConfig, 0, 4096);
  EXPECT_EQ(all.payload.size(), 16U + 4096U);
  EXPECT_EQ(all.number(0, 8), 0U);
  EXPECT_EQ(all.number(8, 4), 7U);
  EXPECT_EQ(all.number(12, 4), 4096U);
  EXPECT_EQ(all.number(16, 4), 0x0B008086U);
  EXPECT_EQ(client_.write(Client::kConfig, 0x10, std::uint32_t{0xFEB00123}), 0U);
  EXPECT_EQ(client_.read<std::uint32_t>(Client::kConfig, 0x10), 0xFEB00000U);
  EXPECT_EQ(client_.write(Client::kConfig, 0x3C, std::uint8_t{11}), 0U);
  EXPECT_EQ(client_.read<std::uint8_t>(Client::kConfig, 0x3C), 11);
  EXPECT_EQ(client_.write(Client::kConfig, 0x1C, ~std::uint64_t{0}), 0U);
  EXPECT_EQ(client_.read<std::uint64_t>(Client::kConfig, 0x1C), 0xFFFFFFFF'FFFF0004U);
  const VfioUserReply written =
      client_.region_write(Client::kConfig, 0, std::vector<std::byte>(4096));
  EXPECT_EQ(written.error, 0U);
  EXPECT_EQ(written.payload.size(), 16U);
  EXPECT_EQ(client_.read<std::uint32_t>(Client::kConfig, 0), 0x0B008086U);
  EXPECT_EQ(client_.read<std::uint32_t>(Client::kConfig, 0x10), 0U);
}

TEST_F(VfioUserServerTest, PostedConfigurationWrite) {
  client_.post(Client::kConfig, 0x3C, std::uint8_t{11});
  EXPECT_EQ(client_.read<std::uint8_t>(Client::kConfig, 0x3C), 11);
}

TEST_F(VfioUserServerTest, ConfigurationAccessOutside) {
  for (const auto& [offset, count] : {std::pair{0ULL, 4097U},
                                      {4096ULL, 1U},
                                      {4093ULL, 4U},
                                      {0ULL, 0U},
                                      {~0ULL, 1U},
                                      {~0ULL - 3, 8U},
                                      {0ULL, 0xFFFFFFFFU}}) {
    EXPECT_EQ(client_.region_read(Client::kConfig, offset, count).error, EINVAL) << offset;
    if (count > 0x10000) continue;
    const std::vector<std::byte> data(count);
    EXPECT_EQ(client_.region_write(Client::kConfig, offset, data).error, EINVAL) << offset;
  }
  expect_alive();
}

TEST_F(VfioUserServerTest, BarReads) {
  for (const std::uint32_t bar : {0U, 2U, 3U}) {
    for (const std::uint32_t size : {1U, 2U, 4U, 8U}) {
      const std::uint16_t id = client_.send_read(bar, 0x38 - 0x38 % size, size);
      endpoint_->poll();
      EXPECT_TRUE(endpoint_->pending());
      MmioRequest request;
      EXPECT_EQ(endpoint_->next(bar + 1, true, request), Next::kNothing);  // another's
      request = take(bar);
      EXPECT_EQ(request.bar, bar);
      EXPECT_FALSE(request.write);
      EXPECT_EQ(request.size, size);
      EXPECT_EQ(request.offset, 0x38U);
      EXPECT_EQ(endpoint_->next(bar, true, request), Next::kNothing);  // one at a time
      EXPECT_FALSE(client_.try_receive());
      complete(0x1122334455667788);
      EXPECT_FALSE(endpoint_->pending());
      const VfioUserReply reply = client_.receive(id);
      EXPECT_EQ(reply.command, Client::kRegionRead);
      EXPECT_EQ(reply.error, 0U);
      ASSERT_EQ(reply.payload.size(), 16U + size);
      EXPECT_EQ(reply.number(0, 8), 0x38U);
      EXPECT_EQ(reply.number(8, 4), bar);
      EXPECT_EQ(reply.number(12, 4), size);
      EXPECT_EQ(reply.number(16, size),
                0x1122334455667788 & (~std::uint64_t{0} >> (64 - 8 * size)));
    }
  }
}

TEST_F(VfioUserServerTest, BarWrites) {
  for (const std::uint32_t size : {1U, 2U, 4U, 8U}) {
    const std::uint64_t value = 0x8877665544332211;
    const auto data = std::as_bytes(std::span(&value, 1)).first(size);
    const std::uint64_t expected = value & (~std::uint64_t{0} >> (64 - 8 * size));
    for (const bool posted : {false, true}) {
      const std::uint16_t id = client_.send_write(0, 0x3FF8, data, posted ? Client::kNoReply : 0);
      endpoint_->poll();
      const MmioRequest request = take();
      EXPECT_TRUE(request.write);
      EXPECT_EQ(request.size, size);
      EXPECT_EQ(request.offset, 0x3FF8U);
      EXPECT_EQ(request.data, expected);
      EXPECT_FALSE(client_.try_receive());
      complete();
      if (posted) {
        EXPECT_FALSE(client_.try_receive());
        continue;
      }
      const VfioUserReply reply = client_.receive(id);
      EXPECT_EQ(reply.command, Client::kRegionWrite);
      EXPECT_EQ(reply.error, 0U);
      ASSERT_EQ(reply.payload.size(), 16U);
      EXPECT_EQ(reply.number(0, 8), 0x3FF8U);
      EXPECT_EQ(reply.number(12, 4), size);
    }
  }
}

TEST_F(VfioUserServerTest, ErrorOfTheRtlReadsAsOnes) {
  const std::uint16_t id = client_.send_read(0, 0, 2);
  endpoint_->poll();
  (void)take();
  endpoint_->complete(0x1234, Outcome::kError);
  const VfioUserReply reply = client_.receive(id);
  EXPECT_EQ(reply.error, 0U);
  EXPECT_EQ(reply.number(16, 2), 0xFFFFU);
}

TEST_F(VfioUserServerTest, BarAccessesThatThereAreNot) {
  rtl_ = [](const MmioRequest&) { return 0; };
  struct Case {
    std::uint32_t region;
    std::uint64_t offset;
    std::uint32_t count;
  };
  for (const auto& [region, offset, count] :
       {Case{0, 0x4000, 1}, Case{0, 0x3FFC, 8}, Case{0, 1, 2}, Case{0, 4, 8}, Case{0, 0, 0},
        Case{0, 0, 3}, Case{0, 0, 16}, Case{0, ~0ULL, 1}, Case{0, ~7ULL, 8}, Case{2, 64, 4},
        Case{4, 0, 4}, Case{5, 0, 4}, Case{6, 0, 4}, Case{8, 0, 4}, Case{9, 0, 4},
        Case{0xFFFFFFFF, 0, 4}, Case{1, 0x1000, 4}, Case{1, 2, 4}, Case{1, 0, 16}}) {
    EXPECT_EQ(client_.region_read(region, offset, count).error, EINVAL) << region << " " << offset;
    const std::vector<std::byte> data(count);
    EXPECT_EQ(client_.region_write(region, offset, data).error, EINVAL) << region << " " << offset;
  }
  EXPECT_TRUE(seen_.empty());
  expect_alive();
}

TEST_F(VfioUserServerTest, MsixBarShowsPendingBits) {
  EXPECT_EQ(client_.read<std::uint64_t>(kMsixBar, kPba), 0U);
  EXPECT_EQ(client_.set_irqs(Client::kMsix, Client::kWire, 0, 1).error, 0U);
  EXPECT_TRUE(endpoint_->pulse_interrupt(0));
  EXPECT_TRUE(endpoint_->pulse_interrupt(9));
  EXPECT_EQ(client_.read<std::uint64_t>(kMsixBar, kPba), 0x201U);
  EXPECT_EQ(client_.read<std::uint32_t>(kMsixBar, kPba), 0x201U);
  EXPECT_EQ(client_.read<std::uint8_t>(kMsixBar, kPba + 1), 0x02);
  EXPECT_EQ(client_.read<std::uint64_t>(kMsixBar, kPba + 8), 0U);
  EXPECT_EQ(client_.read<std::uint64_t>(kMsixBar, 0x1000 - 8), 0U);
  EXPECT_EQ(client_.read<std::uint64_t>(kMsixBar, 0), 0U);  // the table is QEMU's
  EXPECT_EQ(client_.write(kMsixBar, kPba, std::uint32_t{0}), 0U);
  EXPECT_EQ(client_.write(kMsixBar, 0, ~std::uint64_t{0}), 0U);
  client_.post(kMsixBar, 0, std::uint32_t{1});
  EXPECT_EQ(client_.read<std::uint64_t>(kMsixBar, kPba), 0x201U);
  EXPECT_EQ(client_.read<std::uint64_t>(kMsixBar, 0), 0U);
  EXPECT_FALSE(endpoint_->pending());
}

TEST_F(VfioUserServerTest, DmaMapUnmapAndBusMaster) {
  EXPECT_EQ(memory_.generation(), 1U);
  EXPECT_EQ(client_.dma_map(0x10000, 0x2000, ram_.fd(), 0x3000).error, 0U);
  EXPECT_EQ(store(0x10000), AccessStatus::kOutOfRange);
  EXPECT_EQ(endpoint_->dma_problem(0x10000), "bus master is off");
  enable_bus_master();
  EXPECT_EQ(store(0x10010), AccessStatus::kOk);
  EXPECT_EQ(ram_.read(0x3010, 1)[0], std::byte{0x5A});
  EXPECT_EQ(endpoint_->dma_problem(0x10000), "");
  EXPECT_EQ(client_.dma_map(0x12000, 0x1000, ram_.fd(), 0, Client::kReadable).error, 0U);
  EXPECT_EQ(store(0x12000), AccessStatus::kReadOnly);
  EXPECT_EQ(client_.dma_map(0x14000, 0x1000, -1).error, 0U);
  EXPECT_EQ(store(0x14000), AccessStatus::kOutOfRange);
  EXPECT_EQ(endpoint_->dma_problem(0x14000), "the guest gave no file for this memory");
  EXPECT_EQ(client_.dma_map(0x11000, 0x1000, ram_.fd()).error, EEXIST);
  EXPECT_EQ(client_.dma_unmap(0x10000, 0x1000).error, EINVAL);  // would cut
  EXPECT_EQ(client_.dma_unmap(0x10000, 0x2000).error, 0U);
  EXPECT_EQ(store(0x10010), AccessStatus::kOutOfRange);
  EXPECT_EQ(client_.dma_unmap(0x10000, 0x2000).error, 0U);  // none is there
  EXPECT_EQ(client_.dma_unmap(0, 0, 2).error, 0U);          // all
  EXPECT_EQ(load(0x12000), AccessStatus::kOutOfRange);
  EXPECT_EQ(client_.dma_map(0x12000, 0x1000, ram_.fd()).error, 0U);
  EXPECT_EQ(load(0x12000), AccessStatus::kOk);
  EXPECT_EQ(client_.write(Client::kConfig, 4, std::uint16_t{2}), 0U);
  EXPECT_EQ(load(0x12000), AccessStatus::kOutOfRange);
  EXPECT_EQ(memory_.generation(), 1U);
}

TEST_F(VfioUserServerTest, DmaMapsBeforeTheFirstReplyIsRead) {
  std::vector<std::uint16_t> ids;
  for (std::uint64_t i = 0; i < 20; ++i) {
    WireBytes payload;
    payload.add(std::uint32_t{32}).add(std::uint32_t{3}).add(i * kPage).add((19 - i) * kPage);
    ids.push_back(client_.send(Client::kDmaMap, payload.add(kPage), std::array{ram_.fd()}));
  }
  for (const std::uint16_t id : ids) EXPECT_EQ(client_.receive(id).error, 0U);
  enable_bus_master();
  EXPECT_EQ(store(0), AccessStatus::kOk);
  EXPECT_EQ(ram_.read(19 * kPage, 1)[0], std::byte{0x5A});
}

TEST_F(VfioUserServerTest, MemoryThatTheDeviceCannotShareIsTold) {
  constexpr std::uint64_t kBytes = 16U << 20;
  const MemoryFile ram(2 * kBytes);
  EXPECT_EQ(client_.dma_map(0xFFFC0000, 0x40000, -1, 0, Client::kReadable).error, 0U);  // a ROM
  void* const mine = mmap(nullptr, kBytes, PROT_READ, MAP_SHARED, ram.fd(), 0);
  EXPECT_EQ(client_.dma_map(0, kBytes, ram.fd()).error, 0U);
  EXPECT_EQ(all_messages(), "");
  munmap(mine, kBytes);
  const MemoryFile secret(2 * kBytes);  // which this process, for QEMU, has not mapped shared
  EXPECT_EQ(client_.dma_map(kBytes, kBytes, secret.fd()).error, 0U);
  const std::string message = all_messages();
  EXPECT_NE(message.find("the guest's memory at 0x1000000 (0x1000000 bytes) is private to QEMU"),
            std::string::npos)
      << message;
  EXPECT_NE(message.find("share=on"), std::string::npos) << message;
  EXPECT_EQ(client_.dma_map(2 * kBytes, kBytes, -1).error, 0U);
  EXPECT_EQ(all_messages(), "");  // once is enough
}

TEST_F(VfioUserServerTest, MemoryWithoutAFileIsTold) {
  EXPECT_EQ(client_.dma_map(0, 16U << 20, -1).error, 0U);
  const std::string message = all_messages();
  EXPECT_NE(message.find("came without a file: the device cannot reach it"), std::string::npos)
      << message;
}

TEST_F(VfioUserServerTest, MsixByEventfd) {
  std::array<EventFd, 3> events;
  EXPECT_EQ(client_.set_irqs(Client::kMsix, Client::kWire, 0, 1).error, 0U);  // not wired yet
  EXPECT_TRUE(endpoint_->set_interrupt(0, true));
  EXPECT_EQ(
      client_
          .set_irqs(Client::kMsix, Client::kWire, 0, 2, std::array{events[0].fd(), events[1].fd()})
          .error,
      0U);
  EXPECT_EQ(events[0].take(), 1U);
  EXPECT_EQ(client_.set_irqs(Client::kMsix, Client::kWire, 11, 1, std::array{events[2].fd()}).error,
            0U);
  EXPECT_TRUE(endpoint_->pulse_interrupt(11));
  EXPECT_FALSE(endpoint_->pulse_interrupt(12));
  EXPECT_EQ(events[2].take(), 1U);
  EXPECT_EQ(client_.set_irqs(Client::kMsix, Client::kTriggerNow, 0, 2).error, 0U);
  EXPECT_EQ(events[0].take(), 1U);
  EXPECT_EQ(events[1].take(), 1U);
  EXPECT_EQ(client_.set_irqs(Client::kMsix, Client::kDropAll, 0, 0).error, 0U);
  EXPECT_TRUE(endpoint_->pulse_interrupt(1));
  EXPECT_EQ(events[1].take(), 0U);
  EXPECT_EQ(endpoint_->interrupts_sent(), 4U);
}

TEST_F(VfioUserServerTest, IntxByEventfd) {
  const EventFd event;
  EXPECT_EQ(client_.set_irqs(Client::kIntx, Client::kWire, 0, 1, std::array{event.fd()}).error, 0U);
  EXPECT_EQ(client_.read<std::uint16_t>(Client::kConfig, 6), 0x0010);
  EXPECT_TRUE(endpoint_->set_interrupt(0, true));
  EXPECT_EQ(event.take(), 1U);
  EXPECT_EQ(client_.read<std::uint16_t>(Client::kConfig, 6), 0x0018);
  EXPECT_EQ(client_.set_irqs(Client::kIntx, Client::kUnmask, 0, 1).error, 0U);
  EXPECT_EQ(event.take(), 1U);  // asserted still
  EXPECT_EQ(client_.write(Client::kConfig, 4, std::uint16_t{0x0400}), 0U);
  EXPECT_EQ(client_.set_irqs(Client::kIntx, Client::kUnmask, 0, 1).error, 0U);
  EXPECT_EQ(event.take(), 0U);  // disabled
  EXPECT_EQ(client_.write(Client::kConfig, 4, std::uint16_t{0}), 0U);
  EXPECT_EQ(event.take(), 1U);
  EXPECT_EQ(client_.set_irqs(Client::kIntx, Client::kMask, 0, 1).error, 0U);
  EXPECT_TRUE(endpoint_->set_interrupt(0, false));
  EXPECT_EQ(client_.read<std::uint16_t>(Client::kConfig, 6), 0x0010);
  EXPECT_TRUE(endpoint_->set_interrupt(0, true));
  EXPECT_EQ(event.take(), 0U);
  EXPECT_EQ(client_.set_irqs(Client::kIntx, Client::kTriggerNow, 0, 1).error, 0U);
  EXPECT_EQ(event.take(), 1U);
  EXPECT_EQ(client_.set_irqs(Client::kIntx, Client::kDropAll, 0, 0).error, 0U);
  EXPECT_EQ(client_.set_irqs(Client::kIntx, Client::kUnmask, 0, 1).error, 0U);
  EXPECT_EQ(event.take(), 0U);
}

TEST_F(VfioUserServerTest, ErrorInterruptIsTakenAndNeverSent) {
  const EventFd event;
  EXPECT_EQ(client_.set_irqs(Client::kErr, Client::kWire, 0, 1, std::array{event.fd()}).error, 0U);
  EXPECT_EQ(client_.set_irqs(Client::kErr, Client::kDropAll, 0, 0).error, 0U);
  EXPECT_EQ(event.take(), 0U);
}

// QEMU blocks nowhere, whatever kind of eventfd it gives.
TEST_F(VfioUserServerTest, BlockingEventfdThatIsFullDoesNotStopTheDevice) {
  const FileDescriptor event(eventfd(0, EFD_CLOEXEC));
  const std::uint64_t most = ~std::uint64_t{0} - 1;
  ASSERT_EQ(write(event.get(), &most, sizeof most), static_cast<ssize_t>(sizeof most));
  EXPECT_EQ(client_.set_irqs(Client::kMsix, Client::kWire, 0, 1, std::array{event.get()}).error,
            0U);
  EXPECT_TRUE(endpoint_->pulse_interrupt(0));
  // The other side may make it blocking again at any time.
  ASSERT_EQ(fcntl(event.get(), F_SETFL, 0), 0);
  EXPECT_TRUE(endpoint_->pulse_interrupt(0));
}

TEST_F(VfioUserServerTest, BarThatNobodyServesIsGivenUp) {
  const std::uint16_t id = client_.send_read(2, 0, 4);
  endpoint_->poll();
  MmioRequest request;
  for (unsigned i = 0; i < PciEndpoint::kUnservedCalls; ++i) {
    ASSERT_EQ(endpoint_->next(0, false, request), PciEndpoint::Next::kNothing);
  }
  EXPECT_EQ(client_.receive(id).number(Client::kHeaderBytes, 4), 0xFFFFFFFFU);
  EXPECT_NE(all_messages().find("no axil_guest_mmio serves BAR 2"), std::string::npos);
  const std::uint16_t reset = client_.send(Client::kReset);
  endpoint_->poll();
  for (unsigned i = 0; i < PciEndpoint::kUnservedCalls; ++i) {
    ASSERT_EQ(endpoint_->next(0, false, request), PciEndpoint::Next::kNothing);
  }
  EXPECT_EQ(client_.receive(reset).error, 0U);
  EXPECT_NE(all_messages().find("TakesResets"), std::string::npos);
}

TEST_F(VfioUserServerTest, ResetWaitsForTheRtl) {
  enable_dma();
  const EventFd event;
  EXPECT_EQ(client_.set_irqs(Client::kMsix, Client::kWire, 0, 1, std::array{event.fd()}).error, 0U);
  EXPECT_EQ(store(0x10000), AccessStatus::kOk);
  const std::uint16_t id = client_.send(Client::kReset);
  const std::uint16_t behind = client_.send_read(Client::kConfig, 4, 2);
  endpoint_->poll();
  EXPECT_EQ(load(0x10000), AccessStatus::kOutOfRange);  // no bus master any more
  EXPECT_TRUE(endpoint_->pending());
  MmioRequest request;
  EXPECT_EQ(endpoint_->next(0, false, request), Next::kNothing);
  EXPECT_EQ(endpoint_->next(3, true, request), Next::kReset);
  EXPECT_EQ(endpoint_->next(3, true, request), Next::kNothing);
  EXPECT_FALSE(client_.try_receive());
  endpoint_->poll();
  EXPECT_FALSE(client_.try_receive());
  complete();
  EXPECT_FALSE(endpoint_->pending());
  const VfioUserReply reply = client_.receive();
  EXPECT_EQ(reply.id, id);
  EXPECT_EQ(reply.command, Client::kReset);
  EXPECT_EQ(reply.error, 0U);
  EXPECT_TRUE(reply.payload.empty());
  EXPECT_EQ(client_.receive(behind).number(16, 2), 0U);
  // What was mapped still is, and vectors stay wired.
  enable_bus_master();
  EXPECT_EQ(load(0x10000), AccessStatus::kOk);
  EXPECT_TRUE(endpoint_->pulse_interrupt(0));
  EXPECT_EQ(event.take(), 1U);
}

TEST_F(VfioUserServerTest, ResetWithoutReply) {
  client_.send(Client::kReset, {}, {}, Client::kNoReply);
  endpoint_->poll();
  MmioRequest request;
  EXPECT_EQ(endpoint_->next(0, true, request), Next::kReset);
  complete();
  EXPECT_FALSE(client_.try_receive());
  expect_alive();
}

class WriteMultiTest : public VfioUserServerTest {
 protected:
  struct Entry {
    std::uint64_t offset;
    std::uint32_t region, count;
    std::uint64_t data;
  };
  static WireBytes message_of(const std::vector<Entry>& entries) {
    WireBytes payload;
    payload.add(std::uint64_t{entries.size()});
    for (const Entry& each : entries) {
      payload.add(each.offset).add(each.region).add(each.count).add(each.data);
    }
    return payload;
  }
};

TEST_F(WriteMultiTest, IsSoManyPostedWrites) {
  client_.send(Client::kWriteMulti,
               message_of({{0, 0, 4, 0xFFFFFFFF'11223344},
                           {8, 1, 8, 1},
                           {4, 2, 1, 0xAABB},
                           {8, 3, 8, 0x1122334455667788},
                           {2, 0, 2, 0xDEADBEEF}}),
               {}, Client::kNoReply);
  endpoint_->poll();
  MmioRequest request = take(0);
  EXPECT_TRUE(request.write);
  EXPECT_EQ(request.data, 0x11223344U);
  complete();
  request = take(2);  // that of the MSI-X BAR is nobody's
  EXPECT_EQ(request.data, 0xBBU);
  EXPECT_EQ(request.offset, 4U);
  complete();
  EXPECT_EQ(take(3).data, 0x1122334455667788U);
  complete();
  request = take(0);
  EXPECT_EQ(request.data, 0xBEEFU);
  EXPECT_EQ(request.size, 2);
  complete();
  EXPECT_FALSE(endpoint_->pending());
  EXPECT_FALSE(client_.try_receive());
  EXPECT_EQ(all_messages(), "");
}

TEST_F(WriteMultiTest, AsManyAsQemuSends) {
  rtl_ = [](const MmioRequest&) { return 0; };
  std::vector<Entry> entries;
  for (std::uint32_t i = 0; i < 200; ++i) entries.push_back({8ULL * i, 0, 4, i});
  client_.send(Client::kWriteMulti, message_of(entries), {}, Client::kNoReply);
  expect_alive();
  ASSERT_EQ(seen_.size(), 200U);
  for (std::uint32_t i = 0; i < 200; ++i) EXPECT_EQ(seen_[i].data, i);
}

TEST_F(WriteMultiTest, ReplyTellsHowManyWhenAllAreDone) {
  const std::uint16_t id =
      client_.send(Client::kWriteMulti, message_of({{0, 0, 4, 1}, {4, 0, 4, 2}, {0, 1, 4, 0}}));
  endpoint_->poll();
  (void)take();
  complete();
  EXPECT_FALSE(client_.try_receive());
  (void)take();
  complete();
  VfioUserReply reply = client_.receive(id);
  EXPECT_EQ(reply.command, Client::kWriteMulti);
  EXPECT_EQ(reply.error, 0U);
  ASSERT_EQ(reply.payload.size(), 8U);
  EXPECT_EQ(reply.number(0, 8), 3U);
  reply = client_.call(Client::kWriteMulti, message_of({{0, 1, 4, 1}}));
  EXPECT_EQ(reply.number(0, 8), 1U);
  reply = client_.call(Client::kWriteMulti, message_of({}));
  EXPECT_EQ(reply.number(0, 8), 0U);
}

TEST_F(WriteMultiTest, AllOrNone) {
  rtl_ = [](const MmioRequest&) { return 0; };
  for (const Entry& wrong : {Entry{0x4000, 0, 4, 0}, Entry{0, 4, 4, 0}, Entry{0, 7, 4, 0},
                             Entry{0, 0, 16, 0}, Entry{0, 0, 0, 0}, Entry{1, 0, 2, 0}}) {
    EXPECT_EQ(client_.call(Client::kWriteMulti, message_of({{0, 0, 4, 1}, wrong})).error, EINVAL);
  }
  WireBytes count = message_of({{0, 0, 4, 1}});
  for (const std::uint64_t said : {std::uint64_t{0}, std::uint64_t{2}, ~std::uint64_t{0},
                                   0x0AAAAAAAAAAAAAABU}) {  // times 24 is 8
    WireBytes payload;
    payload.add(said).add(std::span(count.bytes()).subspan(8));
    EXPECT_EQ(client_.call(Client::kWriteMulti, payload).error, EINVAL) << said;
  }
  EXPECT_TRUE(seen_.empty());
}

TEST_F(VfioUserTest, StartOfQemu) {
  const EventFd event;
  rtl_ = [](const MmioRequest& request) { return request.offset; };
  for (const ClientMessage& message : start_up(ram_.fd(), event.fd())) {
    const VfioUserReply reply = client_.call(message.command, message.payload, message.files);
    EXPECT_EQ(reply.error, 0U) << message.command;
    EXPECT_EQ(reply.command, message.command);
  }
  EXPECT_EQ(all_messages(), "");
  ASSERT_EQ(seen_.size(), 3U);  // the reset, a read, a write
  EXPECT_EQ(seen_[1].offset, 0x10U);
  EXPECT_TRUE(seen_[2].write);
  EXPECT_EQ(store(0), AccessStatus::kOk);
  EXPECT_EQ(store(0xC0000), AccessStatus::kReadOnly);
  EXPECT_EQ(load(0xFFFC0000), AccessStatus::kOutOfRange);
  EXPECT_TRUE(endpoint_->pulse_interrupt(0));
  EXPECT_EQ(event.take(), 1U);
}

}  // namespace
}  // namespace guestlink::test
