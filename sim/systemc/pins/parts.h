// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "systemc/axi/burst.h"

namespace guestlink::pins {

/// A TLM transaction as the bridges see it. The pointers are the caller's.
struct Access {
  bool write = false;
  std::uint64_t address = 0;
  std::uint8_t* data = nullptr;
  std::uint64_t length = 0;
  std::uint64_t streaming_width = 0;      ///< 1 to length
  const std::uint8_t* enables = nullptr;  ///< repeated over the data; null for all
  std::uint64_t enable_length = 0;

  [[nodiscard]] bool enabled(std::uint64_t n) const noexcept {
    return enables == nullptr || enables[n % enable_length] != 0;
  }
};

/// The bus that an access is to be cut for.
struct BusShape {
  std::uint32_t bus_bytes = 4;  ///< 4 to 128, a power of two
  std::uint32_t max_beats = 1;  ///< of a burst
  bool lite = false;            ///< AXI4-Lite: every address is that of a bus word
};

/// One burst of an access, and which of its bytes are wanted: [begin, begin + length), of a FIXED
/// burst in every beat. The first is the payload's byte `offset`.
struct Part {
  axi::Burst burst;
  std::uint64_t begin = 0;
  std::uint64_t length = 0;
  std::uint64_t offset = 0;
};

/// The wanted bytes of one beat: `count` lanes from `lane`, the payload's bytes from `offset`.
struct Slice {
  std::uint32_t lane = 0;
  std::uint32_t count = 0;
  std::uint64_t offset = 0;
};
[[nodiscard]] Slice slice_of(const Part& part, std::uint32_t beat,
                             std::uint32_t bus_bytes) noexcept;

/// Cuts an access into bursts that AXI4 allows, one at a time: at 4 KiB, at the longest burst, and
/// where a streaming width starts again. Full-width INCR; one beat is as narrow as it can be; up to
/// 16 repetitions of an aligned power of two of bytes are one FIXED burst. Parts without an enabled
/// byte are left out, and a part starts and ends with one.
class PartPlanner {
 public:
  PartPlanner(const Access& access, const BusShape& bus) : access_(access), bus_(bus) {}
  /// The next burst; nothing when the access is done.
  std::optional<Part> next();

 private:
  [[nodiscard]] bool streams_fixed() const noexcept;
  Part take_fixed();
  Part take_run();
  bool trim(Part& part) const noexcept;
  void shape(Part& part) const noexcept;

  Access access_;
  BusShape bus_;
  std::uint64_t done_ = 0;  // bytes of the payload
};

}  // namespace guestlink::pins
