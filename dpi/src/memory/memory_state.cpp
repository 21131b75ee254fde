// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "guestlink/memory_state.h"

#include <algorithm>
#include <vector>

namespace guestlink {
namespace {

constexpr std::uint64_t kBeatBytes = 128;  // the largest

}  // namespace

MemoryState::MemoryState(std::span<const Region> rows) : lost_(false), generation_(1) {
  std::vector<Region> largest(rows.begin(), rows.end());
  std::sort(largest.begin(), largest.end(),
            [](const Region& a, const Region& b) { return a.length > b.length; });
  for (std::size_t i = 0; i < std::min(kHotRows, largest.size()); ++i) {
    const Region& row = largest[i];
    const std::uint64_t skipped = -row.guest_address % kBeatBytes;
    if (row.length < skipped + kBeatBytes) continue;
    const std::uint64_t length = (row.length - skipped) / kBeatBytes * kBeatBytes;
    hot_[i].guest_address = row.guest_address + skipped;
    hot_[i].length = length;
    hot_[i].writable_length = row.writable() ? length : 0;
    hot_[i].host = row.host + skipped;
  }
}

std::shared_ptr<MemoryState> MemoryState::none() noexcept {
  static constinit MemoryState state;
  return {std::shared_ptr<void>(), &state};
}

void MemoryState::detach() noexcept {
  std::uint64_t attached = generation();
  // Only the first of several counts.
  if (attached % 2 == 1) generation_.compare_exchange_strong(attached, attached + 1);
  lost_.store(true, std::memory_order_relaxed);
  for (HotRow& row : hot_) {
    row.length.store(0, std::memory_order_relaxed);
    row.writable_length.store(0, std::memory_order_relaxed);
  }
}

// Goes on counting where another state of the same memory was. Odd stays odd; without memory there
// is nothing to count.
void MemoryState::follow(std::uint64_t before) noexcept {
  if (generation() != 0) generation_.fetch_add(((before + 1) | 1) - 1);
}

}  // namespace guestlink
