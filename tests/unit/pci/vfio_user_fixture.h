// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "guestlink/pci_endpoint.h"
#include "support/memory_file.h"
#include "support/vfio_user_client.h"

namespace guestlink::test {

/// An eventfd as QEMU makes them.
class EventFd {
 public:
  EventFd() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  [[nodiscard]] int fd() const { return fd_.get(); }
  /// How often it was written since the last call.
  [[nodiscard]] std::uint64_t take() const {
    std::uint64_t count = 0;
    return read(fd_.get(), &count, sizeof count) == sizeof count ? count : 0;
  }

 private:
  FileDescriptor fd_;
};

/// A device and its guest in one thread: the device is served while the client waits.
class VfioUserTest : public testing::Test {
 protected:
  using Client = VfioUserClient;
  using Next = PciEndpoint::Next;
  using Outcome = PciEndpoint::Outcome;

  static constexpr std::string_view kSpec =
      "vfio-user:unused,vendor=0x8086,device=0x0b00,class=0x088000,bar0=mem:16K,bar2=io:64,"
      "bar3=mem64:64K,msix=12,intx";
  static constexpr std::uint32_t kMsixBar = 1;
  static constexpr std::uint64_t kPba = 0x800;
  static constexpr std::uint64_t kPage = 0x1000;

  explicit VfioUserTest(std::string_view spec = kSpec,
                        std::pair<FileDescriptor, FileDescriptor> ends = Client::socket_pair())
      : endpoint_(std::make_unique<PciEndpoint>(spec, memory_, std::move(ends.first))),
        client_(std::move(ends.second)) {
    client_.pump = [this] {
      endpoint_->poll();
      if (rtl_) serve();
    };
  }

  /// The same with another connection and without memory.
  void start_again() {
    auto ends = Client::socket_pair();
    endpoint_ = std::make_unique<PciEndpoint>(kSpec, memory_, std::move(ends.first));
    auto pump = std::move(client_.pump);
    client_ = Client(std::move(ends.second));
    client_.pump = std::move(pump);
  }

  // Answers all that waits as rtl_ says.
  void serve() {
    for (MmioRequest request; endpoint_->pending();) {
      bool served = false;
      for (unsigned bar = 0; bar < 6; ++bar) {
        const Next next = endpoint_->next(bar, true, request);
        if (next == Next::kNothing) continue;
        served = true;
        seen_.push_back(request);
        endpoint_->complete(next == Next::kRequest ? rtl_(request) : 0, Outcome::kOkay);
      }
      ASSERT_TRUE(served) << "nobody is asked";
    }
  }
  /// The next request of `bar`, which there has to be.
  MmioRequest take(unsigned bar = 0) {
    MmioRequest request;
    EXPECT_EQ(endpoint_->next(bar, false, request), Next::kRequest);
    return request;
  }
  void complete(std::uint64_t data = 0) { endpoint_->complete(data, Outcome::kOkay); }

  std::string all_messages() {
    std::string all;
    for (std::string message = endpoint_->take_message(); !message.empty();
         message = endpoint_->take_message()) {
      all += message + "\n";
    }
    return all;
  }
  /// Whether the connection is as good as ever.
  void expect_alive() {
    EXPECT_EQ(client_.read<std::uint16_t>(Client::kConfig, 0), 0x8086);
    EXPECT_EQ(endpoint_->link(), PciLink::kConnected);
  }
  void enable_bus_master() { EXPECT_EQ(client_.write(Client::kConfig, 4, std::uint16_t{6}), 0U); }

  AccessStatus load(std::uint64_t address) {
    std::uint8_t value = 0;
    return memory_.load(address, value);
  }
  AccessStatus store(std::uint64_t address) { return memory_.store(address, std::uint8_t{0x5A}); }

  GuestMemory memory_;
  std::unique_ptr<PciEndpoint> endpoint_;
  Client client_;
  MemoryFile ram_{0x100000};
  std::function<std::uint64_t(const MmioRequest&)> rtl_;  // while the client waits, if set
  std::vector<MmioRequest> seen_;                         // by serve()
};

/// A message of the client, to be sent as it is.
struct ClientMessage {
  std::uint16_t command;
  WireBytes payload;
  std::vector<int> files;
};

/// What QEMU 11.1 sends at its start, in its order, for a device with INTx and MSI-X whose RAM is
/// `ram`; and behind it what a driver does first.
inline std::vector<ClientMessage> start_up(int ram, int eventfd) {
  using Client = VfioUserClient;
  std::vector<ClientMessage> all;
  const auto words = [](std::initializer_list<std::uint32_t> values) {
    WireBytes bytes;
    for (const std::uint32_t value : values) bytes.add(value);
    return bytes;
  };
  const auto map = [&](std::uint64_t address, std::uint64_t size, std::uint64_t offset,
                       std::uint32_t flags, std::vector<int> files) {
    all.push_back(
        {Client::kDmaMap, words({32, flags}).add(offset).add(address).add(size), std::move(files)});
  };
  const auto irqs = [&](std::uint32_t index, std::uint32_t flags, std::uint32_t count,
                        std::vector<int> files) {
    all.push_back({Client::kSetIrqs, words({20, flags, index, 0, count}), std::move(files)});
  };
  const auto write = [&](std::uint64_t offset, std::uint32_t value, std::uint32_t count) {
    WireBytes payload = Client::access(Client::kConfig, offset, count);
    payload.add(std::as_bytes(std::span(&value, 1)).first(count));
    all.push_back({Client::kRegionWrite, std::move(payload), {}});
  };
  const auto read = [&](std::uint64_t offset, std::uint32_t count) {
    all.push_back({Client::kRegionRead, Client::access(Client::kConfig, offset, count), {}});
  };
  WireBytes version;
  version.add(std::uint32_t{0})
      .add(
          R"({"capabilities":{"pgsizes":4096,"max_msg_fds":16,"max_dma_maps":65535,)"
          R"("max_data_xfer_size":1048576,"migration":{"max_bitmap_size":268435456,"pgsize":4096},)"
          R"("write_multiple":true}})");
  all.push_back({Client::kVersion, version.add(std::uint8_t{0}), {}});
  map(0, 0x100000, 0, 3, {ram});
  map(0xFFFC0000, 0x40000, 0, 1, {});
  all.push_back({Client::kGetInfo, words({16, 0, 0, 0}), {}});
  for (const std::uint32_t region : {0U, 1U, 2U, 3U, 4U, 5U, 7U}) {
    all.push_back({Client::kGetRegionInfo, words({32, 0, region, 0, 0, 0, 0, 0}), {}});
  }
  all.push_back({Client::kGetIrqInfo, words({16, 0, 3, 0}), {}});
  read(0, 4096);
  write(0x30, 0xFFFFF800, 4);
  read(0x30, 4);
  write(0x30, 0, 4);
  for (std::uint64_t bar = 0x10; bar < 0x28; bar += 4) read(bar, 4);
  read(0x42, 2);
  read(0x44, 4);
  all.push_back({Client::kGetIrqInfo, words({16, 0, 2, 0}), {}});
  irqs(0, 0x24, 1, {eventfd});
  irqs(0, 0x21, 0, {});
  read(4, 2);
  write(4, 0, 2);
  all.push_back({Client::kReset, {}, {}});
  irqs(0, 0x24, 1, {eventfd});
  for (std::uint64_t bar = 0x10; bar < 0x28; bar += 4) write(bar, 0, 4);
  // The firmware splits the first MiB.
  all.push_back(
      {Client::kDmaUnmap, words({24, 0}).add(std::uint64_t{0}).add(std::uint64_t{0x100000}), {}});
  map(0, 0xC0000, 0, 3, {ram});
  map(0xC0000, 0x40000, 0xC0000, 1, {ram});
  // A driver.
  write(4, 0x0406, 2);
  irqs(0, 0x21, 0, {});
  irqs(2, 0x24, 1, {});
  irqs(2, 0x21, 0, {});
  irqs(2, 0x24, 1, {eventfd});
  all.push_back({Client::kRegionRead, Client::access(0, 0x10, 4), {}});
  all.push_back({Client::kRegionWrite, Client::access(0, 0x10, 4).add(std::uint32_t{1}), {}});
  return all;
}

}  // namespace guestlink::test
