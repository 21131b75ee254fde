// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// AXI4 buses for the tests: the checker that fits a width, and a stretch of bus with random wait
// states on every channel.
#pragma once

#include <cstdint>
#include <deque>
#include <random>
#include <systemc>
#include <tuple>

// Verilated headers include systemc.h, whose using-directives follow ours
#include "Vaxi4_pins_checker_1024.h"
#include "Vaxi4_pins_checker_32.h"
#include "Vaxi4_pins_checker_512.h"
#include "Vaxi4_pins_checker_64.h"
#include "systemc/pins/wires.h"

namespace guestlink::test {

template <unsigned kWidth>
struct CheckerOf;
template <>
struct CheckerOf<32> {
  using Type = Vaxi4_pins_checker_32;
};
template <>
struct CheckerOf<64> {
  using Type = Vaxi4_pins_checker_64;
};
template <>
struct CheckerOf<512> {
  using Type = Vaxi4_pins_checker_512;
};

template <>
struct CheckerOf<1024> {
  using Type = Vaxi4_pins_checker_1024;
};

/// The wires of one side of a channel: what goes with VALID, VALID, READY.
template <typename... Signals>
struct ChannelSide {
  std::tuple<Signals&...> payload;
  sc_core::sc_signal<bool>& valid;
  sc_core::sc_signal<bool>& ready;
};
template <typename... Signals>
ChannelSide<Signals...> channel_side(sc_core::sc_signal<bool>& valid,
                                     sc_core::sc_signal<bool>& ready, Signals&... payload) {
  return {std::tie(payload...), valid, ready};
}

/// A channel from one bus to another: a queue that takes and gives at random clocks.
template <typename Side>
class StalledChannel {
 public:
  StalledChannel(Side source, Side sink) : source_(source), sink_(sink) {}

  void clock(std::mt19937_64& random) {
    if (shown_ && sink_.ready.read()) {
      queue_.pop_front();
      shown_ = false;
    }
    if (ready_ && source_.valid.read())
      queue_.push_back(
          std::apply([](auto&... s) { return std::tuple(s.read()...); }, source_.payload));
    shown_ = shown_ || (!queue_.empty() && random() % 3 != 0);
    ready_ = queue_.size() < 3 && random() % 3 != 0;
    write(shown_);
  }
  void reset() {
    queue_.clear();
    shown_ = ready_ = false;
    write(false);
  }

 private:
  using Values = decltype(std::apply([](auto&... s) { return std::tuple(s.read()...); },
                                     std::declval<Side&>().payload));
  void write(bool shown) {
    sink_.valid.write(shown);
    source_.ready.write(ready_);
    if (shown) write_payload(std::make_index_sequence<std::tuple_size_v<Values>>());
  }
  template <std::size_t... kIndex>
  void write_payload(std::index_sequence<kIndex...> /*indices*/) {
    (std::get<kIndex>(sink_.payload).write(std::get<kIndex>(queue_.front())), ...);
  }

  Side source_, sink_;
  std::deque<Values> queue_;
  bool shown_ = false, ready_ = false;
};

template <unsigned kWidth>
class StalledBus : public sc_core::sc_module {
 public:
  using Wires = Axi4Wires<kWidth>;
  sc_core::sc_in<bool> clk_i{"clk_i"};
  sc_core::sc_in<bool> rst_ni{"rst_ni"};

  StalledBus(const sc_core::sc_module_name& name, Wires& manager, Wires& subordinate,
             std::uint64_t seed)
      : sc_module(name),
        random_(seed),
        aw_(aw(manager), aw(subordinate)),
        w_(w(manager), w(subordinate)),
        b_(b(subordinate), b(manager)),
        ar_(ar(manager), ar(subordinate)),
        r_(r(subordinate), r(manager)) {
    SC_HAS_PROCESS(StalledBus);
    SC_METHOD(edge);
    sensitive << clk_i.pos() << rst_ni.neg();
    dont_initialize();
  }

 private:
  static auto aw(Wires& s) {
    return channel_side(s.awvalid, s.awready, s.awid, s.awaddr, s.awlen, s.awsize, s.awburst,
                        s.awcache);
  }
  static auto w(Wires& s) { return channel_side(s.wvalid, s.wready, s.wdata, s.wstrb, s.wlast); }
  static auto b(Wires& s) { return channel_side(s.bvalid, s.bready, s.bid, s.bresp); }
  static auto ar(Wires& s) {
    return channel_side(s.arvalid, s.arready, s.arid, s.araddr, s.arlen, s.arsize, s.arburst,
                        s.arcache);
  }
  static auto r(Wires& s) {
    return channel_side(s.rvalid, s.rready, s.rid, s.rdata, s.rresp, s.rlast);
  }
  void edge() {
    if (rst_ni.read()) {
      aw_.clock(random_), w_.clock(random_), b_.clock(random_), ar_.clock(random_),
          r_.clock(random_);
    } else {
      aw_.reset(), w_.reset(), b_.reset(), ar_.reset(), r_.reset();
    }
  }

  std::mt19937_64 random_;
  StalledChannel<decltype(aw(std::declval<Wires&>()))> aw_;
  StalledChannel<decltype(w(std::declval<Wires&>()))> w_;
  StalledChannel<decltype(b(std::declval<Wires&>()))> b_;
  StalledChannel<decltype(ar(std::declval<Wires&>()))> ar_;
  StalledChannel<decltype(r(std::declval<Wires&>()))> r_;
};

}  // namespace guestlink::test
