// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "guestlink/guest_memory.h"

namespace guestlink::sim {

/// One descriptor of the self-test in the driver's format (64 bytes, little-endian).
struct Descriptor {
  std::uint32_t size = 0;
  std::uint32_t control = 0;
  std::uint64_t source = 0;
  std::uint64_t destination = 0;
  std::uint64_t next = 0;
  std::uint64_t reserved[4] = {};
};
static_assert(sizeof(Descriptor) == 64);

inline constexpr std::uint32_t kControlInterrupt = 1U << 0;
inline constexpr std::uint32_t kControlCompletion = 1U << 3;
inline constexpr std::uint32_t kControlFence = 1U << 4;
inline constexpr std::uint32_t kControlNull = 1U << 5;

/// What is wrong with a descriptor that the engine must refuse.
enum class Fault { kSizeZero, kSizeAboveLimit, kOperation, kSourceHole, kDestinationHole };
inline constexpr int kFaults = 5;

/// A descriptor with its place in the run and in guest memory.
struct Job {
  std::uint64_t index = 0;
  std::uint64_t address = 0;
  Descriptor descriptor;
};

/// The memory a self-test works in, what it should hold, and random work for it:
///
///     ring of descriptors | completion record | sources | destinations
///
/// Copies of one batch neither overlap in their destinations nor read what another of them writes,
/// unless a fence stands between: then the result does not depend on how far the engine reads
/// ahead. The bytes round each destination are guards.
class Scoreboard {
 public:
  static constexpr std::uint64_t kBytes = 1U << 20;
  static constexpr std::uint32_t kRingSlots = 512;
  static constexpr std::uint32_t kMaximumBatch = 64;

  /// Fills `kBytes` from `base` (64-byte aligned) with random bytes. Throws std::runtime_error if
  /// that fails.
  Scoreboard(GuestMemory& memory, std::uint64_t base, std::uint32_t seed);

  [[nodiscard]] std::uint64_t completion_address() const noexcept { return base_ + kRingBytes; }
  [[nodiscard]] std::uint64_t first_descriptor() const noexcept { return address_of(next_slot_); }

  /// Up to `limit` descriptors, written to the ring behind those of the last batch; the last one
  /// always writes a completion record and interrupts. Their copies are done in the expected
  /// memory.
  const std::vector<Job>& make_batch(std::uint32_t limit);

  /// Writes a descriptor with the fault behind the last batch, and a good one behind it, which must
  /// not complete. `hole` is an address without RAM; `transfer_limit` the largest size the engine
  /// takes.
  void make_fault(Fault fault, std::uint64_t hole, std::uint32_t transfer_limit);
  /// What the two may have written of their destinations (docs/ioat.md, Errors) is taken as right.
  void accept_fault(Fault fault);

  /// Compares all of the memory but the completion record; what differs first, in words.
  [[nodiscard]] std::optional<std::string> compare();

 private:
  static constexpr std::uint64_t kRingBytes = kRingSlots * sizeof(Descriptor);
  static constexpr std::uint64_t kSourceOffset = kRingBytes + 4096;
  static constexpr std::uint64_t kDestinationOffset = 384U << 10;
  static constexpr std::uint64_t kMaximumSize = 64U << 10;

  std::uint64_t random(std::uint64_t below) { return random_() % below; }
  [[nodiscard]] std::uint64_t address_of(std::uint32_t slot) const noexcept {
    return base_ + slot * sizeof(Descriptor);
  }
  std::uint32_t random_size();
  std::uint32_t random_control(bool last);
  bool place(Descriptor& descriptor);
  void append(Descriptor descriptor);
  void accept_destination(const Descriptor& descriptor);
  void choose_next_slot();
  void write(std::uint64_t address, const Descriptor& descriptor);
  void store(const Job& job);
  [[nodiscard]] const Job* find_writer(std::uint64_t address, std::uint64_t margin) const;
  [[nodiscard]] std::string describe(std::uint64_t offset, std::byte actual) const;

  GuestMemory& memory_;
  std::uint64_t base_;
  std::mt19937_64 random_;
  std::vector<std::byte> expected_;
  std::vector<std::byte> actual_;
  std::vector<Job> batch_;
  std::vector<bool> slot_used_;
  std::uint32_t next_slot_ = 0;
  std::uint64_t next_index_ = 0;
  std::uint64_t free_from_ = 0;
  Descriptor faulty_;
  Descriptor follower_;
};

}  // namespace guestlink::sim
