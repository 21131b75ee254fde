// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "shell/ranges.h"

namespace guestlink::shell {

/// Bytes to look for, at addresses that are multiples of `alignment` (at least 1).
class Pattern {
 public:
  /// `bytes` is not empty.
  Pattern(std::vector<std::byte> bytes, std::uint64_t alignment);

  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] std::uint64_t alignment() const noexcept { return alignment_; }
  [[nodiscard]] bool all_zero() const noexcept { return is_zero(bytes_); }
  /// The index in `data`, which starts at guest address `address`, of the first match that starts
  /// at `from` or behind it and lies within `data`; data.size() if there is none.
  [[nodiscard]] std::size_t find(std::span<const std::byte> data, std::uint64_t address,
                                 std::size_t from) const noexcept;

 private:
  [[nodiscard]] bool matches(const std::byte* at) const noexcept;
  [[nodiscard]] std::size_t find_by_stride(std::span<const std::byte> data, std::uint64_t address,
                                           std::size_t from) const noexcept;

  std::vector<std::byte> bytes_;
  std::uint64_t alignment_;
  // The two bytes of the pattern that are looked at first: the least common ones.
  std::size_t probe_ = 0;
  std::size_t second_ = 0;
};

/// Calls found(address) for each match in RAM, ascending, until it returns false; a match may lie
/// across segments that adjoin in the guest. Holes are not read. progress(bytes) is called as
/// populated memory is done with.
void search(std::span<const Segment> segments, const Pattern& pattern,
            const std::function<bool(std::uint64_t)>& found,
            const std::function<void(std::uint64_t)>& progress);

}  // namespace guestlink::shell
