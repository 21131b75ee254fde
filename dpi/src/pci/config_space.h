// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace guestlink::detail {

/// The configuration space of a PCI function: bytes, of which the guest may write those bits that
/// have been made writable (PCI Local Bus Specification 3.0, section 6.1). Knows no register.
class ConfigSpace {
 public:
  static constexpr std::size_t kBytes = 4096;

  /// Power-on value of `size` bytes (1, 2 or 4) at `offset`, little-endian; in force at once.
  void set(std::size_t offset, std::size_t size, std::uint32_t value) noexcept;
  /// The bits of `mask` are the guest's to write, too.
  void make_writable(std::size_t offset, std::size_t size, std::uint32_t mask) noexcept;

  /// What hardware sees and drives.
  [[nodiscard]] std::uint32_t get(std::size_t offset, std::size_t size) const noexcept;
  void drive(std::size_t offset, std::size_t size, std::uint32_t value) noexcept;

  /// The guest's accesses. Whether all of it lies in the space; nothing is done if not.
  [[nodiscard]] bool read(std::uint64_t offset, std::span<std::byte> data) const noexcept;
  [[nodiscard]] bool write(std::uint64_t offset, std::span<const std::byte> data) noexcept;

  /// Back to the power-on values.
  void reset() noexcept { now_ = power_on_; }

 private:
  using Bytes = std::array<std::uint8_t, kBytes>;

  Bytes now_{};
  Bytes power_on_{};
  Bytes writable_{};
};

}  // namespace guestlink::detail
