// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The cycle model of an AXI4 subordinate beside the RTL it has the clocks of: axi_guest_ram_core,
// Verilated, on the same random traffic. Every output is compared in every clock.
#include "systemc/axi/subordinate.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "Vaxi_guest_ram_32.h"
#include "Vaxi_guest_ram_512.h"
#include "Vaxi_guest_ram_64.h"
#include "Vaxi_guest_ram_depth1.h"
#include "guestlink/attach.h"
#include "guestlink_handles.h"
#include "support/seed.h"
#include "verilated.h"

namespace guestlink::axi {
namespace {

constexpr std::uint64_t kReads = 0;         // reads and writes keep apart: within a clock
constexpr std::uint64_t kWrites = 0x40000;  // either may be first
constexpr std::uint64_t kHalfBytes = 0x40000;
constexpr std::uint64_t kHole = 0x10000000;
constexpr unsigned kDrainClocks = 6000;

// Guest memory behind the model, as axi_guest_ram has it.
class MemoryServer : public Server {
 public:
  MemoryServer(GuestMemory& memory, std::uint64_t latency) : memory_(memory), latency_(latency) {}
  void serve(Request& request) override {
    Response response = Response::kOkay;
    for (const Transfer::Run& run : request.transfer.runs())
      response = worse(response, move(request, run));
    subordinate->finish(request, response, latency_);
  }
  Subordinate* subordinate = nullptr;

 private:
  Response move(Request& request, const Transfer::Run& run) {
    std::byte* const data = request.transfer.data() + run.offset;
    if (memory_.check(run.address, run.length, request.write ? Access::kWrite : Access::kRead) !=
        AccessStatus::kOk)
      return Response::kDecErr;
    AccessStatus status = AccessStatus::kOk;
    if (!request.write) {
      status = memory_.read(run.address, {data, run.length});
    } else {
      for (std::size_t n = 0; n < run.length; ++n)
        if (request.transfer.enables()[run.offset + n] == Transfer::kEnabled)
          status = memory_.store(run.address + n, std::to_integer<std::uint8_t>(data[n]));
    }
    return status == AccessStatus::kOk ? Response::kOkay : Response::kSlvErr;
  }

  GuestMemory& memory_;
  std::uint64_t latency_;
};

template <typename ModelType, unsigned WidthBits, unsigned Depth>
struct Config {
  using Model = ModelType;
  static constexpr unsigned kBytes = WidthBits / 8;
  static constexpr unsigned kDepth = Depth;
};

template <typename C>
class AxiSubordinateTest : public testing::Test {
 protected:
  static constexpr unsigned kBytes = C::kBytes;
  static constexpr const char* kSpec = "mock:,size=16M";

  AxiSubordinateTest() : rtl_id_(register_session(GuestSession(kSpec))), ours_(attach(kSpec)) {
    context_.fatalOnError(false);
    Verilated::threadContextp(&context_);
    top_ = std::make_unique<typename C::Model>(&context_);
    std::vector<std::byte> content(2 * kHalfBytes);
    for (std::byte& byte : content) byte = static_cast<std::byte>(random_());
    EXPECT_EQ(ours_.write(0, content), AccessStatus::kOk);
    EXPECT_EQ(theirs().write(0, content), AccessStatus::kOk);
  }
  ~AxiSubordinateTest() override {
    top_->final();
    top_.reset();
    (void)close_memory(rtl_id_);
  }
  GuestMemory& theirs() { return session_from_id(rtl_id_)->memory(); }

  Burst random_burst(bool write, bool illegal) {
    static constexpr std::array kTypes = {BurstType::kFixed, BurstType::kIncr,
                                          BurstType::kIncr,  BurstType::kIncr,
                                          BurstType::kWrap,  BurstType::kReserved};
    Burst burst;
    do {
      burst.type = kTypes[random_() % kTypes.size()];
      burst.size = static_cast<std::uint8_t>(random_() % 8);
      burst.len = static_cast<std::uint8_t>(random_() % 4 == 0 ? random_() % 64 : random_() % 16);
      burst.address = (write ? kWrites : kReads) + random_() % (kHalfBytes - 4096);
      if (random_() % 8 == 0) burst.address += kHole;
      burst.id = static_cast<std::uint32_t>(random_() % 16);
    } while (!burst.legal(kBytes) && !(illegal && random_() % 8 == 0));
    return burst;
  }

  void drive_rtl(const ManagerPins& pins) {
    auto& top = *top_;
    const auto set = [](auto& port, std::uint64_t value) {
      port = static_cast<std::remove_reference_t<decltype(port)>>(value);
    };
    set(top.s_axi_arvalid, pins.ar_valid);
    set(top.s_axi_araddr, pins.ar.address);
    set(top.s_axi_arid, pins.ar.id);
    set(top.s_axi_arlen, pins.ar.len);
    set(top.s_axi_arsize, pins.ar.size);
    set(top.s_axi_arburst, static_cast<unsigned>(pins.ar.type));
    set(top.s_axi_rready, pins.r_ready);
    set(top.s_axi_awvalid, pins.aw_valid);
    set(top.s_axi_awaddr, pins.aw.address);
    set(top.s_axi_awid, pins.aw.id);
    set(top.s_axi_awlen, pins.aw.len);
    set(top.s_axi_awsize, pins.aw.size);
    set(top.s_axi_awburst, static_cast<unsigned>(pins.aw.type));
    set(top.s_axi_wvalid, pins.w_valid);
    std::memcpy(&top.s_axi_wdata, word_.data(), kBytes);
    std::memcpy(&top.s_axi_wstrb, strobes_.data(), kBytes < 8 ? 1 : kBytes / 8);
    set(top.s_axi_wlast, !w_todo_.empty() && w_beat_ == w_todo_.front().len);
    set(top.s_axi_bready, pins.b_ready);
  }

  // What the two show before the coming edge; R data on the lanes of the beat only.
  void compare(const SubordinatePins& ours) {
    const auto& rtl = *top_;
    ASSERT_EQ(ours.ar_ready, rtl.s_axi_arready != 0);
    ASSERT_EQ(ours.aw_ready, rtl.s_axi_awready != 0);
    ASSERT_EQ(ours.w_ready, rtl.s_axi_wready != 0);
    ASSERT_EQ(ours.r_valid, rtl.s_axi_rvalid != 0);
    ASSERT_EQ(ours.b_valid, rtl.s_axi_bvalid != 0);
    if (ours.b_valid) {
      ASSERT_EQ(ours.b_id, rtl.s_axi_bid);
      ASSERT_EQ(static_cast<unsigned>(ours.b_response), rtl.s_axi_bresp);
    }
    if (!ours.r_valid) return;
    ASSERT_FALSE(r_open_.empty()) << "R without a read";
    const Burst& burst = r_open_.front();
    ASSERT_EQ(ours.r_id, rtl.s_axi_rid);
    ASSERT_EQ(ours.r_last, rtl.s_axi_rlast != 0);
    ASSERT_EQ(static_cast<unsigned>(ours.r_response), rtl.s_axi_rresp);
    if (!burst.legal(kBytes)) return;
    const BeatBytes bytes = burst.beat(r_beat_, kBytes);
    const auto* theirs = reinterpret_cast<const std::byte*>(&rtl.s_axi_rdata);
    ASSERT_EQ(std::memcmp(ours.r_data + bytes.lane, theirs + bytes.lane, bytes.count), 0);
  }

  // Valid, once high, stays until ready; what it says stays too.
  void choose(ManagerPins& pins, bool illegal, bool more) {
    if (!pins.ar_valid && more && random_() % 4 != 0) {
      pins.ar_valid = true;
      pins.ar = random_burst(false, illegal);
    }
    if (!pins.aw_valid && more && w_todo_.size() < 20 && random_() % 4 != 0) {
      pins.aw_valid = true;
      pins.aw = random_burst(true, illegal);
      w_todo_.push_back(pins.aw);
    }
    if (!pins.w_valid && !w_todo_.empty() && random_() % 4 != 0) {
      pins.w_valid = true;
      for (std::byte& byte : word_) byte = static_cast<std::byte>(random_());
      const bool all = random_() % 2 == 0;
      for (std::uint8_t& byte : strobes_) byte = all ? 0xFF : static_cast<std::uint8_t>(random_());
    }
    pins.w_data = word_.data();
    pins.w_strobes = strobes_.data();
    pins.r_ready = random_() % 4 != 0;
    pins.b_ready = random_() % 4 != 0;
  }

  // AXI4 has no write data before its address in these subordinates; strobes off a beat's lanes
  // are as random as those on them, and must be ignored by ours as AXI4 forbids them.
  void mask_strobes() {
    if (kBytes < 8) strobes_[0] &= (1U << kBytes) - 1U;
    if (w_todo_.empty() || !w_todo_.front().legal(kBytes)) return;
    const BeatBytes bytes = w_todo_.front().beat(w_beat_, kBytes);
    for (unsigned lane = 0; lane < kBytes; ++lane) {
      if (lane >= bytes.lane && lane < bytes.lane + bytes.count) continue;
      strobes_[lane / 8] &= static_cast<std::uint8_t>(~(1U << lane % 8));
    }
  }

  void after_edge(ManagerPins& pins, const SubordinatePins& shown) {
    if (shown.ar_ready && pins.ar_valid) {
      r_open_.push_back(pins.ar);
      pins.ar_valid = false;
    }
    if (shown.aw_ready && pins.aw_valid) pins.aw_valid = false;
    if (shown.w_ready && pins.w_valid) {
      pins.w_valid = false;
      if (w_beat_++ == w_todo_.front().len) {
        w_todo_.pop_front();
        w_beat_ = 0;
      }
    }
    if (!shown.r_valid || !pins.r_ready) return;
    ++beats_read_;
    if (r_beat_++ != r_open_.front().len) return;
    r_open_.pop_front();
    r_beat_ = 0;
  }

  void run(unsigned latency, unsigned clocks, bool illegal, std::uint32_t accept_stall = 0,
           std::uint32_t beat_stall = 0) {
    MemoryServer server(ours_, latency);
    Subordinate ours(server, kBytes, C::kDepth);
    server.subordinate = &ours;
    ours.set_stalls(accept_stall, beat_stall);
    top_->accept_stall_i = accept_stall;
    top_->beat_stall_i = beat_stall;
    context_.assertOn(!illegal);  // the checker is in these models
    top_->memory_id_i = rtl_id_;
    top_->read_latency_i = top_->write_latency_i = static_cast<SData>(latency);
    top_->rst_ni = 0;
    ManagerPins pins;
    for (unsigned clock = 0; clock < clocks; ++clock) {
      if (clock == 3) top_->rst_ni = 1;
      if (clock == clocks / 2) reset(ours, pins);  // valid is low in the first clock behind it
      if (clock > 3 && clock != clocks / 2) choose(pins, illegal, clock + kDrainClocks < clocks);
      mask_strobes();
      drive_rtl(pins);
      top_->clk_i = 0;
      top_->eval();
      const SubordinatePins shown = ours.pins();
      SCOPED_TRACE("clock " + std::to_string(clock));
      if (clock >= 3) compare(shown);
      if (testing::Test::HasFatalFailure()) return;
      top_->clk_i = 1;
      top_->eval();
      ASSERT_FALSE(context_.gotFinish()) << "an assertion of the RTL, clock " << clock;
      if (clock >= 3) ours.clock(pins);
      after_edge(pins, shown);
    }
    EXPECT_GT(beats_read_, clocks / 8);
    EXPECT_TRUE(ours.idle() && w_todo_.empty() && r_open_.empty());
    expect_same_memory();
  }

  // In the middle of everything.
  void reset(Subordinate& ours, ManagerPins& pins) {
    pins = {};
    w_todo_.clear();
    r_open_.clear();
    w_beat_ = r_beat_ = 0;
    drive_rtl(pins);
    top_->rst_ni = 0;
    for (const int level : {0, 1, 0, 1, 0, 1}) {
      top_->clk_i = static_cast<CData>(level);
      top_->eval();
    }
    ours.reset();
    top_->rst_ni = 1;
    EXPECT_TRUE(ours.idle());
    // A burst that was being written may have moved beats in the RTL, and has moved none in ours.
    std::vector<std::byte> content(2 * kHalfBytes);
    ASSERT_EQ(theirs().read(0, content), AccessStatus::kOk);
    ASSERT_EQ(ours_.write(0, content), AccessStatus::kOk);
  }

  void expect_same_memory() {
    std::vector<std::byte> a(kHalfBytes);
    std::vector<std::byte> b(kHalfBytes);
    ASSERT_EQ(theirs().read(kWrites, a), AccessStatus::kOk);
    ASSERT_EQ(ours_.read(kWrites, b), AccessStatus::kOk);
    EXPECT_TRUE(a == b);
  }

  std::mt19937_64 random_{test::random_seed()};
  VerilatedContext context_;
  std::uint64_t rtl_id_;
  GuestMemory ours_;
  std::unique_ptr<typename C::Model> top_;
  std::array<std::byte, kBytes> word_{};
  std::array<std::uint8_t, kBytes / 8 == 0 ? 1 : kBytes / 8> strobes_{};
  std::deque<Burst> w_todo_;
  std::deque<Burst> r_open_;
  std::uint32_t w_beat_ = 0;
  std::uint32_t r_beat_ = 0;
  unsigned beats_read_ = 0;
};

using Configs =
    testing::Types<Config<Vaxi_guest_ram_32, 32, 16>, Config<Vaxi_guest_ram_64, 64, 16>,
                   Config<Vaxi_guest_ram_512, 512, 16>, Config<Vaxi_guest_ram_depth1, 64, 1>>;
TYPED_TEST_SUITE(AxiSubordinateTest, Configs);

TYPED_TEST(AxiSubordinateTest, HasTheClocksOfTheRtlAtLatency1) { this->run(1, 20000, true); }
TYPED_TEST(AxiSubordinateTest, HasTheClocksOfTheRtlUnderBackPressure) {
  this->run(3, 20000, false, 0x0F0F3355, 0xA5A5700F);
}
TYPED_TEST(AxiSubordinateTest, HasTheClocksOfTheRtlAtLatency9) { this->run(9, 20000, false); }
TYPED_TEST(AxiSubordinateTest, HasTheClocksOfTheRtlAtLatency20) { this->run(20, 20000, false); }

}  // namespace
}  // namespace guestlink::axi
