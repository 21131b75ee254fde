// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace guestlink::axi {

/// xRESP of AXI4 (IHI 0022, table A3-4).
enum class Response : std::uint8_t { kOkay = 0, kExOkay = 1, kSlvErr = 2, kDecErr = 3 };

/// The worse of two: DECERR, SLVERR, OKAY.
constexpr Response worse(Response a, Response b) noexcept { return a < b ? b : a; }

/// AxBURST (IHI 0022, table A3-3).
enum class BurstType : std::uint8_t { kFixed = 0, kIncr = 1, kWrap = 2, kReserved = 3 };

/// The bytes of one beat: addresses [address, address + count) on byte lanes [lane, lane + count).
struct BeatBytes {
  std::uint64_t address = 0;
  std::uint32_t lane = 0;
  std::uint32_t count = 0;
};

/// What stands on an AR or AW channel.
struct Burst {
  std::uint64_t address = 0;
  std::uint32_t id = 0;
  std::uint8_t len = 0;   ///< beats less one
  std::uint8_t size = 0;  ///< log2 of the bytes a beat
  BurstType type = BurstType::kIncr;

  [[nodiscard]] std::uint32_t beats() const noexcept { return len + 1U; }
  [[nodiscard]] std::uint32_t beat_bytes() const noexcept { return 1U << size; }
  /// Of all beats together.
  [[nodiscard]] std::uint32_t bytes() const noexcept { return beats() * beat_bytes(); }

  /// Whether AXI4 allows it on a bus of `bus_bytes`: no beat wider than the bus, INCR within 4 KiB,
  /// WRAP aligned and of 2, 4, 8 or 16 beats, FIXED of 16 at most (IHI 0022, A3.4.1).
  [[nodiscard]] bool legal(std::uint32_t bus_bytes) const noexcept;
  /// The lowest address of a legal burst's bytes, rounded down to the beat's size: where it starts,
  /// or for WRAP the boundary it wraps to.
  [[nodiscard]] std::uint64_t lowest() const noexcept;
  /// Beat `n` of a legal burst, from 0.
  [[nodiscard]] BeatBytes beat(std::uint32_t n, std::uint32_t bus_bytes) const noexcept;
};

}  // namespace guestlink::axi
