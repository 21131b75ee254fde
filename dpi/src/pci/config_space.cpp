// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci/config_space.h"

#include <algorithm>

#include "guestlink/range.h"

namespace guestlink::detail {
namespace {

std::uint8_t byte_of(std::uint32_t value, std::size_t index) noexcept {
  return static_cast<std::uint8_t>(value >> (8 * index));
}

}  // namespace

void ConfigSpace::set(std::size_t offset, std::size_t size, std::uint32_t value) noexcept {
  for (std::size_t i = 0; i < size; ++i) {
    now_[offset + i] = power_on_[offset + i] = byte_of(value, i);
  }
}

void ConfigSpace::make_writable(std::size_t offset, std::size_t size, std::uint32_t mask) noexcept {
  for (std::size_t i = 0; i < size; ++i) writable_[offset + i] |= byte_of(mask, i);
}

std::uint32_t ConfigSpace::get(std::size_t offset, std::size_t size) const noexcept {
  std::uint32_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8 | now_[offset + i];
  return value;
}

void ConfigSpace::drive(std::size_t offset, std::size_t size, std::uint32_t value) noexcept {
  for (std::size_t i = 0; i < size; ++i) now_[offset + i] = byte_of(value, i);
}

bool ConfigSpace::read(std::uint64_t offset, std::span<std::byte> data) const noexcept {
  if (!range_fits(offset, data.size(), kBytes)) return false;
  std::copy_n(std::as_bytes(std::span(now_)).begin() + static_cast<std::ptrdiff_t>(offset),
              data.size(), data.begin());
  return true;
}

bool ConfigSpace::write(std::uint64_t offset, std::span<const std::byte> data) noexcept {
  if (!range_fits(offset, data.size(), kBytes)) return false;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const std::uint8_t mask = writable_[offset + i];
    std::uint8_t& byte = now_[offset + i];
    byte =
        static_cast<std::uint8_t>((byte & ~mask) | (std::to_integer<std::uint8_t>(data[i]) & mask));
  }
  return true;
}

}  // namespace guestlink::detail
