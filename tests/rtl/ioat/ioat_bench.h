// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Bench of the copy engine: clock, register accesses, descriptor chains in the memory model, and a
// scoreboard of what memory must hold. Every wait has a limit and throws with the state of the
// channel.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "Vioat_model_256.h"
#include "Vioat_model_512.h"
#include "Vioat_model_64.h"
#include "Vioat_model_small.h"
#include "support/axi_memory_model.h"
#include "verilated.h"

namespace guestlink_test {

// Register offsets and bits, from the programming model in docs/ioat.md
enum Register : std::uint32_t {
  kDevice = 0x00,
  kAttention = 0x04,
  kVersion = 0x08,
  kCapability = 0x10,
  kChanCtrl = 0x80,
  kCommandWord = 0x84,
  kChanStatus = 0x88,
  kChainAddress = 0x90,
  kRecordAddress = 0x98,
  kChanError = 0xA8,
  kChanErrorMask = 0xAC,
  kDca = 0xB0,
};
enum Command : std::uint32_t {
  kStart = 1,
  kAppend = 2,
  kSuspend = 4,
  kAbort = 8,
  kResume = 16,
  kReset = 32,
};
enum Status : std::uint32_t { kActive = 0, kDone = 1, kSuspended = 2, kHalted = 3 };
enum Control : std::uint32_t { kIrq = 1, kRecord = 8, kFence = 16, kNull = 32 };

/// Seed of a random test: GUESTLINK_SEED when set, else `fallback`; printed with a failure.
inline std::uint32_t test_seed(std::uint32_t fallback) {
  const char* text = std::getenv("GUESTLINK_SEED");
  return text == nullptr ? fallback : static_cast<std::uint32_t>(std::strtoul(text, nullptr, 0));
}

struct Descriptor {
  std::uint32_t size = 1;
  std::uint32_t control = 0;
  std::uint64_t source = 0, dest = 0, next = 0;
};

template <typename Model, std::size_t kBusBytesOfModel>
struct Device {
  using model_type = Model;
  static constexpr std::size_t kBusBytes = kBusBytesOfModel;
};
using Device512 = Device<Vioat_model_512, 64>;
using Device256 = Device<Vioat_model_256, 32>;
using Device64 = Device<Vioat_model_64, 8>;
using DeviceSmall = Device<Vioat_model_small, 16>;
using AllDevices = ::testing::Types<Device512, Device256, Device64, DeviceSmall>;

template <typename DeviceType>
class IoatBench {
 public:
  static constexpr std::size_t kBusBytes = DeviceType::kBusBytes;
  // Memory map: sources, destinations, descriptors, and a page with the record
  static constexpr std::uint64_t kBase = 0x7'0000'0000;
  static constexpr std::uint64_t kSources = kBase;
  static constexpr std::uint64_t kDests = kBase + 0x10'0000;
  static constexpr std::uint64_t kChain = kBase + 0x38'0000;
  static constexpr std::uint64_t kRecordPage = kBase + 0x3F'F000;
  static constexpr std::size_t kSize = 0x40'0000;
  static constexpr std::uint64_t kLimit = 2'000'000;

  explicit IoatBench(std::uint32_t seed = 1)
      : memory(kBase, kSize, kBusBytes, seed), random(seed), top_(&context_) {
    for (std::size_t i = 0; i < kSize; i += 4) {
      const std::uint32_t word = static_cast<std::uint32_t>(random());
      std::memcpy(&memory.bytes()[i], &word, 4);
    }
    expected = memory.bytes();
    top_.rst_ni = 1;
    top_.eval();
    top_.rst_ni = 0;
    for (int i = 0; i < 3; ++i) clock();
    top_.rst_ni = 1;
    clock();
  }
  ~IoatBench() { top_.final(); }

  AxiMemoryModel memory;
  std::vector<std::uint8_t> expected;  ///< what memory must hold in the end
  std::mt19937 random;
  /// Called after every clock.
  std::function<void()> on_clock;

  std::uint64_t now() const { return now_; }
  bool irq() const { return top_.irq_o != 0; }
  bool idle() const { return top_.idle_o != 0; }
  std::uint64_t irq_edges() const { return irq_edges_; }
  std::uint64_t descriptors_done() const { return done_; }
  std::uint64_t done_clock() const { return done_clock_; }

  /// One clock of everything.
  void clock() {
    drive(memory.drive());
    top_.clk_i = 0;
    top_.eval();
    const AxiRequest request = sample();
    const bool was_irq = irq();
    top_.clk_i = 1;
    top_.eval();
    if (top_.rst_ni != 0) memory.clock(request);
    ++now_;
    if (!was_irq && irq()) ++irq_edges_;
    if (top_.descriptor_done_o != 0) {
      ++done_;
      done_clock_ = now_;
    }
    check_rules();
    if (on_clock) on_clock();
  }
  void clocks(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) clock();
  }

  void write32(std::uint32_t offset, std::uint32_t data, std::uint32_t strobes = 0xF) {
    top_.s_axil_awaddr = static_cast<std::uint16_t>(offset);
    top_.s_axil_wdata = data;
    top_.s_axil_wstrb = static_cast<std::uint8_t>(strobes);
    top_.s_axil_awvalid = top_.s_axil_wvalid = top_.s_axil_bready = 1;
    bool aw_done = false, w_done = false, b_done = false;
    for (std::uint64_t i = 0; !b_done; ++i) {
      limit(i, 1000, "write response");
      const bool aw_ready = top_.s_axil_awready, w_ready = top_.s_axil_wready;
      b_done = top_.s_axil_bvalid != 0;
      if (b_done && top_.s_axil_bresp != 0) throw std::runtime_error("register write not OKAY");
      clock();
      aw_done = aw_done || aw_ready;
      w_done = w_done || w_ready;
      top_.s_axil_awvalid = !aw_done;
      top_.s_axil_wvalid = !w_done;
    }
    top_.s_axil_bready = 0;
  }
  std::uint32_t read32(std::uint32_t offset) {
    top_.s_axil_araddr = static_cast<std::uint16_t>(offset);
    top_.s_axil_arvalid = top_.s_axil_rready = 1;
    for (std::uint64_t i = 0; top_.s_axil_arready == 0; ++i) {
      limit(i, 1000, "read address");
      clock();
    }
    clock();
    top_.s_axil_arvalid = 0;
    for (std::uint64_t i = 0; top_.s_axil_rvalid == 0; ++i) {
      limit(i, 1000, "read data");
      clock();
    }
    const std::uint32_t data = top_.s_axil_rdata;
    if (top_.s_axil_rresp != 0) throw std::runtime_error("register read not OKAY");
    clock();
    top_.s_axil_rready = 0;
    return data;
  }
  void write64(std::uint32_t offset, std::uint64_t data) {
    write32(offset, static_cast<std::uint32_t>(data));
    write32(offset + 4, static_cast<std::uint32_t>(data >> 32));
  }
  std::uint64_t read64(std::uint32_t offset) {
    const std::uint64_t low = read32(offset);
    return low | std::uint64_t{read32(offset + 4)} << 32;
  }
  /// CHANCMD is the byte at +4 and DMACOUNT the half word at +6 of one register word.
  void command(std::uint32_t bits) { write32(kCommandWord, bits, 0x1); }
  void doorbell(std::uint32_t count) { write32(kCommandWord, count << 16, 0xC); }
  std::uint32_t status() { return static_cast<std::uint32_t>(read64(kChanStatus) & 7); }
  std::uint32_t error() { return read32(kChanError); }
  bool resetting() { return (read32(kCommandWord) & kReset) != 0; }

  /// Runs until `condition` holds.
  template <typename Condition>
  void wait(const char* what, Condition condition, std::uint64_t most = kLimit) {
    for (std::uint64_t i = 0; !condition(); ++i) {
      limit(i, most, what);
      clock();
    }
  }
  void wait_idle() {
    wait("idle", [this] { return idle(); });
  }
  void wait_status(std::uint32_t wanted) {
    for (std::uint64_t i = 0; status() != wanted; ++i) limit(i, 100'000, "status");
  }
  void reset_channel() {
    command(kReset);
    for (std::uint64_t i = 0; resetting(); ++i) limit(i, 100'000, "reset");
  }

  void put(std::uint64_t address, const Descriptor& d) {
    std::uint8_t* to = memory.at(address);
    std::memcpy(to, &d.size, 4);
    std::memcpy(to + 4, &d.control, 4);
    std::memcpy(to + 8, &d.source, 8);
    std::memcpy(to + 16, &d.dest, 8);
    std::memcpy(to + 24, &d.next, 8);
    std::memcpy(&expected.at(address - kBase), to, 64);
  }
  /// Lays descriptors out contiguously from `address`, as a ring; returns `address`.
  std::uint64_t put_ring(const std::vector<Descriptor>& chain, std::uint64_t address = kChain) {
    for (std::size_t i = 0; i < chain.size(); ++i) {
      Descriptor d = chain[i];
      d.next = address + (i + 1) % chain.size() * 64;
      put(address + i * 64, d);
    }
    return address;
  }
  /// What a copy must leave in memory.
  void expect_copy(const Descriptor& d) {
    std::memmove(&expected.at(d.dest - kBase), &expected.at(d.source - kBase), d.size);
  }
  /// Resets the channel and sets it up to start at `chain`.
  void prepare(std::uint64_t chain, std::uint64_t record = kRecordPage) {
    reset_channel();
    write32(kChanError, ~0U);
    write64(kRecordAddress, record);
    write64(kChainAddress, chain);
    write32(kChanCtrl, 0x1D);
    write32(kDevice, 1U << 24, 0x8);
    record_address_ = record;
  }
  std::uint64_t record() {
    std::uint64_t value = 0;
    std::memcpy(&value, memory.at(record_address_), 8);
    return value;
  }
  /// Memory holds what it must, record aside; nothing else was touched.
  void expect_memory() {
    std::memcpy(&expected.at(record_address_ - kBase), memory.at(record_address_), 8);
    if (memory.bytes() == expected) return;
    for (std::size_t i = 0; i < kSize; ++i) {
      if (memory.bytes()[i] == expected[i]) continue;
      ADD_FAILURE() << "byte at 0x" << std::hex << kBase + i << " is " << +memory.bytes()[i]
                    << ", expected " << +expected[i];
      return;
    }
  }
  std::uint64_t below(std::uint64_t bound) { return random() % bound; }

 private:
  static void limit(std::uint64_t i, std::uint64_t most, const char* what) {
    if (i >= most) throw std::runtime_error(std::string("no end of waiting for ") + what);
  }
  template <typename Port>
  static void to_port(Port& port, const void* from) {
    std::memcpy(&port, from, kBusBytes);
  }
  void drive(const AxiResponse& in) {
    top_.m_axi_awready = in.awready;
    top_.m_axi_wready = in.wready;
    top_.m_axi_arready = in.arready;
    top_.m_axi_bvalid = in.bvalid;
    top_.m_axi_bid = static_cast<std::uint8_t>(in.bid);
    top_.m_axi_bresp = static_cast<std::uint8_t>(in.bresp);
    top_.m_axi_rvalid = in.rvalid;
    top_.m_axi_rid = static_cast<std::uint8_t>(in.rid);
    top_.m_axi_rresp = static_cast<std::uint8_t>(in.rresp);
    top_.m_axi_rlast = in.rlast;
    if (in.rvalid) std::memcpy(&top_.m_axi_rdata, in.rdata.data(), kBusBytes);
  }
  AxiRequest sample() const {
    AxiRequest out;
    out.awvalid = top_.m_axi_awvalid;
    out.awid = top_.m_axi_awid;
    out.awaddr = top_.m_axi_awaddr;
    out.awlen = top_.m_axi_awlen;
    out.wvalid = top_.m_axi_wvalid;
    out.wlast = top_.m_axi_wlast;
    out.wstrb = top_.m_axi_wstrb;
    if (out.wvalid) std::memcpy(out.wdata.data(), &top_.m_axi_wdata, kBusBytes);
    out.bready = top_.m_axi_bready;
    out.arvalid = top_.m_axi_arvalid;
    out.arid = top_.m_axi_arid;
    out.araddr = top_.m_axi_araddr;
    out.arlen = top_.m_axi_arlen;
    out.rready = top_.m_axi_rready;
    return out;
  }
  /// What must hold on every clock: AXI rules, and idle only when the bus is quiet.
  void check_rules() {
    if (!memory.complaint().empty()) throw std::runtime_error(memory.complaint());
    const bool quiet = memory.outstanding() == 0 && !top_.m_axi_awvalid && !top_.m_axi_wvalid &&
                       !top_.m_axi_arvalid;
    if (idle() && !quiet) throw std::runtime_error("idle_o is high and the bus is not quiet");
    if (top_.m_axi_rready == 0 || top_.m_axi_bready == 0)
      throw std::runtime_error("R or B refused");
  }

  VerilatedContext context_;
  typename DeviceType::model_type top_;
  std::uint64_t now_ = 0, irq_edges_ = 0, done_ = 0, done_clock_ = 0;
  std::uint64_t record_address_ = kRecordPage;
};

}  // namespace guestlink_test
