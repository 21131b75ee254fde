// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The engine as a PCI device, clocked as guestlink-sim does, under a scripted guest without QEMU:
// what that guest may do while DMA is under way.
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "guestlink_endpoints.h"
#include "pci/pci_model.h"
#include "pci/pci_runner.h"
#include "support/seed.h"
#include "support/vfio_user_client.h"

namespace guestlink::test {
namespace {

using Client = VfioUserClient;
using sim::PciModel;
using sim::PciRunner;

constexpr std::uint64_t kRamBytes = 4U << 20;
constexpr std::uint64_t kRing = 0x10000;
constexpr std::uint64_t kRecord = 0x20000;
constexpr std::uint64_t kSource = 0x100000;
constexpr std::uint64_t kDestination = 0x200000;
constexpr std::uint32_t kCopyBytes = 0x80000;

// Registers of channel 0 (docs/ioat.md).
enum : std::uint64_t {
  kIntrCtrl = 0x03,
  kChanCtrl = 0x80,
  kChanCmd = 0x84,
  kDmaCount = 0x86,
  kChanSts = 0x88,
  kChainAddr = 0x90,
  kChanCmp = 0x98,
  kChanErr = 0xA8,
};
constexpr std::uint32_t kReadData = 1U << 8;
constexpr std::uint32_t kWriteData = 1U << 9;

class IoatPci : public ::testing::Test {
 protected:
  IoatPci() : ram_file_(memfd_create("ram", MFD_CLOEXEC)) {
    EXPECT_EQ(ftruncate(ram_file_.get(), kRamBytes), 0);
    void* const mapped =
        mmap(nullptr, kRamBytes, PROT_READ | PROT_WRITE, MAP_SHARED, ram_file_.get(), 0);
    ram_ = std::span(static_cast<std::byte*>(mapped), kRamBytes);
    start(PciRunner::Clocking::kIdleSkip);
  }
  ~IoatPci() override {
    runner_.reset();
    model_.reset();
    (void)close_endpoint(id_);
    munmap(ram_.data(), ram_.size());
  }

  void start(PciRunner::Clocking clocking) {
    auto [guest, device] = Client::socket_pair();
    guest_.emplace(std::move(guest));
    const sim::PciDeviceKind& kind = sim::pci_device_kinds()[0];
    ASSERT_STREQ(kind.name, "ioat");
    id_ = open_endpoint(std::string("vfio-user:x,") + kind.keys, std::move(device));
    model_ = kind.make({});
    runner_.emplace(*model_, endpoint(), clocking);
    model_->start(id_, endpoint_memory_id(id_));
    guest_->pump = [this] { run(32); };
    EXPECT_EQ(guest_->version().error, 0U);
    EXPECT_EQ(guest_->reset().error, 0U);
    EXPECT_EQ(guest_->dma_map(0, kRamBytes, ram_file_.get()).error, 0U);
    set_command(0x0006);
  }
  PciEndpoint& endpoint() { return *endpoint_from_id(id_); }
  std::uint64_t run(std::uint64_t cycles) {
    return runner_->run(cycles, std::chrono::milliseconds(0));
  }
  void run_until_idle() {
    for (int i = 0; i < 10000 && !model_->idle(); ++i) run(100);
    EXPECT_TRUE(model_->idle());
  }
  void set_command(std::uint16_t bits) {
    EXPECT_EQ(guest_->write<std::uint16_t>(Client::kConfig, 4, bits), 0U);
  }

  template <typename T>
  void put(std::uint64_t address, T value) {
    std::memcpy(ram_.data() + address, &value, sizeof value);
  }
  template <typename T>
  T get(std::uint64_t address) {
    T value;
    std::memcpy(&value, ram_.data() + address, sizeof value);
    return value;
  }
  void put_descriptor(std::uint64_t at, std::uint32_t size, std::uint64_t source,
                      std::uint64_t destination) {
    put(at, size);
    put(at + 4, 0x9U);  // interrupt, completion record
    put(at + 8, source);
    put(at + 16, destination);
    put(at + 24, at + 64);
  }
  void set_up_channel() {
    guest_->post<std::uint8_t>(0, kChanCmd, 0x20);
    guest_->post<std::uint8_t>(0, kIntrCtrl, 1);
    guest_->post<std::uint16_t>(0, kChanCtrl, 0x1D);
    guest_->post<std::uint64_t>(0, kChanCmp, kRecord);
    guest_->post<std::uint64_t>(0, kChainAddr, kRing);
  }
  /// Rings for one copy, and returns in the middle of it.
  void start_copy() {
    std::vector<std::byte> data(kCopyBytes);
    for (std::byte& byte : data) byte = static_cast<std::byte>(random_());
    std::memcpy(ram_.data() + kSource, data.data(), data.size());
    std::memset(ram_.data() + kDestination, 0, kCopyBytes);
    set_up_channel();
    put_descriptor(kRing, kCopyBytes, kSource, kDestination);
    guest_->post<std::uint16_t>(0, kDmaCount, 1);
    while (get<std::uint64_t>(kDestination + kCopyBytes / 8) == 0) ASSERT_GT(run(50), 0U);
    EXPECT_FALSE(model_->idle());
  }
  [[nodiscard]] std::vector<std::byte> destination() const {
    const auto part = ram_.subspan(kDestination, kCopyBytes);
    return {part.begin(), part.end()};
  }
  std::uint32_t chanerr() { return guest_->read<std::uint32_t>(0, kChanErr); }

  FileDescriptor ram_file_;
  std::span<std::byte> ram_;
  std::optional<Client> guest_;
  std::uint64_t id_ = 0;
  std::unique_ptr<PciModel> model_;
  std::optional<PciRunner> runner_;
  std::mt19937 random_{static_cast<std::mt19937::result_type>(random_seed())};
};

TEST_F(IoatPci, CopiesAndInterrupts) {
  const FileDescriptor trigger(eventfd(0, EFD_NONBLOCK));
  const std::array<int, 1> files{trigger.get()};
  EXPECT_EQ(guest_->set_irqs(Client::kMsix, Client::kWire, 0, 1, files).error, 0U);
  start_copy();
  run_until_idle();
  EXPECT_EQ(std::memcmp(ram_.data() + kDestination, ram_.data() + kSource, kCopyBytes), 0);
  EXPECT_EQ(get<std::uint64_t>(kRecord), kRing | 1);
  std::uint64_t count = 0;
  EXPECT_EQ(::read(trigger.get(), &count, sizeof count), 8);
  EXPECT_EQ(count, 1U);
}

TEST_F(IoatPci, SleepsWhileIdle) {
  run_until_idle();
  const std::uint64_t before = model_->cycles();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(run(1000), 0U);
  EXPECT_EQ(model_->cycles(), before);
  EXPECT_EQ(guest_->read<std::uint8_t>(0, 0x08), 0x34U);
  EXPECT_LT(model_->cycles() - before, 20U) << "an access, and not a clock more";
}

// No byte arrives behind the answer to an unmap, though bursts are under way.
TEST_F(IoatPci, UnmapInTheMiddleOfACopy) {
  start_copy();
  EXPECT_EQ(guest_->dma_unmap(0, kRamBytes).error, 0U);
  const std::vector<std::byte> then = destination();
  const auto record = get<std::uint64_t>(kRecord);
  run_until_idle();
  EXPECT_EQ(destination(), then);
  EXPECT_EQ(get<std::uint64_t>(kRecord), record);
  EXPECT_NE(then.back(), ram_[kSource + kCopyBytes - 1]) << "it was in the middle";
  EXPECT_NE(chanerr() & (kReadData | kWriteData), 0U);
  EXPECT_GT(model_->dma_errors().count, 0U);
  // The guest maps it again, and goes on after a reset of the channel.
  EXPECT_EQ(guest_->dma_map(0, kRamBytes, ram_file_.get()).error, 0U);
  guest_->post<std::uint32_t>(0, kChanErr, 0xFFFFFFFF);
  start_copy();
  run_until_idle();
  EXPECT_EQ(std::memcmp(ram_.data() + kDestination, ram_.data() + kSource, kCopyBytes), 0);
}

TEST_F(IoatPci, BusMasterOffInTheMiddleOfACopy) {
  start_copy();
  set_command(0x0002);
  const std::vector<std::byte> then = destination();
  run_until_idle();
  EXPECT_EQ(destination(), then);
  EXPECT_EQ(endpoint().dma_problem(kDestination), "bus master is off");
  set_command(0x0006);
  EXPECT_NE(chanerr() & (kReadData | kWriteData), 0U);
}

TEST_F(IoatPci, ReadOnlyInTheMiddleOfACopy) {
  start_copy();
  // QEMU unmaps and maps again, in one message each.
  EXPECT_EQ(guest_->dma_unmap(0, kRamBytes).error, 0U);
  EXPECT_EQ(guest_->dma_map(0, kRamBytes, ram_file_.get(), 0, Client::kReadable).error, 0U);
  const std::vector<std::byte> then = destination();
  run_until_idle();
  EXPECT_EQ(destination(), then);
  EXPECT_NE(chanerr() & kWriteData, 0U);
}

TEST_F(IoatPci, ResetInTheMiddleOfACopy) {
  start_copy();
  EXPECT_EQ(guest_->reset().error, 0U);
  const std::vector<std::byte> then = destination();
  run_until_idle();
  EXPECT_EQ(destination(), then);
  set_command(0x0006);
  EXPECT_EQ(guest_->read<std::uint64_t>(0, kChainAddr), 0U) << "the power-on value";
  start_copy();
  run_until_idle();
  EXPECT_EQ(std::memcmp(ram_.data() + kDestination, ram_.data() + kSource, kCopyBytes), 0);
}

TEST_F(IoatPci, FileCutShortInTheMiddleOfACopy) {
  start_copy();
  EXPECT_EQ(ftruncate(ram_file_.get(), kDestination + 0x1000), 0);
  run_until_idle();
  EXPECT_NE(chanerr() & (kReadData | kWriteData), 0U);
  EXPECT_EQ(ftruncate(ram_file_.get(), kRamBytes), 0);
  EXPECT_EQ(guest_->dma_unmap(0, kRamBytes).error, 0U);
  EXPECT_EQ(guest_->dma_map(0, kRamBytes, ram_file_.get()).error, 0U);
  guest_->post<std::uint32_t>(0, kChanErr, 0xFFFFFFFF);
  start_copy();
  run_until_idle();
  EXPECT_EQ(std::memcmp(ram_.data() + kDestination, ram_.data() + kSource, kCopyBytes), 0);
}

TEST_F(IoatPci, GuestGoneInTheMiddleOfACopy) {
  start_copy();
  guest_->close();
  while (endpoint().link() != PciLink::kEnded) ASSERT_GT(run(50), 0U);
  const std::vector<std::byte> then = destination();
  run_until_idle();
  EXPECT_EQ(destination(), then);
  EXPECT_EQ(model_->dma_errors().status, static_cast<std::uint32_t>(AccessStatus::kDetached));
}

// Random copies with addresses inside, outside and at the edges of what is mapped, and maps that
// come and go: nothing outside changes.
TEST_F(IoatPci, RandomHostileDescriptors) {
  constexpr std::uint64_t kMapped = 0x180000;  // the rest of the file is not the device's
  EXPECT_EQ(guest_->dma_unmap(0, kRamBytes).error, 0U);
  EXPECT_EQ(guest_->dma_map(0, kMapped, ram_file_.get()).error, 0U);
  std::memset(ram_.data() + kMapped, 0x5A, kRamBytes - kMapped);
  const std::array<std::uint64_t, 6> edges{0x100000, kMapped - 64,  kMapped - 1,
                                           kMapped,  kRamBytes - 1, ~std::uint64_t{0} - 100};
  for (int round = 0; round < 200; ++round) {
    set_up_channel();
    const auto any = [&] { return edges[random_() % edges.size()] + random_() % 128 - 64; };
    put_descriptor(kRing, 1 + static_cast<std::uint32_t>(random_() % 5000), any(), any());
    guest_->post<std::uint16_t>(0, kDmaCount, 1);
    (void)chanerr();
    run_until_idle();
    guest_->post<std::uint32_t>(0, kChanErr, 0xFFFFFFFF);
  }
  for (std::uint64_t at = kMapped; at < kRamBytes; ++at) {
    ASSERT_EQ(ram_[at], std::byte{0x5A}) << "byte " << at << " is not the device's";
  }
}

}  // namespace
}  // namespace guestlink::test
