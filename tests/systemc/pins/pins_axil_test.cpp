// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// TlmToAxil against a register file on the pins that is slow, refuses, or does not answer.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "Vaxil_pins_checker.h"
#include "support/seed.h"
#include "systemc/pins/pins_bench.h"
#include "systemc/pins/tlm_to_axil.h"

namespace guestlink::test {
namespace {

constexpr unsigned kAddrWidth = 14;
constexpr std::size_t kSize = 0x2000;  // DECERR above
constexpr std::uint64_t kRefused = 0x1FF0;
constexpr unsigned kSlvErr = 2;
constexpr unsigned kDecErr = 3;

// Registers behind `s_axil_*`, one access at a time in each direction.
template <unsigned kDataWidth>
class RegisterFile : public sc_core::sc_module {
 public:
  static constexpr unsigned kLanes = kDataWidth / 8;
  using Wires = AxilWires<kAddrWidth, kDataWidth>;
  sc_core::sc_in<bool> clk_i{"clk_i"};
  sc_core::sc_in<bool> rst_ni{"rst_ni"};

  RegisterFile(const sc_core::sc_module_name& name, Wires& bus) : sc_module(name), bus_(bus) {
    SC_HAS_PROCESS(RegisterFile);
    SC_METHOD(edge);
    sensitive << clk_i.pos() << rst_ni.neg();
    dont_initialize();
  }

  Bytes bytes = Bytes(kSize);
  std::vector<std::uint64_t> read_addresses;
  std::vector<std::uint64_t> write_addresses;
  bool stalls = false;
  bool accepts = true;
  bool answers = true;
  std::mt19937_64 random;

 private:
  bool go() { return !stalls || random() % 3 == 0; }

  void edge() {
    if (rst_ni.read()) {
      clock_write();
      clock_read();
    } else {
      has_aw_ = has_w_ = b_valid_ = has_ar_ = r_valid_ = false;
      aw_ready_ = w_ready_ = ar_ready_ = false;
    }
    bus_.awready.write(aw_ready_);
    bus_.wready.write(w_ready_);
    bus_.bvalid.write(b_valid_);
    bus_.arready.write(ar_ready_);
    bus_.rvalid.write(r_valid_);
  }
  void clock_write() {
    if (b_valid_ && bus_.bready.read()) b_valid_ = false;
    if (aw_ready_ && bus_.awvalid.read()) {
      aw_ = bus_.awaddr.read();
      has_aw_ = true;
    }
    if (w_ready_ && bus_.wvalid.read()) {
      pins::bytes_from_pin<kDataWidth>(bus_.wdata.read(), w_.data());
      strobes_ = bus_.wstrb.read();
      has_w_ = true;
    }
    if (has_aw_ && has_w_ && !b_valid_ && answers && go()) {
      write_addresses.push_back(aw_);
      for (unsigned lane = 0; lane < kLanes; ++lane)
        if (response_of(aw_) == 0 && (strobes_ >> lane & 1U) != 0) bytes[aw_ + lane] = w_[lane];
      bus_.bresp.write(response_of(aw_));
      has_aw_ = has_w_ = false;
      b_valid_ = true;
    }
    aw_ready_ = accepts && !has_aw_ && go();
    w_ready_ = accepts && !has_w_ && go();
  }
  void clock_read() {
    if (r_valid_ && bus_.rready.read()) r_valid_ = false;
    if (ar_ready_ && bus_.arvalid.read()) {
      ar_ = bus_.araddr.read();
      has_ar_ = true;
    }
    if (has_ar_ && !r_valid_ && answers && go()) {
      read_addresses.push_back(ar_);
      if (response_of(ar_) == 0) bus_.rdata.write(pins::pin_from_bytes<kDataWidth>(&bytes[ar_]));
      bus_.rresp.write(response_of(ar_));
      has_ar_ = false;
      r_valid_ = true;
    }
    ar_ready_ = accepts && !has_ar_ && go();
  }
  static unsigned response_of(std::uint64_t address) {
    if (address >= kSize) return kDecErr;
    return address >= kRefused ? kSlvErr : 0;
  }

  Wires& bus_;
  std::uint64_t aw_ = 0, ar_ = 0;
  std::array<std::uint8_t, kLanes> w_{};
  std::uint32_t strobes_ = 0;
  bool has_aw_ = false, has_w_ = false, b_valid_ = false, has_ar_ = false, r_valid_ = false;
  bool aw_ready_ = false, w_ready_ = false, ar_ready_ = false;
};

template <unsigned kDataWidth = 32>
struct Bench {
  explicit Bench(const ManagerParameters& parameters = {}) : bridge("bridge", parameters) {
    initiator.socket.bind(bridge.socket);
    bus.bind_manager(bridge);
    clocking.drive(bridge);
    clocking.drive(device);
    if constexpr (kDataWidth == 32) {
      checker = std::make_unique<Vaxil_pins_checker>("checker");
      bus.bind_monitor(*checker);
      clocking.drive(*checker);
    }
  }
  tlm::tlm_response_status status(bool write, std::uint64_t address, std::size_t length,
                                  unsigned streaming_width = 0) {
    Payload payload(write, address, Bytes(length, 0x5A), streaming_width);
    return initiator.call(payload);
  }

  Clocking clocking;
  AxilWires<kAddrWidth, kDataWidth> bus{"bus"};
  Initiator initiator{"initiator"};
  TlmToAxil<kAddrWidth, kDataWidth> bridge;
  RegisterFile<kDataWidth> device{"device", bus};
  std::unique_ptr<Vaxil_pins_checker> checker;
};

// One caller's random accesses to an area of its own.
template <unsigned kDataWidth>
void random_caller(Bench<kDataWidth>& bench, std::uint64_t area, std::uint64_t seed) {
  constexpr unsigned kLanes = kDataWidth / 8;
  constexpr std::size_t kArea = 0x100;
  std::mt19937_64 random(seed);
  Bytes expected(kArea);
  for (unsigned n = 0; n < 80; ++n) {
    std::size_t length = std::size_t{1} << random() % (kDataWidth == 64 ? 4 : 3);
    if (random() % 3 == 0) length = kLanes * (1 + random() % 10);
    const std::size_t unit = std::min<std::size_t>(length, kLanes);
    const std::size_t first = random() % ((kArea - length) / unit + 1) * unit;
    const bool write = random() % 2 != 0;
    Payload payload(write, area + first, random_bytes(random, length));
    if (random() % 2 != 0) {
      Bytes enables(1 + random() % length);
      for (auto& enable : enables) enable = random() % 3 != 0 ? 0xFF : 0;
      payload.set_enables(enables);
    }
    Bytes wanted = payload.data;
    for (std::size_t i = 0; i < length; ++i) {
      if (!payload.enables.empty() && payload.enables[i % payload.enables.size()] == 0) continue;
      write ? expected[first + i] = payload.data[i] : wanted[i] = expected[first + i];
    }
    ASSERT_EQ(bench.initiator.call(payload), tlm::TLM_OK_RESPONSE);
    ASSERT_EQ(payload.data, wanted) << "access " << n << " of area " << area;
  }
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(),
                         bench.device.bytes.begin() + static_cast<std::ptrdiff_t>(area)));
}

template <unsigned kDataWidth>
void random_test() {
  const std::uint64_t seed = random_seed();
  Bench<kDataWidth> bench;
  bench.device.stalls = true;
  bench.device.random.seed(seed);
  bench.clocking.run([&] {
    unsigned running = 8;
    sc_core::sc_event over;
    for (unsigned n = 0; n < 8; ++n) {
      sc_core::sc_spawn([&, n] {
        random_caller(bench, 0x200 * n, seed + n);
        if (--running == 0) over.notify(sc_core::SC_ZERO_TIME);
      });
    }
    sc_core::wait(over);
  });
  for (std::size_t byte = 0; byte < 0x1000; ++byte)
    ASSERT_TRUE(byte % 0x200 < 0x100 || bench.device.bytes[byte] == 0) << "byte " << byte;
}

TEST(PinsAxilTest, RandomAccessesOfManyCallers32) { random_test<32>(); }
TEST(PinsAxilTest, RandomAccessesOfManyCallers64) { random_test<64>(); }

TEST(PinsAxilTest, EachResponseHasItsStatus) {
  Bench bench;
  bench.clocking.run([&] {
    for (const bool write : {false, true}) {
      EXPECT_EQ(bench.status(write, 0, 4), tlm::TLM_OK_RESPONSE);
      EXPECT_EQ(bench.status(write, kRefused, 4), tlm::TLM_GENERIC_ERROR_RESPONSE);
      EXPECT_EQ(bench.status(write, kSize, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
      EXPECT_EQ(bench.status(write, kRefused - 4, 8), tlm::TLM_GENERIC_ERROR_RESPONSE);
      EXPECT_EQ(bench.status(write, kRefused, 0x20), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    }
  });
}

TEST(PinsAxilTest, WhatRegistersCannotTakeIsRefusedWithoutTheBus) {
  Bench bench;
  bench.clocking.run([&] {
    for (const bool write : {false, true}) {
      EXPECT_EQ(bench.status(write, 2, 4), tlm::TLM_BURST_ERROR_RESPONSE);
      EXPECT_EQ(bench.status(write, 1, 2), tlm::TLM_BURST_ERROR_RESPONSE);
      EXPECT_EQ(bench.status(write, 0, 3), tlm::TLM_BURST_ERROR_RESPONSE);
      EXPECT_EQ(bench.status(write, 0, 6), tlm::TLM_BURST_ERROR_RESPONSE);
      EXPECT_EQ(bench.status(write, 2, 8), tlm::TLM_BURST_ERROR_RESPONSE);
      EXPECT_EQ(bench.status(write, 0, 8, 4), tlm::TLM_BURST_ERROR_RESPONSE);
      EXPECT_EQ(bench.status(write, 0, 0), tlm::TLM_BURST_ERROR_RESPONSE);
      EXPECT_EQ(bench.status(write, 0x4000, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
      EXPECT_EQ(bench.status(write, 0x3FFC, 8), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    }
    EXPECT_TRUE(bench.device.read_addresses.empty());
    EXPECT_TRUE(bench.device.write_addresses.empty());
    // A streaming width beyond the data is none
    EXPECT_EQ(bench.status(true, 0, 4, 100), tlm::TLM_OK_RESPONSE);
  });
}

TEST(PinsAxilTest, WordsWithoutAnEnabledByteAreLeftOut) {
  Bench bench;
  bench.clocking.run([&] {
    for (const bool write : {false, true}) {
      Payload payload(write, 0x40, Bytes(16, 0x11));
      payload.set_enables({0, 0, 0, 0, 0, 0, 0xFF, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF});
      EXPECT_EQ(bench.initiator.call(payload), tlm::TLM_OK_RESPONSE);
    }
    EXPECT_EQ(bench.device.read_addresses, (std::vector<std::uint64_t>{0x44, 0x4C}));
    EXPECT_EQ(bench.device.write_addresses, bench.device.read_addresses);
    EXPECT_EQ(bench.initiator.read(0x44, 4), (Bytes{0, 0, 0x11, 0}));
  });
}

// Ends what waits for it, says where, and finds its way back when the device does.
void silent_device_test(bool accepts, bool write) {
  Warnings warnings;
  Bench bench(ManagerParameters{2, 200});
  bench.device.accepts = accepts;
  bench.device.answers = false;
  bench.clocking.run([&] {
    unsigned running = 5;
    const sc_core::sc_time start = now();
    for (unsigned n = 0; n < 5; ++n) {
      sc_core::sc_spawn([&, n] {
        EXPECT_EQ(bench.status(write, 0x120 + 4 * n, 4), tlm::TLM_GENERIC_ERROR_RESPONSE);
        EXPECT_LE(sc_core::sc_time_stamp() - start, kPeriod * 210);
        --running;
      });
    }
    bench.clocking.clocks(190);
    EXPECT_EQ(running, 5U);
    bench.clocking.clocks(30);
    EXPECT_EQ(running, 0U) << "callers still wait for a device that never answers";
    ASSERT_EQ(warnings.texts().size(), 1U);
    const std::string& text = warnings.texts()[0];
    EXPECT_NE(text.find("bridge: "), std::string::npos) << text;
    EXPECT_NE(text.find(write ? "write of address 0x120" : "read of address 0x120"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("200 clocks"), std::string::npos) << text;

    bench.device.accepts = bench.device.answers = true;
    EXPECT_EQ(bench.initiator.write(0x40, {1, 2, 3, 4}), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(bench.initiator.read(0x40, 4), (Bytes{1, 2, 3, 4}));
    EXPECT_EQ(warnings.texts().size(), 1U) << "late answers are expected ones";
    // What was on the bus went through in the end; what had not begun did not
    const auto& addresses = write ? bench.device.write_addresses : bench.device.read_addresses;
    EXPECT_EQ(addresses, (std::vector<std::uint64_t>{0x120, 0x124, 0x40}));
  });
}

TEST(PinsAxilTest, AReadThatNoDeviceAcceptsHasALimit) { silent_device_test(false, false); }
TEST(PinsAxilTest, AWriteThatNoDeviceAcceptsHasALimit) { silent_device_test(false, true); }
TEST(PinsAxilTest, AReadThatNoDeviceAnswersHasALimit) { silent_device_test(true, false); }
TEST(PinsAxilTest, AWriteThatNoDeviceAnswersHasALimit) { silent_device_test(true, true); }

// The limit is of silence, not of a queue that moves.
TEST(PinsAxilTest, ALongQueueThatMovesHasNoLimit) {
  Warnings warnings;
  Bench bench(ManagerParameters{1, 20});
  bench.clocking.run([&] {
    EXPECT_EQ(bench.initiator.read(0, 0x1000), Bytes(0x1000));
    EXPECT_TRUE(warnings.texts().empty());
  });
}

TEST(PinsAxilTest, AResetInTheMiddleEndsWhatIsPending) {
  Bench bench;
  bench.device.stalls = true;
  bench.clocking.run([&] {
    for (unsigned round = 0; round < 30; ++round) {
      unsigned running = 2;
      for (const bool write : {false, true}) {
        sc_core::sc_spawn([&, write] {
          EXPECT_EQ(bench.status(write, 0, 0x400), tlm::TLM_GENERIC_ERROR_RESPONSE);
          --running;
        });
      }
      bench.clocking.clocks(1 + 2 * round);
      sc_core::wait(kPeriod / 4);
      bench.clocking.reset();
      EXPECT_EQ(running, 0U) << "callers still wait after a reset in round " << round;
      EXPECT_EQ(bench.initiator.write(0x800, {9, 8, 7, 6}), tlm::TLM_OK_RESPONSE);
      EXPECT_EQ(bench.initiator.read(0x800, 4), (Bytes{9, 8, 7, 6}));
    }
  });
}

}  // namespace
}  // namespace guestlink::test
