// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "guestlink/guest_memory.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "memory/crc32c.h"
#include "memory/writer_lock.h"

namespace guestlink {
namespace {

using Mappings = std::vector<std::shared_ptr<Mapping>>;

Mappings shared(std::vector<Mapping> mappings) {
  Mappings result;
  result.reserve(mappings.size());
  for (Mapping& mapping : mappings) result.push_back(std::make_shared<Mapping>(std::move(mapping)));
  return result;
}

Region region_of(const MapRow& row, const Mappings& mappings) {
  const std::string name = "map row at " + hex(row.guest_address);
  if (row.file >= mappings.size()) {
    throw std::invalid_argument(name + " has no mapping of index " + std::to_string(row.file));
  }
  const Mapping& mapping = *mappings[row.file];
  if (!range_fits(row.file_offset, row.length, mapping.length())) {
    throw std::invalid_argument(name + " ends at byte " + hex(row.file_offset + row.length) +
                                " of a mapping of " + hex(mapping.length()) + " bytes");
  }
  const bool writable = row.permission == Permission::kReadWrite;
  if (writable && !mapping.writable()) {
    throw std::invalid_argument(name + " is writable and its mapping is not");
  }
  return {.guest_address = row.guest_address,
          .length = row.length,
          .writable_length = writable ? row.length : 0,
          .host = mapping.data() + row.file_offset};
}

}  // namespace

GuestMemory::GuestMemory(const AddressMap& map, std::vector<Mapping> mappings) {
  if (!map.rows().empty()) *this = GuestMemory(map, shared(std::move(mappings)));
}

GuestMemory::GuestMemory(const AddressMap& map, Mappings mappings)
    : rows_(map.rows().begin(), map.rows().end()), mappings_(std::move(mappings)) {
  for (const MapRow& row : rows_) regions_.push_back(region_of(row, mappings_));
  state_ = std::make_shared<MemoryState>(regions_);
  for (const auto& mapping : mappings_) mapping->report_faults_to(*state_);
}

void GuestMemory::swap(GuestMemory& other) noexcept {
  state_.swap(other.state_);
  regions_.swap(other.regions_);
  rows_.swap(other.rows_);
  mappings_.swap(other.mappings_);
}

// So that the same files can be attached to anew while these mappings stay.
void GuestMemory::unlock_files() noexcept {
  for (const auto& mapping : mappings_) detail::unlock_for_writing(mapping->fd());
}

void GuestMemory::reattach(GuestMemory fresh) noexcept {
  fresh.state_->follow(generation());
  swap(fresh);
}

void GuestMemory::remap(GuestMemory fresh) noexcept {
  fresh.state_->follow((generation() | 1) - 1);
  swap(fresh);
}

std::byte* GuestMemory::locate_cold(std::uint64_t address, std::uint64_t length,
                                    Access access) const noexcept {
  const Region* row = lost() ? nullptr : row_of(address);
  if (row == nullptr) return nullptr;
  const std::uint64_t size = access == Access::kWrite ? row->writable_length : row->length;
  const std::uint64_t offset = address - row->guest_address;
  return range_fits(offset, length, size) ? row->host + offset : nullptr;
}

template <Scalar T>
AccessStatus GuestMemory::load_cold(std::uint64_t address, T& value) const noexcept {
  T loaded{};
  const std::byte* host = locate_cold(address, sizeof(T), Access::kRead);
  if (host == nullptr || address % sizeof(T) != 0) {
    const AccessStatus status = read_rows(address, std::as_writable_bytes(std::span(&loaded, 1)));
    if (status != AccessStatus::kOk) return status;
  } else {
    loaded = load_atomic<T>(host);
    if (state_->lost_meanwhile()) return AccessStatus::kDetached;
  }
  value = loaded;
  return AccessStatus::kOk;
}

template <Scalar T>
AccessStatus GuestMemory::store_cold(std::uint64_t address, T value) noexcept {
  std::byte* host = locate_cold(address, sizeof(T), Access::kWrite);
  if (host == nullptr || address % sizeof(T) != 0) {
    return write_rows(address, std::as_bytes(std::span(&value, 1)));
  }
  store_atomic<T>(host, value);
  return written(*state_);
}

template AccessStatus GuestMemory::load_cold(std::uint64_t, std::uint8_t&) const noexcept;
template AccessStatus GuestMemory::load_cold(std::uint64_t, std::uint16_t&) const noexcept;
template AccessStatus GuestMemory::load_cold(std::uint64_t, std::uint32_t&) const noexcept;
template AccessStatus GuestMemory::load_cold(std::uint64_t, std::uint64_t&) const noexcept;
template AccessStatus GuestMemory::store_cold(std::uint64_t, std::uint8_t) noexcept;
template AccessStatus GuestMemory::store_cold(std::uint64_t, std::uint16_t) noexcept;
template AccessStatus GuestMemory::store_cold(std::uint64_t, std::uint32_t) noexcept;
template AccessStatus GuestMemory::store_cold(std::uint64_t, std::uint64_t) noexcept;

const Region* GuestMemory::row_of(std::uint64_t address) const noexcept {
  return find_row(std::span<const Region>(regions_), address);
}

// The bytes from `address` to the end of its row, `limit` and a step at most; none if it is not
// RAM. Also when the memory is lost: the bytes stay mapped, and loops over them have to end.
std::span<std::byte> GuestMemory::span_from(std::uint64_t address,
                                            std::uint64_t limit) const noexcept {
  const Region* row = row_of(address);
  if (row == nullptr) return {};
  const std::uint64_t offset = address - row->guest_address;
  return {row->host + offset, std::min({limit, row->length - offset, kStepBytes})};
}

// The bytes that end before `end`, back to the start of their row, `limit` and a step at most.
std::span<std::byte> GuestMemory::span_before(std::uint64_t end,
                                              std::uint64_t limit) const noexcept {
  const Region* row = row_of(end - 1);
  if (row == nullptr) return {};
  const std::uint64_t offset = end - row->guest_address;
  const std::uint64_t length = std::min({limit, offset, kStepBytes});
  return {row->host + (offset - length), length};
}

AccessStatus GuestMemory::check(std::uint64_t address, std::uint64_t length,
                                Access access) const noexcept {
  if (lost()) return AccessStatus::kDetached;
  bool writable = true;
  while (length > 0) {
    const Region* row = row_of(address);
    if (row == nullptr) return AccessStatus::kOutOfRange;
    writable = writable && row->writable();
    const std::uint64_t step = std::min(length, row->length - (address - row->guest_address));
    // No row ends above 2^64 - 1, so `address` cannot wrap to 0 while there is more to go.
    address += step;
    length -= step;
  }
  return access == Access::kRead || writable ? AccessStatus::kOk : AccessStatus::kReadOnly;
}

AccessStatus GuestMemory::read_rows(std::uint64_t address,
                                    std::span<std::byte> data) const noexcept {
  const AccessStatus status = check(address, data.size(), Access::kRead);
  if (status != AccessStatus::kOk) return status;
  while (!data.empty() && !state_->lost_meanwhile()) {
    const auto part = span_from(address, data.size());
    std::memcpy(data.data(), part.data(), part.size());
    data = data.subspan(part.size());
    address += part.size();
  }
  return moved(*state_);
}

AccessStatus GuestMemory::write_rows(std::uint64_t address,
                                     std::span<const std::byte> data) noexcept {
  const AccessStatus status = check(address, data.size(), Access::kWrite);
  if (status != AccessStatus::kOk) return status;
  while (!data.empty() && !state_->lost_meanwhile()) {
    const auto part = span_from(address, data.size());
    std::memcpy(part.data(), data.data(), part.size());
    data = data.subspan(part.size());
    address += part.size();
  }
  return written(*state_);
}

AccessStatus GuestMemory::write_strobed_rows(std::uint64_t address, std::span<const std::byte> data,
                                             const std::uint8_t* strobe) noexcept {
  const AccessStatus status = check(address, data.size(), Access::kWrite);
  if (status != AccessStatus::kOk) return status;
  for (std::size_t i = 0; i < data.size(); ++i) {
    if ((strobe[i / 8] >> (i % 8) & 1) != 0) span_from(address + i, 1)[0] = data[i];
  }
  return written(*state_);
}

// The largest aligned parts whose strobes are all set, so that a device's 4-byte write on a wide
// bus is one store to the guest too.
void GuestMemory::store_strobed_lane(std::byte* host, const std::byte* data,
                                     unsigned strobe) noexcept {
  const auto store_part = [&]<typename T>(T part, std::size_t at) {
    std::memcpy(&part, data + at, sizeof part);
    store_atomic<T>(host + at, part);
  };
  for (std::size_t at = 0; at < 8; at += 4) {
    const unsigned word = strobe >> at & 0xF;
    if (word == 0xF) {
      store_part(std::uint32_t{}, at);
      continue;
    }
    for (std::size_t half = 0; half < 4; half += 2) {
      const unsigned bytes = word >> half & 0x3;
      if (bytes == 0x3) store_part(std::uint16_t{}, at + half);
      if (bytes == 0x1) store_part(std::uint8_t{}, at + half);
      if (bytes == 0x2) store_part(std::uint8_t{}, at + half + 1);
    }
  }
}

AccessStatus GuestMemory::refuse_atomic(std::uint64_t address,
                                        std::uint64_t length) const noexcept {
  if (lost()) return AccessStatus::kDetached;
  if (address % length != 0) return AccessStatus::kBadArgument;
  const AccessStatus status = check(address, length, Access::kWrite);
  // Two adjoining rows with a boundary inside the word: RAM, but no atomic there.
  return status == AccessStatus::kOk ? AccessStatus::kBadArgument : status;
}

AccessStatus GuestMemory::fill(std::uint64_t address, std::uint64_t length,
                               std::byte value) noexcept {
  const AccessStatus status = check(address, length, Access::kWrite);
  if (status != AccessStatus::kOk) return status;
  while (length > 0 && !state_->lost_meanwhile()) {
    const auto part = span_from(address, length);
    std::memset(part.data(), std::to_integer<int>(value), part.size());
    address += part.size();
    length -= part.size();
  }
  return written(*state_);
}

AccessStatus GuestMemory::copy(std::uint64_t destination, std::uint64_t source,
                               std::uint64_t length) noexcept {
  AccessStatus status = check(source, length, Access::kRead);
  if (status == AccessStatus::kOk) status = check(destination, length, Access::kWrite);
  if (status != AccessStatus::kOk) return status;
  // Parts go upwards when the destination is the lower range and downwards when it is the higher
  // one, so that none overwrites source bytes still to come.
  while (length > 0 && destination <= source && !state_->lost_meanwhile()) {
    const auto from = span_from(source, length);
    const auto to = span_from(destination, from.size());
    std::memmove(to.data(), from.data(), to.size());
    source += to.size();
    destination += to.size();
    length -= to.size();
  }
  while (length > 0 && !state_->lost_meanwhile()) {
    const auto from = span_before(source + length, length);
    const auto to = span_before(destination + length, from.size());
    std::memmove(to.data(), from.data() + (from.size() - to.size()), to.size());
    length -= to.size();
  }
  return written(*state_);
}

AccessStatus GuestMemory::compare(std::uint64_t a, std::uint64_t b, std::uint64_t length,
                                  std::uint64_t& first_difference) const noexcept {
  AccessStatus status = check(a, length, Access::kRead);
  if (status == AccessStatus::kOk) status = check(b, length, Access::kRead);
  if (status != AccessStatus::kOk) return status;
  constexpr std::uint64_t kStep = 4096;  // memcmp tells that bytes differ, not where
  std::uint64_t done = 0;
  while (done < length && !state_->lost_meanwhile()) {
    auto left = span_from(a + done, std::min(kStep, length - done));
    const auto right = span_from(b + done, left.size());
    left = left.first(right.size());
    if (std::memcmp(left.data(), right.data(), left.size()) != 0) {
      const auto differs = std::mismatch(left.begin(), left.end(), right.begin()).first;
      done += static_cast<std::uint64_t>(differs - left.begin());
      // The guest may have made them equal in between; then the search goes on behind them.
      if (differs != left.end()) break;
      continue;
    }
    done += left.size();
  }
  if (state_->lost_meanwhile()) return AccessStatus::kDetached;
  first_difference = done;
  return AccessStatus::kOk;
}

AccessStatus GuestMemory::crc32c(std::uint64_t address, std::uint64_t length,
                                 std::uint32_t& crc) const noexcept {
  const AccessStatus status = check(address, length, Access::kRead);
  if (status != AccessStatus::kOk) return status;
  std::uint32_t state = 0xFFFFFFFF;
  while (length > 0 && !state_->lost_meanwhile()) {
    const auto part = span_from(address, length);
    state = detail::crc32c_update()(state, part);
    address += part.size();
    length -= part.size();
  }
  if (state_->lost_meanwhile()) return AccessStatus::kDetached;
  crc = ~state;
  return AccessStatus::kOk;
}

void GuestMemory::fence() noexcept { std::atomic_thread_fence(std::memory_order_seq_cst); }

}  // namespace guestlink
