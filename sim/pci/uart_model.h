// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The 16550 as a PCI device. Private to sim/pci.
#pragma once

#include "pci/verilated_pci_model.h"

namespace guestlink::sim {

template <typename Top, bool kTraced>
class UartModel final : public VerilatedPciModel<Top, kTraced> {
 public:
  explicit UartModel(const PciModel::Options& options)
      : VerilatedPciModel<Top, kTraced>(options), serial_(options.serial) {}

  void clock() override {
    Top& top = this->top();
    if (serial_ == nullptr) return VerilatedPciModel<Top, kTraced>::clock();
    if (top.line_valid_i == 0 && serial_->ready()) {
      top.line_valid_i = 1;
      top.line_data_i = serial_->get();
    }
    const bool taken = top.line_ready_o != 0;
    VerilatedPciModel<Top, kTraced>::clock();
    if (taken) top.line_valid_i = 0;
    if (top.line_valid_o != 0) serial_->put(top.line_data_o);
  }
  [[nodiscard]] bool idle() const noexcept override {
    return VerilatedPciModel<Top, kTraced>::idle() && this->top().line_valid_i == 0 &&
           (serial_ == nullptr || !serial_->ready());
  }
  /// It has no DMA.
  [[nodiscard]] PciModel::DmaErrors dma_errors() const override { return {}; }
  [[nodiscard]] PciModel::Counters counters() const override {
    const Top& top = this->top();
    return {{"bytes_sent", top.sent_o},         {"bytes_received", top.received_o},
            {"interrupts", top.interrupts_o},   {"guest_resets", top.guest_resets_o},
            {"mmio_errors", top.mmio_errors_o}, {"mmio_timeouts", top.mmio_timeouts_o}};
  }

 private:
  SerialEnd* serial_;
};

std::unique_ptr<PciModel> make_uart_model(const PciModel::Options& options);
std::unique_ptr<PciModel> make_traced_uart_model(const PciModel::Options& options);

}  // namespace guestlink::sim
