// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "systemc/verilated_device.h"

namespace guestlink::sim {

/// The pins of ioat_dma, and what its monitor outputs told since construction or clear().
class EnginePins : public DevicePins {
 public:
  struct Seen {
    std::uint64_t descriptors = 0;
    std::uint64_t interrupts = 0;     ///< rising edges
    std::uint32_t faults = 0;         ///< times that CHANERR left 0
    std::uint32_t fault_chanerr = 0;  ///< what it became the last time
    std::uint64_t fault_chansts = 0;  ///< and CHANSTS then
  };

  template <typename Top>
  void before_edge(const Top& top) {
    seen_.descriptors += top.descriptor_done_o;
    seen_.interrupts += top.irq_o && !irq_;
    irq_ = top.irq_o;
    if (top.chanerr_o != 0) seen_.fault_chanerr = top.chanerr_o;
    if (top.chanerr_o != 0 && !faulty_) {
      ++seen_.faults;
      seen_.fault_chansts = top.chansts_o;
    }
    faulty_ = top.chanerr_o != 0;
  }
  void clear() { *this = {}; }
  [[nodiscard]] const Seen& seen() const noexcept { return seen_; }

 private:
  Seen seen_;
  bool irq_ = false;
  bool faulty_ = false;
};

}  // namespace guestlink::sim
