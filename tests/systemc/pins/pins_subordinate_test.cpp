// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Axi4ToTlm against a manager on the pins that sends bursts of every kind, and where each of their
// bytes lies by the formulas of the AXI4 specification.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <deque>
#include <list>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "rtl/axi_guest_ram/axi_burst.h"
#include "support/seed.h"
#include "systemc/pins/axi4_bench.h"
#include "systemc/pins/axi4_to_tlm.h"
#include "systemc/pins/pins_bench.h"

namespace guestlink::test {
namespace {

constexpr std::uint64_t kBase = 0x8000'0000;
constexpr std::size_t kSize = 0x2'0000;

// Sends bursts back to back. Responses are matched by id, oldest first.
template <unsigned kWidth>
class PinManager : public sc_core::sc_module {
 public:
  static constexpr unsigned kLanes = kWidth / 8;
  sc_core::sc_in<bool> clk_i{"clk_i"};

  PinManager(const sc_core::sc_module_name& name, Axi4Wires<kWidth>& bus)
      : sc_module(name), bus_(bus) {
    SC_HAS_PROCESS(PinManager);
    SC_METHOD(edge);
    sensitive << clk_i.pos();
    dont_initialize();
    SC_METHOD(show);
    sensitive << show_event_;
    dont_initialize();
  }

  /// From the edge to the change of the pins.
  sc_core::sc_time output_delay;
  std::uint64_t now = 0;
  bool take_responses = true;
  unsigned addresses_taken = 0;
  std::vector<unsigned> ids_answered;  // in order, one a burst
  sc_core::sc_event answered;

  void issue(Burst& burst) {
    if (burst.write) {
      aw_.push_back(&burst);
      for (unsigned n = 0; n < burst.beats(); ++n) w_.push_back({&burst, n});
    } else {
      ar_.push_back(&burst);
    }
    in_flight_.push_back(&burst);
  }
  void wait_idle() {
    while (!in_flight_.empty()) sc_core::wait(answered);
  }

 private:
  struct Beat {
    Burst* burst;
    unsigned n;
  };

  void edge() {
    ++now;
    if (bus_.awvalid.read() && bus_.awready.read()) taken(aw_);
    if (bus_.arvalid.read() && bus_.arready.read()) taken(ar_);
    if (bus_.wvalid.read() && bus_.wready.read()) {
      w_.front().burst->last_data_cycle = now;
      w_.pop_front();
    }
    if (bus_.bvalid.read() && bus_.bready.read())
      respond(find(true, bus_.bid.read()), bus_.bresp.read(), true);
    if (bus_.rvalid.read() && bus_.rready.read()) take_r();
    show_event_.notify(output_delay);
  }
  void taken(std::deque<Burst*>& queue) {
    queue.front()->accepted_cycle = now;
    queue.pop_front();
    ++addresses_taken;
  }
  Burst& find(bool write, unsigned id) {
    for (Burst* burst : in_flight_)
      if (burst->write == write && burst->id == id) return *burst;
    throw std::runtime_error("a response of id " + std::to_string(id) + " that nothing waits for");
  }
  void take_r() {
    Burst& burst = find(false, bus_.rid.read());
    burst.data.resize(burst.data.size() + kLanes);
    pins::bytes_from_pin<kWidth>(bus_.rdata.read(), &*burst.data.end() - kLanes);
    const bool last = burst.responses.size() == burst.len;
    EXPECT_EQ(bus_.rlast.read(), last) << burst.text();
    respond(burst, bus_.rresp.read(), last);
  }
  void respond(Burst& burst, unsigned response, bool last) {
    burst.responses.push_back(response);
    if (burst.responses.size() == 1) burst.first_response_cycle = now;
    if (!last) return;
    burst.last_response_cycle = now;
    ids_answered.push_back(burst.id);
    std::erase(in_flight_, &burst);
    answered.notify(sc_core::SC_ZERO_TIME);
  }

  void show() {
    bus_.awvalid.write(!aw_.empty());
    if (!aw_.empty()) {
      const Burst& burst = *aw_.front();
      bus_.awid.write(burst.id);
      bus_.awaddr.write(burst.address);
      bus_.awlen.write(burst.len);
      bus_.awsize.write(burst.size);
      bus_.awburst.write(static_cast<unsigned>(burst.type));
    }
    bus_.arvalid.write(!ar_.empty());
    if (!ar_.empty()) {
      const Burst& burst = *ar_.front();
      bus_.arid.write(burst.id);
      bus_.araddr.write(burst.address);
      bus_.arlen.write(burst.len);
      bus_.arsize.write(burst.size);
      bus_.arburst.write(static_cast<unsigned>(burst.type));
    }
    bus_.wvalid.write(!w_.empty());
    if (!w_.empty()) show_w(*w_.front().burst, w_.front().n);
    bus_.bready.write(take_responses);
    bus_.rready.write(take_responses);
  }
  void show_w(const Burst& burst, unsigned n) {
    std::vector<std::uint8_t> strobes((kLanes + 7) / 8);
    for (unsigned lane = 0; lane < kLanes; ++lane)
      strobes[lane / 8] = static_cast<std::uint8_t>(strobes[lane / 8] |
                                                    burst.strobe[n * kLanes + lane] << lane % 8);
    bus_.wdata.write(pins::pin_from_bytes<kWidth>(&burst.data[std::size_t{n} * kLanes]));
    bus_.wstrb.write(pins::pin_from_bytes<kWidth / 8>(strobes.data()));
    bus_.wlast.write(n == burst.len);
  }

  Axi4Wires<kWidth>& bus_;
  std::deque<Burst*> aw_, ar_;
  std::deque<Beat> w_;
  std::list<Burst*> in_flight_;
  sc_core::sc_event show_event_;
};

template <unsigned kWidth>
struct Bench {
  static constexpr unsigned kLanes = kWidth / 8;

  explicit Bench(bool checked = true, const SubordinateParameters& parameters = {})
      : bridge("bridge", parameters) {
    bus.bind_subordinate(bridge);
    bridge.socket.bind(memory.socket);
    manager.clk_i(clocking.clk);
    clocking.drive(bridge);
    if (!checked) return;
    checker = std::make_unique<typename CheckerOf<kWidth>::Type>("checker");
    bus.bind_monitor(*checker);
    clocking.drive(*checker);
  }
  void issue_and_wait(Burst& burst) {
    manager.issue(burst);
    manager.wait_idle();
  }

  Clocking clocking;
  Axi4Wires<kWidth> bus{"bus"};
  PinManager<kWidth> manager{"manager", bus};
  Axi4ToTlm<kWidth> bridge;
  MemoryTarget memory{"memory", kBase, kSize};
  std::unique_ptr<typename CheckerOf<kWidth>::Type> checker;
};

Burst make_burst(bool write, std::uint64_t address, unsigned len, unsigned size, BurstType type,
                 unsigned lanes, unsigned id = 0) {
  Burst burst;
  burst.write = write;
  burst.address = address;
  burst.len = len;
  burst.size = size;
  burst.type = type;
  burst.id = id;
  if (write) {
    burst.data.assign(std::size_t{burst.beats()} * lanes, 0);
    burst.strobe.assign(burst.data.size(), 0);
  }
  return burst;
}

// All strobes that AXI4 allows in a beat are set with one chance in `holes` less.
void fill(Burst& burst, std::mt19937_64& random, unsigned lanes, unsigned holes) {
  for (auto& byte : burst.data) byte = static_cast<std::uint8_t>(random());
  for (unsigned n = 0; n < burst.beats(); ++n) {
    const BeatBytes beat = burst.beat(n, lanes);
    for (unsigned i = 0; i < beat.count; ++i)
      burst.strobe[n * lanes + beat.lane + i] = holes == 0 || random() % holes != 0;
  }
}

unsigned below(std::mt19937_64& random, unsigned bound) {
  return static_cast<unsigned>(random() % bound);
}

unsigned random_len(std::mt19937_64& random, BurstType type) {
  if (type == BurstType::kWrap) return (2U << below(random, 4)) - 1;
  if (type == BurstType::kFixed) return below(random, 16);
  return below(random, below(random, 3) != 0 ? 8 : 256);
}

// A legal burst within [low, low + size).
Burst random_burst(std::mt19937_64& random, bool write, unsigned lanes, std::uint64_t low,
                   std::uint64_t size) {
  for (;;) {
    const auto type = static_cast<BurstType>(below(random, 3));
    Burst burst = make_burst(write, low + random() % size, random_len(random, type),
                             below(random, 8), type, lanes, below(random, 16));
    if (type == BurstType::kWrap) burst.address -= burst.address % burst.beat_bytes();
    if (!burst.legal(lanes)) continue;
    const std::uint64_t span = burst.beat_bytes() * (burst.beats() + 1);
    if (burst.address < low + span || burst.address + span > low + size) continue;
    if (write) fill(burst, random, lanes, below(random, 4));
    return burst;
  }
}

void apply(const Burst& burst, Bytes& memory, unsigned lanes) {
  for (unsigned n = 0; n < burst.beats(); ++n) {
    const BeatBytes beat = burst.beat(n, lanes);
    for (unsigned i = 0; i < beat.count; ++i)
      if (burst.strobe[n * lanes + beat.lane + i] != 0)
        memory[beat.address + i - kBase] = burst.data[n * lanes + beat.lane + i];
  }
}

void expect_read(const Burst& burst, const Bytes& memory, unsigned lanes) {
  ASSERT_EQ(burst.data.size(), std::size_t{burst.beats()} * lanes);
  for (unsigned n = 0; n < burst.beats(); ++n) {
    const BeatBytes beat = burst.beat(n, lanes);
    for (unsigned i = 0; i < beat.count; ++i)
      ASSERT_EQ(+burst.data[n * lanes + beat.lane + i], +memory[beat.address + i - kBase])
          << burst.text() << ", beat " << n << " byte " << i;
  }
}

// Batches of bursts in flight together. Writes are to the lower half, of one id in a batch, for
// those of different ids have no order; reads of the upper half, of any id.
template <unsigned kWidth>
void random_test(unsigned batches) {
  constexpr unsigned kLanes = kWidth / 8;
  std::mt19937_64 random(random_seed());
  Bench<kWidth> bench;
  bench.memory.delay = [&](const Call&) {
    if (below(random, 3) == 0) sc_core::wait(kPeriod * below(random, 50) / 7);
    return kPeriod * below(random, 50) / 7;
  };
  const auto run_batch = [&] {
    bench.memory.bytes = random_bytes(random, kSize);
    Bytes expected = bench.memory.bytes;
    std::list<Burst> bursts;
    const unsigned write_id = below(random, 16);
    for (unsigned left = 1 + below(random, 24); left != 0; --left) {
      const bool write = below(random, 2) != 0;
      Burst& burst = bursts.emplace_back(
          random_burst(random, write, kLanes, write ? kBase : kBase + kSize / 2, kSize / 2));
      if (write) burst.id = write_id;
      bench.manager.issue(burst);
    }
    bench.manager.wait_idle();
    for (const Burst& burst : bursts) {
      for (unsigned response : burst.responses) ASSERT_EQ(response, kOkay) << burst.text();
      if (burst.write) {
        apply(burst, expected, kLanes);
      } else {
        expect_read(burst, expected, kLanes);
      }
    }
    ASSERT_TRUE(bench.memory.bytes == expected);
  };
  bench.clocking.run(
      [&] {
        for (unsigned batch = 0; batch < batches; ++batch) {
          SCOPED_TRACE("batch " + std::to_string(batch));
          run_batch();
          if (::testing::Test::HasFatalFailure()) return;
        }
      },
      10'000'000);
}

TEST(PinsSubordinateTest, RandomBursts32) { random_test<32>(60); }
TEST(PinsSubordinateTest, RandomBursts64) { random_test<64>(60); }
TEST(PinsSubordinateTest, RandomBursts512) { random_test<512>(60); }
TEST(PinsSubordinateTest, RandomBursts1024) { random_test<1024>(60); }

// One call for a run of addresses, two for a WRAP that wraps, one a beat for FIXED.
TEST(PinsSubordinateTest, CallsThatABurstMakes) {
  Bench<64> bench;
  bench.clocking.run([&] {
    const auto calls_of = [&](std::uint64_t address, unsigned len, BurstType type) {
      bench.memory.calls.clear();
      Burst burst = make_burst(false, address, len, 3, type, 8);
      bench.issue_and_wait(burst);
      return bench.memory.calls;
    };
    const auto incr = calls_of(kBase + 3, 3, BurstType::kIncr);
    ASSERT_EQ(incr.size(), 1U);
    EXPECT_EQ(incr[0].address, kBase + 3);
    EXPECT_EQ(incr[0].length, 29U);
    EXPECT_EQ(incr[0].streaming_width, 29U);
    const auto wrap = calls_of(kBase + 0x50, 3, BurstType::kWrap);
    ASSERT_EQ(wrap.size(), 2U);
    EXPECT_EQ(wrap[0].address, kBase + 0x50);
    EXPECT_EQ(wrap[0].length, 16U);
    EXPECT_EQ(wrap[1].address, kBase + 0x40);
    EXPECT_EQ(calls_of(kBase + 0x40, 3, BurstType::kWrap).size(), 1U);
    const auto fixed = calls_of(kBase + 0x41, 3, BurstType::kFixed);
    ASSERT_EQ(fixed.size(), 4U);
    EXPECT_EQ(fixed[3].address, kBase + 0x41);
    EXPECT_EQ(fixed[3].length, 7U);
  });
}

TEST(PinsSubordinateTest, StrobesBecomeByteEnablesOnlyWhereTheyMust) {
  Bench<64> bench;
  bench.clocking.run([&] {
    Burst none = make_burst(true, kBase, 3, 3, BurstType::kIncr, 8);
    bench.issue_and_wait(none);
    EXPECT_EQ(none.responses, std::vector<unsigned>{kOkay});
    EXPECT_TRUE(bench.memory.calls.empty());

    Burst ends = make_burst(true, kBase, 1, 3, BurstType::kIncr, 8);
    for (std::size_t byte = 5; byte < 12; ++byte) ends.strobe[byte] = 1;
    bench.issue_and_wait(ends);
    ASSERT_EQ(bench.memory.calls.size(), 1U);
    EXPECT_EQ(bench.memory.calls[0].address, kBase + 5);
    EXPECT_EQ(bench.memory.calls[0].length, 7U);
    EXPECT_FALSE(bench.memory.calls[0].has_enables);

    Burst hole = ends;
    hole.responses.clear();
    hole.strobe[8] = 0;
    bench.issue_and_wait(hole);
    EXPECT_TRUE(bench.memory.calls.back().has_enables);
  });
}

TEST(PinsSubordinateTest, EachStatusHasItsResponse) {
  Bench<64> bench;
  const std::vector<std::pair<tlm::tlm_response_status, unsigned>> table = {
      {tlm::TLM_OK_RESPONSE, kOkay},
      {tlm::TLM_INCOMPLETE_RESPONSE, kSlvErr},
      {tlm::TLM_GENERIC_ERROR_RESPONSE, kSlvErr},
      {tlm::TLM_ADDRESS_ERROR_RESPONSE, kDecErr},
      {tlm::TLM_COMMAND_ERROR_RESPONSE, kSlvErr},
      {tlm::TLM_BURST_ERROR_RESPONSE, kSlvErr},
      {tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE, kSlvErr}};
  bench.clocking.run([&] {
    for (const auto& [status, response] : table) {
      bench.memory.errors = {{kBase + 8, status}};
      if (status == tlm::TLM_OK_RESPONSE) bench.memory.errors.clear();
      for (const bool write : {false, true}) {
        Burst burst = make_burst(write, kBase, 3, 3, BurstType::kIncr, 8);
        std::fill(burst.strobe.begin(), burst.strobe.end(), std::uint8_t{1});
        bench.issue_and_wait(burst);
        EXPECT_EQ(burst.responses, std::vector<unsigned>(write ? 1 : 4, response)) << status;
      }
    }
    // The worst of a burst's calls
    bench.memory.errors = {{kBase + 0x40, tlm::TLM_GENERIC_ERROR_RESPONSE},
                           {kBase + 0x50, tlm::TLM_ADDRESS_ERROR_RESPONSE}};
    Burst wrap = make_burst(false, kBase + 0x50, 3, 3, BurstType::kWrap, 8);
    bench.issue_and_wait(wrap);
    EXPECT_EQ(wrap.responses, std::vector<unsigned>(4, kDecErr));
  });
}

// Answered in full, and no call is made for them. No checker: they are what it would stop at.
TEST(PinsSubordinateTest, BurstsThatAxi4ForbidsAreAnsweredSlvErr) {
  Bench<64> bench(false);
  bench.clocking.run([&] {
    for (const bool write : {false, true}) {
      std::vector<Burst> bursts = {
          make_burst(write, kBase, 3, 3, BurstType::kReserved, 8),
          make_burst(write, kBase, 3, 4, BurstType::kIncr, 8),          // wider than the bus
          make_burst(write, kBase + 0xFF8, 1, 3, BurstType::kIncr, 8),  // past 4 KiB
          make_burst(write, kBase + 4, 3, 3, BurstType::kWrap, 8),      // not aligned
          make_burst(write, kBase, 2, 3, BurstType::kWrap, 8),          // three beats
          make_burst(write, kBase, 31, 3, BurstType::kWrap, 8),         // 32 beats
          make_burst(write, kBase, 0, 3, BurstType::kWrap, 8),          // one beat
          make_burst(write, kBase, 16, 3, BurstType::kFixed, 8)};       // 17 beats
      for (Burst& burst : bursts) {
        std::fill(burst.strobe.begin(), burst.strobe.end(), std::uint8_t{1});
        bench.issue_and_wait(burst);
        EXPECT_EQ(burst.responses, std::vector<unsigned>(write ? 1 : burst.beats(), kSlvErr))
            << burst.text();
      }
    }
    EXPECT_TRUE(bench.memory.calls.empty());
    Burst good = make_burst(false, kBase, 0, 3, BurstType::kIncr, 8);
    bench.issue_and_wait(good);
    EXPECT_EQ(good.responses, std::vector<unsigned>{kOkay});
  });
}

// R or B is taken one clock after the first edge at which the calls are over and their delay has
// gone by, and two clocks after the handshake at least.
TEST(PinsSubordinateTest, DelaysAreRoundedUpToClocks) {
  Bench<64> bench;
  sc_core::sc_time annotated;
  unsigned waited = 0;
  bench.memory.delay = [&](const Call&) {
    if (waited != 0) sc_core::wait(kPeriod * waited);
    return annotated;
  };
  const auto latency = [&](bool write) {
    Burst burst = make_burst(write, kBase, 3, 3, BurstType::kIncr, 8);
    std::fill(burst.strobe.begin(), burst.strobe.end(), std::uint8_t{1});
    bench.issue_and_wait(burst);
    return burst.first_response_cycle - (write ? burst.last_data_cycle : burst.accepted_cycle);
  };
  bench.clocking.run([&] {
    for (const double clocks : {0.0, 0.1, 1.0, 1.1, 2.0, 4.5, 20.0}) {
      annotated = kPeriod * clocks;
      for (waited = 0; waited <= 3; waited += 3) {
        const auto wanted =
            1 + std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(clocks + waited)));
        EXPECT_EQ(latency(false), wanted) << "read, " << waited << " waited and " << clocks;
        EXPECT_EQ(latency(true), wanted) << "write, " << waited << " waited and " << clocks;
      }
    }
  });
}

TEST(PinsSubordinateTest, CallsOfOneIdAreInOrderAndOthersOverlap) {
  Bench<64> bench;
  bench.memory.delay = [](const Call& call) {
    sc_core::wait(kPeriod * (call.address % 16 == 0 ? 30 : 10));
    return sc_core::SC_ZERO_TIME;
  };
  bench.clocking.run([&] {
    std::list<Burst> bursts;
    std::vector<unsigned> ids;
    for (unsigned n = 0; n < 12; ++n) {
      ids.push_back(n % 3);
      bench.manager.issue(bursts.emplace_back(
          make_burst(false, kBase + std::uint64_t{8} * n, 0, 3, BurstType::kIncr, 8, n % 3)));
    }
    bench.manager.wait_idle();
    EXPECT_EQ(bench.memory.most_in_calls, 3U);
    EXPECT_EQ(bench.manager.ids_answered, ids);
    std::map<unsigned, std::uint64_t> last;
    for (const Call& call : bench.memory.calls) {
      std::uint64_t& before = last[static_cast<unsigned>((call.address - kBase) / 8 % 3)];
      EXPECT_LE(before, call.address);
      before = call.address;
    }
  });
}

TEST(PinsSubordinateTest, TakesAsManyBurstsAsItMayAndNoMore) {
  Bench<64> bench(true, {5});
  sc_core::sc_event go;
  bench.memory.delay = [&](const Call&) {
    sc_core::wait(go);
    return sc_core::SC_ZERO_TIME;
  };
  bench.clocking.run([&] {
    std::list<Burst> bursts;
    for (unsigned n = 0; n < 10; ++n) {
      for (const bool write : {false, true}) {
        Burst& burst = bursts.emplace_back(
            make_burst(write, kBase + std::uint64_t{64} * n, 1, 3, BurstType::kIncr, 8, n));
        std::fill(burst.strobe.begin(), burst.strobe.end(), std::uint8_t{1});
        bench.manager.issue(burst);
      }
    }
    bench.clocking.clocks(100);
    EXPECT_EQ(bench.manager.addresses_taken, 10U);
    EXPECT_EQ(bench.memory.in_calls, 10U);
    go.notify();
    bench.memory.delay = nullptr;
    bench.manager.wait_idle();
    for (const Burst& burst : bursts) EXPECT_EQ(burst.responses.at(0), kOkay);
  });
}

TEST(PinsSubordinateTest, NoInputReachesAHandshakeWithinAClock) {
  Bench<64> bench(false);
  bench.manager.output_delay = kPeriod / 4;
  unsigned changes = 0;
  sc_core::sc_spawn_options watch;
  watch.spawn_method();
  watch.dont_initialize();
  for (const auto* output : {&bench.bus.awready, &bench.bus.wready, &bench.bus.bvalid,
                             &bench.bus.arready, &bench.bus.rvalid})
    watch.set_sensitivity(&output->value_changed_event());
  bench.clocking.run([&] {
    sc_core::sc_spawn(
        [&] {
          ++changes;
          EXPECT_EQ(sc_core::sc_time_stamp().value() % kPeriod.value(), kPeriod.value() / 2);
        },
        "watch", &watch);
    bench.manager.take_responses = false;
    Burst read = make_burst(false, kBase, 1, 3, BurstType::kIncr, 8);
    Burst write = make_burst(true, kBase, 0, 3, BurstType::kIncr, 8);
    bench.manager.issue(read);
    bench.manager.issue(write);
    bench.clocking.clocks(10);
    EXPECT_TRUE(bench.bus.rvalid.read() && bench.bus.bvalid.read());
    bench.manager.take_responses = true;
    bench.manager.wait_idle();
    EXPECT_GE(changes, 4U);
  });
}

}  // namespace
}  // namespace guestlink::test
