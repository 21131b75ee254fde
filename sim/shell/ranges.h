// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "guestlink/guest_memory.h"
#include "guestlink/guest_session.h"

namespace guestlink::shell {

/// Throws Failure unless all of the range may be so accessed: names the first byte that may not be,
/// and where RAM goes on.
void require_range(const GuestMemory& memory, GuestRange range, Access access);

/// Why the memory cannot be used any more, in words.
std::string why_gone(const GuestMemory& memory);
/// Throws Failure if an access to `memory`, which was checked before, failed: the guest has gone.
void require_ok(const GuestMemory& memory, AccessStatus status, GuestRange range);
/// The same for a write of code, which says itself what happened.
void require_ok(const GuestMemory& memory, const CodeWrite& result, GuestRange range);

/// A run of RAM that is in one piece in this process; `host` is null where the file has a hole:
/// zeroes, which reading would allocate.
struct Segment {
  std::uint64_t guest_address = 0;
  std::uint64_t length = 0;
  const std::byte* host = nullptr;

  [[nodiscard]] std::uint64_t end() const noexcept { return guest_address + length; }
};

inline constexpr GuestRange kAllAddresses{0, ~std::uint64_t{0}};

/// The RAM within `range`, ascending; what is not RAM is left out. A snapshot of what is populated.
std::vector<Segment> segments_of(const GuestMemory& memory, GuestRange range);

/// Bytes that `segments` have: their sum, or only of those that are populated.
std::uint64_t total_length(std::span<const Segment> segments);
std::uint64_t populated_length(std::span<const Segment> segments);

/// Copies from segments; what none of them has becomes zero.
void copy_from(std::span<const Segment> segments, std::uint64_t address, std::span<std::byte> data);

/// Whether all bytes are zero.
bool is_zero(std::span<const std::byte> data) noexcept;

}  // namespace guestlink::shell
