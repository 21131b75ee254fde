// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "guestlink/pci_endpoint.h"

#include <poll.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>
#include <vector>

#include "attach/spec.h"
#include "pci/pci_device.h"
#include "pci/pci_spec.h"
#include "pci/vfio_user_server.h"

namespace guestlink {

using detail::PciDevice;
using detail::PciSpec;
using detail::Transport;
using detail::VfioUserServer;

struct PciEndpoint::Parts {
  explicit Parts(PciSpec made_of) : spec(std::move(made_of)), device(spec.identity) {}

  PciSpec spec;
  PciDevice device;
  std::unique_ptr<Transport> transport;
};

namespace {

constexpr std::uint64_t kOnes = ~std::uint64_t{0};

using Json = nlohmann::ordered_json;

// One word of a shell.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

// Names the spec in what is wrong with it.
template <typename Make>
auto made_of(std::string_view text, Make make) {
  try {
    return make(detail::parse_pci_spec(text));
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument("device spec " + detail::in_quotes(text) + ": " + error.what());
  }
}

}  // namespace

PciEndpoint::PciEndpoint(std::string_view spec, GuestMemory& memory)
    : parts_(
          made_of(spec, [](PciSpec taken) { return std::make_unique<Parts>(std::move(taken)); })),
      memory_(memory) {
  parts_->transport = std::make_unique<VfioUserServer>(parts_->device, parts_->spec.path);
  publish();
}

PciEndpoint::PciEndpoint(std::string_view spec, GuestMemory& memory, FileDescriptor client)
    : parts_(
          made_of(spec, [](PciSpec taken) { return std::make_unique<Parts>(std::move(taken)); })),
      memory_(memory) {
  parts_->transport = std::make_unique<VfioUserServer>(parts_->device, std::move(client));
  publish();
}

PciEndpoint::~PciEndpoint() = default;

std::string PciEndpoint::qemu_option(bool lock_step) const {
  // The largest time-out that QEMU takes: a simulator that is slow, or stopped in a debugger, is
  // not a device that is broken.
  const std::string path = std::filesystem::absolute(parts_->spec.path).string();
  Json option = {{"driver", "vfio-user-pci"},
                 {"socket", {{"type", "unix"}, {"path", path}}},
                 {"x-msg-timeout", 2147483647}};
  if (lock_step) option["x-no-posted-writes"] = true;
  return "-device " + quoted(option.dump(-1, ' ', false, Json::error_handler_t::replace));
}

PciLink PciEndpoint::link() const noexcept { return parts_->transport->link(); }

void PciEndpoint::poll() {
  parts_->transport->serve();
  publish();
}

void PciEndpoint::publish() {
  try {
    parts_->device.dma().publish(memory_);
  } catch (const std::exception& error) {
    // What cannot be shown as it is now must not be reached as it was.
    memory_.detach();
    parts_->device.say(error.what());
  }
  if (link() != PciLink::kEnded || memory_.lost()) return;
  memory_.detach();
  started_ = false;
}

void PciEndpoint::wait(std::chrono::milliseconds limit, std::span<const int> others) {
  if (!pending() && link() != PciLink::kEnded) {
    std::vector<pollfd> entries{parts_->transport->awaited()};
    for (const int fd : others) entries.push_back({.fd = fd, .events = POLLIN, .revents = 0});
    (void)::poll(entries.data(), entries.size(), static_cast<int>(limit.count()));
  }
  poll();
}

bool PciEndpoint::pending() const noexcept {
  return parts_->device.resetting() || !parts_->device.requests().empty();
}

PciEndpoint::Next PciEndpoint::next(unsigned bar, bool takes_resets, MmioRequest& request) {
  PciDevice& device = parts_->device;
  if (started_) return Next::kNothing;
  if (device.resetting()) {
    if (!takes_resets) give_up_if_unserved();
    started_ = takes_resets;
    return takes_resets ? Next::kReset : Next::kNothing;
  }
  if (!device.requests().empty()) {
    const MmioRequest& first = device.requests().front().access;
    if (first.bar != bar) {
      give_up_if_unserved();
      return Next::kNothing;
    }
    unserved_ = 0;
    request = first;
    started_ = true;
    return Next::kRequest;
  }
  if (--clocks_to_poll_ == 0) {
    clocks_to_poll_ = kPollClocks;
    poll();
  }
  return Next::kNothing;
}

// Each BAR's adapter asks every clock: what none takes for so long has none.
void PciEndpoint::give_up_if_unserved() {
  if (++unserved_ < kUnservedCalls) return;
  unserved_ = 0;
  PciDevice& device = parts_->device;
  device.say(device.resetting() ? "no axil_guest_mmio has TakesResets: the device is not reset"
                                : "no axil_guest_mmio serves BAR " +
                                      std::to_string(device.requests().front().access.bar) +
                                      ": the guest reads ones");
  started_ = true;
  complete(kOnes, Outcome::kError);
}

void PciEndpoint::complete(std::uint64_t data, Outcome outcome) {
  PciDevice& device = parts_->device;
  if (!std::exchange(started_, false)) return;
  if (device.resetting()) {
    parts_->transport->answer_reset(device.end_reset());
    if (observer_ != nullptr) observer_->was_reset();
  } else {
    const PciDevice::Request request = device.requests().front();
    device.requests().pop_front();
    const bool okay = outcome == Outcome::kOkay;
    parts_->transport->answer(request, okay ? data : kOnes);
    if (observer_ != nullptr) {
      const unsigned unused_bits = 64U - 8U * request.access.size;
      observer_->accessed(request.access, (okay ? data : kOnes) << unused_bits >> unused_bits,
                          okay);
    }
  }
  // What waited for this, in the transport's buffer.
  if (!pending()) poll();
}

bool PciEndpoint::set_interrupt(std::uint32_t vector, bool level) {
  if (observer_ != nullptr) observer_->interrupt_changed(vector, level);
  return parts_->device.interrupts().set_level(vector, level);
}

bool PciEndpoint::pulse_interrupt(std::uint32_t vector) {
  if (observer_ != nullptr) observer_->interrupt_changed(vector, true);
  return parts_->device.interrupts().pulse(vector);
}

std::uint64_t PciEndpoint::interrupts_sent() const noexcept {
  return parts_->device.interrupts().sent();
}

std::string PciEndpoint::failure() const { return parts_->transport->failure(); }

std::string PciEndpoint::dma_problem(std::uint64_t address) const {
  if (link() != PciLink::kConnected) return "no guest is there";
  if (!parts_->device.function().bus_master()) return "bus master is off";
  if (parts_->device.unreachable(address)) return "the guest gave no file for this memory";
  return "";
}

std::string PciEndpoint::take_message() {
  auto& messages = parts_->device.messages();
  if (messages.empty()) return "";
  std::string first = std::move(messages.front());
  messages.pop_front();
  return first;
}

}  // namespace guestlink
