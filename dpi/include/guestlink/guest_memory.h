// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "guestlink/access_status.h"
#include "guestlink/address_map.h"
#include "guestlink/mapping.h"
#include "guestlink/memory_state.h"
#include "guestlink/range.h"

namespace guestlink {

static_assert(std::endian::native == std::endian::little, "byte lanes are the host's memory order");

template <typename T>
concept Scalar = std::same_as<T, std::uint8_t> || std::same_as<T, std::uint16_t> ||
    std::same_as<T, std::uint32_t> || std::same_as<T, std::uint64_t>;
template <typename T>
concept AtomicScalar = std::same_as<T, std::uint32_t> || std::same_as<T, std::uint64_t>;

/// Sizes of a bus beat in bytes: 32 to 1024 bits.
template <std::size_t Bytes>
concept BeatSize = Bytes >= 4 && Bytes <= 128 && std::has_single_bit(Bytes);

enum class Access : std::uint8_t { kRead, kWrite };

/// A run of guest-physical addresses.
struct GuestRange {
  std::uint64_t guest_address = 0;
  std::uint64_t length = 0;

  friend bool operator==(const GuestRange&, const GuestRange&) = default;
};

/// The RAM of a guest, by guest-physical address. Owns its mappings; move-only.
///
/// Accesses. An access may lie anywhere in adjoining rows of the map. If any byte of it is not RAM,
/// the status is kOutOfRange; else, if it writes any read-only byte, kReadOnly; and nothing is
/// moved. An access of no bytes addresses none and is kOk at every address. Nothing on the access
/// path allocates, throws, locks or logs. Without a map (default made, moved from) every access is
/// kDetached.
///
/// Loss. The memory is lost when a page of its file cannot be had (the file was cut short, its file
/// system is full) or detach() is called. The access that meets the loss ends: a read as kDetached
/// with anything in the caller's buffer, a write as kPartial. Later ones are kDetached and move
/// nothing. No signal ends the process.
///
/// Guest and host run at once. Naturally aligned scalars and the aligned lanes of a beat are
/// single-copy atomic; loads acquire and stores release. compare_swap and fetch_add are
/// sequentially consistent, and atomic against a guest whose own atomics are (QEMU with more than
/// one possible CPU). Blocks, fill, copy, compare and crc32c are plain: for data that no one else
/// is writing.
///
/// Threads. Any number may access at once; construction, moves and destruction are exclusive.
class GuestMemory {
 public:
  GuestMemory() noexcept = default;
  /// Row `file` n of `map` is in `mappings[n]`. Every source of guest memory ends here: a file,
  /// several backends of one guest, a device's DMA regions. Throws std::invalid_argument for a row
  /// without a mapping, outside it, or writable in a mapping that is not.
  GuestMemory(const AddressMap& map, std::vector<Mapping> mappings);
  /// The same on mappings that others use too. Without rows there is memory all the same, and no
  /// address in it.
  GuestMemory(const AddressMap& map, std::vector<std::shared_ptr<Mapping>> mappings);
  GuestMemory(GuestMemory&& other) noexcept { swap(other); }
  GuestMemory& operator=(GuestMemory&& other) noexcept {
    GuestMemory taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~GuestMemory() { state_->detach(); }

  /// Whether every access is kDetached. Thread-safe, as are generation and detach.
  [[nodiscard]] bool lost() const noexcept { return state_->lost(); }
  /// Odd while attached, even when lost: 1, 2 once lost, 3 when attached again. 0: no memory.
  [[nodiscard]] std::uint64_t generation() const noexcept { return state_->generation(); }
  /// From now on accesses are kDetached. One under way may still move bytes, and is told that the
  /// memory is lost. Host pointers stay valid until destruction.
  void detach() noexcept { state_->detach(); }
  /// For a thread that watches the guest while this object may be moved or destroyed.
  [[nodiscard]] std::shared_ptr<MemoryState> state() const noexcept { return state_; }
  /// Takes the place of this memory with `fresh`, of the same guest, and goes on counting
  /// generations. Exclusive, as a move; the old state stays lost.
  void reattach(GuestMemory fresh) noexcept;
  /// Takes the rows of `fresh`: the same guest shows other memory. The generation stays as it is,
  /// unless this memory is lost. Exclusive, as a move; state() is another one from then on.
  void remap(GuestMemory fresh) noexcept;

  /// Whether the files are still those at their paths, and of the size they had: the first that is
  /// not, or that made the memory lost. A few system calls a file; to be polled by who wants to
  /// know that the guest has gone. Throws std::bad_alloc.
  [[nodiscard]] std::optional<FileProblem> file_problem() const;
  /// Why the memory is lost, in words, with the guest address that was met; "" while it is not.
  [[nodiscard]] std::string loss() const;

  /// What an access of this range would return.
  [[nodiscard]] AccessStatus check(std::uint64_t address, std::uint64_t length,
                                   Access access) const noexcept;

  /// One little-endian scalar; not aligned is a plain copy.
  template <Scalar T>
  [[nodiscard]] AccessStatus load(std::uint64_t address, T& value) const noexcept {
    const MemoryState& state = *state_;
    const std::byte* host = state.find_hot<kReadable>(address, aligned_range_fits);
    if (address % sizeof(T) != 0 || host == nullptr) [[unlikely]]
      return load_cold(address, value);
    const T loaded = load_atomic<T>(host);
    if (state.lost_meanwhile()) [[unlikely]]
      return AccessStatus::kDetached;
    value = loaded;
    return AccessStatus::kOk;
  }
  template <Scalar T>
  [[nodiscard]] AccessStatus store(std::uint64_t address, T value) noexcept {
    const MemoryState& state = *state_;
    std::byte* host = state.find_hot<kWritable>(address, aligned_range_fits);
    if (address % sizeof(T) != 0 || host == nullptr) [[unlikely]]
      return store_cold(address, value);
    store_atomic<T>(host, value);
    return written(state);
  }

  /// Atomically: previous = [address]; if it equals `expected`, [address] = desired. kBadArgument
  /// when `address` is not aligned. The status is kOk whether or not the swap took place.
  template <AtomicScalar T>
  [[nodiscard]] AccessStatus compare_swap(std::uint64_t address, T expected, T desired,
                                          T& previous) noexcept {
    if (address % sizeof(T) != 0) return refuse_atomic(address, sizeof(T));
    const MemoryState& state = *state_;
    std::byte* host = locate_aligned<kWritable>(address, sizeof(T));
    if (host == nullptr) return refuse_atomic(address, sizeof(T));
    std::atomic_ref<T>(*reinterpret_cast<T*>(host)).compare_exchange_strong(expected, desired);
    if (state.lost_meanwhile()) [[unlikely]]
      return AccessStatus::kPartial;
    previous = expected;
    return AccessStatus::kOk;
  }
  /// Atomically: previous = [address]; [address] += operand, modulo 2^32 or 2^64.
  template <AtomicScalar T>
  [[nodiscard]] AccessStatus fetch_add(std::uint64_t address, T operand, T& previous) noexcept {
    if (address % sizeof(T) != 0) return refuse_atomic(address, sizeof(T));
    const MemoryState& state = *state_;
    std::byte* host = locate_aligned<kWritable>(address, sizeof(T));
    if (host == nullptr) return refuse_atomic(address, sizeof(T));
    const T found = std::atomic_ref<T>(*reinterpret_cast<T*>(host)).fetch_add(operand);
    if (state.lost_meanwhile()) [[unlikely]]
      return AccessStatus::kPartial;
    previous = found;
    return AccessStatus::kOk;
  }

  /// One bus beat of `Bytes` (4 to 128) at an address aligned to it, else kBadArgument. Byte n of
  /// `data` is the byte at address + n. Each aligned 8-byte lane is one load, in ascending order.
  template <std::size_t Bytes>
  requires BeatSize<Bytes>
  [[nodiscard]] AccessStatus read_beat(std::uint64_t address, void* data) const noexcept;
  /// Bit n % 8 of strobe[n / 8] enables byte n. A lane with all strobes is one store, as is an
  /// aligned 4- or 2-byte part of one with all of its own; a byte without its strobe is neither
  /// written nor read. The whole beat must be RAM that may be written, whatever the strobes.
  template <std::size_t Bytes>
  requires BeatSize<Bytes>
  [[nodiscard]] AccessStatus write_beat(std::uint64_t address, const void* data,
                                        const void* strobe) noexcept;

  /// Blocks of any length and alignment.
  [[nodiscard]] AccessStatus read(std::uint64_t address, std::span<std::byte> data) const noexcept {
    if (!in_one_step(data.size())) [[unlikely]]
      return read_rows(address, data);
    const MemoryState& state = *state_;
    const std::byte* host = locate<kReadable>(address, data.size());
    if (host == nullptr) [[unlikely]]
      return read_rows(address, data);
    std::memcpy(data.data(), host, data.size());
    return moved(state);
  }
  [[nodiscard]] AccessStatus write(std::uint64_t address,
                                   std::span<const std::byte> data) noexcept {
    if (!in_one_step(data.size())) [[unlikely]]
      return write_rows(address, data);
    const MemoryState& state = *state_;
    std::byte* host = locate<kWritable>(address, data.size());
    if (host == nullptr) [[unlikely]]
      return write_rows(address, data);
    std::memcpy(host, data.data(), data.size());
    return written(state);
  }

  [[nodiscard]] AccessStatus fill(std::uint64_t address, std::uint64_t length,
                                  std::byte value) noexcept;
  /// As memmove: the ranges may overlap.
  [[nodiscard]] AccessStatus copy(std::uint64_t destination, std::uint64_t source,
                                  std::uint64_t length) noexcept;
  /// `first_difference` is the offset of the first byte in which the ranges differ, or `length`.
  [[nodiscard]] AccessStatus compare(std::uint64_t a, std::uint64_t b, std::uint64_t length,
                                     std::uint64_t& first_difference) const noexcept;
  /// CRC-32C (Castagnoli) as iSCSI and NVMe have it: that of "123456789" is 0xE3069283.
  [[nodiscard]] AccessStatus crc32c(std::uint64_t address, std::uint64_t length,
                                    std::uint32_t& crc) const noexcept;

  /// The whole regular file `path` to `address`; `length` becomes its size, also when it does not
  /// fit. kIoError (with errno) if it cannot be read; a read that fails half-way leaves what was
  /// read till then. A file that shows no size, as those of /proc, is empty here.
  [[nodiscard]] AccessStatus load_file(std::uint64_t address, const char* path,
                                       std::uint64_t& length) noexcept;
  /// The range to the file `path`, which is there only when it is whole: it replaces a regular
  /// file, and a process that has the old one open or mapped keeps that. kIoError (with errno) if
  /// it cannot be written, the old file left as it was, and for a file of this very memory (EBUSY).
  [[nodiscard]] AccessStatus save_file(std::uint64_t address, std::uint64_t length,
                                       const char* path) const noexcept;

  /// Full memory barrier between accesses before and after it, by this thread.
  static void fence() noexcept;

  /// The rows, ascending.
  [[nodiscard]] std::span<const Region> regions() const noexcept { return regions_; }
  /// The ranges that may hold anything but zeroes, ascending: what the files' holes leave over.
  /// Reading a hole of a RAM file gives zeroes but allocates its pages, so scans should go by this.
  /// A snapshot; costs some system calls. Throws std::bad_alloc.
  [[nodiscard]] std::vector<GuestRange> populated_ranges() const;

 private:
  // What goes on to move bytes looks this often whether the memory is still there.
  static constexpr std::uint64_t kStepBytes = std::uint64_t{1} << 20;

  static bool in_one_step(std::uint64_t length) noexcept { return length - 1 < kStepBytes; }

  // What an access ends with.
  static AccessStatus moved(const MemoryState& state) noexcept {
    return state.lost_meanwhile() ? AccessStatus::kDetached : AccessStatus::kOk;
  }
  static AccessStatus written(const MemoryState& state) noexcept {
    return state.lost_meanwhile() ? AccessStatus::kPartial : AccessStatus::kOk;
  }

  // Where an access that is aligned to its length, or one of any, is: when it lies in one row and
  // may be made so; else null. What a MemoryState finds is found inline.
  static constexpr MemoryState::HotLength kReadable = &MemoryState::HotRow::length;
  static constexpr MemoryState::HotLength kWritable = &MemoryState::HotRow::writable_length;
  template <MemoryState::HotLength Length>
  std::byte* locate_aligned(std::uint64_t address, std::uint64_t length) const noexcept {
    std::byte* const host = state_->find_hot<Length>(address, aligned_range_fits);
    if (host != nullptr) [[likely]]
      return host;
    return locate_cold(address, length, Length == kWritable ? Access::kWrite : Access::kRead);
  }
  template <MemoryState::HotLength Length>
  std::byte* locate(std::uint64_t address, std::uint64_t length) const noexcept {
    std::byte* const host = state_->find_hot<Length>(
        address,
        [=](std::uint64_t offset, std::uint64_t size) { return range_fits(offset, length, size); });
    if (host != nullptr) [[likely]]
      return host;
    return locate_cold(address, length, Length == kWritable ? Access::kWrite : Access::kRead);
  }
  std::byte* locate_cold(std::uint64_t address, std::uint64_t length, Access access) const noexcept;
  const Region* row_of(std::uint64_t address) const noexcept;

  template <Scalar T>
  static T load_atomic(const std::byte* host) noexcept {
    auto& word = *reinterpret_cast<T*>(const_cast<std::byte*>(host));
    return std::atomic_ref<T>(word).load(std::memory_order_acquire);
  }
  template <Scalar T>
  static void store_atomic(std::byte* host, T value) noexcept {
    std::atomic_ref<T>(*reinterpret_cast<T*>(host)).store(value, std::memory_order_release);
  }
  static void store_strobed_lane(std::byte* host, const std::byte* data, unsigned strobe) noexcept;

  // What does not lie in a hot row, or is not aligned.
  template <Scalar T>
  AccessStatus load_cold(std::uint64_t address, T& value) const noexcept;
  template <Scalar T>
  AccessStatus store_cold(std::uint64_t address, T value) noexcept;
  // What does not lie in one row, is not aligned, is empty or is refused.
  AccessStatus read_rows(std::uint64_t address, std::span<std::byte> data) const noexcept;
  AccessStatus write_rows(std::uint64_t address, std::span<const std::byte> data) noexcept;
  AccessStatus write_strobed_rows(std::uint64_t address, std::span<const std::byte> data,
                                  const std::uint8_t* strobe) noexcept;
  AccessStatus refuse_atomic(std::uint64_t address, std::uint64_t length) const noexcept;
  std::span<std::byte> span_from(std::uint64_t address, std::uint64_t limit) const noexcept;
  std::span<std::byte> span_before(std::uint64_t end, std::uint64_t limit) const noexcept;
  AccessStatus save_to(int fd, std::uint64_t address, std::uint64_t length) const noexcept;
  bool maps_file(const struct stat& info) const noexcept;
  std::string place_of(std::uint32_t file, std::uint64_t offset) const;
  void swap(GuestMemory& other) noexcept;
  friend class GuestSession;
  void unlock_files() noexcept;

  std::shared_ptr<MemoryState> state_ = MemoryState::none();  // outlives the mappings
  std::vector<Region> regions_;
  std::vector<MapRow> rows_;  // of the same index as regions_
  std::vector<std::shared_ptr<Mapping>> mappings_;
};

template <std::size_t Bytes>
requires BeatSize<Bytes> AccessStatus GuestMemory::read_beat(std::uint64_t address, void* data)
const noexcept {
  using Lane = std::conditional_t<Bytes == 4, std::uint32_t, std::uint64_t>;
  if (address % Bytes != 0) [[unlikely]]
    return AccessStatus::kBadArgument;
  const MemoryState& state = *state_;
  const std::byte* host = locate_aligned<kReadable>(address, Bytes);
  auto* bytes = static_cast<std::byte*>(data);
  if (host == nullptr) [[unlikely]]
    return read_rows(address, {bytes, Bytes});
#pragma GCC unroll 16
  for (std::size_t i = 0; i < Bytes; i += sizeof(Lane)) {
    const Lane lane = load_atomic<Lane>(host + i);
    std::memcpy(bytes + i, &lane, sizeof lane);
  }
  return moved(state);
}

template <std::size_t Bytes>
requires BeatSize<Bytes> AccessStatus GuestMemory::write_beat(std::uint64_t address,
                                                              const void* data, const void* strobe)
noexcept {
  using Lane = std::conditional_t<Bytes == 4, std::uint32_t, std::uint64_t>;
  constexpr unsigned kAllStrobes = (1U << sizeof(Lane)) - 1;
  if (address % Bytes != 0) [[unlikely]]
    return AccessStatus::kBadArgument;
  const MemoryState& state = *state_;
  std::byte* host = locate_aligned<kWritable>(address, Bytes);
  const auto* bytes = static_cast<const std::byte*>(data);
  const auto* strobes = static_cast<const std::uint8_t*>(strobe);
  if (host == nullptr) [[unlikely]]
    return write_strobed_rows(address, {bytes, Bytes}, strobes);
  const auto store_lane = [&](std::size_t at) {
    Lane lane;
    std::memcpy(&lane, bytes + at, sizeof lane);
    store_atomic<Lane>(host + at, lane);
  };
  // One look at all strobes at once: nearly every beat of a burst has them all.
  static constexpr auto kFull = [] {
    std::array<std::uint8_t, (Bytes + 7) / 8> full{};
    full.fill(static_cast<std::uint8_t>(kAllStrobes));
    return full;
  }();
  if (std::memcmp(strobes, kFull.data(), kFull.size()) == 0) [[likely]] {
#pragma GCC unroll 16
    for (std::size_t at = 0; at < Bytes; at += sizeof(Lane)) store_lane(at);
    return written(state);
  }
  for (std::size_t at = 0; at < Bytes; at += sizeof(Lane)) {
    const unsigned enabled = strobes[at / sizeof(Lane)] & kAllStrobes;
    if (enabled == kAllStrobes) {
      store_lane(at);
    } else {
      store_strobed_lane(host + at, bytes + at, enabled);
    }
  }
  return written(state);
}

}  // namespace guestlink
