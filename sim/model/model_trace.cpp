// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "Vguestlink_top_trace.h"
#include "model/model.h"
#include "verilated_fst_c.h"

namespace guestlink::sim {
namespace {

constexpr int kAllLevels = 99;

class TracedModel final : public Model {
 public:
  explicit TracedModel(const std::string& file) : top_(traced(context_)), ports_(ports_of(*top_)) {
    top_->trace(&trace_, kAllLevels);
    trace_.open(file.c_str());
    if (!trace_.isOpen()) throw std::runtime_error("cannot write the trace file '" + file + "'");
  }
  ~TracedModel() override {
    context_.select();
    trace_.close();
    top_->final();
  }
  TracedModel(const TracedModel&) = delete;
  TracedModel& operator=(const TracedModel&) = delete;

  void settle() override { top_->eval(); }
  void clock() override {
    half(0);
    half(1);
  }
  Ports& ports() noexcept override { return ports_; }
  VerilatedContext& context() noexcept override { return *context_.get(); }

 private:
  // Tracing has to be announced before the model is made.
  static std::unique_ptr<Vguestlink_top_trace> traced(ModelContext& context) {
    context->traceEverOn(true);
    return std::make_unique<Vguestlink_top_trace>(context.get());
  }
  void half(CData level) {
    top_->clk_i = level;
    top_->eval();
    trace_.dump(context_->time());
    context_->timeInc(1);
  }

  ModelContext context_;
  std::unique_ptr<Vguestlink_top_trace> top_;
  Ports ports_;
  VerilatedFstC trace_;
};

}  // namespace

std::unique_ptr<Model> make_traced_model(const std::string& trace_file) {
  return std::make_unique<TracedModel>(trace_file);
}

}  // namespace guestlink::sim
