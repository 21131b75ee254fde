// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "shell/ranges.h"

#include <algorithm>
#include <cstring>

#include "shell/errors.h"

namespace guestlink::shell {
namespace {

std::string name_of(GuestRange range) {
  return hex(range.length) + " bytes at " + hex(range.guest_address);
}

// The first row behind an address that is in none.
std::string where_ram_goes_on(const GuestMemory& memory, std::uint64_t address) {
  for (const Region& row : memory.regions()) {
    if (row.guest_address > address) return "RAM goes on at " + hex(row.guest_address);
  }
  if (memory.regions().empty()) return "there is no RAM";
  const Region& last = memory.regions().back();
  return "RAM ends at " + hex(last.guest_address + last.length - 1);
}

}  // namespace

void require_range(const GuestMemory& memory, GuestRange range, Access access) {
  if (memory.check(range.guest_address, range.length, access) == AccessStatus::kOk) return;
  std::uint64_t address = range.guest_address;
  const Region* read_only = nullptr;
  for (std::uint64_t left = range.length; left > 0;) {
    const Region* row = find_row(memory.regions(), address);
    if (row == nullptr) {
      throw Failure(name_of(range) + ": " + hex(address) + " is not RAM; " +
                    where_ram_goes_on(memory, address) + " (guestlink map shows all)");
    }
    if (!row->writable() && read_only == nullptr) read_only = row;
    const std::uint64_t step = std::min(left, row->length - (address - row->guest_address));
    address += step;
    left -= step;
  }
  if (access == Access::kWrite && read_only != nullptr) {
    throw Failure(name_of(range) + ": " +
                  hex(std::max(read_only->guest_address, range.guest_address)) +
                  " is read-only; without ro in the attach spec it may be writable (guestlink map "
                  "shows all)");
  }
  throw Failure(name_of(range) + ": the memory is gone: " + why_gone(memory));
}

std::string why_gone(const GuestMemory& memory) {
  const std::string loss = memory.loss();
  return loss.empty() ? "did the guest end?" : loss;
}

void require_ok(const GuestMemory& memory, AccessStatus status, GuestRange range) {
  if (status == AccessStatus::kOk) return;
  throw Failure(name_of(range) + ": " + to_string(status) + ": " + why_gone(memory));
}

void require_ok(const GuestMemory& memory, const CodeWrite& result, GuestRange range) {
  if (result.detail.empty()) return require_ok(memory, result.status, range);
  throw Failure(name_of(range) + ": " + to_string(result.status) + ": " + result.detail);
}

std::vector<Segment> segments_of(const GuestMemory& memory, GuestRange range) {
  // No row ends above 2^64 - 1.
  const std::uint64_t limit =
      range.guest_address + std::min(range.length, ~std::uint64_t{0} - range.guest_address);
  const std::vector<GuestRange> populated = memory.populated_ranges();
  auto data = populated.begin();
  std::vector<Segment> segments;
  for (const Region& row : memory.regions()) {
    std::uint64_t at = std::max(row.guest_address, range.guest_address);
    const std::uint64_t end = std::min(row.guest_address + row.length, limit);
    const auto add = [&](std::uint64_t to, bool has_data) {
      to = std::min(to, end);
      if (at >= to) return;
      segments.push_back({at, to - at, has_data ? row.host + (at - row.guest_address) : nullptr});
      at = to;
    };
    while (at < end) {
      while (data != populated.end() && data->guest_address + data->length <= at) ++data;
      if (data == populated.end()) {
        add(end, false);
      } else {
        add(data->guest_address, false);
        add(data->guest_address + data->length, true);
      }
    }
  }
  return segments;
}

std::uint64_t total_length(std::span<const Segment> segments) {
  std::uint64_t sum = 0;
  for (const Segment& segment : segments) sum += segment.length;
  return sum;
}

std::uint64_t populated_length(std::span<const Segment> segments) {
  std::uint64_t sum = 0;
  for (const Segment& segment : segments) sum += segment.host == nullptr ? 0 : segment.length;
  return sum;
}

void copy_from(std::span<const Segment> segments, std::uint64_t address,
               std::span<std::byte> data) {
  std::memset(data.data(), 0, data.size());
  const std::uint64_t end = address + data.size();
  auto segment = std::partition_point(segments.begin(), segments.end(),
                                      [&](const Segment& s) { return s.end() <= address; });
  for (; segment != segments.end() && segment->guest_address < end; ++segment) {
    if (segment->host == nullptr) continue;
    const std::uint64_t from = std::max(address, segment->guest_address);
    const std::uint64_t length = std::min(end, segment->end()) - from;
    std::memcpy(data.data() + (from - address), segment->host + (from - segment->guest_address),
                length);
  }
}

bool is_zero(std::span<const std::byte> data) noexcept {
  // Equal to itself one byte on, and the first is zero.
  return data.empty() || (data[0] == std::byte{0} &&
                          std::memcmp(data.data(), data.data() + 1, data.size() - 1) == 0);
}

}  // namespace guestlink::shell
