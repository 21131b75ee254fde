// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace guestlink {

/// Whether `length` bytes from `offset` lie within `size` bytes. No sum is formed, so nothing can
/// wrap: an `offset` got by subtracting a region's base from a smaller address is huge and is
/// refused here.
constexpr bool range_fits(std::uint64_t offset, std::uint64_t length, std::uint64_t size) noexcept {
  return length <= size && offset <= size - length;
}

/// The same for a range that is aligned to its length, within a size that is a multiple of it: its
/// first byte decides.
constexpr bool aligned_range_fits(std::uint64_t offset, std::uint64_t size) noexcept {
  return offset < size;
}

}  // namespace guestlink
