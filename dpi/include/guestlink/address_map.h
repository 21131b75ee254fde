// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace guestlink {

/// Every guest address, length and file offset of a map is a multiple of this many bytes, or at
/// least congruent to each other modulo it, so that an address aligned in the guest is aligned in
/// the host.
inline constexpr std::uint64_t kPageBytes = 4096;

enum class Permission : std::uint8_t { kReadWrite, kReadOnly };

/// One run of guest-physical addresses shown by one run of bytes of one file.
struct MapRow {
  std::uint64_t guest_address = 0;
  std::uint64_t length = 0;       ///< bytes, at least 1
  std::uint32_t file = 0;         ///< index of the file or mapping that holds the bytes
  std::uint64_t file_offset = 0;  ///< of the first byte
  Permission permission = Permission::kReadWrite;

  friend bool operator==(const MapRow&, const MapRow&) = default;
};

/// The row of a sorted range that holds `address`, or null. Binary search; any row type that has
/// `guest_address` and `length`.
template <typename Row>
const Row* find_row(std::span<const Row> rows, std::uint64_t address) noexcept {
  const auto after = std::upper_bound(
      rows.begin(), rows.end(), address,
      [](std::uint64_t value, const Row& row) { return value < row.guest_address; });
  if (after == rows.begin()) return nullptr;
  const Row& row = *(after - 1);
  return address - row.guest_address < row.length ? &row : nullptr;
}

/// Where each byte of guest RAM is: rows in ascending order of guest address that do not overlap.
/// What no row covers is a hole: not RAM, or not RAM that may be touched. A value; safe to read
/// from many threads.
class AddressMap {
 public:
  AddressMap() = default;

  /// Sorts and checks `rows`. Throws std::invalid_argument naming the row (its guest address) that
  /// is empty, overlaps another, ends above 2^64 - 1, or whose address and file offset differ
  /// modulo a page.
  explicit AddressMap(std::vector<MapRow> rows);

  /// The RAM of `size` bytes of a QEMU machine (`machine_names()`) with one memory backend, default
  /// options. Source: measured on QEMU 7.2 to 11.1; docs/memory.md has the table. On the x86
  /// machines 0xA0000 to 0xFFFFF is a hole whatever is there: VGA and shadow ROM come and go in it.
  /// Throws std::invalid_argument for a name that is not known and for a size that is 0, no
  /// multiple of a page or more than fits.
  static AddressMap for_machine(std::string_view machine, std::uint64_t size);

  /// `size` bytes in one run from `base`. Throws std::invalid_argument for a size of 0, for either
  /// no multiple of a page, and for an end above 2^64 - 1.
  static AddressMap for_base(std::uint64_t base, std::uint64_t size);

  /// The same map with every row read-only.
  [[nodiscard]] AddressMap read_only() const;

  [[nodiscard]] std::span<const MapRow> rows() const& noexcept { return rows_; }
  std::span<const MapRow> rows() const&& = delete;  // would be gone with the map
  [[nodiscard]] const MapRow* find(std::uint64_t address) const noexcept {
    return find_row(rows(), address);
  }

 private:
  std::vector<MapRow> rows_;
};

/// The names `for_machine` takes.
std::span<const std::string_view> machine_names() noexcept;

/// `0x` and hexadecimal digits, as every message of this library shows addresses and sizes.
std::string hex(std::uint64_t value);

}  // namespace guestlink
