// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Each rule of axil_checker: broken once, its assertion ends the simulation; kept, nothing happens.
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>

#include "Vaxil_checker_model.h"
#include "verilated.h"

namespace guestlink::test {
namespace {

class Bus {
 public:
  Bus() : context_(std::make_unique<VerilatedContext>()) {
    model_ = std::make_unique<Vaxil_checker_model>(context_.get());
    tick();
    tick();
    model_->rst_ni = 1;
    tick();
  }
  ~Bus() { model_->final(); }
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;

  Vaxil_checker_model& pins() { return *model_; }

  void tick() {
    model_->clk_i = 0;
    model_->eval();
    model_->clk_i = 1;
    model_->eval();
  }

  template <typename Pin>
  void take(Pin& valid, Pin& ready) {
    valid = 1;
    ready = 1;
    tick();
    valid = 0;
    ready = 0;
  }

  void aw() { take(model_->awvalid_i, model_->awready_i); }
  void w() { take(model_->wvalid_i, model_->wready_i); }
  void b() { take(model_->bvalid_i, model_->bready_i); }
  void ar() { take(model_->arvalid_i, model_->arready_i); }
  void r() { take(model_->rvalid_i, model_->rready_i); }

 private:
  std::unique_ptr<VerilatedContext> context_;
  std::unique_ptr<Vaxil_checker_model> model_;
};

template <typename Pin, typename Change>
void hold_then(Bus& bus, Pin& valid, Change change) {
  valid = 1;
  bus.tick();
  change();
  bus.tick();
}

void request_write(Bus& bus) {
  bus.aw();
  bus.w();
}

struct Row {
  const char* assertion;
  void (*break_rule)(Bus&);
};

const Row kRows[] = {
    {"AwValidHeld",
     [](Bus& b) { hold_then(b, b.pins().awvalid_i, [&] { b.pins().awvalid_i = 0; }); }},
    {"AwStable", [](Bus& b) { hold_then(b, b.pins().awvalid_i, [&] { b.pins().awaddr_i ^= 4; }); }},
    {"WValidHeld", [](Bus& b) { hold_then(b, b.pins().wvalid_i, [&] { b.pins().wvalid_i = 0; }); }},
    {"WStable", [](Bus& b) { hold_then(b, b.pins().wvalid_i, [&] { b.pins().wstrb_i ^= 1; }); }},
    {"BValidHeld",
     [](Bus& b) {
       request_write(b);
       hold_then(b, b.pins().bvalid_i, [&] { b.pins().bvalid_i = 0; });
     }},
    {"BStable",
     [](Bus& b) {
       request_write(b);
       hold_then(b, b.pins().bvalid_i, [&] { b.pins().bresp_i ^= 2; });
     }},
    {"ArValidHeld",
     [](Bus& b) { hold_then(b, b.pins().arvalid_i, [&] { b.pins().arvalid_i = 0; }); }},
    {"ArStable", [](Bus& b) { hold_then(b, b.pins().arvalid_i, [&] { b.pins().arprot_i ^= 1; }); }},
    {"RValidHeld",
     [](Bus& b) {
       b.ar();
       hold_then(b, b.pins().rvalid_i, [&] { b.pins().rvalid_i = 0; });
     }},
    {"RStable",
     [](Bus& b) {
       b.ar();
       hold_then(b, b.pins().rvalid_i, [&] { b.pins().rdata_i ^= 1; });
     }},
    {"AwValidLowInReset",
     [](Bus& b) {
       b.pins().rst_ni = 0;
       b.aw();
     }},
    {"WValidLowInReset",
     [](Bus& b) {
       b.pins().rst_ni = 0;
       b.w();
     }},
    {"BValidLowInReset",
     [](Bus& b) {
       b.pins().rst_ni = 0;
       b.b();
     }},
    {"ArValidLowInReset",
     [](Bus& b) {
       b.pins().rst_ni = 0;
       b.ar();
     }},
    {"RValidLowInReset",
     [](Bus& b) {
       b.pins().rst_ni = 0;
       b.r();
     }},
    {"BHasAddress",
     [](Bus& b) {
       b.w();
       b.b();
     }},
    {"BHasData",
     [](Bus& b) {
       b.aw();
       b.b();
     }},
    {"RHasRequest",
     [](Bus& b) {
       b.ar();
       b.r();
       b.r();
     }},
    {"BNoExOkay",
     [](Bus& b) {
       request_write(b);
       b.pins().bresp_i = 1;
       b.b();
     }},
    {"RNoExOkay",
     [](Bus& b) {
       b.ar();
       b.pins().rresp_i = 1;
       b.r();
     }},
};

class AxilCheckerRuleTest : public ::testing::TestWithParam<Row> {};

TEST_P(AxilCheckerRuleTest, BrokenRuleEndsTheSimulation) {
  const Row& row = GetParam();
  EXPECT_DEATH(
      {
        dup2(STDERR_FILENO, STDOUT_FILENO);  // where Verilator writes the name of the assertion
        Bus bus;
        row.break_rule(bus);
      },
      std::string(row.assertion) + "[^A-Za-z]");
}

INSTANTIATE_TEST_SUITE_P(Rules, AxilCheckerRuleTest, ::testing::ValuesIn(kRows),
                         [](const auto& row) {
                           return std::string(row.param.assertion) + "_" +
                                  std::to_string(row.index);
                         });

TEST(AxilCheckerTest, LegalTrafficPasses) {
  Bus bus;
  bus.w();  // data before its address
  bus.aw();
  bus.aw();
  bus.b();
  bus.w();
  bus.b();
  bus.ar();
  bus.ar();
  bus.r();
  bus.r();
}

}  // namespace
}  // namespace guestlink::test
