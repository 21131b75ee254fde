// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "guestlink/guest_memory.h"

namespace guestlink::sim {

/// A published doorbell page (docs/architecture.md has its layout).
struct DoorbellPage {
  std::uint64_t address = 0;
  std::uint32_t session = 0;
  bool operator==(const DoorbellPage&) const = default;
};

/// Looks for a live doorbell page in guest RAM. It only reads, and only what the file behind the
/// RAM holds (populated_ranges), at page starts. A page is live when signature, its own address,
/// version 1, a session and state 1 are there, and its heartbeat has moved since it was first seen:
/// what a dead program left behind, a copy of a page elsewhere and a program image never match. One
/// thread at a time.
class DoorbellScanner {
 public:
  explicit DoorbellScanner(const GuestMemory& memory) : memory_(memory) {}

  /// One pass. The lowest live page, if a heartbeat moved since an earlier pass. Throws
  /// std::bad_alloc.
  std::optional<DoorbellPage> scan();

  /// Passes, `pause` apart, until there is a page, `limit` is over or `stop` says so (asked every
  /// pause).
  std::optional<DoorbellPage> wait(std::chrono::milliseconds limit,
                                   const std::function<bool()>& stop = {},
                                   std::chrono::milliseconds pause = std::chrono::milliseconds(20));

  /// Pages of the last pass that match but whose heartbeat stands still.
  [[nodiscard]] std::size_t stale_pages() const noexcept { return candidates_.size(); }

 private:
  struct Candidate {
    DoorbellPage page;
    std::uint64_t heartbeat = 0;
  };
  std::optional<Candidate> examine(std::uint64_t address) const;
  std::optional<DoorbellPage> find_live(const std::vector<Candidate>& found) const;

  const GuestMemory& memory_;
  std::vector<Candidate> candidates_;
};

}  // namespace guestlink::sim
