// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "pci/config_space.h"

namespace guestlink::detail {

/// A base address register and what is behind it.
struct PciBar {
  enum class Kind : std::uint8_t { kNone, kMemory32, kMemory64, kIo };
  Kind kind = Kind::kNone;
  std::uint64_t size = 0;  ///< bytes, a power of two: 16 or more of memory, 4 to 256 of ports
  bool prefetchable = false;

  friend bool operator==(const PciBar&, const PciBar&) = default;
};

/// What a PCI function is, at power-on.
struct PciIdentity {
  static constexpr std::size_t kBars = 6;
  static constexpr std::uint32_t kMostVectors = 2048;

  std::uint16_t vendor = 0;
  std::uint16_t device = 0;
  std::uint16_t subsystem_vendor = 0;
  std::uint16_t subsystem = 0;
  std::uint32_t class_code = 0;  ///< 24 bits: class, subclass, programming interface
  std::uint8_t revision = 0;
  std::array<PciBar, kBars> bars{};
  std::uint32_t msix_vectors = 0;  ///< up to kMostVectors; their table takes the first free BAR
  bool intx = false;               ///< it has interrupt pin A

  friend bool operator==(const PciIdentity&, const PciIdentity&) = default;
};

/// Configuration space and BARs of a conventional PCI endpoint (PCI Local Bus Specification 3.0,
/// chapter 6). Knows no register behind a BAR, no transport and no interrupt wire.
class PciFunction {
 public:
  /// Throws std::invalid_argument naming what no function can be: a BAR size that is no power of
  /// two, a 64-bit BAR without room for its upper half, more vectors than there may be, no BAR left
  /// for their table.
  explicit PciFunction(const PciIdentity& identity);

  /// The function as it is made: with the BAR of the MSI-X table.
  [[nodiscard]] const PciIdentity& identity() const noexcept { return identity_; }
  /// Bytes behind BAR `index`, 0 for one that is not there.
  [[nodiscard]] std::uint64_t bar_size(std::size_t index) const noexcept {
    return index < identity_.bars.size() ? identity_.bars[index].size : 0;
  }
  /// Of the BAR that holds the MSI-X table and, at pba_offset(), the pending bits.
  [[nodiscard]] std::optional<std::size_t> msix_bar() const noexcept { return msix_bar_; }
  [[nodiscard]] std::uint64_t pba_offset() const noexcept { return pba_offset_; }

  /// The guest's accesses to its configuration space: false if some byte is outside.
  [[nodiscard]] bool read_config(std::uint64_t offset, std::span<std::byte> data) const noexcept {
    return config_.read(offset, data);
  }
  [[nodiscard]] bool write_config(std::uint64_t offset, std::span<const std::byte> data) noexcept {
    return config_.write(offset, data);
  }

  /// Bits of the command register: whether the function may access memory, and whether its INTx is
  /// disabled.
  [[nodiscard]] bool bus_master() const noexcept;
  [[nodiscard]] bool intx_disabled() const noexcept;
  /// The interrupt status bit of the status register.
  void show_intx(bool asserted) noexcept;

  /// As after power-on.
  void reset() noexcept { config_.reset(); }

 private:
  void check_bar(std::size_t index) const;
  void place_msix();
  void set_bars() noexcept;
  void set_msix_capability() noexcept;

  PciIdentity identity_;
  ConfigSpace config_;
  std::optional<std::size_t> msix_bar_;
  std::uint64_t pba_offset_ = 0;
};

}  // namespace guestlink::detail
