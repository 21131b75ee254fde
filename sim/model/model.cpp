// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "model/model.h"

#include "Vguestlink_top.h"

namespace guestlink::sim {
namespace {

class PlainModel final : public Model {
 public:
  PlainModel() = default;
  ~PlainModel() override {
    context_.select();
    top_.final();
  }
  PlainModel(const PlainModel&) = delete;
  PlainModel& operator=(const PlainModel&) = delete;

  void settle() override { top_.eval(); }
  void clock() override {
    half(0);
    half(1);
  }
  Ports& ports() noexcept override { return ports_; }
  VerilatedContext& context() noexcept override { return *context_.get(); }

 private:
  void half(CData level) {
    top_.clk_i = level;
    top_.eval();
    context_->timeInc(1);
  }

  ModelContext context_;
  Vguestlink_top top_{context_.get()};
  Ports ports_ = ports_of(top_);
};

}  // namespace

std::unique_ptr<Model> make_model() { return std::make_unique<PlainModel>(); }

}  // namespace guestlink::sim
