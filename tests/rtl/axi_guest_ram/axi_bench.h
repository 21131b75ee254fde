// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// A manager and scoreboard for a Verilated axi_guest_ram of any width. Reads and writes run
// concurrently; each direction is in order. All that the memory answers is compared with a shadow
// of guest memory.
//
// A beat is written at the clock edge of its W handshake, and read at the edge before its R is
// first valid; a read and a write of the same edge may come in either order, so both are accepted.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "verilated.h"

#include "axi_burst.h"
#include "shadow_memory.h"

namespace guestlink::test {

// Chances, of 256 a clock, that a channel pauses.
struct Pauses {
  unsigned address = 0;
  unsigned data = 0;
  unsigned response = 0;
};

template <typename Model, unsigned kWidthBits>
class AxiBench {
 public:
  static constexpr unsigned kBytes = kWidthBits / 8;

  explicit AxiBench(std::uint64_t seed = 1)
      : context_(std::make_unique<VerilatedContext>()),
        model_(std::make_unique<Model>(context_.get())),
        random_(seed) {}
  ~AxiBench() { model_->final(); }
  AxiBench(const AxiBench&) = delete;
  AxiBench& operator=(const AxiBench&) = delete;

  Model& model() { return *model_; }
  VerilatedContext& context() { return *context_; }
  std::mt19937_64& random() { return random_; }
  std::uint64_t cycle() const { return cycle_; }
  const std::string& failure() const { return failure_; }
  const std::vector<Burst>& done() const { return done_; }
  Pauses pauses;
  // Memory to compare with, or null to look at the responses only.
  ShadowMemory* shadow = nullptr;
  // The latencies that were set, to see that nothing is early.
  unsigned read_latency = 1;
  unsigned write_latency = 1;

  void reset() {
    model_->rst_ni = 0;
    for (int n = 0; n < 3; ++n) clock_idle();
    model_->rst_ni = 1;
    clock_idle();
  }

  void push(Burst burst) {
    if (burst.write) {
      burst.data.resize(std::size_t{burst.beats()} * kBytes);
      burst.strobe.resize(std::size_t{burst.beats()} * kBytes);
      w_todo_.push_back(burst);
      aw_todo_.push_back(std::move(burst));
    } else {
      ar_todo_.push_back(std::move(burst));
    }
  }

  // Clocks until every burst is answered; stops at a failure or after `limit` clocks, which is one
  // too.
  void run(std::uint64_t limit) {
    done_.clear();
    const std::uint64_t end = cycle_ + limit;
    while (busy() && failure_.empty()) {
      if (cycle_ >= end) fail("not done after " + std::to_string(limit) + " clocks");
      step();
    }
  }

  // Drops every burst, for a reset.
  void forget() {
    for (auto* queue : {&ar_todo_, &aw_todo_, &w_todo_, &r_open_, &b_open_}) queue->clear();
    ar_active_ = aw_active_ = w_active_ = false;
    w_beat_ = r_beat_ = 0;
    aw_taken_ = w_taken_ = 0;
    expected_b_ = kOkay;
  }

  // One burst alone; returns it with its responses.
  Burst single(Burst burst, std::uint64_t limit = 200000) {
    push(std::move(burst));
    run(limit);
    return done_.empty() ? Burst{} : done_.back();
  }

  void step() {
    drive();
    model_->clk_i = 0;
    model_->eval();
    undo_.swap(undo_next_);
    undo_next_.clear();
    const bool aw = model_->s_axi_awvalid && model_->s_axi_awready;
    const bool w = model_->s_axi_wvalid && model_->s_axi_wready;
    const bool ar = model_->s_axi_arvalid && model_->s_axi_arready;
    if (model_->s_axi_rvalid) look_at_r();
    if (model_->s_axi_bvalid) look_at_b();
    if (ar) take_ar();
    if (w) take_w();
    if (aw) take_aw();
    model_->clk_i = 1;
    model_->eval();
    ++cycle_;
  }

 private:
  struct Undo {
    std::uint64_t address;
    std::uint8_t before;
  };

  bool busy() const {
    return !ar_todo_.empty() || !aw_todo_.empty() || !w_todo_.empty() || !r_open_.empty() ||
           !b_open_.empty();
  }

  bool pause(unsigned chance) { return (random_() & 0xff) < chance; }

  void clock_idle() {
    model_->s_axi_arvalid = model_->s_axi_awvalid = model_->s_axi_wvalid = 0;
    model_->clk_i = 0;
    model_->eval();
    model_->clk_i = 1;
    model_->eval();
    ++cycle_;
  }

  void fail(const std::string& what) {
    if (failure_.empty()) failure_ = "clock " + std::to_string(cycle_) + ": " + what;
  }

  void drive() {
    if (!ar_active_) {
      model_->s_axi_arvalid = 0;
      if (!ar_todo_.empty() && !pause(pauses.address)) drive_ar();
    }
    if (!aw_active_) {
      model_->s_axi_awvalid = 0;
      if (!aw_todo_.empty() && !pause(pauses.address)) drive_aw();
    }
    if (!w_active_) {
      model_->s_axi_wvalid = 0;
      if (!w_todo_.empty() && !pause(pauses.data)) drive_w();
    }
    model_->s_axi_rready = !pause(pauses.response);
    model_->s_axi_bready = !pause(pauses.response);
  }

  template <typename Port>
  static void set(Port& port, std::uint64_t value) {
    port = static_cast<Port>(value);
  }

  void drive_ar() {
    const Burst& burst = ar_todo_.front();
    set(model_->s_axi_araddr, burst.address);
    set(model_->s_axi_arlen, burst.len);
    set(model_->s_axi_arsize, burst.size);
    set(model_->s_axi_arburst, static_cast<unsigned>(burst.type));
    set(model_->s_axi_arid, burst.id);
    model_->s_axi_arvalid = 1;
    ar_active_ = true;
  }

  void drive_aw() {
    const Burst& burst = aw_todo_.front();
    set(model_->s_axi_awaddr, burst.address);
    set(model_->s_axi_awlen, burst.len);
    set(model_->s_axi_awsize, burst.size);
    set(model_->s_axi_awburst, static_cast<unsigned>(burst.type));
    set(model_->s_axi_awid, burst.id);
    model_->s_axi_awvalid = 1;
    aw_active_ = true;
  }

  void drive_w() {
    const Burst& burst = w_todo_.front();
    const std::size_t at = std::size_t{w_beat_} * kBytes;
    std::uint8_t strobe[(kBytes + 7) / 8] = {};
    for (unsigned lane = 0; lane < kBytes; ++lane) {
      strobe[lane / 8] |= static_cast<std::uint8_t>(burst.strobe[at + lane] << (lane % 8));
    }
    std::memcpy(&model_->s_axi_wdata, &burst.data[at], kBytes);
    std::memcpy(&model_->s_axi_wstrb, strobe, sizeof strobe);
    set(model_->s_axi_wlast, w_beat_ == burst.len);
    model_->s_axi_wvalid = 1;
    w_active_ = true;
  }

  void take_ar() {
    ar_todo_.front().accepted_cycle = cycle_;
    r_open_.push_back(std::move(ar_todo_.front()));
    ar_todo_.pop_front();
    ar_active_ = false;
  }

  void take_aw() {
    ++aw_taken_;
    aw_todo_.pop_front();
    aw_active_ = false;
  }

  void take_w() {
    w_active_ = false;
    if (w_taken_ >= aw_taken_) return fail("W accepted before its AW");
    Burst& burst = w_todo_.front();
    expected_b_ = std::max(expected_b_, write_beat(burst, w_beat_));
    if (w_beat_++ < burst.len) return;
    burst.last_data_cycle = cycle_;
    burst.responses.assign(1, expected_b_);
    b_open_.push_back(std::move(burst));
    w_todo_.pop_front();
    w_beat_ = 0;
    expected_b_ = kOkay;
    ++w_taken_;
  }

  // Writes the beat in the shadow; what the memory should answer to it.
  unsigned write_beat(const Burst& burst, unsigned beat) {
    if (!burst.legal(kBytes)) return kSlvErr;
    if (shadow == nullptr) return kOkay;
    const BeatBytes bytes = burst.beat(beat, kBytes);
    const ShadowMemory::Region* region = shadow->find(bytes.address / kBytes * kBytes, kBytes);
    if (region == nullptr) return kDecErr;
    if (!region->writable) return kSlvErr;
    for (unsigned n = 0; n < bytes.count; ++n) {
      const std::size_t at = std::size_t{beat} * kBytes + bytes.lane + n;
      std::uint8_t& byte = shadow->at(bytes.address + n);
      if (!burst.strobe[at]) continue;
      undo_next_.push_back({bytes.address + n, byte});
      byte = burst.data[at];
    }
    return kOkay;
  }

  void look_at_b() {
    if (b_open_.empty()) return fail("B without a write");
    Burst& burst = b_open_.front();
    if (burst.first_response_cycle == 0) {
      burst.first_response_cycle = cycle_;
      if (cycle_ < burst.last_data_cycle + std::max(write_latency, 1U)) fail("B is early");
      if (model_->s_axi_bid != burst.id) fail("B has the wrong ID: " + burst.text());
      if (shadow != nullptr && model_->s_axi_bresp != burst.responses[0]) {
        fail("BRESP is " + std::to_string(model_->s_axi_bresp) + ", not " +
             std::to_string(burst.responses[0]) + ": " + burst.text());
      }
      burst.responses[0] = model_->s_axi_bresp;
    }
    if (!model_->s_axi_bready) return;
    burst.last_response_cycle = cycle_;
    done_.push_back(std::move(burst));
    b_open_.pop_front();
  }

  void look_at_r() {
    if (r_open_.empty()) return fail("R without a read");
    Burst& burst = r_open_.front();
    if (burst.responses.size() == r_beat_) {  // first sight of this beat
      if (r_beat_ == 0) {
        burst.first_response_cycle = cycle_;
        if (cycle_ < burst.accepted_cycle + std::max(read_latency, 1U)) fail("R is early");
      }
      check_read_beat(burst, r_beat_);
      const std::uint8_t* data = reinterpret_cast<const std::uint8_t*>(&model_->s_axi_rdata);
      burst.data.insert(burst.data.end(), data, data + kBytes);
      burst.responses.push_back(model_->s_axi_rresp);
    }
    if (!model_->s_axi_rready) return;
    if (r_beat_++ < burst.len) return;
    r_beat_ = 0;
    burst.last_response_cycle = cycle_;
    done_.push_back(std::move(burst));
    r_open_.pop_front();
  }

  void check_read_beat(const Burst& burst, unsigned beat) {
    if (model_->s_axi_rid != burst.id) fail("R has the wrong ID: " + burst.text());
    if (model_->s_axi_rlast != (beat == burst.len)) fail("RLAST is wrong: " + burst.text());
    if (shadow == nullptr) return;
    const BeatBytes bytes = burst.beat(beat, kBytes);
    unsigned response = kOkay;
    if (shadow->find(bytes.address / kBytes * kBytes, kBytes) == nullptr) response = kDecErr;
    if (!burst.legal(kBytes)) response = kSlvErr;
    if (model_->s_axi_rresp != response) {
      fail("RRESP of beat " + std::to_string(beat) + " is " + std::to_string(model_->s_axi_rresp) +
           ", not " + std::to_string(response) + ": " + burst.text());
    }
    const std::uint8_t* data = reinterpret_cast<const std::uint8_t*>(&model_->s_axi_rdata);
    for (unsigned lane = 0; response != kOkay && lane < kBytes; ++lane) {
      if (data[lane] != 0) return fail("a failed beat has data: " + burst.text());
    }
    for (unsigned n = 0; response == kOkay && n < bytes.count; ++n) {
      if (!could_be(bytes.address + n, data[bytes.lane + n])) {
        return fail("wrong data in beat " + std::to_string(beat) + ": " + burst.text());
      }
    }
  }

  bool could_be(std::uint64_t address, std::uint8_t value) {
    if (shadow->at(address) == value) return true;
    for (const Undo& undo : undo_) {
      if (undo.address == address && undo.before == value) return true;
    }
    return false;
  }

  std::unique_ptr<VerilatedContext> context_;
  std::unique_ptr<Model> model_;
  std::mt19937_64 random_;
  std::uint64_t cycle_ = 0;
  std::string failure_;
  std::deque<Burst> ar_todo_;  // not yet accepted
  std::deque<Burst> aw_todo_;
  std::deque<Burst> w_todo_;  // data not yet all accepted; its AW may be
  std::deque<Burst> r_open_;  // accepted, not yet answered
  std::deque<Burst> b_open_;
  std::vector<Burst> done_;
  bool ar_active_ = false;
  bool aw_active_ = false;
  bool w_active_ = false;
  unsigned w_beat_ = 0;
  unsigned r_beat_ = 0;
  unsigned expected_b_ = kOkay;
  std::uint64_t aw_taken_ = 0;
  std::uint64_t w_taken_ = 0;
  std::vector<Undo> undo_;       // bytes written at the last edge
  std::vector<Undo> undo_next_;  // and at the coming one
};

}  // namespace guestlink::test
