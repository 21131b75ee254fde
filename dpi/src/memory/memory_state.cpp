// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "guestlink/memory_state.h"

#include <algorithm>
#include <span>

namespace guestlink {
namespace {

constexpr std::uint64_t kBeatBytes = 128;  // the largest

}  // namespace

void MemoryState::HotRow::set(const Region& row) noexcept {
  const std::uint64_t skipped = -row.guest_address % kBeatBytes;
  if (row.length < skipped + kBeatBytes) return;
  const std::uint64_t whole = (row.length - skipped) / kBeatBytes * kBeatBytes;
  guest_address = row.guest_address + skipped;
  length = whole;
  writable_length = row.writable() ? whole : 0;
  host = row.host + skipped;
}

void MemoryState::HotRow::clear() noexcept {
  length.store(0, std::memory_order_relaxed);
  writable_length.store(0, std::memory_order_relaxed);
}

MemoryState::MemoryState(std::vector<Region> rows) : lost_(false), generation_(1) {
  std::sort(rows.begin(), rows.end(),
            [](const Region& a, const Region& b) { return a.length > b.length; });
  if (rows.empty()) return;
  largest_.set(rows[0]);
  share_out(std::span(rows).subspan(1));
}

// Each part to the row that has most of it.
void MemoryState::share_out(std::span<const Region> rows) noexcept {
  if (rows.empty()) return;
  const auto last_of = [](const Region& row) { return row.guest_address + (row.length - 1); };
  std::uint64_t first = rows[0].guest_address;
  std::uint64_t last = last_of(rows[0]);
  for (const Region& row : rows) {
    first = std::min(first, row.guest_address);
    last = std::max(last, last_of(row));
  }
  while ((last >> part_shift_) - (first >> part_shift_) >= kParts) ++part_shift_;
  std::array<std::uint64_t, kParts> most{};
  for (const Region& row : rows) {
    for (std::uint64_t part = row.guest_address >> part_shift_; part <= last_of(row) >> part_shift_;
         ++part) {
      const std::uint64_t begin = part << part_shift_;
      const std::uint64_t end = begin + ((std::uint64_t{1} << part_shift_) - 1);
      const std::uint64_t common =
          std::min(last_of(row), end) - std::max(row.guest_address, begin) + 1;
      if (common <= most[part % kParts]) continue;
      most[part % kParts] = common;
      parts_[part % kParts].set(row);
    }
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
  largest_.clear();
  for (HotRow& row : parts_) row.clear();
}

// Goes on counting where another state of the same memory was. Odd stays odd; without memory there
// is nothing to count.
void MemoryState::follow(std::uint64_t before) noexcept {
  if (generation() != 0) generation_.fetch_add(((before + 1) | 1) - 1);
}

}  // namespace guestlink
