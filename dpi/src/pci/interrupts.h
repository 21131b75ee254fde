// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "guestlink/mapping.h"

namespace guestlink::detail {

/// The interrupts of a PCI function, from the RTL's wires to the guest. A wire is level or pulsed,
/// and belongs to one MSI-X vector; INTx is the OR of all wires.
///
/// A trigger is an eventfd that QEMU waits for. With MSI-X enabled a wire that rises sends its
/// message; one that has no trigger yet stays pending (its PBA bit) and is sent with the trigger.
/// Else INTx is asserted, and sent once: it then is masked till the guest unmasks it, and is sent
/// again if it is asserted still (vfio's automasked level interrupt, linux/vfio.h
/// VFIO_IRQ_INFO_AUTOMASKED).
class Interrupts {
 public:
  Interrupts(std::uint32_t msix_vectors, bool intx);

  [[nodiscard]] std::uint32_t msix_vectors() const noexcept {
    return static_cast<std::uint32_t>(triggers_.size());
  }
  [[nodiscard]] bool has_intx() const noexcept { return has_intx_; }

  // The RTL's side: false if there is no such vector. Without MSI-X, vector 0 is INTx.
  bool set_level(std::uint32_t vector, bool level) noexcept;
  /// One interrupt, whatever the wire does next.
  bool pulse(std::uint32_t vector) noexcept;

  // The guest's side. `start` and the number of triggers lie within the vectors.
  /// Enables MSI-X and wires vectors from `start` on; an fd of -1 takes the trigger away.
  void set_msix_triggers(std::uint32_t start, std::vector<FileDescriptor> triggers);
  /// Disables MSI-X. What is pending stays so, for INTx or for MSI-X enabled again: QEMU drops all
  /// vectors and wires one more while a driver asks for one after the other.
  void drop_msix() noexcept;
  /// An fd of -1 takes the trigger away.
  void set_intx_trigger(FileDescriptor trigger) noexcept;
  void mask_intx(bool masked) noexcept;
  /// Command register's INTx disable.
  void disable_intx(bool disabled) noexcept;
  /// What the guest asks for to try its own handler; MSI-X is enabled.
  void send_msix(std::uint32_t vector) noexcept;
  void send_intx() noexcept;

  /// Bit of the status register.
  [[nodiscard]] bool intx_asserted() const noexcept;
  [[nodiscard]] bool msix_enabled() const noexcept { return msix_enabled_; }
  /// Pending bits from byte `offset` of the PBA on; zeroes behind its end and without MSI-X.
  void read_pending(std::uint64_t offset, std::span<std::byte> data) const noexcept;
  /// Interrupts sent since construction.
  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }

  /// Wires low, nothing pending or masked; triggers stay, as in vfio.
  void reset() noexcept;

 private:
  struct Wire {
    bool level = false;
    bool pending = false;  // raised, and not sent yet
  };
  void raise(std::uint32_t vector) noexcept;
  void update_intx() noexcept;
  void signal(const FileDescriptor& trigger) noexcept;

  std::vector<FileDescriptor> triggers_;  // of MSI-X, by vector
  std::vector<Wire> wires_;               // by vector; one at least, for INTx
  FileDescriptor intx_trigger_;
  bool has_intx_;
  bool msix_enabled_ = false;
  bool intx_masked_ = false;
  bool intx_disabled_ = false;
  std::uint64_t sent_ = 0;
};

}  // namespace guestlink::detail
