// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "guestlink/guest_memory.h"
#include "guestlink/pci_endpoint.h"
#include "pci/message_stream.h"
#include "support/vfio_user_client.h"

namespace {

using guestlink::AccessStatus;
using guestlink::FileDescriptor;
using guestlink::GuestMemory;
using guestlink::PciEndpoint;
using guestlink::test::VfioUserClient;

constexpr std::size_t kRamBytes = 1U << 20;

/// The input, byte by byte; zeroes behind its end.
class Input {
 public:
  explicit Input(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  template <typename T>
  T take() {
    T value{};
    const std::size_t part = std::min(sizeof value, bytes_.size());
    if (part != 0) std::memcpy(&value, bytes_.data(), part);
    bytes_ = bytes_.subspan(part);
    return value;
  }
  std::vector<std::byte> take_bytes(std::size_t most) {
    const auto part = std::as_bytes(bytes_.first(std::min(most, bytes_.size())));
    bytes_ = bytes_.subspan(part.size());
    return {part.begin(), part.end()};
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

/// Files that a client may send: RAM, one that may only be read, eventfds, none of these.
struct Files {
  FileDescriptor ram{memfd_create("ram", MFD_CLOEXEC)};
  FileDescriptor small{memfd_create("small", MFD_CLOEXEC)};
  FileDescriptor event{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  FileDescriptor socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  Files() {
    if (ftruncate(ram.get(), kRamBytes) != 0 || ftruncate(small.get(), 4096) != 0) std::abort();
  }
  [[nodiscard]] std::vector<int> chosen(std::uint8_t bits) const {
    std::vector<int> result;
    const std::array<int, 4> all{ram.get(), small.get(), event.get(), socket.get()};
    if ((bits & 0x80) != 0) result.assign(bits & 0x7F, event.get());
    for (std::size_t i = 0; i < all.size() && (bits & 0x80) == 0; ++i) {
      if ((bits >> i & 1) != 0) result.push_back(all[i]);
    }
    return result;
  }
};

/// A client that says what the input says, and an RTL that does.
class Session {
 public:
  Session(Input input, const Files& files) : input_(input), files_(files) {
    auto [guest, device] = VfioUserClient::socket_pair();
    guest_.emplace(std::move(guest));
    endpoint_.emplace("vfio-user:x,vendor=1,device=2,bar0=mem:4K,bar3=io:16,msix=5,intx", memory_,
                      std::move(device));
  }

  void run() {
    const bool polite = input_.take<std::uint8_t>() % 8 != 0;
    if (polite) send(VfioUserClient::kVersion, std::vector<std::byte>(4), 0, 0);
    while (!input_.empty()) {
      step(input_.take<std::uint8_t>());
      endpoint_->poll();
      read_replies();
      while (!endpoint_->take_message().empty()) continue;
    }
  }

 private:
  void step(std::uint8_t what) {
    switch (what % 8) {
      case 0:
        if (guest_) send_raw(input_.take_bytes(input_.take<std::uint8_t>()));
        return;
      case 1:
      case 2:
      case 3:
        return send_message();
      case 4:
        return serve(input_.take<std::uint8_t>());
      case 5:
        return access();
      case 6: {
        const auto vector = input_.take<std::uint8_t>() % 7U;
        const bool there = (what & 8) != 0 ? endpoint_->set_interrupt(vector, (what & 16) != 0)
                                           : endpoint_->pulse_interrupt(vector);
        if (there != (vector < 5)) std::abort();
        return;
      }
      default:
        if (what == 0xFF) guest_.reset();
    }
  }

  void send_message() {
    static constexpr std::array<std::uint16_t, 12> kCommands{1, 2, 3,  4,  5,  7,
                                                             8, 9, 10, 13, 15, 99};
    const auto command = kCommands[input_.take<std::uint8_t>() % kCommands.size()];
    const auto flags = input_.take<std::uint8_t>();
    const auto files = input_.take<std::uint8_t>();
    send(command, input_.take_bytes(input_.take<std::uint8_t>() % 96),
         flags % 4 == 3 ? flags : flags & 0x10, files);
  }
  void send(std::uint16_t command, const std::vector<std::byte>& payload, std::uint32_t flags,
            std::uint8_t files) {
    if (guest_)
      send_raw(VfioUserClient::message(++id_, command, payload, flags).bytes(),
               files_.chosen(files));
  }
  // What does not fit into the socket is not sent: nothing waits here.
  void send_raw(std::span<const std::byte> bytes, std::span<const int> files = {}) {
    guest_->limit = std::chrono::milliseconds(0);
    try {
      guest_->send_bytes(bytes, files);
    } catch (const std::exception&) {
    }
  }
  void read_replies() {
    try {
      while (guest_ && guest_->try_receive()) continue;
    } catch (const std::exception&) {  // hung up
      guest_.reset();
    }
  }

  void serve(std::uint8_t bits) {
    guestlink::MmioRequest request;
    const unsigned bar = (bits & 1) != 0 ? 3 : 0;
    switch (endpoint_->next(bar, (bits & 2) != 0, request)) {
      case PciEndpoint::Next::kNothing:
        return;
      case PciEndpoint::Next::kRequest:
        if (request.bar != bar || request.offset % request.size != 0) std::abort();
        if (request.offset + request.size > (bar == 0 ? 4096U : 16U)) std::abort();
        break;
      case PciEndpoint::Next::kReset:
        break;
    }
    endpoint_->complete(input_.take<std::uint64_t>(), (bits & 4) != 0
                                                          ? PciEndpoint::Outcome::kError
                                                          : PciEndpoint::Outcome::kOkay);
  }

  // What a device may do is what the map says, and that lies in the files.
  void access() {
    const auto address = input_.take<std::uint64_t>();
    std::vector<std::byte> data(input_.take<std::uint16_t>());
    const bool mapped = std::any_of(
        memory_.regions().begin(), memory_.regions().end(), [&](const guestlink::Region& region) {
          return region.writable() && address - region.guest_address < region.length;
        });
    const AccessStatus status = memory_.write(address, data);
    if (status == AccessStatus::kOk && !data.empty() && !mapped) std::abort();
    (void)memory_.read(address, data);
  }

  Input input_;
  const Files& files_;
  GuestMemory memory_;
  std::optional<VfioUserClient> guest_;
  std::optional<PciEndpoint> endpoint_;
  std::uint16_t id_ = 0;
};

}  // namespace

// Whatever a client says and an RTL does: no crash, no hang, no access outside of the files.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Files kFiles;
  Session(Input({data, size}), kFiles).run();
  return 0;
}
