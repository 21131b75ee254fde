// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// A Verilated uart_16550 with its registers and its line in C++.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <vector>

#include "Vuart_model.h"
#include "verilated.h"

namespace guestlink::test {

enum UartRegister : unsigned {
  kData,
  kIer,
  kIir,
  kLcr,
  kMcr,
  kLsr,
  kMsr,
  kScratch,
  kFcr = kIir,
  kDll = kData,
  kDlm = kIer,
};
enum : unsigned {
  kDataReady = 0x01,
  kOverrun = 0x02,
  kParityError = 0x04,
  kFramingError = 0x08,
  kBreak = 0x10,
  kThrEmpty = 0x20,
  kTxEmpty = 0x40,
  kFifoError = 0x80,
};

/// How characters are on the line.
struct Format {
  unsigned data_bits = 8;
  bool parity = false, even = false, stick = false;
  bool more_stop = false;

  [[nodiscard]] unsigned lcr() const {
    return (data_bits - 5) | (more_stop ? 4U : 0) | (parity ? 8U : 0) | (even ? 0x10U : 0) |
           (stick ? 0x20U : 0);
  }
  [[nodiscard]] unsigned mask() const { return (1U << data_bits) - 1; }
  [[nodiscard]] bool parity_bit(unsigned data) const {
    if (stick) return !even;
    const bool odd_ones = __builtin_popcount(data & mask()) % 2 != 0;
    return even ? odd_ones : !odd_ones;
  }
  /// In sixteenths of a bit.
  [[nodiscard]] unsigned stop_ticks() const { return !more_stop ? 16 : data_bits == 5 ? 24 : 32; }
  [[nodiscard]] unsigned ticks() const {
    return 16 * (1 + data_bits + (parity ? 1 : 0)) + stop_ticks();
  }
};

class Uart : public ::testing::Test {
 protected:
  Uart() {
    context_.fatalOnError(false);
    top_.rx_i = 1;
    top_.rst_ni = 1;
    top_.eval();
    top_.rst_ni = 0;
    for (int i = 0; i < 3; ++i) clock();
    top_.rst_ni = 1;
    clock();
  }
  ~Uart() override {
    EXPECT_FALSE(context_.gotError()) << "an assertion of a checker";
    top_.final();
  }

  void clock() {
    top_.rx_i = line_level();
    top_.clk_i = 0;
    top_.eval();
    top_.clk_i = 1;
    top_.eval();
    context_.timeInc(1);
    ++cycles_;
    sent_.push_back(top_.tx_o != 0);
  }
  void clocks(unsigned count) {
    for (unsigned i = 0; i < count; ++i) clock();
  }

  void write(unsigned address, unsigned value) {
    write_bytes(address, value << (8 * (address % 4)), 1U << (address % 4));
  }
  void write_bytes(unsigned address, unsigned word, unsigned strobes) {
    top_.s_axil_awaddr = static_cast<CData>(address);
    top_.s_axil_wdata = word;
    top_.s_axil_wstrb = static_cast<CData>(strobes);
    top_.s_axil_awvalid = top_.s_axil_wvalid = 1;
    pause(random_() % 3);
    top_.s_axil_bready = 1;
    for (int limit = 0; limit < 50; ++limit) {
      top_.eval();
      const bool aw = top_.s_axil_awvalid && top_.s_axil_awready;
      const bool w = top_.s_axil_wvalid && top_.s_axil_wready;
      const bool b = top_.s_axil_bvalid;
      clock();
      if (aw) top_.s_axil_awvalid = 0;
      if (w) top_.s_axil_wvalid = 0;
      if (!b) continue;
      top_.s_axil_bready = 0;
      return;
    }
    FAIL() << "no write response";
  }
  unsigned read(unsigned address) {
    top_.s_axil_araddr = static_cast<CData>(address);
    top_.s_axil_arvalid = 1;
    for (int limit = 0; limit < 50; ++limit) {
      top_.eval();
      const bool ar = top_.s_axil_arvalid && top_.s_axil_arready;
      const bool r = top_.s_axil_rvalid;
      const unsigned word = top_.s_axil_rdata;
      top_.s_axil_rready = r;
      clock();
      if (ar) top_.s_axil_arvalid = 0;
      if (!r) continue;
      top_.s_axil_rready = 0;
      return word >> (8 * (address % 4)) & 0xFF;
    }
    ADD_FAILURE() << "no read response";
    return 0;
  }

  void set_up(const Format& format, unsigned divisor) {
    write(kLcr, 0x80);
    write(kDll, divisor & 0xFF);
    write(kDlm, divisor >> 8);
    write(kLcr, format.lcr());
    format_ = format;
    divisor_ = divisor;
  }
  [[nodiscard]] unsigned character_clocks() const { return format_.ticks() * divisor_; }

  // What is put on rx_i, as levels of so many clocks each.
  void put_level(bool level, unsigned clocks) { line_.emplace_back(level, clocks); }
  void put(unsigned data) { put_frame(data, format_.parity_bit(data), true); }
  void put_frame(unsigned data, bool parity, bool stop) {
    const unsigned bit = 16 * divisor_;
    put_level(false, bit);
    for (unsigned i = 0; i < format_.data_bits; ++i) put_level((data >> i & 1) != 0, bit);
    if (format_.parity) put_level(parity, bit);
    put_level(stop, format_.stop_ticks() * divisor_);
    if (!stop) put_level(true, bit);
  }
  void run_line() {
    while (!line_.empty()) clock();
    clocks(4 + divisor_);
  }

  // What was on tx_o since `from`: characters in format_, each bit looked at in its middle.
  std::vector<unsigned> heard(std::size_t from) const {
    std::vector<unsigned> characters;
    const std::size_t bit = 16 * divisor_;
    for (std::size_t at = from; at < sent_.size(); ++at) {
      if (sent_[at]) continue;
      std::size_t look = at + bit / 2;
      EXPECT_FALSE(level(look)) << "start bit";
      unsigned data = 0;
      for (unsigned i = 0; i < format_.data_bits; ++i) data |= level(look += bit) ? 1U << i : 0;
      if (format_.parity) {
        EXPECT_EQ(level(look += bit), format_.parity_bit(data)) << "parity of " << data;
      }
      EXPECT_TRUE(level(look += bit)) << "stop bit";
      characters.push_back(data);
      at = look;
    }
    return characters;
  }
  [[nodiscard]] bool level(std::size_t at) const { return at >= sent_.size() || sent_[at]; }
  void run_until_sent() {
    for (unsigned i = 0; i < 20 * character_clocks() && !top_.idle_o; ++i) clock();
    EXPECT_TRUE(top_.idle_o);
  }

  VerilatedContext context_;
  Vuart_model top_{&context_};
  std::mt19937 random_{1};
  std::vector<bool> sent_;  // tx_o, by clock
  Format format_;
  unsigned divisor_ = 1;
  std::uint64_t cycles_ = 0;

 private:
  void pause(unsigned long count) {
    for (; count > 0; --count) {
      top_.eval();
      const bool aw = top_.s_axil_awvalid && top_.s_axil_awready;
      const bool w = top_.s_axil_wvalid && top_.s_axil_wready;
      clock();
      if (aw) top_.s_axil_awvalid = 0;
      if (w) top_.s_axil_wvalid = 0;
    }
  }
  bool line_level() {
    if (line_.empty()) return true;
    const bool level = line_.front().first;
    if (--line_.front().second == 0) line_.pop_front();
    return level;
  }

  std::deque<std::pair<bool, unsigned>> line_;
};

}  // namespace guestlink::test
