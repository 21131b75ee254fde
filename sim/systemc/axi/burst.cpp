// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/axi/burst.h"

#include <bit>

namespace guestlink::axi {

bool Burst::legal(std::uint32_t bus_bytes) const noexcept {
  constexpr std::uint32_t kPage = 4096;
  if (size > 7 || beat_bytes() > bus_bytes) return false;
  const std::uint64_t within_beat = beat_bytes() - 1U;
  switch (type) {
    case BurstType::kFixed:
      return beats() <= 16;
    case BurstType::kIncr:
      return (address % kPage & ~within_beat) + bytes() <= kPage;
    case BurstType::kWrap:
      return (address & within_beat) == 0 && beats() >= 2 && beats() <= 16 &&
             std::has_single_bit(beats());
    case BurstType::kReserved:
      break;
  }
  return false;
}

std::uint64_t Burst::lowest() const noexcept {
  const std::uint64_t unit = type == BurstType::kWrap ? bytes() : beat_bytes();
  return address & ~(unit - 1);
}

BeatBytes Burst::beat(std::uint32_t n, std::uint32_t bus_bytes) const noexcept {
  const std::uint64_t step = beat_bytes();
  std::uint64_t start = address;
  if (type != BurstType::kFixed && n != 0) {
    start = (address & ~(step - 1)) + n * step;
    if (type == BurstType::kWrap) start = lowest() + ((start - lowest()) & (bytes() - 1U));
  }
  const std::uint64_t end = (start & ~(step - 1)) + step;
  return {start, static_cast<std::uint32_t>(start % bus_bytes),
          static_cast<std::uint32_t>(end - start)};
}

}  // namespace guestlink::axi
