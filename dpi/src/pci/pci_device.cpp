// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci/pci_device.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "guestlink/range.h"

namespace guestlink::detail {

bool PciDevice::read_config(std::uint64_t offset, std::span<std::byte> data) noexcept {
  function_.show_intx(interrupts_.intx_asserted());
  return function_.read_config(offset, data);
}

bool PciDevice::write_config(std::uint64_t offset, std::span<const std::byte> data) noexcept {
  if (!function_.write_config(offset, data)) return false;
  dma_.set_bus_master(function_.bus_master());
  interrupts_.disable_intx(function_.intx_disabled());
  return true;
}

bool PciDevice::has_access(std::size_t bar, std::uint64_t offset,
                           std::uint64_t size) const noexcept {
  return std::has_single_bit(size) && size <= 8 && offset % size == 0 &&
         range_fits(offset, size, function_.bar_size(bar));
}

void PciDevice::read_msix(std::uint64_t offset, std::span<std::byte> data) const noexcept {
  std::fill(data.begin(), data.end(), std::byte{0});
  const std::uint64_t pba = function_.pba_offset();
  if (offset >= pba) interrupts_.read_pending(offset - pba, data);
}

bool PciDevice::has_writes() const noexcept {
  return std::any_of(requests_.begin(), requests_.end(),
                     [](const Request& request) { return request.access.write; });
}

void PciDevice::start_reset(std::uint64_t ticket) noexcept {
  function_.reset();
  interrupts_.reset();
  dma_.set_bus_master(false);
  resetting_ = true;
  reset_ticket_ = ticket;
}

std::uint64_t PciDevice::end_reset() noexcept {
  resetting_ = false;
  return std::exchange(reset_ticket_, kPosted);
}

void PciDevice::say(std::string text) {
  if (said_ == kMostMessages) text = "and more of such, which are not told";
  if (said_++ <= kMostMessages) messages_.push_back(std::move(text));
}

}  // namespace guestlink::detail
