// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Each rule of axi4_checker: broken once, its assertion ends the simulation; kept, nothing happens.
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>

#include "Vaxi4_checker_model.h"
#include "verilated.h"

namespace guestlink::test {
namespace {

constexpr unsigned kFixed = 0;
constexpr unsigned kIncr = 1;
constexpr unsigned kWrap = 2;

// Drives both sides of a 64-bit bus that the checker looks at, one handshake a clock.
class Bus {
 public:
  Bus() : context_(std::make_unique<VerilatedContext>()) {
    model_ = std::make_unique<Vaxi4_checker_model>(context_.get());
    tick();
    tick();
    model_->rst_ni = 1;
    tick();
  }
  ~Bus() { model_->final(); }
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;

  Vaxi4_checker_model& pins() { return *model_; }

  void tick() {
    model_->clk_i = 0;
    model_->eval();
    model_->clk_i = 1;
    model_->eval();
  }

  void ar(unsigned long long address, unsigned len, unsigned size = 3, unsigned burst = kIncr,
          unsigned id = 0) {
    model_->araddr_i = address;
    model_->arlen_i = static_cast<unsigned char>(len);
    model_->arsize_i = static_cast<unsigned char>(size);
    model_->arburst_i = static_cast<unsigned char>(burst);
    model_->arid_i = static_cast<unsigned char>(id);
    take(model_->arvalid_i, model_->arready_i);
  }

  void aw(unsigned long long address, unsigned len, unsigned size = 3, unsigned burst = kIncr,
          unsigned id = 0) {
    set_aw(address, len, size, burst, id);
    take(model_->awvalid_i, model_->awready_i);
  }

  void set_aw(unsigned long long address, unsigned len, unsigned size = 3, unsigned burst = kIncr,
              unsigned id = 0) {
    model_->awaddr_i = address;
    model_->awlen_i = static_cast<unsigned char>(len);
    model_->awsize_i = static_cast<unsigned char>(size);
    model_->awburst_i = static_cast<unsigned char>(burst);
    model_->awid_i = static_cast<unsigned char>(id);
  }

  void w(bool last, unsigned strobe = 0) {
    model_->wlast_i = last;
    model_->wstrb_i = static_cast<unsigned char>(strobe);
    take(model_->wvalid_i, model_->wready_i);
  }

  void r(bool last, unsigned id = 0, unsigned response = 0) {
    model_->rlast_i = last;
    model_->rid_i = static_cast<unsigned char>(id);
    model_->rresp_i = static_cast<unsigned char>(response);
    take(model_->rvalid_i, model_->rready_i);
  }

  void b(unsigned id = 0, unsigned response = 0) {
    model_->bid_i = static_cast<unsigned char>(id);
    model_->bresp_i = static_cast<unsigned char>(response);
    take(model_->bvalid_i, model_->bready_i);
  }

 private:
  template <typename Pin>
  void take(Pin& valid, Pin& ready) {
    valid = 1;
    ready = 1;
    tick();
    valid = 0;
    ready = 0;
  }

  std::unique_ptr<VerilatedContext> context_;
  std::unique_ptr<Vaxi4_checker_model> model_;
};

// Holds VALID for a clock without READY, breaks the rule by `change`, and clocks again.
template <typename Pin, typename Change>
void hold_then(Bus& bus, Pin& valid, Change change) {
  valid = 1;
  bus.tick();
  change();
  bus.tick();
}

struct Row {
  const char* assertion;
  void (*break_rule)(Bus&);
};

const Row kRows[] = {
    {"AwValidHeld",
     [](Bus& b) { hold_then(b, b.pins().awvalid_i, [&] { b.pins().awvalid_i = 0; }); }},
    {"AwStable", [](Bus& b) { hold_then(b, b.pins().awvalid_i, [&] { b.pins().awaddr_i ^= 8; }); }},
    {"AwStable", [](Bus& b) { hold_then(b, b.pins().awvalid_i, [&] { b.pins().awqos_i ^= 1; }); }},
    {"WValidHeld", [](Bus& b) { hold_then(b, b.pins().wvalid_i, [&] { b.pins().wvalid_i = 0; }); }},
    {"WStable", [](Bus& b) { hold_then(b, b.pins().wvalid_i, [&] { b.pins().wdata_i ^= 1; }); }},
    {"WStable", [](Bus& b) { hold_then(b, b.pins().wvalid_i, [&] { b.pins().wstrb_i ^= 1; }); }},
    {"WStable", [](Bus& b) { hold_then(b, b.pins().wvalid_i, [&] { b.pins().wlast_i ^= 1; }); }},
    {"BValidHeld",
     [](Bus& b) {
       b.aw(0, 0);
       b.w(true);
       hold_then(b, b.pins().bvalid_i, [&] { b.pins().bvalid_i = 0; });
     }},
    {"BStable",
     [](Bus& b) {
       b.aw(0, 0);
       b.w(true);
       hold_then(b, b.pins().bvalid_i, [&] { b.pins().bresp_i ^= 2; });
     }},
    {"ArValidHeld",
     [](Bus& b) { hold_then(b, b.pins().arvalid_i, [&] { b.pins().arvalid_i = 0; }); }},
    {"ArStable", [](Bus& b) { hold_then(b, b.pins().arvalid_i, [&] { b.pins().arlen_i ^= 1; }); }},
    {"RValidHeld",
     [](Bus& b) {
       b.ar(0, 1);
       hold_then(b, b.pins().rvalid_i, [&] { b.pins().rvalid_i = 0; });
     }},
    {"RStable",
     [](Bus& b) {
       b.ar(0, 1);
       hold_then(b, b.pins().rvalid_i, [&] { b.pins().rdata_i ^= 1; });
     }},
    {"AwValidLowInReset",
     [](Bus& b) {
       b.pins().rst_ni = 0;
       b.aw(0, 0);
     }},
    {"WValidLowInReset",
     [](Bus& b) {
       b.pins().rst_ni = 0;
       b.w(true);
     }},
    {"BValidLowInReset",
     [](Bus& b) {
       b.pins().rst_ni = 0;
       b.b();
     }},
    {"ArValidLowInReset",
     [](Bus& b) {
       b.pins().rst_ni = 0;
       b.ar(0, 0);
     }},
    {"RValidLowInReset",
     [](Bus& b) {
       b.pins().rst_ni = 0;
       b.r(true);
     }},
    {"AwBurstNotReserved", [](Bus& b) { b.aw(0, 0, 3, 3); }},
    {"AwSizeFitsBus", [](Bus& b) { b.aw(0, 0, 4); }},
    {"AwWrapLegal", [](Bus& b) { b.aw(0, 2, 3, kWrap); }},
    {"AwWrapLegal", [](Bus& b) { b.aw(4, 3, 3, kWrap); }},
    {"AwFixedShort", [](Bus& b) { b.aw(0, 16, 3, kFixed); }},
    {"AwWithin4KiB", [](Bus& b) { b.aw(0xff8, 1); }},
    {"ArBurstNotReserved", [](Bus& b) { b.ar(0, 0, 3, 3); }},
    {"ArSizeFitsBus", [](Bus& b) { b.ar(0, 0, 4); }},
    {"ArWrapLegal", [](Bus& b) { b.ar(0, 0, 3, kWrap); }},
    {"ArFixedShort", [](Bus& b) { b.ar(0, 16, 3, kFixed); }},
    {"ArWithin4KiB",
     [](Bus& b) {
       b.ar(0x1001, 512 / 2 - 1, 3);
       b.ar(0x1809, 255);
     }},
    {"RHasRequest", [](Bus& b) { b.r(true); }},
    {"RHasRequest",
     [](Bus& b) {
       b.ar(0, 0, 3, kIncr, 1);
       b.r(true, 2);
     }},
    {"RHasRequest",
     [](Bus& b) {
       b.ar(0, 0);
       b.r(true);
       b.r(true);
     }},
    {"RLastPosition",
     [](Bus& b) {
       b.ar(0, 1);
       b.r(true);
     }},
    {"RLastPosition",
     [](Bus& b) {
       b.ar(0, 1);
       b.r(false);
       b.r(false);
     }},
    {"RNoExOkay",
     [](Bus& b) {
       b.ar(0, 0);
       b.r(true, 0, 1);
     }},
    {"ArTableFits",
     [](Bus& b) {
       for (int n = 0; n < 5; ++n) b.ar(0, 0);
     }},
    {"WLastPosition",
     [](Bus& b) {
       b.aw(0, 1);
       b.w(true);
     }},
    {"WLastPosition",
     [](Bus& b) {
       b.aw(0, 0);
       b.w(false);
     }},
    {"WStrobeLanes",
     [](Bus& b) {
       b.aw(1, 0);
       b.w(true, 0x01);
     }},
    {"WStrobeLanes",
     [](Bus& b) {
       b.aw(4, 1, 1);
       b.w(false, 0x30);
       b.w(true, 0x10);
     }},
    {"WStrobeLanes",
     [](Bus& b) {
       b.aw(6, 1, 1, kWrap);
       b.w(false, 0xc0);
       b.w(true, 0x40);
     }},
    {"WStrobeLanes",
     [](Bus& b) {
       b.aw(2, 1, 1, kFixed);
       b.w(false, 0x0c);
       b.w(true, 0x30);
     }},
    {"WLastPositionWithAw",
     [](Bus& b) {
       b.set_aw(0, 1);
       b.pins().awvalid_i = b.pins().awready_i = 1;
       b.w(true);
     }},
    {"WLastPositionBeforeAw",
     [](Bus& b) {
       b.w(true);
       b.aw(0, 1);
     }},
    {"WNotPastAw",
     [](Bus& b) {
       b.w(false);
       b.w(false);
       b.aw(0, 0);
     }},
    {"WTableFits",
     [](Bus& b) {
       for (int n = 0; n < 5; ++n) b.w(true);
     }},
    {"BHasRequest", [](Bus& b) { b.b(); }},
    {"BHasRequest",
     [](Bus& b) {
       b.aw(0, 0);
       b.b();
     }},
    {"BHasRequest",
     [](Bus& b) {
       b.aw(0, 0, 3, kIncr, 1);
       b.w(true);
       b.b(2);
     }},
    {"BHasRequest",
     [](Bus& b) {
       b.aw(0, 1);
       b.w(false);
       b.b();
     }},
    {"BNoExOkay",
     [](Bus& b) {
       b.aw(0, 0);
       b.w(true);
       b.b(0, 1);
     }},
    {"AwTableFits",
     [](Bus& b) {
       for (int n = 0; n < 5; ++n) b.aw(0, 0);
     }},
};

class Axi4CheckerRuleTest : public ::testing::TestWithParam<Row> {};

TEST_P(Axi4CheckerRuleTest, BrokenRuleEndsTheSimulation) {
  const Row& row = GetParam();
  EXPECT_DEATH(
      {
        dup2(STDERR_FILENO, STDOUT_FILENO);  // where Verilator writes the name of the assertion
        Bus bus;
        row.break_rule(bus);
      },
      std::string(row.assertion) + "[^A-Za-z]");
}

INSTANTIATE_TEST_SUITE_P(Rules, Axi4CheckerRuleTest, ::testing::ValuesIn(kRows),
                         [](const auto& row) {
                           return std::string(row.param.assertion) + "_" +
                                  std::to_string(row.index);
                         });

TEST(Axi4CheckerTest, LegalTrafficPasses) {
  Bus bus;
  bus.ar(0xf00, 31, 3, kIncr, 1);
  bus.ar(0x38, 7, 3, kWrap, 2);
  for (unsigned n = 0; n < 8; ++n) bus.r(n == 7, 2);  // out of order between IDs
  for (unsigned n = 0; n < 32; ++n) bus.r(n == 31, 1, 3);
  bus.w(false, 0xff);  // data before its address
  bus.w(true, 0xff);
  bus.w(true, 0xff);
  bus.aw(0, 1, 3, kIncr, 3);
  bus.b(3);
  bus.aw(0, 0, 3, kIncr, 4);
  bus.b(4, 2);
  bus.aw(3, 2, 3, kIncr, 5);  // unaligned, then narrow, wrapped and fixed
  bus.w(false, 0xf8);
  bus.w(false, 0xff);
  bus.w(true, 0x80);
  bus.aw(6, 1, 1, kWrap, 6);
  bus.w(false, 0xc0);
  bus.w(true, 0x30);
  bus.aw(2, 1, 1, kFixed, 7);
  bus.w(false, 0x0c);
  bus.w(true, 0x0c);
  bus.b(7);
  bus.b(6);
  bus.b(5);
  bus.pins().arlock_i = 1;
  bus.ar(0, 0);
  bus.r(true, 0, 1);  // an exclusive read may get EXOKAY
}

}  // namespace
}  // namespace guestlink::test
