// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/pins/parts.h"

#include <algorithm>
#include <bit>

namespace guestlink::pins {

Slice slice_of(const Part& part, std::uint32_t beat, std::uint32_t bus_bytes) noexcept {
  const axi::BeatBytes bytes = part.burst.beat(beat, bus_bytes);
  if (part.burst.type == axi::BurstType::kFixed) {
    return {bytes.lane, static_cast<std::uint32_t>(part.length), part.offset + beat * part.length};
  }
  // Only the first beat can start before the wanted bytes. No sum of an address and a length: it
  // can be 2^64.
  const std::uint64_t skip = part.begin > bytes.address ? part.begin - bytes.address : 0;
  const std::uint64_t position = bytes.address + skip - part.begin;
  const std::uint64_t count = std::min<std::uint64_t>(bytes.count - skip, part.length - position);
  return {static_cast<std::uint32_t>(bytes.lane + skip), static_cast<std::uint32_t>(count),
          part.offset + position};
}

std::optional<Part> PartPlanner::next() {
  while (done_ < access_.length) {
    if (streams_fixed()) return take_fixed();
    Part part = take_run();
    if (!trim(part)) continue;
    shape(part);
    return part;
  }
  return std::nullopt;
}

// Whether at least two whole repetitions lie ahead that one FIXED burst can carry.
bool PartPlanner::streams_fixed() const noexcept {
  const std::uint64_t width = access_.streaming_width;
  return !bus_.lite && access_.enables == nullptr && width <= bus_.bus_bytes &&
         std::has_single_bit(width) && access_.address % width == 0 && done_ % width == 0 &&
         access_.length - done_ >= 2 * width;
}

Part PartPlanner::take_fixed() {
  constexpr std::uint64_t kMostBeats = 16;
  const std::uint64_t width = access_.streaming_width;
  const std::uint64_t beats = std::min(kMostBeats, (access_.length - done_) / width);
  Part part;
  part.burst.address = part.begin = access_.address;
  part.burst.type = axi::BurstType::kFixed;
  part.burst.len = static_cast<std::uint8_t>(beats - 1);
  part.burst.size = static_cast<std::uint8_t>(std::countr_zero(width));
  part.length = width;
  part.offset = done_;
  done_ += beats * width;
  return part;
}

// As many bytes as one burst can carry.
Part PartPlanner::take_run() {
  constexpr std::uint64_t kPage = 4096;
  const std::uint64_t into_width = done_ % access_.streaming_width;
  const std::uint64_t of_burst = std::uint64_t{bus_.bus_bytes} * bus_.max_beats;
  Part part;
  part.begin = access_.address + into_width;
  part.offset = done_;
  part.length = std::min({access_.length - done_, access_.streaming_width - into_width,
                          kPage - part.begin % kPage, of_burst - part.begin % bus_.bus_bytes});
  done_ += part.length;
  return part;
}

// Leaves out disabled bytes at both ends; false if there are no others.
bool PartPlanner::trim(Part& part) const noexcept {
  while (part.length != 0 && !access_.enabled(part.offset)) {
    ++part.begin;
    ++part.offset;
    --part.length;
  }
  while (part.length != 0 && !access_.enabled(part.offset + part.length - 1)) --part.length;
  return part.length != 0;
}

void PartPlanner::shape(Part& part) const noexcept {
  const std::uint64_t lane = part.begin % bus_.bus_bytes;
  const std::uint64_t last = lane + part.length - 1;  // lane of the last byte, counted on
  auto size = static_cast<std::uint8_t>(std::countr_zero(bus_.bus_bytes));
  part.burst.len = static_cast<std::uint8_t>(last / bus_.bus_bytes);
  if (!bus_.lite) {
    while (size != 0 && lane >> (size - 1) == last >> (size - 1)) --size;
  }
  part.burst.size = size;
  part.burst.address = bus_.lite ? part.begin - lane : part.begin;
}

}  // namespace guestlink::pins
