// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// One AXI4 burst, and where its beats lie by the formulas of the AXI4 specification (IHI 0022,
// A3.4.1).
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace guestlink::test {

enum class BurstType : std::uint8_t { kFixed = 0, kIncr = 1, kWrap = 2, kReserved = 3 };

constexpr unsigned kOkay = 0;
constexpr unsigned kSlvErr = 2;
constexpr unsigned kDecErr = 3;

// The bytes of one beat: guest addresses [address, address + count), on lanes [lane, lane + count).
struct BeatBytes {
  std::uint64_t address;
  unsigned lane;
  unsigned count;
};

struct Burst {
  bool write = false;
  std::uint64_t address = 0;
  unsigned len = 0;  // as on the bus: beats - 1
  unsigned size = 0;
  BurstType type = BurstType::kIncr;
  unsigned id = 0;
  std::vector<std::uint8_t> data;    // of all beats, the whole bus each
  std::vector<std::uint8_t> strobe;  // one element a byte lane, 0 or 1; writes only

  // What came of it. A cycle is the number of the clock edge at which a handshake was, or before
  // which a response was first valid.
  std::vector<unsigned> responses;  // one a beat read, or one for the write
  std::uint64_t accepted_cycle = 0;
  std::uint64_t last_data_cycle = 0;
  std::uint64_t first_response_cycle = 0;
  std::uint64_t last_response_cycle = 0;

  unsigned beats() const { return len + 1; }
  std::uint64_t beat_bytes() const { return std::uint64_t{1} << size; }

  bool legal(unsigned bus_bytes) const {
    const std::uint64_t bytes = beat_bytes() * beats();
    const std::uint64_t aligned = address / beat_bytes() * beat_bytes();
    if (beat_bytes() > bus_bytes) return false;
    if (type == BurstType::kFixed) return beats() <= 16;
    if (type == BurstType::kIncr) return aligned % 4096 + bytes <= 4096;
    if (type != BurstType::kWrap || aligned != address) return false;
    return beats() == 2 || beats() == 4 || beats() == 8 || beats() == 16;
  }

  BeatBytes beat(unsigned n, unsigned bus_bytes) const {
    const std::uint64_t number_bytes = beat_bytes();
    const std::uint64_t aligned = address / number_bytes * number_bytes;
    std::uint64_t start = address;
    if (type == BurstType::kIncr && n > 0) start = aligned + n * number_bytes;
    if (type == BurstType::kWrap) {
      const std::uint64_t container = number_bytes * beats();
      const std::uint64_t boundary = address / container * container;
      start = aligned + n * number_bytes;
      if (start >= boundary + container) start -= container;
    }
    const std::uint64_t end = start / number_bytes * number_bytes + number_bytes;
    return {start, static_cast<unsigned>(start % bus_bytes), static_cast<unsigned>(end - start)};
  }

  std::string text() const {
    static const char* const kTypes[] = {"FIXED", "INCR", "WRAP", "RESERVED"};
    return std::string(write ? "write " : "read ") + kTypes[static_cast<unsigned>(type)] +
           " address " + std::to_string(address) + " len " + std::to_string(len) + " size " +
           std::to_string(size) + " id " + std::to_string(id);
  }
};

}  // namespace guestlink::test
