// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What all Verilated PCI devices have in common. Private to sim/pci.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "model/model_context.h"
#include "pci/pci_model.h"
#include "verilated_fst_c.h"

namespace guestlink::sim {

/// Its tops have clk_i, rst_ni, endpoint_id_i, memory_id_i, lock_step_i, idle_o and irq_o.
template <typename Top, bool kTraced>
class VerilatedPciModel : public PciModel {
 public:
  explicit VerilatedPciModel(const Options& options) : top_(make(context_)) {
    if constexpr (kTraced) {
      constexpr int kAllLevels = 99;
      top_->trace(&trace_, kAllLevels);
      trace_.open(options.trace_file.c_str());
      if (!trace_.isOpen()) {
        throw std::runtime_error("cannot write the trace file '" + options.trace_file + "'");
      }
    }
    top_->lock_step_i = options.lock_step;
  }
  ~VerilatedPciModel() override {
    context_.select();
    if constexpr (kTraced) trace_.close();
    top_->final();
  }

  void start(std::uint64_t endpoint_id, std::uint64_t memory_id) override {
    constexpr int kResetCycles = 4;
    top_->endpoint_id_i = endpoint_id;
    top_->memory_id_i = memory_id;
    // The first evaluation shows the falling edge that an asynchronous reset is made of.
    top_->rst_ni = 1;
    top_->eval();
    top_->rst_ni = 0;
    for (int cycle = 0; cycle < kResetCycles; ++cycle) clock();
    top_->rst_ni = 1;
  }
  void clock() override {
    half(0);
    half(1);
    ++cycles_;
  }
  [[nodiscard]] std::uint64_t cycles() const noexcept override { return cycles_; }
  [[nodiscard]] bool idle() const noexcept override { return top_->idle_o != 0; }
  [[nodiscard]] bool interrupt() const noexcept override { return top_->irq_o != 0; }
  [[nodiscard]] StopReason stop_reason() const noexcept override {
    if (!context_->gotFinish()) return StopReason::kNone;
    return context_->gotError() ? StopReason::kAssertion : StopReason::kFinish;
  }

 protected:
  Top& top() noexcept { return *top_; }
  const Top& top() const noexcept { return *top_; }

 private:
  // Tracing has to be announced before the model is made.
  static std::unique_ptr<Top> make(ModelContext& context) {
    if constexpr (kTraced) context->traceEverOn(true);
    return std::make_unique<Top>(context.get());
  }
  void half(CData level) {
    top_->clk_i = level;
    top_->eval();
    if constexpr (kTraced) trace_.dump(context_->time());
    context_->timeInc(1);
  }

  struct NoTrace {};
  ModelContext context_;
  std::unique_ptr<Top> top_;
  std::uint64_t cycles_ = 0;
  std::conditional_t<kTraced, VerilatedFstC, NoTrace> trace_;
};

}  // namespace guestlink::sim
