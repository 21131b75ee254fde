// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Accellera's example initiators and buses, as they are installed, on our target. What they find
// against the protocol is an assertion or a report; what they write is looked at in the memory.
#include <gtest/gtest.h>

#define REPORT_DEFINE_GLOBALS
#include <at_initiator_annotated.h>
#include <at_initiator_explicit.h>
#include <at_target_ooo_2_phase.h>
#include <lt_dmi_initiator.h>
#include <lt_initiator.h>
#include <lt_td_initiator.h>
#include <models/SimpleBusAT.h>
#include <models/SimpleBusLT.h>
#include <reporting.h>
#include <select_initiator.h>
#include <traffic_generator.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "systemc/guest_memory_target.h"

#ifdef NDEBUG
#error "the examples check the protocol with assert"
#endif

// The examples never free their payloads and memories.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): LeakSanitizer's
extern "C" int __lsan_is_turned_off() { return 1; }

namespace guestlink {
namespace {

using sc_core::SC_NS;
using sc_core::sc_time;

constexpr std::uint64_t kWords = 16;  // that a traffic generator writes and reads a base
constexpr std::uint64_t kSecondPort = 0x10000000;  // the bus decodes address bits 31 to 28
constexpr const char* kMemory = "mock:,size=64K,base=0";

sc_time ns(double count) { return {count, SC_NS}; }

// As many phases as the names of the examples say.
MemoryTiming one_phase() { return {}; }
MemoryTiming two_phases(double latency = 50) {
  MemoryTiming timing;
  timing.read_latency = ns(latency);
  timing.write_latency = ns(latency * 3 / 5);
  return timing;
}
MemoryTiming four_phases(double latency = 50) {
  MemoryTiming timing = two_phases(latency);
  timing.accept_delay = ns(10);
  return timing;
}

// What the examples report: complaints, and how often anything was said.
struct Log {
  static Log& instance() {
    static Log log;
    return log;
  }
  static void take(const sc_core::sc_report& report, const sc_core::sc_actions&) {
    const std::string text = report.get_msg();
    if (report.get_severity() != sc_core::SC_INFO) instance().complaints.push_back(text);
    for (auto& [what, count] : instance().counts) {
      if (text.find(what) != std::string::npos) ++count;
    }
  }

  std::vector<std::string> complaints;
  std::map<std::string, unsigned int> counts = {{"Traffic Generator Complete", 0},
                                                {"dmi based transaction", 0},
                                                {"quantum keeper needs synching", 0},
                                                {"returned COMPLETED", 0},
                                                {"indicating 2 phase", 0}};
};

template <typename Initiator>
std::unique_ptr<Initiator> make_initiator(unsigned int id) {
  if constexpr (std::is_constructible_v<Initiator, const char*, unsigned int, sc_time>) {
    return std::make_unique<Initiator>("initiator", id, ns(7));
  } else {
    return std::make_unique<Initiator>("initiator", id);
  }
}

// An initiator and what feeds it.
template <typename Initiator>
struct Station : sc_core::sc_module {
  Station(const sc_core::sc_module_name& name, unsigned int id, std::uint64_t first,
          std::uint64_t second)
      : sc_module(name),
        initiator(make_initiator<Initiator>(id)),
        generator("generator", id, first, second, 2) {
    generator.request_out_port(requests);
    initiator->request_in_port(requests);
    initiator->response_out_port(responses);
    generator.response_in_port(responses);
  }

  sc_core::sc_fifo<tlm::tlm_generic_payload*> requests;
  sc_core::sc_fifo<tlm::tlm_generic_payload*> responses;
  std::unique_ptr<Initiator> initiator;
  traffic_generator generator;
};

class AccelleraTest : public testing::Test {
 protected:
  AccelleraTest() {
    REPORT_ENABLE_ALL_REPORTING();
    sc_core::sc_report_handler::set_handler(Log::take);
  }
  ~AccelleraTest() override { sc_core::sc_report_handler::set_handler(nullptr); }

  static void run(unsigned int generators) {
    sc_core::sc_start(ns(1e6));
    EXPECT_EQ(Log::instance().counts["Traffic Generator Complete"], generators);
    EXPECT_EQ(Log::instance().complaints, std::vector<std::string>());
  }
  // A generator writes each word's address, and where it comes second the inverse of it.
  static void expect_written(const GuestMemory& memory, std::uint64_t address, bool inverted,
                             std::uint64_t port = 0) {
    for (std::uint64_t at = address; at < address + 4 * kWords; at += 4) {
      std::uint32_t word = 0;
      ASSERT_EQ(memory.load(at, word), AccessStatus::kOk);
      const auto expected = static_cast<std::uint32_t>(port + at);
      EXPECT_EQ(word, inverted ? ~expected : expected) << hex(at);
    }
  }

  // One initiator, without a bus.
  template <typename Initiator>
  void check_direct(const MemoryTiming& timing) {
    Station<Initiator> station("station", 101, 0x100, 0x200);
    GuestMemoryTarget ram("ram", kMemory, timing);
    station.initiator->initiator_socket(ram.socket);
    run(1);
    expect_written(ram.memory(), 0x100, false);
    expect_written(ram.memory(), 0x200, true);
  }

  // Two initiators, a bus and two targets.
  template <typename Initiator, typename Bus>
  void check_bus(const MemoryTiming& first, const MemoryTiming& second) {
    Station<Initiator> station1("station1", 101, 0x100, kSecondPort + 0x100);
    Station<Initiator> station2("station2", 102, 0x200, kSecondPort + 0x200);
    Bus bus("bus");
    GuestMemoryTarget ram1("ram1", kMemory, first);
    GuestMemoryTarget ram2("ram2", kMemory, second);
    station1.initiator->initiator_socket(bus.target_socket[0]);
    station2.initiator->initiator_socket(bus.target_socket[1]);
    bus.initiator_socket[0](ram1.socket);
    bus.initiator_socket[1](ram2.socket);
    run(2);
    for (const std::uint64_t address : {0x100U, 0x200U}) {
      expect_written(ram1.memory(), address, false);
      expect_written(ram2.memory(), address, true, kSecondPort);
    }
  }
};

using BusLT = SimpleBusLT<2, 2>;
using BusAT = SimpleBusAT<2, 2>;

TEST_F(AccelleraTest, LooselyTimed) { check_bus<lt_initiator, BusLT>(two_phases(), one_phase()); }

TEST_F(AccelleraTest, LooselyTimedWithDmi) {
  check_bus<lt_dmi_initiator, BusLT>(two_phases(), two_phases(20));
  EXPECT_GT(Log::instance().counts["dmi based transaction"], 2 * kWords);
}

TEST_F(AccelleraTest, TemporallyDecoupled) {
  check_bus<lt_td_initiator, BusLT>(two_phases(), two_phases(20));
  EXPECT_GT(Log::instance().counts["quantum keeper needs synching"], 1U);
}

TEST_F(AccelleraTest, OnePhase) {
  check_direct<at_initiator_annotated>(one_phase());
  EXPECT_EQ(Log::instance().counts["returned COMPLETED"], 4 * kWords);
}
TEST_F(AccelleraTest, OnePhaseExplicit) { check_direct<at_initiator_explicit>(one_phase()); }
TEST_F(AccelleraTest, OnePhaseSelect) { check_direct<select_initiator>(one_phase()); }
TEST_F(AccelleraTest, TwoPhases) { check_direct<at_initiator_annotated>(two_phases()); }
TEST_F(AccelleraTest, TwoPhasesExplicit) { check_direct<at_initiator_explicit>(two_phases()); }
TEST_F(AccelleraTest, TwoPhasesSelect) {
  check_direct<select_initiator>(two_phases());
  EXPECT_EQ(Log::instance().counts["indicating 2 phase"], 4 * kWords);
}
TEST_F(AccelleraTest, FourPhases) { check_direct<at_initiator_annotated>(four_phases()); }
TEST_F(AccelleraTest, FourPhasesExplicit) { check_direct<at_initiator_explicit>(four_phases()); }
TEST_F(AccelleraTest, FourPhasesSelect) { check_direct<select_initiator>(four_phases()); }

TEST_F(AccelleraTest, OnePhaseOnABus) {
  check_bus<at_initiator_annotated, BusAT>(one_phase(), one_phase());
}
TEST_F(AccelleraTest, TwoPhasesOnABus) {
  check_bus<at_initiator_annotated, BusAT>(two_phases(), two_phases());
}
TEST_F(AccelleraTest, FourPhasesOnABus) {
  check_bus<at_initiator_explicit, BusAT>(four_phases(), four_phases());
}
TEST_F(AccelleraTest, MixedPhasesOnABus) {
  check_bus<select_initiator, BusAT>(four_phases(), one_phase());
}
// As at_ooo: the one target so slow that its responses come behind later ones of the other.
TEST_F(AccelleraTest, OutOfOrderOnABus) {
  check_bus<select_initiator, BusAT>(two_phases(50), four_phases(400));
}

TEST_F(AccelleraTest, BesideTheirOwnOutOfOrderTarget) {
  Station<select_initiator> station1("station1", 101, 0x100, kSecondPort + 0x100);
  Station<select_initiator> station2("station2", 102, 0x200, kSecondPort + 0x200);
  BusAT bus("bus");
  GuestMemoryTarget ram("ram", kMemory, two_phases());
  at_target_ooo_2_phase other("other", 202, "memory_socket", 4096, 4, ns(20), ns(100), ns(60));
  station1.initiator->initiator_socket(bus.target_socket[0]);
  station2.initiator->initiator_socket(bus.target_socket[1]);
  bus.initiator_socket[0](ram.socket);
  bus.initiator_socket[1](other.m_memory_socket);
  run(2);
  expect_written(ram.memory(), 0x100, false);
  expect_written(ram.memory(), 0x200, false);
}

}  // namespace
}  // namespace guestlink
