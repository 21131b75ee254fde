// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What stands round doorbell_page in its test: the page's memory on AXI4, registers on AXI4-Lite,
// both with random back-pressure and latency, and the bus rules checked on every clock.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "Vdoorbell_page_model.h"
#include "verilated.h"

/// One AXI-Lite access as the registers saw it.
struct RegisterAccess {
  bool write = false;
  uint32_t address = 0;
  uint32_t data = 0;
  uint32_t strobes = 0;
  bool operator==(const RegisterAccess&) const = default;
};

/// Ready and valid of one channel: each is granted with a chance of 1 in `one_in` a clock.
class Pace {
 public:
  explicit Pace(std::mt19937& random) : random_(random) {}
  void slow_down(uint32_t one_in) { one_in_ = one_in; }
  bool go() { return random_() % one_in_ == 0; }

 private:
  std::mt19937& random_;
  uint32_t one_in_ = 1;
};

class DoorbellBench {
 public:
  static constexpr uint64_t kPage = 0x1'2345'6000;
  static constexpr uint32_t kSession = 0xC0FFEE11;
  static constexpr uint32_t kPollInterval = 16;

  explicit DoorbellBench(uint32_t seed, uint32_t slowness = 1)
      : random_(seed), pace_(random_), top_(&context_) {
    pace_.slow_down(slowness);
    top_.page_address_i = kPage;
    top_.page_session_i = kSession;
    word(kState) = 1;
    word(kSessionWord) = kSession;
    top_.rst_ni = 1;
    top_.eval();
    top_.rst_ni = 0;
    step(2);
    top_.rst_ni = 1;
  }
  ~DoorbellBench() { top_.final(); }
  DoorbellBench(const DoorbellBench&) = delete;
  DoorbellBench& operator=(const DoorbellBench&) = delete;

  // Offsets in the page
  static constexpr uint64_t kCommand = 0x40, kDoorbell = 0x48, kState = 0x50;
  static constexpr uint64_t kSessionWord = 0x58;
  static constexpr uint64_t kReply = 0x80, kAttached = 0x88, kInterrupts = 0x90;

  static uint64_t command(uint32_t sequence, bool write, uint32_t offset, uint32_t data = 0,
                          uint32_t strobes = 15) {
    return uint64_t{sequence} << 53 | uint64_t{write} << 52 | uint64_t{strobes} << 48 |
           uint64_t{offset} << 32 | data;
  }

  uint64_t& word(uint64_t offset) { return page_[offset / 8]; }
  Vdoorbell_page_model& top() { return top_; }
  uint32_t random() { return static_cast<uint32_t>(random_()); }
  void step(uint32_t cycles) {
    for (uint32_t i = 0; i < cycles; ++i) clock();
  }
  /// Clocks until `done`, at most `limit` cycles; a failure of the test otherwise.
  bool run_until(const std::function<bool()>& done, uint32_t limit = 20000) {
    for (uint32_t i = 0; i < limit; ++i) {
      if (done()) return true;
      clock();
    }
    ADD_FAILURE() << "nothing happened within " << limit << " cycles";
    return false;
  }
  bool attach() {
    top_.page_enable_i = 1;
    return run_until([&] { return top_.page_attached_o != 0; });
  }

  std::vector<RegisterAccess> accesses;        ///< in order of their completion
  std::map<uint32_t, uint32_t> registers;      ///< by word address
  uint32_t register_response = 0;              ///< given to every access
  std::map<uint64_t, uint32_t> page_response;  ///< by offset in the page; absent means OKAY
  std::vector<uint64_t> page_writes;           ///< offsets in order
  std::vector<uint64_t> poll_cycles;           ///< clock of each accepted AR
  uint64_t cycle = 0;

 private:
  struct Request {
    bool pending = false;
    uint64_t address = 0;
  };

  void clock() {
    drive();
    top_.clk_i = 0;
    top_.eval();
    check_rules();
    sample();
    top_.clk_i = 1;
    top_.eval();
    for (CData* valid : taken_) *valid = 0;
    taken_.clear();
    ++cycle;
  }

  // A response's valid, once up, stays up until it is taken.
  void drive() {
    top_.m_axi_awready = !aw_.pending && pace_.go();
    top_.m_axi_wready = !w_pending_ && pace_.go();
    top_.m_axi_arready = !ar_.pending && pace_.go();
    top_.m_axi_bvalid = top_.m_axi_bvalid || (aw_.pending && w_pending_ && pace_.go());
    top_.m_axi_rvalid = top_.m_axi_rvalid || (ar_.pending && pace_.go());
    top_.m_axi_bresp = response(aw_.address) & 3U;
    const uint64_t address = ar_.address + uint64_t{8} * beat_;
    top_.m_axi_rdata = top_.m_axi_rvalid ? word(address - kPage) : 0;
    top_.m_axi_rresp = response(address) & 3U;
    top_.m_axi_rlast = beat_ == 3;

    top_.m_axil_awready = !lite_aw_.pending && pace_.go();
    top_.m_axil_wready = !lite_w_pending_ && pace_.go();
    top_.m_axil_arready = !lite_ar_.pending && pace_.go();
    top_.m_axil_bvalid = top_.m_axil_bvalid || (lite_aw_.pending && lite_w_pending_ && pace_.go());
    top_.m_axil_rvalid = top_.m_axil_rvalid || (lite_ar_.pending && pace_.go());
    top_.m_axil_bresp = top_.m_axil_rresp = register_response & 3U;
    top_.m_axil_rdata = registers[static_cast<uint32_t>(lite_ar_.address) & ~3U];
  }

  void sample() {
    sample_page_write();
    sample_poll();
    sample_register_write();
    sample_register_read();
  }

  void sample_page_write() {
    if (top_.m_axi_awvalid && top_.m_axi_awready) aw_ = {true, top_.m_axi_awaddr};
    if (top_.m_axi_wvalid && top_.m_axi_wready) w_pending_ = true, w_data_ = top_.m_axi_wdata;
    if (!top_.m_axi_bvalid || !top_.m_axi_bready) return;
    if (response(aw_.address) < 2) word(aw_.address - kPage) = w_data_;
    page_writes.push_back(aw_.address - kPage);
    aw_.pending = w_pending_ = false;
    taken_.push_back(&top_.m_axi_bvalid);
  }

  void sample_poll() {
    if (top_.m_axi_arvalid && top_.m_axi_arready) {
      ar_ = {true, top_.m_axi_araddr};
      beat_ = 0;
      poll_cycles.push_back(cycle);
    }
    if (!top_.m_axi_rvalid || !top_.m_axi_rready) return;
    ar_.pending = ++beat_ != 4;
    taken_.push_back(&top_.m_axi_rvalid);
  }

  void sample_register_write() {
    if (top_.m_axil_awvalid && top_.m_axil_awready) lite_aw_ = {true, top_.m_axil_awaddr};
    if (top_.m_axil_wvalid && top_.m_axil_wready) {
      lite_w_pending_ = true;
      lite_write_ = {true, 0, top_.m_axil_wdata, top_.m_axil_wstrb};
    }
    if (!top_.m_axil_bvalid || !top_.m_axil_bready) return;
    lite_write_.address = static_cast<uint32_t>(lite_aw_.address);
    accesses.push_back(lite_write_);
    uint32_t mask = 0;
    for (uint32_t byte = 0; byte < 4; ++byte) {
      if (lite_write_.strobes >> byte & 1) mask |= 0xFFU << (8 * byte);
    }
    uint32_t& value = registers[lite_write_.address];
    value = (value & ~mask) | (lite_write_.data & mask);
    lite_aw_.pending = lite_w_pending_ = false;
    taken_.push_back(&top_.m_axil_bvalid);
  }

  void sample_register_read() {
    if (top_.m_axil_arvalid && top_.m_axil_arready) lite_ar_ = {true, top_.m_axil_araddr};
    if (!top_.m_axil_rvalid || !top_.m_axil_rready) return;
    accesses.push_back({false, static_cast<uint32_t>(lite_ar_.address), top_.m_axil_rdata, 0});
    lite_ar_.pending = false;
    taken_.push_back(&top_.m_axil_rvalid);
  }

  uint32_t response(uint64_t address) {
    const auto found = page_response.find(address - kPage);
    return found == page_response.end() ? 0 : found->second;
  }

  // Valid and payload hold until ready; the page sees only the accesses its layout allows.
  void check_rules() {
    held(aw_rule_, top_.m_axi_awvalid, top_.m_axi_awready, top_.m_axi_awaddr, "AW");
    held(w_rule_, top_.m_axi_wvalid, top_.m_axi_wready, top_.m_axi_wdata, "W");
    held(ar_rule_, top_.m_axi_arvalid, top_.m_axi_arready, top_.m_axi_araddr, "AR");
    held(lite_aw_rule_, top_.m_axil_awvalid, top_.m_axil_awready, top_.m_axil_awaddr, "lite AW");
    held(lite_w_rule_, top_.m_axil_wvalid, top_.m_axil_wready,
         uint64_t{top_.m_axil_wstrb} << 32 | top_.m_axil_wdata, "lite W");
    held(lite_ar_rule_, top_.m_axil_arvalid, top_.m_axil_arready, top_.m_axil_araddr, "lite AR");
    if (top_.m_axi_awvalid) {
      const uint64_t offset = top_.m_axi_awaddr - kPage;
      EXPECT_TRUE(offset == kReply || offset == kAttached || offset == kInterrupts) << offset;
      EXPECT_EQ(top_.m_axi_awlen, 0);
      EXPECT_EQ(top_.m_axi_awsize, 3);
    }
    if (top_.m_axi_wvalid) {
      EXPECT_EQ(top_.m_axi_wstrb, 0xFF);
      EXPECT_TRUE(top_.m_axi_wlast);
    }
    if (top_.m_axi_arvalid) {
      EXPECT_EQ(top_.m_axi_araddr, kPage + kCommand);
      EXPECT_EQ(top_.m_axi_arlen, 3);
      EXPECT_EQ(top_.m_axi_arburst, 1);
    }
  }

  struct Rule {
    bool waiting = false;
    uint64_t payload = 0;
  };
  void held(Rule& rule, bool valid, bool ready, uint64_t payload, const char* channel) {
    if (rule.waiting) {
      EXPECT_TRUE(valid) << channel << " valid fell before ready, cycle " << cycle;
      EXPECT_EQ(payload, rule.payload) << channel << " payload changed, cycle " << cycle;
    }
    rule = {valid && !ready, payload};
  }

  std::mt19937 random_;
  Pace pace_;
  VerilatedContext context_;
  Vdoorbell_page_model top_;
  std::array<uint64_t, 512> page_{};
  Request aw_, ar_, lite_aw_, lite_ar_;
  bool w_pending_ = false, lite_w_pending_ = false;
  uint64_t w_data_ = 0;
  uint32_t beat_ = 0;
  std::vector<CData*> taken_;  ///< responses handed over on this clock, to fall after its edge
  RegisterAccess lite_write_;
  Rule aw_rule_, w_rule_, ar_rule_, lite_aw_rule_, lite_w_rule_, lite_ar_rule_;
};
