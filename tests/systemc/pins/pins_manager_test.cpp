// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The manager behind TlmToAxi4 against a subordinate that breaks rules, which no checker would let
// pass.
#include "systemc/pins/manager.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "systemc/pins/pins_bench.h"

namespace guestlink::test {
namespace {

struct Owner : sc_core::sc_module {
  explicit Owner(const sc_core::sc_module_name& name) : sc_module(name) {}
};

// A manager of two ids on a bus of 32 bits, clocked by hand.
struct Bench {
  Owner owner{"cpu_bus"};
  pins::Manager manager{owner, {{4, 256, false}, ~std::uint64_t{0}, 2}, {}};
  std::array<std::byte, 4> word{};

  // Calls transport in a thread of its own; where the status shows when it is over.
  void start(Payload& payload) {
    payload.tlm.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    sc_core::sc_spawn([this, &payload] {
      sc_core::sc_time delay;
      manager.transport(payload.tlm, delay);
    });
    sc_core::wait(sc_core::SC_ZERO_TIME);
  }
  void clock(const axi::SubordinatePins& in = {}) {
    manager.clock(in);
    sc_core::wait(kPeriod);
  }
  // Every address and all data are taken.
  void take_all() {
    axi::SubordinatePins ready;
    ready.ar_ready = ready.aw_ready = ready.w_ready = true;
    for (int i = 0; i < 20; ++i) clock(ready);
  }
  void answer_r(std::uint32_t id, axi::Response response, bool last) {
    axi::SubordinatePins in;
    in.r_valid = true;
    in.r_id = id;
    in.r_data = word.data();
    in.r_response = response;
    in.r_last = last;
    clock(in);
  }
  void answer_b(std::uint32_t id, axi::Response response) {
    axi::SubordinatePins in;
    in.b_valid = true;
    in.b_id = id;
    in.b_response = response;
    clock(in);
  }
  static void run(const std::function<void()>& body) {
    bool over = false;
    sc_core::sc_spawn([&] {
      body();
      over = true;
    });
    sc_core::sc_start(kPeriod * 1000);
    EXPECT_TRUE(over) << "the body of the test was not over after 1000 clocks";
  }
};

TEST(PinsManagerTest, AnRlastInTheWrongBeatIsAnError) {
  Warnings warnings;
  Bench bench;
  Bench::run([&] {
    bench.clock();
    for (const bool early : {true, false}) {
      Payload read(false, 0x100, Bytes(8));
      bench.start(read);
      bench.take_all();
      const std::uint32_t id = early ? 0 : 1;
      bench.answer_r(id, axi::Response::kOkay, early);
      EXPECT_EQ(read.tlm.get_response_status(), tlm::TLM_INCOMPLETE_RESPONSE);
      bench.answer_r(id, axi::Response::kOkay, early);
      EXPECT_EQ(read.tlm.get_response_status(), tlm::TLM_GENERIC_ERROR_RESPONSE);
    }
    ASSERT_EQ(warnings.texts().size(), 2U);
    EXPECT_EQ(warnings.texts()[0], "cpu_bus: RLAST is 1 in beat 1 of 2");
    EXPECT_EQ(warnings.texts()[1], "cpu_bus: RLAST is 0 in beat 2 of 2");
  });
}

TEST(PinsManagerTest, AnswersThatNothingWaitsForAreDroppedWithOneWarning) {
  Warnings warnings;
  Bench bench;
  Bench::run([&] {
    bench.clock();
    Payload write(true, 0x100, {1, 2, 3, 4});
    bench.start(write);
    bench.take_all();
    bench.answer_b(1, axi::Response::kOkay);
    bench.answer_r(0, axi::Response::kOkay, true);
    EXPECT_EQ(write.tlm.get_response_status(), tlm::TLM_INCOMPLETE_RESPONSE);
    ASSERT_EQ(warnings.texts().size(), 1U);
    EXPECT_NE(warnings.texts()[0].find("cpu_bus: B with id 1"), std::string::npos)
        << warnings.texts()[0];
    bench.answer_b(0, axi::Response::kOkay);
    EXPECT_EQ(write.tlm.get_response_status(), tlm::TLM_OK_RESPONSE);
  });
}

TEST(PinsManagerTest, AnExclusiveOkayThatNobodyAskedForIsAnError) {
  Bench bench;
  Bench::run([&] {
    bench.clock();
    Payload write(true, 0x100, {1, 2, 3, 4});
    bench.start(write);
    bench.take_all();
    bench.answer_b(0, axi::Response::kExOkay);
    EXPECT_EQ(write.tlm.get_response_status(), tlm::TLM_GENERIC_ERROR_RESPONSE);
  });
}

// More transactions than ids: those of one id are answered in order, whatever comes between.
TEST(PinsManagerTest, TransactionsShareIdsWhenThereAreMoreOfThem) {
  Bench bench;
  std::deque<Payload> reads;
  for (unsigned n = 0; n < 4; ++n) reads.emplace_back(false, 0x100 * n, Bytes(4));
  Bench::run([&] {
    bench.clock();
    for (Payload& read : reads) bench.start(read);
    bench.take_all();
    for (const std::uint32_t id : {1U, 0U, 0U, 1U}) {
      bench.word[0] = static_cast<std::byte>(static_cast<unsigned>(bench.word[0]) + 1);
      bench.answer_r(id, axi::Response::kOkay, true);
    }
    EXPECT_EQ(reads[0].data[0], 2);
    EXPECT_EQ(reads[1].data[0], 1);
    EXPECT_EQ(reads[2].data[0], 3);
    EXPECT_EQ(reads[3].data[0], 4);
    for (const Payload& read : reads)
      EXPECT_EQ(read.tlm.get_response_status(), tlm::TLM_OK_RESPONSE);
  });
}

}  // namespace
}  // namespace guestlink::test
