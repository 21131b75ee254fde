// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "shell/search.h"

#include <algorithm>
#include <cstring>

namespace guestlink::shell {
namespace {

constexpr std::size_t kBlock = 1024;
constexpr std::uint64_t kStep = std::uint64_t{1} << 20;

// How common a byte is in memory, roughly: what is rare is a better thing to look for.
int commonness(std::byte byte) {
  const auto value = std::to_integer<unsigned>(byte);
  if (value == 0) return 3;
  if (value == 0xFF) return 2;
  return value == ' ' || (value >= 'a' && value <= 'z') ? 1 : 0;
}

std::uint64_t round_up(std::uint64_t value, std::uint64_t multiple) {
  const std::uint64_t over = value % multiple;
  return over == 0 ? value : value + (multiple - over);
}

// Whether one of kBlock places has both bytes. Written so that the compiler makes vectors of it.
bool block_has(const std::byte* first, const std::byte* second, std::byte a, std::byte b) noexcept {
  unsigned char any = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    any = static_cast<unsigned char>(any | (static_cast<unsigned char>(first[i] == a) &
                                            static_cast<unsigned char>(second[i] == b)));
  }
  return any != 0;
}

}  // namespace

Pattern::Pattern(std::vector<std::byte> bytes, std::uint64_t alignment)
    : bytes_(std::move(bytes)), alignment_(alignment) {
  const auto rarer = [](std::byte a, std::byte b) { return commonness(a) < commonness(b); };
  probe_ = static_cast<std::size_t>(std::min_element(bytes_.begin(), bytes_.end(), rarer) -
                                    bytes_.begin());
  second_ = probe_ == 0 ? bytes_.size() - 1 : 0;
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    if (i != probe_ && rarer(bytes_[i], bytes_[second_])) second_ = i;
  }
}

bool Pattern::matches(const std::byte* at) const noexcept {
  return at[probe_] == bytes_[probe_] && std::memcmp(at, bytes_.data(), bytes_.size()) == 0;
}

std::size_t Pattern::find_by_stride(std::span<const std::byte> data, std::uint64_t address,
                                    std::size_t from) const noexcept {
  std::size_t at = round_up(address + from, alignment_) - address;
  for (; at < data.size() && data.size() - at >= size(); at += alignment_) {
    if (matches(data.data() + at)) return at;
  }
  return data.size();
}

std::size_t Pattern::find(std::span<const std::byte> data, std::uint64_t address,
                          std::size_t from) const noexcept {
  constexpr std::uint64_t kFewerThanLines = 128;  // then most of memory need not be looked at
  if (alignment_ >= kFewerThanLines) return find_by_stride(data, address, from);
  if (data.size() < size()) return data.size();
  const std::size_t places = data.size() - size() + 1;
  const std::byte* const bytes = data.data();
  while (from < places) {
    std::size_t end = places;
    if (places - from >= kBlock) {
      end = from + kBlock;
      if (!block_has(bytes + from + probe_, bytes + from + second_, bytes_[probe_],
                     bytes_[second_])) {
        from = end;
        continue;
      }
    }
    for (; from < end; ++from) {
      if (matches(bytes + from) && (address + from) % alignment_ == 0) return from;
    }
  }
  return data.size();
}

namespace {

using Found = std::function<bool(std::uint64_t)>;

/// The matches that start in one run of memory and end in it.
bool search_run(std::span<const std::byte> data, std::uint64_t address, const Pattern& pattern,
                const Found& found) {
  std::size_t at = pattern.find(data, address, 0);
  for (; at < data.size(); at = pattern.find(data, address, at + 1)) {
    if (!found(address + at)) return false;
  }
  return true;
}

bool search_segment(const Segment& segment, const Pattern& pattern, const Found& found,
                    const std::function<void(std::uint64_t)>& progress) {
  for (std::uint64_t done = 0; done < segment.length; done += kStep) {
    const std::uint64_t step = std::min(kStep, segment.length - done);
    const std::uint64_t length = std::min(step + pattern.size() - 1, segment.length - done);
    if (!search_run({segment.host + done, length}, segment.guest_address + done, pattern, found)) {
      return false;
    }
    progress(step);
  }
  return true;
}

/// All places of a hole match zeroes.
bool search_hole(const Segment& segment, const Pattern& pattern, const Found& found) {
  if (segment.length < pattern.size()) return true;
  const std::uint64_t last = segment.end() - pattern.size();
  std::uint64_t at = segment.guest_address;
  if (at % pattern.alignment() != 0) {
    const std::uint64_t skip = pattern.alignment() - at % pattern.alignment();
    if (skip > last - at) return true;
    at += skip;
  }
  while (true) {
    if (!found(at)) return false;
    if (last - at < pattern.alignment()) return true;
    at += pattern.alignment();
  }
}

/// The matches that begin in segment `index` and end in a later one that adjoins.
bool search_seam(std::span<const Segment> segments, std::size_t index, const Pattern& pattern,
                 const Found& found) {
  const Segment& segment = segments[index];
  std::uint64_t end = segment.end();
  for (std::size_t i = index + 1; i < segments.size() && segments[i].guest_address == end; ++i) {
    end = segments[i].end();
    if (end - segment.end() >= pattern.size() - 1) break;
  }
  const std::uint64_t before = std::min<std::uint64_t>(segment.length, pattern.size() - 1);
  const std::uint64_t after = std::min<std::uint64_t>(end - segment.end(), pattern.size() - 1);
  if (before == 0 || after == 0) return true;
  std::vector<std::byte> window(before + after);
  copy_from(segments, segment.end() - before, window);
  return search_run(window, segment.end() - before, pattern, found);
}

}  // namespace

void search(std::span<const Segment> segments, const Pattern& pattern, const Found& found,
            const std::function<void(std::uint64_t)>& progress) {
  const bool zeroes = pattern.all_zero();
  for (std::size_t i = 0; i < segments.size(); ++i) {
    bool go_on = true;
    if (segments[i].host != nullptr) {
      go_on = search_segment(segments[i], pattern, found, progress);
    } else if (zeroes) {
      go_on = search_hole(segments[i], pattern, found);
    }
    if (!go_on || !search_seam(segments, i, pattern, found)) return;
  }
}

}  // namespace guestlink::shell
