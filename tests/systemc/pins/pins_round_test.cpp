// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// TlmToAxi4 back to back with Axi4ToTlm: TLM in, a checked AXI4 bus between, TLM out to a memory.
#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "support/seed.h"
#include "systemc/pins/axi4_bench.h"
#include "systemc/pins/axi4_to_tlm.h"
#include "systemc/pins/pins_bench.h"
#include "systemc/pins/tlm_to_axi4.h"

namespace guestlink::test {
namespace {

constexpr std::uint64_t kBase = 0x7'0000'0000;
constexpr std::size_t kSize = 0x4'0000;

template <unsigned kWidth>
struct Bench {
  explicit Bench(std::uint64_t seed = 0, const ManagerParameters& manager = {},
                 const SubordinateParameters& subordinate = {})
      : to_pins("to_pins", manager), from_pins("from_pins", subordinate) {
    initiator.socket.bind(to_pins.socket);
    from_pins.socket.bind(memory.socket);
    near.bind_manager(to_pins);
    near.bind_monitor(near_checker);
    if (seed != 0) {
      stalled = std::make_unique<StalledBus<kWidth>>("stalled", near, far, seed);
      far.bind_subordinate(from_pins);
      far.bind_monitor(far_checker);
      clocking.drive(*stalled);
    } else {
      near.bind_subordinate(from_pins);
      far.bind_monitor(far_checker);
    }
    clocking.drive(to_pins);
    clocking.drive(from_pins);
    clocking.drive(near_checker);
    clocking.drive(far_checker);
  }

  Clocking clocking;
  Axi4Wires<kWidth> near{"near"}, far{"far"};
  Initiator initiator{"initiator"};
  TlmToAxi4<kWidth> to_pins;
  Axi4ToTlm<kWidth> from_pins;
  MemoryTarget memory{"memory", kBase, kSize};
  std::unique_ptr<StalledBus<kWidth>> stalled;
  typename CheckerOf<kWidth>::Type near_checker{"near_checker"}, far_checker{"far_checker"};
};

// One caller's random transactions in an area of its own, beside what they must leave and return.
template <unsigned kWidth>
void random_caller(Bench<kWidth>& bench, std::uint64_t area, std::size_t size, std::uint64_t seed,
                   unsigned count) {
  std::mt19937_64 random(seed);
  Bytes expected(bench.memory.bytes.begin() + static_cast<std::ptrdiff_t>(area - kBase),
                 bench.memory.bytes.begin() + static_cast<std::ptrdiff_t>(area - kBase + size));
  for (unsigned n = 0; n < count; ++n) {
    const std::size_t length = 1 + random() % (random() % 4 != 0 ? 100 : size);
    const std::size_t offset = random() % (size - length + 1);
    const unsigned width = random() % 3 != 0   ? static_cast<unsigned>(length)
                           : random() % 2 != 0 ? 1U << random() % 7
                                               : static_cast<unsigned>(1 + random() % length);
    const bool write = random() % 2 != 0;
    Payload payload(write, area + offset, random_bytes(random, length), width);
    if (width < 64 && random() % 2 != 0) payload.tlm.set_address(area + offset / width * width);
    const std::size_t first = payload.tlm.get_address() - area;
    if (random() % 2 != 0) {
      Bytes enables(1 + random() % (length + 7));
      for (auto& enable : enables) enable = random() % 4 != 0 ? 0xFF : 0;
      payload.set_enables(enables);
    }
    Bytes wanted = payload.data;
    for (std::size_t i = 0; i < length; ++i) {
      if (!payload.enables.empty() && payload.enables[i % payload.enables.size()] == 0) continue;
      std::uint8_t& cell = expected[first + i % width];
      write ? cell = payload.data[i] : wanted[i] = cell;
    }
    ASSERT_EQ(bench.initiator.call(payload), tlm::TLM_OK_RESPONSE);
    ASSERT_EQ(payload.data, wanted) << "transaction " << n << " of area " << area;
    if (random() % 4 == 0) bench.clocking.clocks(static_cast<unsigned>(random() % 20));
  }
  const Bytes left(bench.memory.bytes.begin() + static_cast<std::ptrdiff_t>(area - kBase),
                   bench.memory.bytes.begin() + static_cast<std::ptrdiff_t>(area - kBase + size));
  EXPECT_TRUE(left == expected) << "area " << area << " does not hold what was written";
}

// `callers` at once, each with a guard before and behind its area.
template <unsigned kWidth>
void random_test(bool stalls, unsigned callers, unsigned count) {
  constexpr std::size_t kArea = 0x2400;
  constexpr std::size_t kGuard = 0x123;
  const std::uint64_t seed = random_seed();
  std::mt19937_64 random(seed);
  Bench<kWidth> bench(stalls ? seed | 1 : 0);
  bench.memory.bytes = random_bytes(random, kSize);
  const Bytes before = bench.memory.bytes;
  if (stalls) {
    bench.memory.delay = [&](const Call&) {
      if (random() % 4 == 0) sc_core::wait(kPeriod * static_cast<double>(random() % 30) / 7);
      return random() % 2 != 0 ? sc_core::SC_ZERO_TIME
                               : kPeriod * static_cast<double>(random() % 90) / 7;
    };
  }
  const auto area_of = [&](unsigned n) { return kBase + kGuard + n * (kArea + kGuard); };
  bench.clocking.run(
      [&] {
        unsigned running = callers;
        sc_core::sc_event over;
        for (unsigned n = 0; n < callers; ++n) {
          sc_core::sc_spawn([&, n] {
            random_caller(bench, area_of(n), kArea, seed + n, count);
            if (--running == 0) over.notify(sc_core::SC_ZERO_TIME);
          });
        }
        sc_core::wait(over);
      },
      10'000'000);
  Bytes outside = bench.memory.bytes;
  for (unsigned n = 0; n < callers; ++n) {
    const auto at = static_cast<std::ptrdiff_t>(area_of(n) - kBase);
    std::copy_n(before.begin() + at, kArea, outside.begin() + at);
  }
  EXPECT_TRUE(outside == before) << "a byte outside the areas was written";
}

TEST(PinsRoundTest, RandomPayloads32) { random_test<32>(false, 4, 60); }
TEST(PinsRoundTest, RandomPayloads64) { random_test<64>(false, 8, 100); }
TEST(PinsRoundTest, RandomPayloads512) { random_test<512>(false, 8, 200); }
TEST(PinsRoundTest, RandomPayloadsAndWaitStates32) { random_test<32>(true, 4, 60); }
TEST(PinsRoundTest, RandomPayloadsAndWaitStates64) { random_test<64>(true, 8, 80); }
TEST(PinsRoundTest, RandomPayloadsAndWaitStates512) { random_test<512>(true, 20, 100); }
TEST(PinsRoundTest, RandomPayloadsAndWaitStates1024) { random_test<1024>(true, 8, 100); }

TEST(PinsRoundTest, EachStatusComesBackAsOneThatFits) {
  Bench<64> bench;
  bench.memory.errors = {{kBase + 0x2000, tlm::TLM_GENERIC_ERROR_RESPONSE},
                         {kBase + 0x3000, tlm::TLM_ADDRESS_ERROR_RESPONSE},
                         {kBase + 0x4000, tlm::TLM_BURST_ERROR_RESPONSE}};
  bench.clocking.run([&] {
    auto& initiator = bench.initiator;
    for (const bool write : {false, true}) {
      const auto status = [&](std::uint64_t address, std::size_t length) {
        Payload payload(write, address, Bytes(length, 0x55));
        return initiator.call(payload);
      };
      EXPECT_EQ(status(kBase + 0x1000, 64), tlm::TLM_OK_RESPONSE);
      EXPECT_EQ(status(kBase + 0x2000, 1), tlm::TLM_GENERIC_ERROR_RESPONSE);
      EXPECT_EQ(status(kBase + 0x3000, 8), tlm::TLM_ADDRESS_ERROR_RESPONSE);
      EXPECT_EQ(status(kBase + 0x4000, 8), tlm::TLM_GENERIC_ERROR_RESPONSE);
      EXPECT_EQ(status(kBase + kSize, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
      EXPECT_EQ(status(0, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
      // The worst of all parts: one page each
      EXPECT_EQ(status(kBase + 0x1000, 0x1001), tlm::TLM_GENERIC_ERROR_RESPONSE);
      EXPECT_EQ(status(kBase + 0x1000, 0x3000), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    }
  });
}

TEST(PinsRoundTest, WhatNoBusCanCarryIsRefusedWithoutIt) {
  Bench<64> bench;
  bench.clocking.run([&] {
    auto& initiator = bench.initiator;
    Payload empty(true, kBase, {});
    EXPECT_EQ(initiator.call(empty), tlm::TLM_BURST_ERROR_RESPONSE);
    Payload no_width(false, kBase, Bytes(4));
    no_width.tlm.set_streaming_width(0);
    EXPECT_EQ(initiator.call(no_width), tlm::TLM_BURST_ERROR_RESPONSE);
    Payload no_data(false, kBase, Bytes(4));
    no_data.tlm.set_data_ptr(nullptr);
    EXPECT_EQ(initiator.call(no_data), tlm::TLM_GENERIC_ERROR_RESPONSE);
    Payload odd_enables(true, kBase, Bytes(4));
    odd_enables.set_enables({0xFF, 0x01});
    EXPECT_EQ(initiator.call(odd_enables), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
    Payload no_enables(true, kBase, Bytes(4));
    no_enables.set_enables({0xFF});
    no_enables.tlm.set_byte_enable_length(0);
    EXPECT_EQ(initiator.call(no_enables), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
    Payload wraps(true, ~std::uint64_t{0} - 2, Bytes(4));
    EXPECT_EQ(initiator.call(wraps), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    Payload ignored(true, kBase, Bytes(4));
    ignored.tlm.set_command(tlm::TLM_IGNORE_COMMAND);
    EXPECT_EQ(initiator.call(ignored), tlm::TLM_OK_RESPONSE);
    Payload disabled(true, kBase, Bytes(40));
    disabled.set_enables({0});
    EXPECT_EQ(initiator.call(disabled), tlm::TLM_OK_RESPONSE);
    EXPECT_TRUE(bench.memory.calls.empty());

    Payload debug(false, kBase, Bytes(4));
    EXPECT_EQ(initiator.socket->transport_dbg(debug.tlm), 0U);
    tlm::tlm_dmi dmi;
    EXPECT_FALSE(initiator.socket->get_direct_mem_ptr(debug.tlm, dmi));
  });
}

// Fixed bursts reach the memory as one call a beat, at one address.
TEST(PinsRoundTest, AStreamingWidthOfOneWordIsAFixedBurst) {
  Bench<64> bench;
  bench.clocking.run([&] {
    Payload payload(true, kBase + 8, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 4);
    EXPECT_EQ(bench.initiator.call(payload), tlm::TLM_OK_RESPONSE);
  });
  ASSERT_EQ(bench.memory.calls.size(), 3U);
  for (const Call& call : bench.memory.calls) {
    EXPECT_EQ(call.address, kBase + 8);
    EXPECT_EQ(call.length, 4U);
  }
  EXPECT_EQ(bench.memory.bytes[8], 9);
}

TEST(PinsRoundTest, AnAnnotatedDelayGoesByBeforeTheBus) {
  Bench<64> bench;
  bench.clocking.run([&] {
    Payload payload(true, kBase, Bytes(8));
    sc_core::sc_time delay = kPeriod * 100;
    const sc_core::sc_time start = now();
    bench.initiator.socket->b_transport(payload.tlm, delay);
    EXPECT_EQ(delay, sc_core::SC_ZERO_TIME);
    EXPECT_GE(bench.memory.calls.at(0).start - start, kPeriod * 100);
    EXPECT_LE(bench.memory.calls.at(0).start - start, kPeriod * 106);
  });
}

// Each caller has an id of its own, so a memory that waits has many calls at once.
TEST(PinsRoundTest, CallersOverlapInASlowTarget) {
  Bench<64> bench;
  bench.memory.delay = [](const Call&) {
    sc_core::wait(kPeriod * 50);
    return sc_core::SC_ZERO_TIME;
  };
  bench.clocking.run([&] {
    const sc_core::sc_time start = now();
    unsigned running = 8;
    sc_core::sc_event over;
    for (unsigned n = 0; n < 8; ++n) {
      sc_core::sc_spawn([&, n] {
        EXPECT_EQ(bench.initiator.read(kBase + std::uint64_t{64} * n, 64), Bytes(64));
        if (--running == 0) over.notify();
      });
    }
    sc_core::wait(over);
    EXPECT_EQ(bench.memory.most_in_calls, 8U);
    EXPECT_LT(sc_core::sc_time_stamp() - start, kPeriod * 150);
  });
}

struct Manager : tlm::tlm_mm_interface {
  void free(tlm::tlm_generic_payload* payload) override { payload->reset(); }
};

TEST(PinsRoundTest, NonBlockingCallsAreOutstandingTogether) {
  Bench<64> bench;
  bench.memory.bytes[192] = 0x77;
  bench.memory.delay = [](const Call&) {
    sc_core::wait(kPeriod * 50);
    return sc_core::SC_ZERO_TIME;
  };
  Manager manager;
  std::deque<Payload> payloads;
  unsigned responses = 0;
  bench.initiator.on_backward = [&](tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase) {
    EXPECT_EQ(payload.get_response_status(), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(phase, tlm::BEGIN_RESP);
    ++responses;
    phase = tlm::END_RESP;
    return tlm::TLM_COMPLETED;
  };
  bench.clocking.run([&] {
    for (unsigned n = 0; n < 6; ++n) {
      Payload& payload = payloads.emplace_back(false, kBase + std::uint64_t{64} * n, Bytes(64));
      payload.tlm.set_mm(&manager);
      payload.tlm.acquire();
      tlm::tlm_phase phase = tlm::BEGIN_REQ;
      sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
      EXPECT_EQ(bench.initiator.socket->nb_transport_fw(payload.tlm, phase, delay),
                tlm::TLM_ACCEPTED);
    }
    bench.clocking.clocks(150);
    EXPECT_EQ(responses, 6U);
    EXPECT_EQ(bench.memory.most_in_calls, 6U);
    EXPECT_EQ(payloads[3].data[0], 0x77);
  });
}

// Callers are released with an error, the checkers see no rule broken, and the bus works after it.
TEST(PinsRoundTest, AResetInTheMiddleEndsWhatIsPending) {
  const std::uint64_t seed = random_seed();
  Bench<64> bench(seed | 1);
  bench.memory.delay = [](const Call&) {
    sc_core::wait(kPeriod * 40);
    return kPeriod * 20;
  };
  bench.clocking.run([&] {
    for (unsigned round = 0; round < 20; ++round) {
      unsigned running = 6;
      for (unsigned n = 0; n < 6; ++n) {
        sc_core::sc_spawn([&, n] {
          Payload payload(n % 2 != 0, kBase + std::uint64_t{0x1000} * n, Bytes(0x1000, 0xEE));
          EXPECT_EQ(bench.initiator.call(payload), tlm::TLM_GENERIC_ERROR_RESPONSE);
          --running;
        });
      }
      bench.clocking.clocks(3 + 4 * round);
      sc_core::wait(kPeriod / 4);  // reset may fall between edges
      bench.clocking.reset();
      EXPECT_EQ(running, 0U) << "callers still wait after a reset in round " << round;
      const Bytes written{1, 2, 3, static_cast<std::uint8_t>(round)};
      EXPECT_EQ(bench.initiator.write(kBase + 0x2'0000, written), tlm::TLM_OK_RESPONSE);
      EXPECT_EQ(bench.initiator.read(kBase + 0x2'0000, 4), written);
    }
  });
}

TEST(PinsRoundTest, WhatComesInResetWaitsForItsEnd) {
  Bench<64> bench;
  bench.clocking.run([&] {
    bench.clocking.rst_n.write(false);
    bench.clocking.clocks(2);
    bool over = false;
    sc_core::sc_spawn([&] {
      EXPECT_EQ(bench.initiator.write(kBase, {1, 2}), tlm::TLM_OK_RESPONSE);
      over = true;
    });
    bench.clocking.clocks(10);
    EXPECT_FALSE(over);
    bench.clocking.rst_n.write(true);
    bench.clocking.clocks(20);
    EXPECT_TRUE(over);
  });
}

TEST(PinsRoundTest, AParameterOutOfRangeIsNamed) {
  const auto message_of = [](const std::function<void()>& make) -> std::string {
    try {
      make();
    } catch (const sc_core::sc_report& report) {
      return report.get_msg();
    }
    return "no error";
  };
  const std::string outstanding = message_of([] { TlmToAxi4<64> bridge("cpu_bus", {0, 10}); });
  EXPECT_NE(outstanding.find("cpu_bus: parameter outstanding is 0"), std::string::npos)
      << outstanding;
  const std::string limit = message_of([] { TlmToAxi4<64> bridge("cpu_bus2", {1, 0}); });
  EXPECT_NE(limit.find("cpu_bus2: parameter time_limit_clocks is 0"), std::string::npos) << limit;
  const std::string server = message_of([] { Axi4ToTlm<64> bridge("memory_bus", {0}); });
  EXPECT_NE(server.find("memory_bus: parameter outstanding is 0"), std::string::npos) << server;
}

TEST(PinsRoundTest, AnUnboundClockIsNamed) {
  Initiator initiator("initiator");
  TlmToAxi4<64> bridge("cpu_bus");
  Axi4Wires<64> wires("wires");
  sc_core::sc_signal<bool> reset;
  initiator.socket.bind(bridge.socket);
  wires.bind_manager(bridge);
  bridge.rst_ni(reset);
  std::string message;
  try {
    sc_core::sc_start(kPeriod);
  } catch (const sc_core::sc_report& report) {
    message = report.get_msg();
  }
  EXPECT_NE(message.find("cpu_bus.clk_i"), std::string::npos) << message;
}

}  // namespace
}  // namespace guestlink::test
