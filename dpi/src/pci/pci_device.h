// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>

#include "guestlink/guest_memory.h"
#include "guestlink/pci_endpoint.h"
#include "pci/dma_regions.h"
#include "pci/interrupts.h"
#include "pci/pci_function.h"

namespace guestlink::detail {

/// The device as a transport sees it: configuration space, BARs, interrupts, DMA. What the RTL has
/// to answer waits in a queue, in the order of the guest's requests. One thread.
class PciDevice {
 public:
  /// An access to a BAR and where its answer goes.
  struct Request {
    MmioRequest access;
    std::uint64_t ticket = 0;  ///< the transport's; kPosted for a write that has no answer
  };
  static constexpr std::uint64_t kPosted = ~std::uint64_t{0};
  /// Requests that wait at most, but for those that come in one message.
  static constexpr std::size_t kMostRequests = 4096;

  explicit PciDevice(const PciIdentity& identity)
      : function_(identity), interrupts_(identity.msix_vectors, identity.intx) {}

  [[nodiscard]] const PciFunction& function() const noexcept { return function_; }
  [[nodiscard]] Interrupts& interrupts() noexcept { return interrupts_; }
  [[nodiscard]] const Interrupts& interrupts() const noexcept { return interrupts_; }
  [[nodiscard]] DmaRegions& dma() noexcept { return dma_; }

  [[nodiscard]] bool read_config(std::uint64_t offset, std::span<std::byte> data) noexcept;
  [[nodiscard]] bool write_config(std::uint64_t offset, std::span<const std::byte> data) noexcept;

  /// Whether the RTL serves an access of `bar`, and not the device itself (the MSI-X table).
  [[nodiscard]] bool is_rtl(std::size_t bar) const noexcept { return bar != function_.msix_bar(); }
  /// Whether there is such an access: 1, 2, 4 or 8 bytes, aligned, inside the BAR.
  [[nodiscard]] bool has_access(std::size_t bar, std::uint64_t offset,
                                std::uint64_t size) const noexcept;
  /// What the MSI-X BAR shows: pending bits, and nothing of the table, which is QEMU's.
  void read_msix(std::uint64_t offset, std::span<std::byte> data) const noexcept;

  [[nodiscard]] std::deque<Request>& requests() noexcept { return requests_; }
  /// Whether one of them is a write.
  [[nodiscard]] bool has_writes() const noexcept;
  /// Starts a reset; the transport waits with all else until end_reset().
  void start_reset(std::uint64_t ticket) noexcept;
  [[nodiscard]] bool resetting() const noexcept { return resetting_; }
  [[nodiscard]] std::uint64_t end_reset() noexcept;

  [[nodiscard]] bool unreachable(std::uint64_t address) const noexcept {
    return dma_.unreachable(address);
  }

  /// A sentence for the user. Of very many only the first are told.
  void say(std::string text);
  [[nodiscard]] std::deque<std::string>& messages() noexcept { return messages_; }

 private:
  static constexpr std::size_t kMostMessages = 100;

  PciFunction function_;
  Interrupts interrupts_;
  DmaRegions dma_;
  std::deque<Request> requests_;
  bool resetting_ = false;
  std::uint64_t reset_ticket_ = kPosted;
  std::deque<std::string> messages_;
  std::size_t said_ = 0;
};

}  // namespace guestlink::detail
