// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The reference engine as a PCI device. Private to sim/pci.
#pragma once

#include "pci/verilated_pci_model.h"

namespace guestlink::sim {

template <typename Top, bool kTraced>
class IoatModel final : public VerilatedPciModel<Top, kTraced> {
 public:
  explicit IoatModel(const PciModel::Options& options) : VerilatedPciModel<Top, kTraced>(options) {
    this->top().read_latency_i = options.timing.read_latency;
    this->top().write_latency_i = options.timing.write_latency;
    this->top().accept_stall_i = options.timing.accept_stall;
    this->top().beat_stall_i = options.timing.beat_stall;
  }

  [[nodiscard]] PciModel::DmaErrors dma_errors() const override {
    const Top& top = this->top();
    return {top.error_count_o, top.error_status_o, top.error_address_o};
  }
  [[nodiscard]] PciModel::Counters counters() const override {
    const Top& top = this->top();
    return {{"descriptors", top.descriptors_o},     {"bytes_read", top.bytes_read_o},
            {"bytes_written", top.bytes_written_o}, {"interrupts", top.interrupts_o},
            {"guest_resets", top.guest_resets_o},   {"mmio_errors", top.mmio_errors_o},
            {"mmio_timeouts", top.mmio_timeouts_o}};
  }
};

std::unique_ptr<PciModel> make_ioat_model(const PciModel::Options& options);
std::unique_ptr<PciModel> make_traced_ioat_model(const PciModel::Options& options);

}  // namespace guestlink::sim
