// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// VerilatedDevice round a device that was not written for it, in both clockings. Each case runs in
// a process of its own (SystemC elaborates once).
#include "systemc/verilated_device.h"
#include "Vsmall_device.h"
#include "Vsmall_device_trace.h"
#include "verilated_vcd_c.h"

#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "support/temporary_directory.h"
#include "systemc/support/memory_model.h"

namespace guestlink {
namespace {

using sc_core::SC_NS;
using sc_core::sc_time;
using sc_core::sc_time_stamp;
using sc_core::SC_ZERO_TIME;

struct SmallPins : DevicePins {
  static constexpr std::uint32_t kInterrupts = 3;
  template <typename Top>
  static void set_clock(Top& top, bool level) {
    top.aclk = level;
  }
  template <typename Top>
  static void set_reset(Top& top, bool asserted) {
    top.aresetn = !asserted;
  }
  template <typename Top>
  static std::uint64_t interrupts(const Top& top) {
    return top.intr;
  }
};
using SmallDevice = VerilatedDevice<Vsmall_device, SmallPins>;
using TracedDevice = VerilatedDevice<Vsmall_device_trace, SmallPins, VerilatedVcdC>;

constexpr std::uint64_t kScratch = 0x00, kInterrupts = 0x04, kFinish = 0x08, kError = 0x0C,
                        kWriteTo = 0x10, kData = 0x14, kReadFrom = 0x18, kReadData = 0x1C,
                        kBurst = 0x20, kSilent = 0x24, kSlvErr = 0x28, kDecErr = 0x2C,
                        kClocks = 0x30;
const sc_time kPeriod(1, SC_NS);

// A host as a thread process, and what it saw.
class Host : public sc_core::sc_module {
 public:
  tlm_utils::simple_initiator_socket<Host> socket{"socket"};
  sc_core::sc_vector<sc_core::sc_in<bool>> irq{"irq", 3};

  Host(const sc_core::sc_module_name& name, std::function<void(Host&)> body)
      : sc_core::sc_module(name), body_(std::move(body)) {
    sc_core::sc_spawn([this] { run(); }, "run");
    sc_core::sc_spawn_options options;
    options.spawn_method();
    options.dont_initialize();
    options.set_sensitivity(&irq[1].value_changed());
    sc_core::sc_spawn([this] { changes.push_back(sc_time_stamp()); }, "watch", &options);
  }

  tlm::tlm_response_status transport(tlm::tlm_command command, std::uint64_t address, void* data,
                                     unsigned length, std::vector<unsigned char> enables = {},
                                     unsigned streaming_width = 0) {
    sc_time delay = SC_ZERO_TIME;
    tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
    {  // gone before a wait that may be the last
      tlm::tlm_generic_payload payload;
      payload.set_command(command);
      payload.set_address(address);
      payload.set_data_ptr(static_cast<unsigned char*>(data));
      payload.set_data_length(length);
      payload.set_streaming_width(streaming_width == 0 ? length : streaming_width);
      if (!enables.empty()) {
        payload.set_byte_enable_ptr(enables.data());
        payload.set_byte_enable_length(static_cast<unsigned>(enables.size()));
      }
      socket->b_transport(payload, delay);
      status = payload.get_response_status();
    }
    wait(delay);
    return status;
  }
  void write(std::uint64_t address, std::uint32_t value) {
    EXPECT_EQ(transport(tlm::TLM_WRITE_COMMAND, address, &value, 4), tlm::TLM_OK_RESPONSE);
  }
  std::uint32_t read(std::uint64_t address) {
    std::uint32_t value = 0;
    EXPECT_EQ(transport(tlm::TLM_READ_COMMAND, address, &value, 4), tlm::TLM_OK_RESPONSE);
    return value;
  }
  // The burst register's {done, response} when a burst is done.
  std::uint32_t burst_result() {
    for (int n = 0; n < 1000; ++n) {
      const std::uint32_t result = read(kBurst);
      if (result >= 4) return result & 3;
    }
    ADD_FAILURE() << "no burst done after 1000 reads";
    return 0;
  }

  bool done = false;
  std::vector<sc_time> changes;  // of irq[1]

 private:
  void run() {
    body_(*this);
    done = true;
    sc_core::sc_stop();
  }
  std::function<void(Host&)> body_;
};

enum class Clocking { kEveryEdge, kQuantum1, kQuantum7, kQuantum1000 };

void PrintTo(Clocking clocking, std::ostream* stream) { *stream << static_cast<int>(clocking); }

std::uint32_t quantum_of(Clocking clocking) {
  return clocking == Clocking::kQuantum1 ? 1 : clocking == Clocking::kQuantum7 ? 7 : 1000;
}

template <typename Device>
struct Bench {
  Bench(Clocking clocking, DeviceParameters parameters, std::function<void(Host&)> body)
      : device("device", with(parameters, clocking)), host("host", std::move(body)) {
    device.m_axi.bind(memory.socket);
    host.socket.bind(device.s_axil);
    for (std::size_t n = 0; n < 3; ++n) {
      device.irq[n].bind(wires[n]);
      host.irq[n].bind(wires[n]);
    }
    if (clocking == Clocking::kEveryEdge) device.clk.bind(clock);
  }
  static DeviceParameters with(DeviceParameters parameters, Clocking clocking) {
    parameters.clock_period = kPeriod;
    parameters.quantum_clocks = quantum_of(clocking);
    return parameters;
  }
  void run() {
    sc_core::sc_start(sc_time(1, sc_core::SC_MS));
    EXPECT_TRUE(host.done) << "the host is not done after 1 ms";
  }

  sc_core::sc_clock clock{"clock", kPeriod};
  sc_core::sc_vector<sc_core::sc_signal<bool>> wires{"wires", 3};
  test::MemoryModel memory{"memory", 0x10000};
  Device device;
  Host host;
};

class VerilatedDeviceTest : public testing::TestWithParam<Clocking> {
 protected:
  void run(const std::function<void(Host&)>& body, DeviceParameters parameters = {}) {
    bench = std::make_unique<Bench<SmallDevice>>(GetParam(), parameters, body);
    if (setup) setup();
    bench->run();
  }
  std::unique_ptr<Bench<SmallDevice>> bench;
  std::function<void()> setup;
};

TEST_P(VerilatedDeviceTest, ReadsAndWritesRegisters) {
  run([](Host& host) {
    host.write(kScratch, 0x11223344);
    EXPECT_EQ(host.read(kScratch), 0x11223344U);
    std::uint16_t half = 0xAABB;
    EXPECT_EQ(host.transport(tlm::TLM_WRITE_COMMAND, kScratch + 1, &half, 2), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(host.read(kScratch), 0x11AABB44U);
    std::uint8_t byte = 0;
    EXPECT_EQ(host.transport(tlm::TLM_READ_COMMAND, kScratch + 2, &byte, 1), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(byte, 0xAA);
  });
}

TEST_P(VerilatedDeviceTest, SplitsALongPayloadIntoWords) {
  run([](Host& host) {
    std::uint32_t words[2] = {0xCAFEF00D, 0x2};  // scratch and interrupts
    EXPECT_EQ(host.transport(tlm::TLM_WRITE_COMMAND, kScratch, words, 8), tlm::TLM_OK_RESPONSE);
    std::uint8_t bytes[6] = {};
    EXPECT_EQ(host.transport(tlm::TLM_READ_COMMAND, kScratch + 2, bytes, 6), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(bytes[0], 0xFE);
    EXPECT_EQ(bytes[1], 0xCA);
    EXPECT_EQ(bytes[2], 2);
  });
}

TEST_P(VerilatedDeviceTest, ByteEnablesAreStrobes) {
  run([](Host& host) {
    host.write(kScratch, 0x55555555);
    std::uint32_t value = 0xFFFFFFFF;
    EXPECT_EQ(host.transport(tlm::TLM_WRITE_COMMAND, kScratch, &value, 4, {0xFF, 0}),
              tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(host.read(kScratch), 0x55FF55FFU);
    value = 0;
    EXPECT_EQ(host.transport(tlm::TLM_READ_COMMAND, kScratch, &value, 4, {0, 0xFF, 0}),
              tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(value, 0x00005500U);
    EXPECT_EQ(host.transport(tlm::TLM_WRITE_COMMAND, kScratch, &value, 4, {0}),
              tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(host.read(kScratch), 0x55FF55FFU);
    EXPECT_EQ(host.transport(tlm::TLM_WRITE_COMMAND, kScratch, &value, 4, {0xFF, 1}),
              tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
  });
}

TEST_P(VerilatedDeviceTest, RefusesWhatItCannotDo) {
  run([](Host& host) {
    std::uint32_t value = 0;
    EXPECT_EQ(host.transport(tlm::TLM_READ_COMMAND, 0x100, &value, 4),
              tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(host.transport(tlm::TLM_READ_COMMAND, 0xFE, &value, 4),
              tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(host.transport(tlm::TLM_READ_COMMAND, ~std::uint64_t{0}, &value, 4),
              tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(host.transport(tlm::TLM_READ_COMMAND, 0, &value, 0), tlm::TLM_BURST_ERROR_RESPONSE);
    EXPECT_EQ(host.transport(tlm::TLM_READ_COMMAND, 0, &value, 4, {}, 2),
              tlm::TLM_BURST_ERROR_RESPONSE);
    EXPECT_EQ(host.transport(tlm::TLM_READ_COMMAND, 0, nullptr, 4),
              tlm::TLM_GENERIC_ERROR_RESPONSE);
    EXPECT_EQ(host.transport(tlm::TLM_IGNORE_COMMAND, 0, &value, 4), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(host.transport(tlm::TLM_READ_COMMAND, kSlvErr, &value, 4),
              tlm::TLM_GENERIC_ERROR_RESPONSE);
    EXPECT_EQ(host.transport(tlm::TLM_WRITE_COMMAND, kDecErr, &value, 4),
              tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(host.transport(tlm::TLM_WRITE_COMMAND, kScratch, &value, 4), tlm::TLM_OK_RESPONSE);
  });
}

TEST_P(VerilatedDeviceTest, EndsAnAccessWithoutAnswer) {
  sc_core::sc_report_handler::set_actions(VerilatedDeviceBase::kRegisterReport,
                                          sc_core::SC_CACHE_REPORT);
  DeviceParameters parameters;
  parameters.register_clocks = 50;
  run(
      [](Host& host) {
        std::uint32_t value = 0;
        const sc_time before = sc_time_stamp();
        EXPECT_EQ(host.transport(tlm::TLM_READ_COMMAND, kSilent, &value, 4),
                  tlm::TLM_GENERIC_ERROR_RESPONSE);
        EXPECT_GE(sc_time_stamp() - before, 49 * kPeriod);
        EXPECT_LE(sc_time_stamp() - before, 60 * kPeriod);
        const sc_core::sc_report* report = sc_core::sc_report_handler::get_cached_report();
        ASSERT_NE(report, nullptr);
        EXPECT_STREQ(report->get_msg(), "device: the register at 0x24 gave no answer in 50 clocks");
        host.write(kScratch, 1);  // and works on
      },
      parameters);
}

TEST_P(VerilatedDeviceTest, MovesBurstsOverTlm) {
  setup = [&] { bench->memory.read_latency = bench->memory.write_latency = sc_time(20, SC_NS); };
  run([this](Host& host) {
    host.write(kData, 0xA1B2C3D4);
    host.write(kWriteTo, 0x1000);
    EXPECT_EQ(host.burst_result(), 0U);
    // The second beat has the strobes of its low half only.
    const std::vector<unsigned char> pattern = {0xD4, 0xC3, 0xB2, 0xA1};
    for (std::size_t n = 0; n < 16; ++n)
      EXPECT_EQ(bench->memory.bytes[0x1000 + n], n < 12 ? pattern[n % 4] : 0) << n;
    host.write(kReadFrom, 0x1008);
    EXPECT_EQ(host.burst_result(), 0U);
    EXPECT_EQ(host.read(kReadData), 0xA1B2C3D4U);
  });
  EXPECT_EQ(bench->memory.transactions, 2U);
  EXPECT_EQ(bench->device.traffic().bytes_written, 12U);
  EXPECT_EQ(bench->device.traffic().bytes_read, 8U);
}

TEST_P(VerilatedDeviceTest, ResponsesReachTheBus) {
  setup = [&] {
    bench->memory.refuse = [](std::uint64_t address, std::uint64_t) {
      return address == 0x2000 ? tlm::TLM_COMMAND_ERROR_RESPONSE : tlm::TLM_OK_RESPONSE;
    };
  };
  run([](Host& host) {
    host.write(kReadFrom, 0x20000);
    EXPECT_EQ(host.burst_result(), 3U) << "DECERR for an address error";
    host.write(kWriteTo, 0x2000);
    EXPECT_EQ(host.burst_result(), 2U) << "SLVERR for a command error";
  });
  EXPECT_EQ(bench->device.traffic().failed_bursts, 2U);
  EXPECT_EQ(bench->device.traffic().failed_address, 0x2000U);
  EXPECT_EQ(bench->device.traffic().failed_status, tlm::TLM_COMMAND_ERROR_RESPONSE);
}

// A target that waits takes SystemC's time: the clock has gone on all the same when it is done.
TEST_P(VerilatedDeviceTest, ATargetMayWait) {
  setup = [&] { bench->memory.waiting = sc_time(300, SC_NS); };
  run([this](Host& host) {
    const std::uint32_t before = host.read(kClocks);
    host.write(kReadFrom, 0x100);
    EXPECT_EQ(host.burst_result(), 0U);
    const std::uint32_t clocks = host.read(kClocks) - before;
    EXPECT_GE(clocks, 300U);
    EXPECT_LE(clocks, 320U + quantum_of(GetParam()));
    if (GetParam() == Clocking::kEveryEdge) {
      EXPECT_LE(clocks, 330U);
    }
  });
}

TEST_P(VerilatedDeviceTest, LatencyIsRoundedUpToClocks) {
  setup = [&] { bench->memory.read_latency = sc_time(20.5, SC_NS); };
  run([](Host& host) {
    // Between the write of the register and done: AR, 21 clocks, and what the registers take.
    host.write(kReadFrom, 0x100);
    const std::uint32_t start = host.read(kClocks);
    EXPECT_EQ(host.burst_result(), 0U);
    EXPECT_GE(host.read(kClocks) - start, 18U);
    EXPECT_LE(host.read(kClocks) - start, 34U);
  });
}

// An interrupt shows at the time of its edge, however far the device runs ahead.
TEST_P(VerilatedDeviceTest, InterruptsAreExactInTime) {
  run([this](Host& host) {
    wait(sc_time(5000.25, SC_NS));
    bench->device.sync_at(sc_time_stamp());
    host.write(kInterrupts, 2);
    const sc_time written = sc_time_stamp();
    wait(sc_time(100, SC_NS));
    ASSERT_EQ(host.changes.size(), 1U);
    EXPECT_LT(host.changes[0], written);
    EXPECT_GE(host.changes[0] + 3 * kPeriod, written);
    EXPECT_EQ(host.changes[0].value() % kPeriod.value(), 0U) << "at an edge";
    EXPECT_TRUE(host.irq[1].read());
    EXPECT_FALSE(host.irq[0].read() || host.irq[2].read());
    host.write(kInterrupts, 5);
    wait(sc_time(100, SC_NS));
    EXPECT_FALSE(host.irq[1].read());
    EXPECT_TRUE(host.irq[0].read() && host.irq[2].read());
  });
}

TEST_P(VerilatedDeviceTest, ResetsTheModel) {
  run([this](Host& host) {
    host.write(kScratch, 7);
    bench->device.reset();
    EXPECT_TRUE(bench->device.in_reset());
    EXPECT_EQ(host.read(kScratch), 0U) << "an access waits for the end of the reset";
    EXPECT_FALSE(bench->device.in_reset());
    EXPECT_LT(host.read(kClocks), 20U + quantum_of(GetParam()));
  });
}

TEST_P(VerilatedDeviceTest, TheResetInputHoldsTheModel) {
  sc_core::sc_signal<bool> reset_n("reset_n", true);
  setup = [&] { bench->device.reset_n.bind(reset_n); };
  run([&](Host& host) {
    std::uint32_t value = 5;
    host.write(kScratch, value);
    reset_n.write(false);
    wait(sc_time(2000.3, SC_NS));
    EXPECT_TRUE(bench->device.in_reset());
    EXPECT_EQ(host.transport(tlm::TLM_READ_COMMAND, kScratch, &value, 4),
              tlm::TLM_GENERIC_ERROR_RESPONSE);
    reset_n.write(true);
    wait(sc_time(2000, SC_NS));
    EXPECT_FALSE(bench->device.in_reset());
    EXPECT_EQ(host.read(kScratch), 0U);
  });
}

// One access after another, whoever makes them; and none is lost.
TEST_P(VerilatedDeviceTest, ManyThreadsAccessRegisters) {
  unsigned done = 0;
  run([&](Host& host) {
    for (std::uint32_t n = 0; n < 8; ++n) {
      sc_core::sc_spawn([&host, &done, n] {
        for (std::uint32_t k = 0; k < 20; ++k) {
          std::uint8_t byte = static_cast<std::uint8_t>(16 * n + k);
          const std::uint64_t at = kScratch + n % 4;
          EXPECT_EQ(host.transport(tlm::TLM_WRITE_COMMAND, at, &byte, 1), tlm::TLM_OK_RESPONSE);
          EXPECT_EQ(host.transport(tlm::TLM_READ_COMMAND, at, &byte, 1), tlm::TLM_OK_RESPONSE);
        }
        ++done;
      });
    }
    for (int n = 0; n < 1000 && done < 8; ++n) wait(sc_time(100, SC_NS));
    EXPECT_EQ(done, 8U);
    EXPECT_EQ(host.read(kScratch) & 0x0F0F0F0F, 0x03030303U) << "19 = 0x13 was written last";
  });
}

// A decoupled initiator is ahead of SystemC's time by its delay: the access is then, not now.
TEST_P(VerilatedDeviceTest, HonoursTheDelayOfTheCaller) {
  run([this](Host& host) {
    host.write(kInterrupts, 0);
    const sc_time begin = sc_time_stamp();
    std::uint32_t value = 2;
    tlm::tlm_generic_payload payload;
    payload.set_command(tlm::TLM_WRITE_COMMAND);
    payload.set_address(kInterrupts);
    payload.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
    payload.set_data_length(4);
    payload.set_streaming_width(4);
    sc_time delay(5000, SC_NS);
    host.socket->b_transport(payload, delay);
    EXPECT_TRUE(payload.is_response_ok());
    EXPECT_GE(sc_time_stamp() + delay - begin, sc_time(5000, SC_NS));
    EXPECT_LE(sc_time_stamp() + delay - begin, sc_time(5010, SC_NS));
    wait(delay + sc_time(10, SC_NS));
    ASSERT_EQ(host.changes.size(), 1U);
    EXPECT_GE(host.changes[0] - begin, sc_time(4999, SC_NS));
    EXPECT_LE(host.changes[0] - begin, sc_time(5005, SC_NS));
  });
}

TEST_P(VerilatedDeviceTest, FinishStopsTheSimulation) {
  bench = std::make_unique<Bench<SmallDevice>>(GetParam(), DeviceParameters{}, [](Host& host) {
    host.write(kScratch, 1);
    std::uint32_t value = 0;
    EXPECT_EQ(host.transport(tlm::TLM_WRITE_COMMAND, kFinish, &value, 4),
              tlm::TLM_GENERIC_ERROR_RESPONSE);
    wait(sc_time(1, sc_core::SC_SEC));
  });
  sc_core::sc_start(sc_time(1, sc_core::SC_MS));
  EXPECT_TRUE(bench->device.stopped());
  EXPECT_FALSE(bench->device.failed());
  EXPECT_EQ(sc_core::sc_get_status(), sc_core::SC_STOPPED);
}

TEST_P(VerilatedDeviceTest, AnAssertionIsAnErrorThatNamesTheModule) {
  bench = std::make_unique<Bench<SmallDevice>>(GetParam(), DeviceParameters{}, [](Host& host) {
    std::uint32_t value = 0;
    EXPECT_EQ(host.transport(tlm::TLM_WRITE_COMMAND, kError, &value, 4),
              tlm::TLM_GENERIC_ERROR_RESPONSE);
    wait(sc_time(1, sc_core::SC_SEC));
  });
  try {
    sc_core::sc_start(sc_time(1, sc_core::SC_MS));
    FAIL() << "no report";
  } catch (const sc_core::sc_report& report) {
    EXPECT_STREQ(report.get_msg_type(), VerilatedDeviceBase::kAssertionReport);
    EXPECT_NE(std::string(report.get_msg()).find("device: an assertion"), std::string::npos)
        << report.get_msg();
  }
  EXPECT_TRUE(bench->device.failed());
}

std::string name_of(const testing::TestParamInfo<Clocking>& clocking) {
  static constexpr const char* kNames[] = {"EveryEdge", "Quantum1", "Quantum7", "Quantum1000"};
  return kNames[static_cast<int>(clocking.param)];
}

INSTANTIATE_TEST_SUITE_P(Clockings, VerilatedDeviceTest,
                         testing::Values(Clocking::kEveryEdge, Clocking::kQuantum1,
                                         Clocking::kQuantum7, Clocking::kQuantum1000),
                         name_of);

TEST(VerilatedDeviceTraceTest, WritesVcd) {
  const test::TemporaryDirectory directory;
  const std::string file = directory.file("waves.vcd");
  {
    DeviceParameters parameters;
    parameters.trace_file = file;
    Bench<TracedDevice> bench(Clocking::kQuantum7, parameters,
                              [](Host& host) { host.write(kScratch, 1); });
    bench.run();
  }
  EXPECT_GT(std::filesystem::file_size(file), 2000U);
}

class VerilatedDeviceParameterTest : public testing::Test {
 protected:
  static void expect_refusal(const DeviceParameters& parameters, const std::string& words) {
    try {
      SmallDevice device("device", parameters);
      FAIL() << "no report";
    } catch (const sc_core::sc_report& report) {
      EXPECT_STREQ(report.get_msg_type(), VerilatedDeviceBase::kParameterReport);
      EXPECT_NE(std::string(report.get_msg()).find("device: parameter " + words), std::string::npos)
          << report.get_msg();
    }
  }
};

TEST_F(VerilatedDeviceParameterTest, Quantum) {
  expect_refusal({.quantum_clocks = 0}, "quantum_clocks is 0");
}
TEST_F(VerilatedDeviceParameterTest, Period) {
  expect_refusal({.clock_period = SC_ZERO_TIME}, "clock_period is zero");
}
TEST_F(VerilatedDeviceParameterTest, Outstanding) {
  expect_refusal({.outstanding_bursts = 0}, "outstanding_bursts is 0");
}
TEST_F(VerilatedDeviceParameterTest, ResetClocks) {
  expect_refusal({.reset_clocks = 0}, "reset_clocks is 0");
}
TEST_F(VerilatedDeviceParameterTest, RegisterClocks) {
  expect_refusal({.register_clocks = 0}, "register_clocks is 0");
}
TEST_F(VerilatedDeviceParameterTest, RegisterBytes) {
  expect_refusal({.register_bytes = 0x101},
                 "register_bytes is 0x101, the address port reaches 0x100");
}
TEST_F(VerilatedDeviceParameterTest, TraceWithoutATrace) {
  expect_refusal({.trace_file = "waves.vcd"}, "trace_file is 'waves.vcd', but");
}
TEST_F(VerilatedDeviceParameterTest, TraceThatCannotBeWritten) {
  DeviceParameters parameters;
  parameters.trace_file = "/nonexistent/waves.vcd";
  EXPECT_THROW(TracedDevice("device", parameters), sc_core::sc_report);
}

}  // namespace
}  // namespace guestlink
