// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "guestlink/address_map.h"

#include <charconv>
#include <limits>
#include <stdexcept>
#include <utility>

#include "guestlink/range.h"

namespace guestlink {

std::string hex(std::uint64_t value) {
  char digits[16];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value, 16).ptr;
  return std::string("0x").append(std::begin(digits), end);
}

namespace {

constexpr std::uint64_t kLastAddress = std::numeric_limits<std::uint64_t>::max();

void check_row(const MapRow& row) {
  const std::string name = "map row at " + hex(row.guest_address);
  if (row.length == 0) throw std::invalid_argument(name + " is empty");
  if (!range_fits(row.guest_address, row.length, kLastAddress)) {
    throw std::invalid_argument(name + " of " + hex(row.length) + " bytes ends above 2^64 - 1");
  }
  if (!range_fits(row.file_offset, row.length, kLastAddress)) {
    throw std::invalid_argument(name + " has file offset " + hex(row.file_offset) +
                                ", which ends above 2^64 - 1");
  }
  if ((row.guest_address - row.file_offset) % kPageBytes != 0) {
    throw std::invalid_argument(name + " and its file offset " + hex(row.file_offset) +
                                " differ modulo a page of " + hex(kPageBytes) + " bytes");
  }
}

}  // namespace

AddressMap::AddressMap(std::vector<MapRow> rows) : rows_(std::move(rows)) {
  std::sort(rows_.begin(), rows_.end(),
            [](const MapRow& a, const MapRow& b) { return a.guest_address < b.guest_address; });
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    check_row(rows_[i]);
    if (i > 0 && rows_[i].guest_address - rows_[i - 1].guest_address < rows_[i - 1].length) {
      throw std::invalid_argument("map row at " + hex(rows_[i].guest_address) +
                                  " overlaps the row at " + hex(rows_[i - 1].guest_address));
    }
  }
}

AddressMap AddressMap::for_base(std::uint64_t base, std::uint64_t size) {
  if (base % kPageBytes != 0) {
    throw std::invalid_argument("base " + hex(base) + " is no multiple of " + hex(kPageBytes));
  }
  if (size == 0 || size % kPageBytes != 0) {
    throw std::invalid_argument("size " + hex(size) + " is not a positive multiple of " +
                                hex(kPageBytes));
  }
  return AddressMap({MapRow{.guest_address = base, .length = size}});
}

AddressMap AddressMap::read_only() const {
  AddressMap result = *this;
  for (MapRow& row : result.rows_) row.permission = Permission::kReadOnly;
  return result;
}

}  // namespace guestlink
