// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace guestlink::detail {

enum class MtreeType : std::uint8_t { kRam, kRom, kRomDevice, kRamDevice, kIo };

/// One row of a flat view: what a run of guest addresses shows.
struct MtreeRow {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  ///< inclusive, so that a row may end at 2^64 - 1
  MtreeType type = MtreeType::kIo;
  std::string name;          ///< of the memory region: that of a backend is the backend's id
  std::uint64_t offset = 0;  ///< in the region, of the row's first byte

  friend bool operator==(const MtreeRow&, const MtreeRow&) = default;
};

/// The rows of the address space "memory" in QEMU's `info mtree -f`, ascending, none overlapping.
/// The text is input: throws std::invalid_argument, with the line, for one that is not understood,
/// and for a text without that address space or with two of it. Other flat views are not looked at.
std::vector<MtreeRow> parse_mtree(std::string_view text);

/// A line for a message: at most 120 bytes of it, and no control characters.
std::string printable(std::string_view line);

}  // namespace guestlink::detail
