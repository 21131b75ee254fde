// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "systemc/axi/burst.h"

namespace guestlink::axi {

/// One burst with its bytes, between the beats of a bus and the transactions of a memory.
///
/// The bytes lie in bus words in the order of their addresses, so that a burst of any size of beat
/// is one run of bytes (two, if it wraps) and a beat is one word. The beats of a FIXED burst have a
/// word each.
class Transfer {
 public:
  /// Bytes [address, address + length) are at data() + offset, their enables at enables() + offset.
  struct Run {
    std::uint64_t address = 0;
    std::size_t offset = 0;
    std::size_t length = 0;
  };
  static constexpr std::uint8_t kEnabled = 0xFF;  ///< as TLM has it
  static constexpr std::uint8_t kDisabled = 0x00;

  /// Makes room for `burst`, legal on `bus_bytes`. A read's bytes and a write's enables are zero.
  void start(const Burst& burst, std::uint32_t bus_bytes);

  /// One that AXI4 forbids: it has no bytes and no runs.
  void refuse(const Burst& burst);

  [[nodiscard]] const Burst& burst() const noexcept { return burst_; }
  [[nodiscard]] std::byte* data() noexcept { return data_.data(); }
  [[nodiscard]] std::uint8_t* enables() noexcept { return enables_.data(); }

  /// The word of beat `n` as it goes over the bus. Lanes that are not the beat's hold anything.
  [[nodiscard]] std::span<const std::byte> word(std::uint32_t n) const noexcept;
  /// Takes beat `n` of a write: bit k % 8 of strobes[k / 8] enables lane k. Strobes of lanes that
  /// are not the beat's are ignored.
  void put(std::uint32_t n, const std::byte* word, const std::uint8_t* strobes) noexcept;
  /// Whether each byte of a write is enabled; false before the last beat.
  [[nodiscard]] bool all_enabled() const noexcept { return enabled_ == addressed_; }
  /// Whether none is.
  [[nodiscard]] bool none_enabled() const noexcept { return enabled_ == 0; }

  /// What is to be read or written, in order.
  [[nodiscard]] std::span<const Run> runs() const noexcept { return runs_; }

 private:
  [[nodiscard]] std::size_t offset_of_word(std::uint32_t n, const BeatBytes& bytes) const noexcept;
  void plan_runs();

  Burst burst_;
  std::uint32_t bus_bytes_ = 0;
  std::uint64_t base_ = 0;  // address of the first word
  std::size_t addressed_ = 0;
  std::size_t enabled_ = 0;
  std::vector<std::byte> data_;
  std::vector<std::uint8_t> enables_;
  std::vector<Run> runs_;
};

}  // namespace guestlink::axi
