// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci/interrupts.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace guestlink::detail {

Interrupts::Interrupts(std::uint32_t msix_vectors, bool intx)
    : triggers_(msix_vectors), wires_(std::max(msix_vectors, 1U)), has_intx_(intx) {}

bool Interrupts::set_level(std::uint32_t vector, bool level) noexcept {
  if (vector >= wires_.size()) return false;
  const bool rises = level && !wires_[vector].level;
  wires_[vector].level = level;
  if (msix_enabled_ && rises) raise(vector);
  update_intx();
  return true;
}

bool Interrupts::pulse(std::uint32_t vector) noexcept {
  if (vector >= wires_.size()) return false;
  if (msix_enabled_) {
    raise(vector);
  } else {
    wires_[vector].pending = true;
    update_intx();
  }
  return true;
}

void Interrupts::set_msix_triggers(std::uint32_t start, std::vector<FileDescriptor> triggers) {
  if (!std::exchange(msix_enabled_, true)) {
    // A wire that is high already would rise no more.
    for (Wire& wire : wires_) wire.pending |= wire.level;
  }
  for (std::size_t i = 0; i < triggers.size(); ++i) {
    FileDescriptor& trigger = triggers_[start + i];
    trigger = std::move(triggers[i]);
    if (trigger.get() >= 0 && std::exchange(wires_[start + i].pending, false)) signal(trigger);
  }
}

void Interrupts::drop_msix() noexcept {
  if (!std::exchange(msix_enabled_, false)) return;
  for (FileDescriptor& trigger : triggers_) trigger = FileDescriptor();
  for (Wire& wire : wires_) wire.pending &= !wire.level;  // its level tells all
  update_intx();
}

void Interrupts::set_intx_trigger(FileDescriptor trigger) noexcept {
  intx_trigger_ = std::move(trigger);
  intx_masked_ = false;
  update_intx();
}

void Interrupts::mask_intx(bool masked) noexcept {
  intx_masked_ = masked;
  update_intx();
}

void Interrupts::disable_intx(bool disabled) noexcept {
  intx_disabled_ = disabled;
  update_intx();
}

void Interrupts::send_msix(std::uint32_t vector) noexcept { raise(vector); }

void Interrupts::send_intx() noexcept {
  if (intx_trigger_.get() >= 0) signal(intx_trigger_);
}

bool Interrupts::intx_asserted() const noexcept {
  return has_intx_ && !msix_enabled_ &&
         std::any_of(wires_.begin(), wires_.end(),
                     [](const Wire& wire) { return wire.level || wire.pending; });
}

void Interrupts::read_pending(std::uint64_t offset, std::span<std::byte> data) const noexcept {
  std::fill(data.begin(), data.end(), std::byte{0});
  if (!msix_enabled_) return;
  for (std::size_t i = 0; i < data.size() && offset + i < (triggers_.size() + 7) / 8; ++i) {
    for (std::size_t bit = 0; bit < 8; ++bit) {
      const std::size_t vector = (offset + i) * 8 + bit;
      if (vector < triggers_.size() && wires_[vector].pending) data[i] |= std::byte{1} << bit;
    }
  }
}

void Interrupts::reset() noexcept {
  wires_.assign(wires_.size(), Wire());
  intx_masked_ = intx_disabled_ = false;
}

void Interrupts::raise(std::uint32_t vector) noexcept {
  const FileDescriptor& trigger = triggers_[vector];
  wires_[vector].pending = trigger.get() < 0;
  if (!wires_[vector].pending) signal(trigger);
}

void Interrupts::update_intx() noexcept {
  if (intx_masked_ || intx_disabled_ || intx_trigger_.get() < 0 || !intx_asserted()) return;
  intx_masked_ = true;
  for (Wire& wire : wires_) wire.pending = false;
  signal(intx_trigger_);
}

// An eventfd that is full holds an interrupt already: nothing is lost. It is not waited for, even
// if the other side has made it blocking again. One of a guest that has gone is nobody's.
void Interrupts::signal(const FileDescriptor& trigger) noexcept {
  const std::uint64_t one = 1;
  pollfd entry = {.fd = trigger.get(), .events = POLLOUT, .revents = 0};
  if (poll(&entry, 1, 0) != 1) return;
  if (write(trigger.get(), &one, sizeof one) == static_cast<ssize_t>(sizeof one)) ++sent_;
}

}  // namespace guestlink::detail
