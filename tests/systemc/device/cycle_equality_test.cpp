// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The same engine under the same stimulus, clocked by a plain loop on RTL memory and by SystemC
// over TLM: every AXI beat must be in the same clock, with the same content, in every clocking.
#include "Vengine_on_ram.h"
#include "Vioat_engine.h"
#include "systemc/verilated_device.h"

#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>

#include <cstring>
#include <functional>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "guestlink/attach.h"
#include "guestlink_handles.h"
#include "support/seed.h"
#include "systemc/guest_memory_target.h"

namespace guestlink {
namespace {

using sc_core::sc_time;
using sc_core::SC_ZERO_TIME;

constexpr const char* kSpec = "mock:,size=8M";
const sc_time kPeriod(1, sc_core::SC_NS);
constexpr std::uint32_t kResetClocks = 4;

// ------------------------------------------------------------------------------------- the beats

struct Beat {
  std::uint64_t clock = 0;
  std::string channel;
  std::uint64_t what = 0;  // address, or a sum over data, strobes and response
  friend bool operator==(const Beat&, const Beat&) = default;
};

void PrintTo(const Beat& beat, std::ostream* stream) {
  *stream << beat.channel << " in clock " << beat.clock << ": 0x" << std::hex << beat.what
          << std::dec;
}

template <typename Port>
std::uint64_t sum(const Port& port) {
  std::uint64_t value = 14695981039346656037U;  // FNV-1a
  const auto* const bytes = reinterpret_cast<const unsigned char*>(&port);
  for (std::size_t n = 0; n < sizeof port; ++n) value = (value ^ bytes[n]) * 1099511628211U;
  return value;
}

class Recorder {
 public:
  template <typename Top>
  void record(const Top& top) {
    if (top.m_axi_arvalid && top.m_axi_arready) add("AR", top.m_axi_araddr ^ sum(top.m_axi_arlen));
    if (top.m_axi_rvalid && top.m_axi_rready)
      add("R", sum(top.m_axi_rdata) ^ top.m_axi_rresp ^ sum(top.m_axi_rid) ^
                   (top.m_axi_rlast ? 0x100U : 0U));
    if (top.m_axi_awvalid && top.m_axi_awready) add("AW", top.m_axi_awaddr ^ sum(top.m_axi_awlen));
    if (top.m_axi_wvalid && top.m_axi_wready) add("W", sum(top.m_axi_wdata) ^ sum(top.m_axi_wstrb));
    if (top.m_axi_bvalid && top.m_axi_bready) add("B", top.m_axi_bresp ^ sum(top.m_axi_bid));
    if (top.irq_o != irq_) add("irq", top.irq_o);
    irq_ = top.irq_o;
    ++clock_;
  }
  [[nodiscard]] const std::vector<Beat>& beats() const { return beats_; }

 private:
  void add(const char* channel, std::uint64_t what) { beats_.push_back({clock_, channel, what}); }
  std::vector<Beat> beats_;
  std::uint64_t clock_ = 0;
  CData irq_ = 0;
};

// ---------------------------------------------------------------------------------- the stimulus

struct Timing {
  std::uint16_t read_latency = 1;
  std::uint16_t write_latency = 1;
  std::uint32_t accept_stall = 0;
  std::uint32_t beat_stall = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::uint32_t access(bool write, std::uint32_t offset, std::uint32_t data) = 0;
  virtual void step(std::uint64_t clocks) = 0;
  virtual bool interrupt() = 0;
  void write(std::uint32_t offset, std::uint32_t data) { (void)access(true, offset, data); }
  std::uint32_t read(std::uint32_t offset) { return access(false, offset, 0); }
};

struct Descriptor {
  std::uint32_t size = 0;
  std::uint32_t control = 0;
  std::uint64_t source = 0, destination = 0, next = 0;
  std::uint64_t reserved[4] = {};
};

constexpr std::uint64_t kRing = 0x10000, kRecord = 0x8000, kSources = 0x100000,
                        kDestinations = 0x300000;
constexpr unsigned kDescriptors = 60;

// Random bytes, and a ring of random copies in them.
void fill(GuestMemory& memory, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::byte> content(0x500000);
  for (std::byte& byte : content) byte = static_cast<std::byte>(random());
  ASSERT_EQ(memory.write(0, content), AccessStatus::kOk);
  for (unsigned n = 0; n < kDescriptors; ++n) {
    Descriptor descriptor;
    descriptor.size = static_cast<std::uint32_t>(1 + random() % (random() % 4 == 0 ? 9000 : 700));
    descriptor.control = (random() % 4 == 0 ? 16U : 0U) | (n + 1 == kDescriptors ? 9U : 0U);
    descriptor.source = kSources + random() % 0x1F0000;
    descriptor.destination = kDestinations + 0x8000 * n + random() % 0x5000;
    descriptor.next = kRing + 64U * (n + 1);
    ASSERT_EQ(memory.write(kRing + 64U * n, std::as_bytes(std::span(&descriptor, 1))),
              AccessStatus::kOk);
  }
  ASSERT_EQ(memory.store(kRecord, std::uint64_t{0}), AccessStatus::kOk);
}

void stimulate(Engine& engine, std::uint64_t seed) {
  std::mt19937_64 random(seed ^ 1);
  engine.write(0x00, 1U << 24);
  engine.write(0x80, 0x1D);
  engine.write(0x98, kRecord);
  engine.write(0x9C, 0);
  engine.write(0x90, kRing);
  engine.write(0x94, 0);
  for (unsigned rung = 0; rung < kDescriptors;) {
    rung = std::min(kDescriptors, rung + 1 + static_cast<unsigned>(random() % 30));
    engine.write(0x84, rung << 16);
    engine.step(1 + random() % 700);
    EXPECT_EQ(engine.read(0xA8), 0U);
  }
  for (int n = 0; n < 100000 && !engine.interrupt(); ++n) engine.step(13);
  EXPECT_TRUE(engine.interrupt());
  EXPECT_EQ(engine.read(0x04), 1U);
  engine.step(50);
}

// ------------------------------------------------------------------------------------ plain loop

class PlainEngine : public Engine {
 public:
  PlainEngine(std::uint64_t memory_id, const Timing& timing) {
    top_.memory_id_i = memory_id;
    top_.read_latency_i = timing.read_latency;
    top_.write_latency_i = timing.write_latency;
    top_.accept_stall_i = timing.accept_stall;
    top_.beat_stall_i = timing.beat_stall;
    top_.rst_ni = 1;
    top_.eval();
    top_.rst_ni = 0;
    for (std::uint32_t n = 0; n < kResetClocks; ++n) clock();
    top_.rst_ni = 1;
  }
  ~PlainEngine() override {
    context_.select();
    top_.final();
  }

  std::uint32_t access(bool write, std::uint32_t offset, std::uint32_t data) override {
    port_.start({write, offset, data, 0xF});
    while (port_.busy()) clock();
    return static_cast<std::uint32_t>(port_.data());
  }
  void step(std::uint64_t clocks) override {
    for (std::uint64_t n = 0; n < clocks; ++n) clock();
  }
  bool interrupt() override { return top_.irq_o != 0; }
  Recorder recorder;

 private:
  void clock() {
    const RegisterPort::Driven& driven = port_.driven();
    top_.s_axil_awvalid = driven.aw_valid;
    top_.s_axil_wvalid = driven.w_valid;
    top_.s_axil_bready = driven.b_ready;
    top_.s_axil_arvalid = driven.ar_valid;
    top_.s_axil_rready = driven.r_ready;
    top_.s_axil_awaddr = top_.s_axil_araddr = static_cast<SData>(driven.access.address);
    top_.s_axil_wdata = static_cast<IData>(driven.access.data);
    top_.s_axil_wstrb = driven.access.strobes;
    top_.clk_i = 0;
    top_.eval();
    if (top_.rst_ni) recorder.record(top_);
    (void)port_.clock({top_.s_axil_awready != 0, top_.s_axil_wready != 0, top_.s_axil_bvalid != 0,
                       top_.s_axil_arready != 0, top_.s_axil_rvalid != 0, axi::Response::kOkay,
                       axi::Response::kOkay, top_.s_axil_rdata});
    top_.clk_i = 1;
    top_.eval();
  }

  sim::ModelContext context_;
  Vengine_on_ram top_{context_.get()};
  RegisterPort port_;
};

// --------------------------------------------------------------------------------------- SystemC

struct RecordingPins : DevicePins {
  Recorder recorder;
  template <typename Top>
  void before_edge(const Top& top) {
    recorder.record(top);
  }
};

enum class Clocking { kEveryEdge, kQuantum1, kQuantum50, kQuantum1000 };

class SystemcEngine : public sc_core::sc_module, public Engine {
 public:
  SystemcEngine(const sc_core::sc_module_name& name, GuestSession guest, Clocking clocking,
                const Timing& timing)
      : sc_core::sc_module(name),
        every_edge_(clocking == Clocking::kEveryEdge),
        memory("memory", std::move(guest), target_parameters(timing)),
        device_("device", parameters(clocking)) {
    device_.m_axi.bind(memory.socket);
    socket_.bind(device_.s_axil);
    device_.irq[0].bind(wire_);
    if (every_edge_) device_.clk.bind(clock_);
    device_.set_stalls(timing.accept_stall, timing.beat_stall);
  }
  static MemoryTiming target_parameters(const Timing& timing) {
    MemoryTiming parameters;
    parameters.read_latency = timing.read_latency * kPeriod;
    parameters.write_latency = timing.write_latency * kPeriod;
    return parameters;
  }
  static DeviceParameters parameters(Clocking clocking) {
    constexpr std::uint32_t kQuanta[] = {1, 1, 50, 1000};
    DeviceParameters parameters;
    parameters.clock_period = kPeriod;
    parameters.quantum_clocks = kQuanta[static_cast<int>(clocking)];
    parameters.reset_clocks = kResetClocks;
    return parameters;
  }

  void run(const std::function<void()>& body) {
    sc_core::sc_spawn([&] {
      if (every_edge_) {
        wait(kPeriod / 4.0 + (kResetClocks - 1) * kPeriod);
      } else {
        step(kResetClocks);
      }
      body();
      sc_core::sc_stop();
    });
    sc_core::sc_start();
  }

  std::uint32_t access(bool write, std::uint32_t offset, std::uint32_t data) override {
    tlm::tlm_generic_payload payload;
    payload.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    payload.set_address(offset);
    payload.set_data_ptr(reinterpret_cast<unsigned char*>(&data));
    payload.set_data_length(4);
    payload.set_streaming_width(4);
    sc_time delay = SC_ZERO_TIME;
    socket_->b_transport(payload, delay);
    EXPECT_TRUE(payload.is_response_ok());
    wait(every_edge_ ? kPeriod / 4.0 : delay);
    return data;
  }
  void step(std::uint64_t clocks) override {
    const sc_time time = static_cast<double>(clocks) * kPeriod;
    if (!every_edge_) device_.sync_at(sc_core::sc_time_stamp() + time);
    wait(time);
  }
  bool interrupt() override { return device_.interrupts() != 0; }
  const Recorder& recorder() { return device_.pins().recorder; }

 private:
  bool every_edge_;
  sc_core::sc_clock clock_{"clock", kPeriod};
  sc_core::sc_signal<bool> wire_{"wire"};
  tlm_utils::simple_initiator_socket<SystemcEngine> socket_{"socket"};

 public:
  GuestMemoryTarget memory;

 private:
  VerilatedDevice<Vioat_engine, RecordingPins> device_;
};

// ------------------------------------------------------------------------------------- the test

class CycleEqualityTest : public testing::TestWithParam<std::tuple<Clocking, int>> {};

TEST_P(CycleEqualityTest, EveryBeatIsInItsClock) {
  static constexpr Timing kTimings[] = {
      {1, 1, 0, 0}, {9, 4, 0, 0}, {60, 90, 0, 0}, {2, 30, 0x10101010, 0x81F00001}};
  const auto [clocking, timing_index] = GetParam();
  const Timing& timing = kTimings[timing_index];
  const std::uint64_t seed = test::random_seed();

  const std::uint64_t id = register_session(GuestSession(kSpec));
  GuestMemory& plain_memory = session_from_id(id)->memory();
  fill(plain_memory, seed);
  PlainEngine plain(id, timing);
  stimulate(plain, seed);

  SystemcEngine systemc("bench", GuestSession(kSpec), clocking, timing);
  fill(systemc.memory.memory(), seed);
  systemc.run([&] { stimulate(systemc, seed); });

  const std::vector<Beat>& expected = plain.recorder.beats();
  const std::vector<Beat>& actual = systemc.recorder().beats();
  EXPECT_GT(expected.size(), 2U * kDescriptors);
  for (std::size_t n = 0; n < std::min(expected.size(), actual.size()); ++n)
    ASSERT_EQ(actual[n], expected[n]) << "beat " << n;
  EXPECT_EQ(actual.size(), expected.size());
  std::uint64_t difference = 0;
  std::vector<std::byte> a(8 << 20), b(8 << 20);
  ASSERT_EQ(plain_memory.read(0, a), AccessStatus::kOk);
  ASSERT_EQ(systemc.memory.memory().read(0, b), AccessStatus::kOk);
  while (difference < a.size() && a[difference] == b[difference]) ++difference;
  EXPECT_EQ(difference, a.size());
  (void)close_memory(id);
}

std::string name_of(const testing::TestParamInfo<std::tuple<Clocking, int>>& parameters) {
  static constexpr const char* kClockings[] = {"EveryEdge", "Quantum1", "Quantum50", "Quantum1000"};
  static constexpr const char* kTimings[] = {"Latency1", "Latency9", "Latency60", "Stalls"};
  return std::string(kClockings[static_cast<int>(std::get<0>(parameters.param))]) +
         kTimings[std::get<1>(parameters.param)];
}

INSTANTIATE_TEST_SUITE_P(Drivers, CycleEqualityTest,
                         testing::Combine(testing::Values(Clocking::kEveryEdge, Clocking::kQuantum1,
                                                          Clocking::kQuantum50,
                                                          Clocking::kQuantum1000),
                                          testing::Range(0, 4)),
                         name_of);

}  // namespace
}  // namespace guestlink
