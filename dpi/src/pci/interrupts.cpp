// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci/interrupts.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace guestlink::detail {

Interrupts::Interrupts(std::uint32_t msix_vectors, bool intx)
    : vectors_(msix_vectors), wires_(std::max(msix_vectors, 1U), false), has_intx_(intx) {}

bool Interrupts::set_level(std::uint32_t vector, bool level) noexcept {
  if (vector >= wires_.size()) return false;
  const bool rises = level && !wires_[vector];
  wires_[vector] = level;
  if (msix_enabled_ && rises && vector < vectors_.size()) raise(vectors_[vector]);
  update_intx();
  return true;
}

bool Interrupts::pulse(std::uint32_t vector) noexcept {
  if (vector >= wires_.size()) return false;
  if (msix_enabled_ && vector < vectors_.size()) {
    raise(vectors_[vector]);
  } else {
    intx_pulse_ = true;
    update_intx();
  }
  return true;
}

void Interrupts::set_msix_triggers(std::uint32_t start, std::vector<FileDescriptor> triggers) {
  const bool enables = !std::exchange(msix_enabled_, true);
  if (enables) {
    // A wire that is high already would rise no more.
    for (std::size_t i = 0; i < vectors_.size(); ++i) vectors_[i].pending = wires_[i];
  }
  for (std::size_t i = 0; i < triggers.size(); ++i) {
    Vector& vector = vectors_[start + i];
    vector.trigger = std::move(triggers[i]);
    if (vector.trigger.get() >= 0 && std::exchange(vector.pending, false)) signal(vector.trigger);
  }
}

void Interrupts::drop_msix() noexcept {
  if (!std::exchange(msix_enabled_, false)) return;
  for (Vector& vector : vectors_) {
    vector.trigger = FileDescriptor();
    vector.pending = false;
  }
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

void Interrupts::send_msix(std::uint32_t vector) noexcept { raise(vectors_[vector]); }

void Interrupts::send_intx() noexcept {
  if (intx_trigger_.get() >= 0) signal(intx_trigger_);
}

bool Interrupts::intx_asserted() const noexcept {
  if (!has_intx_ || msix_enabled_) return false;
  return intx_pulse_ || std::find(wires_.begin(), wires_.end(), true) != wires_.end();
}

void Interrupts::read_pending(std::uint64_t offset, std::span<std::byte> data) const noexcept {
  std::fill(data.begin(), data.end(), std::byte{0});
  for (std::size_t i = 0; i < data.size() && offset + i < (vectors_.size() + 7) / 8; ++i) {
    for (std::size_t bit = 0; bit < 8; ++bit) {
      const std::size_t vector = (offset + i) * 8 + bit;
      if (vector < vectors_.size() && vectors_[vector].pending) data[i] |= std::byte{1} << bit;
    }
  }
}

void Interrupts::reset() noexcept {
  wires_.assign(wires_.size(), false);
  for (Vector& vector : vectors_) vector.pending = false;
  intx_masked_ = intx_disabled_ = intx_pulse_ = false;
}

void Interrupts::raise(Vector& vector) noexcept {
  vector.pending = vector.trigger.get() < 0;
  if (!vector.pending) signal(vector.trigger);
}

void Interrupts::update_intx() noexcept {
  if (intx_masked_ || intx_disabled_ || intx_trigger_.get() < 0 || !intx_asserted()) return;
  intx_masked_ = true;
  intx_pulse_ = false;
  signal(intx_trigger_);
}

// An eventfd that is full holds an interrupt already: nothing is lost. One of a guest that has
// gone is nobody's.
void Interrupts::signal(const FileDescriptor& trigger) noexcept {
  const std::uint64_t one = 1;
  if (write(trigger.get(), &one, sizeof one) == static_cast<ssize_t>(sizeof one)) ++sent_;
}

}  // namespace guestlink::detail
