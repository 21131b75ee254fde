// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <random>

#include "Vaxil_mux_model.h"
#include "verilated.h"

namespace {

/// The wires of one manager on the mux, so that one routine drives both.
struct Port {
  CData &awvalid, &awready, &wvalid, &wready, &bvalid, &bready, &bresp;
  CData &arvalid, &arready, &rvalid, &rready, &rresp;
  SData &awaddr, &araddr;
  IData &wdata, &rdata;
};

/// A manager that writes and reads back its own half of the registers, one of each at a time.
class Manager {
 public:
  Manager(Port port, uint32_t base, std::mt19937& random)
      : port_(port), base_(base), random_(random) {}

  void drive() {
    if (!writing_ && random_() % 3 == 0) start_write();
    if (!reading_ && random_() % 3 == 0) start_read();
    port_.bready = writing_ && random_() % 2;
    port_.rready = reading_ && random_() % 2;
  }
  void sample() {
    if (port_.awvalid && port_.awready) aw_gone_ = true;
    if (port_.wvalid && port_.wready) w_gone_ = true;
    if (port_.arvalid && port_.arready) ar_gone_ = true;
    if (port_.bvalid && port_.bready) {
      EXPECT_TRUE(writing_ && aw_gone_ && w_gone_) << "response without a request";
      values_[index_] = port_.wdata;
      writing_ = false;
      ++writes;
    }
    if (port_.rvalid && port_.rready) {
      EXPECT_TRUE(reading_ && ar_gone_) << "data without a request";
      if (!(writing_ && index_ == read_index_)) {
        EXPECT_EQ(port_.rdata, expected_) << "base " << base_;
      }
      reading_ = false;
      ++reads;
    }
  }
  void after_clock() {
    port_.awvalid = writing_ && !aw_gone_;
    port_.wvalid = writing_ && !w_gone_;
    port_.arvalid = reading_ && !ar_gone_;
  }
  uint32_t writes = 0;
  uint32_t reads = 0;

 private:
  void start_write() {
    writing_ = true;
    aw_gone_ = w_gone_ = false;
    do index_ = static_cast<uint32_t>(random_() % 16);
    while (reading_ && index_ == read_index_);
    port_.awaddr = static_cast<SData>(base_ + 4 * index_);
    port_.wdata = static_cast<IData>(random_());
    port_.awvalid = port_.wvalid = 1;
  }
  void start_read() {
    reading_ = true;
    ar_gone_ = false;
    do read_index_ = static_cast<uint32_t>(random_() % 16);
    while (writing_ && index_ == read_index_);
    expected_ = values_[read_index_];
    port_.araddr = static_cast<SData>(base_ + 4 * read_index_);
    port_.arvalid = 1;
  }

  Port port_;
  uint32_t base_;
  std::mt19937& random_;
  std::array<uint32_t, 16> values_{};
  bool writing_ = false, reading_ = false, aw_gone_ = false, w_gone_ = false, ar_gone_ = false;
  uint32_t index_ = 0, read_index_ = 0, expected_ = 0;
};

/// Registers that answer when they feel like it and insist on one transaction at a time.
class Registers {
 public:
  Registers(Vaxil_mux_model& top, std::mt19937& random) : top_(top), random_(random) {}
  void drive() {
    top_.m_axil_awready = !aw_ && random_() % 3 == 0;
    top_.m_axil_wready = !w_ && random_() % 3 == 0;
    top_.m_axil_arready = !ar_ && random_() % 3 == 0;
    top_.m_axil_bvalid = top_.m_axil_bvalid || (aw_ && w_ && random_() % 3 == 0);
    top_.m_axil_rvalid = top_.m_axil_rvalid || (ar_ && random_() % 3 == 0);
    top_.m_axil_rdata = values_[read_address_ / 4];
  }
  /// What was handed over on this clock falls after its edge.
  void after_clock() {
    if (b_taken_) top_.m_axil_bvalid = 0;
    if (r_taken_) top_.m_axil_rvalid = 0;
    b_taken_ = r_taken_ = false;
  }
  void sample() {
    if (top_.m_axil_awvalid && top_.m_axil_awready) aw_ = true, address_ = top_.m_axil_awaddr;
    if (top_.m_axil_wvalid && top_.m_axil_wready) w_ = true, data_ = top_.m_axil_wdata;
    if (top_.m_axil_arvalid && top_.m_axil_arready) ar_ = true, read_address_ = top_.m_axil_araddr;
    if (top_.m_axil_bvalid && top_.m_axil_bready) {
      values_[address_ / 4] = data_;
      aw_ = w_ = false;
      b_taken_ = true;
    }
    if (top_.m_axil_rvalid && top_.m_axil_rready) {
      ar_ = false;
      r_taken_ = true;
    }
  }

 private:
  Vaxil_mux_model& top_;
  std::mt19937& random_;
  std::array<uint32_t, 64> values_{};
  bool aw_ = false, w_ = false, ar_ = false, b_taken_ = false, r_taken_ = false;
  uint32_t address_ = 0, data_ = 0, read_address_ = 0;
};

TEST(AxilMuxTest, BothManagersGetTheirOwnAnswersAndNeitherStarves) {
  const char* text = std::getenv("GUESTLINK_SEED");
  const uint32_t seed =
      text ? static_cast<uint32_t>(std::strtoul(text, nullptr, 0)) : std::random_device{}();
  std::printf("GUESTLINK_SEED=%u\n", seed);
  std::mt19937 random(seed);
  VerilatedContext context;
  Vaxil_mux_model top(&context);
  Manager first({top.s0_axil_awvalid, top.s0_axil_awready, top.s0_axil_wvalid, top.s0_axil_wready,
                 top.s0_axil_bvalid, top.s0_axil_bready, top.s0_axil_bresp, top.s0_axil_arvalid,
                 top.s0_axil_arready, top.s0_axil_rvalid, top.s0_axil_rready, top.s0_axil_rresp,
                 top.s0_axil_awaddr, top.s0_axil_araddr, top.s0_axil_wdata, top.s0_axil_rdata},
                0, random);
  Manager second({top.s1_axil_awvalid, top.s1_axil_awready, top.s1_axil_wvalid, top.s1_axil_wready,
                  top.s1_axil_bvalid, top.s1_axil_bready, top.s1_axil_bresp, top.s1_axil_arvalid,
                  top.s1_axil_arready, top.s1_axil_rvalid, top.s1_axil_rready, top.s1_axil_rresp,
                  top.s1_axil_awaddr, top.s1_axil_araddr, top.s1_axil_wdata, top.s1_axil_rdata},
                 64, random);
  Registers registers(top, random);
  top.rst_ni = 1;
  top.eval();
  top.rst_ni = 0;
  top.eval();
  top.rst_ni = 1;
  for (int cycle = 0; cycle < 40000 && !HasFailure(); ++cycle) {
    first.drive();
    second.drive();
    registers.drive();
    top.clk_i = 0;
    top.eval();
    registers.sample();
    first.sample();
    second.sample();
    top.clk_i = 1;
    top.eval();
    first.after_clock();
    second.after_clock();
    registers.after_clock();
  }
  for (const Manager* manager : {&first, &second}) {
    EXPECT_GT(manager->writes, 1000U);
    EXPECT_GT(manager->reads, 1000U);
  }
}

}  // namespace
