// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <span>

#include "guestlink/pci_endpoint.h"
#include "pci/pci_model.h"

namespace guestlink::sim {

/// Clocks a PCI device beside its guest. One thread.
class PciRunner {
 public:
  enum class Clocking : std::uint8_t {
    kIdleSkip,     ///< no clocks while the device is idle and the guest wants nothing
    kFreeRunning,  ///< clocks all the time
  };

  /// Both outlive it; the model has been started.
  PciRunner(PciModel& model, PciEndpoint& endpoint, Clocking clocking)
      : model_(model), endpoint_(endpoint), clocking_(clocking) {}

  /// Runs up to `cycles` clock cycles; with nothing to do it sleeps instead, till there is, one of
  /// `others` (file descriptors) can be read or `nap` is over, and returns. The cycles run.
  std::uint64_t run(std::uint64_t cycles, std::chrono::milliseconds nap,
                    std::span<const int> others = {});

 private:
  [[nodiscard]] bool idle() const noexcept {
    return clocking_ == Clocking::kIdleSkip && model_.idle() && !endpoint_.pending();
  }

  PciModel& model_;
  PciEndpoint& endpoint_;
  Clocking clocking_;
};

}  // namespace guestlink::sim
