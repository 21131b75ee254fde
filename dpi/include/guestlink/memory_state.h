// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "guestlink/range.h"

namespace guestlink {

/// A row of the address map with its place in this process.
struct Region {
  std::uint64_t guest_address = 0;
  std::uint64_t length = 0;
  std::uint64_t writable_length = 0;  ///< `length`, or 0 where only reads are allowed
  std::byte* host = nullptr;

  [[nodiscard]] bool writable() const noexcept { return writable_length != 0; }
};

/// Whether a guest's memory is there: what its GuestMemory, the SIGBUS handler and whoever watches
/// the guest share. A watcher holds it (GuestMemory::state) while the GuestMemory is moved; it
/// outlives that, as lost. Every function may be called from any thread at once.
class MemoryState {
 public:
  /// Attached, generation 1, to `rows`. Throws std::bad_alloc.
  explicit MemoryState(std::vector<Region> rows);
  MemoryState(const MemoryState&) = delete;
  MemoryState& operator=(const MemoryState&) = delete;

  /// The state of a GuestMemory without memory: lost, generation 0. Never destroyed.
  static std::shared_ptr<MemoryState> none() noexcept;

  /// Odd while the memory is attached, even once it is lost; never goes down. It grows by one when
  /// the memory is lost or detached, and by one more when it is attached again.
  [[nodiscard]] std::uint64_t generation() const noexcept {
    return generation_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

  /// Makes the memory lost: accesses that begin later are kDetached. Async-signal-safe.
  void detach() noexcept;

 private:
  friend class GuestMemory;

  // A row that detach() takes away: its lengths become 0, so that an access finds no row and none
  // pays for asking first whether the memory is still there. Start and lengths are multiples of the
  // largest beat: of an aligned access the first byte decides.
  struct HotRow {
    std::uint64_t guest_address = 0;
    std::atomic<std::uint64_t> length{0};
    std::atomic<std::uint64_t> writable_length{0};
    std::byte* host = nullptr;

    void set(const Region& row) noexcept;
    void clear() noexcept;
  };
  using HotLength = std::atomic<std::uint64_t> HotRow::*;
  static constexpr std::size_t kParts = 128;  // two for each of 64 rows

  // Where `address` is, if `fits` says so of its offset in a hot row and of the row's length; else
  // null. First the largest row; then, of the others, the one that has most of the part of the
  // addresses that `address` is in.
  template <HotLength Length, typename Fits>
  std::byte* find_hot(std::uint64_t address, Fits fits) const noexcept {
    if (std::byte* const host = in_row<Length>(largest_, address, fits)) [[likely]]
      return host;
    return in_row<Length>(parts_[(address >> part_shift_) % kParts], address, fits);
  }
  template <HotLength Length, typename Fits>
  static std::byte* in_row(const HotRow& row, std::uint64_t address, Fits fits) noexcept {
    const std::uint64_t offset = address - row.guest_address;
    if (!fits(offset, (row.*Length).load(std::memory_order_relaxed))) return nullptr;
    std::byte* const host = row.host + offset;
    if (host == nullptr) __builtin_unreachable();  // a row without memory has no length
    return host;
  }

  // To be asked behind each access: the only price of surviving a SIGBUS. The handler runs in the
  // thread of the access, between its moves and this look; the fence keeps the compiler from
  // looking first.
  bool lost_meanwhile() const noexcept {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    return lost();
  }

  constexpr MemoryState() noexcept = default;
  void share_out(std::span<const Region> rows) noexcept;
  void follow(std::uint64_t before) noexcept;

  // With the first row in one cache line.
  alignas(64) std::atomic<bool> lost_{true};
  std::uint8_t part_shift_ = 0;
  HotRow largest_{};
  std::atomic<std::uint64_t> generation_{0};
  // The addresses from the first row to the last are cut into equal parts, kParts at most.
  std::array<HotRow, kParts> parts_{};
};

}  // namespace guestlink
