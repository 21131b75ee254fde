// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/guest_memory_target.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <filesystem>
#include <limits>
#include <map>
#include <random>
#include <thread>

#include "support/boundary_table.h"
#include "support/seed.h"
#include "support/temporary_directory.h"
#include "systemc/support/test_initiator.h"

namespace guestlink {
namespace {

using sc_core::SC_NS;
using sc_core::sc_start;
using sc_core::sc_time;
using sc_core::sc_time_stamp;
using sc_core::SC_ZERO_TIME;
using test::EdgeMemory;
using test::HeldPayload;
using test::Reports;
using test::TestInitiator;
using tlm::tlm_dmi;
using tlm::tlm_generic_payload;

constexpr auto kRead = tlm::TLM_READ_COMMAND;
constexpr auto kWrite = tlm::TLM_WRITE_COMMAND;
constexpr auto kOk = tlm::TLM_OK_RESPONSE;

sc_time ns(double count) { return {count, SC_NS}; }

MemoryTiming slow() {
  MemoryTiming timing;
  timing.read_latency = ns(10);
  timing.write_latency = ns(20);
  timing.accept_delay = ns(3);
  return timing;
}

// The memory with every kind of edge, with a target in front of it.
class GuestMemoryTargetTest : public testing::Test {
 protected:
  void make(const MemoryTiming& timing = {}) { make_of(GuestSession(edge_.take()), timing); }
  template <typename Source>
  void make_of(Source source, const MemoryTiming& timing = {}) {
    target_ = std::make_unique<GuestMemoryTarget>("ram", std::move(source), timing);
    initiator_.socket.bind(target_->socket);
  }
  // Runs `body` as a process until nothing is left to do.
  void run(std::function<void()> body) {
    bool done = false;
    initiator_.body = [&, body = std::move(body)] {
      body();
      done = true;
    };
    sc_start();
    EXPECT_TRUE(done) << "the process still waits for an event at " << sc_time_stamp();
  }
  tlm::tlm_response_status transport(tlm_generic_payload& payload) {
    sc_time delay;
    initiator_.socket->b_transport(payload, delay);
    return payload.get_response_status();
  }
  // Waits till the target has sent `count` phases.
  void wait_sent(std::size_t count) {
    while (initiator_.sent.size() < count) sc_core::wait(initiator_.event);
  }
  void expect_sent(std::size_t at, const tlm_generic_payload& payload, tlm::tlm_phase_enum phase,
                   const sc_time& time) {
    ASSERT_LT(at, initiator_.sent.size());
    EXPECT_EQ(initiator_.sent[at].payload, &payload) << at;
    EXPECT_EQ(initiator_.sent[at].phase, static_cast<unsigned int>(phase)) << at;
    EXPECT_EQ(initiator_.sent[at].time, time) << at;
  }

  EdgeMemory edge_;
  TestInitiator initiator_{"initiator"};
  std::unique_ptr<GuestMemoryTarget> target_;
};

// --- elaboration ---

std::string error_of(const std::function<void()>& make) {
  try {
    make();
  } catch (const sc_core::sc_report& report) {
    return report.get_msg();
  }
  return "no error";
}

TEST_F(GuestMemoryTargetTest, ABadSpecIsAnErrorThatNamesTheModule) {
  struct Platform : sc_core::sc_module {
    explicit Platform(const sc_core::sc_module_name& name) : sc_module(name) {}
    GuestMemoryTarget ram{"ram", "mock:,size=12Q"};
  };
  const std::string error = error_of([] { const Platform platform("platform"); });
  EXPECT_TRUE(error.starts_with("platform.ram: attach spec 'mock:,size=12Q'")) << error;
}

TEST_F(GuestMemoryTargetTest, AfterABadSpecThatDoesNotThrowTheMemoryIsLost) {
  const Reports reports;
  make_of(std::string("file:/no/such/file,machine=pc"));
  ASSERT_EQ(Reports::texts().size(), 1U);
  run([&] {
    HeldPayload payload(kRead, 0, 4);
    EXPECT_EQ(transport(payload), tlm::TLM_GENERIC_ERROR_RESPONSE);
  });
}

TEST_F(GuestMemoryTargetTest, BadTimingIsAnErrorThatNamesTheParameter) {
  const auto refused = [](const std::string& parameter, auto change) {
    MemoryTiming timing;
    change(timing);
    const std::string error = error_of([&] { (void)checked(timing, "top.ram"); });
    EXPECT_TRUE(error.starts_with("top.ram: parameter " + parameter + " is ")) << error;
  };
  refused("read_latency", [](MemoryTiming& t) { t.read_latency = sc_core::sc_max_time(); });
  refused("write_latency", [](MemoryTiming& t) { t.write_latency = sc_core::sc_max_time(); });
  refused("accept_delay", [](MemoryTiming& t) { t.accept_delay = sc_core::sc_max_time() / 7; });
  for (const double rate : {-1.0, 999.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    refused("bytes_per_second", [=](MemoryTiming& t) { t.bytes_per_second = rate; });
  }
  refused("max_outstanding", [](MemoryTiming& t) { t.max_outstanding = 0; });
}

TEST_F(GuestMemoryTargetTest, WhatIsRefusedWithoutThrowingIsTheDefault) {
  const Reports reports;
  MemoryTiming timing;
  timing.bytes_per_second = -5;
  timing.max_outstanding = 0;
  timing.read_latency = sc_core::sc_max_time();
  const MemoryTiming used = checked(timing, "ram");
  EXPECT_EQ(Reports::texts().size(), 3U);
  EXPECT_EQ(used.bytes_per_second, 0);
  EXPECT_EQ(used.max_outstanding, MemoryTiming().max_outstanding);
  EXPECT_EQ(used.read_latency, SC_ZERO_TIME);
}

// --- b_transport ---

TEST_F(GuestMemoryTargetTest, BlockingTransportMovesBytesAndAddsToTheDelay) {
  MemoryTiming timing = slow();
  timing.bytes_per_second = 1e9;
  make(timing);
  run([&] {
    HeldPayload write(kWrite, 0x2FF8, 16);
    std::fill(write.bytes.begin(), write.bytes.end(), std::byte{0x77});
    sc_time delay = ns(5);
    initiator_.socket->b_transport(write, delay);
    EXPECT_EQ(write.get_response_status(), kOk);
    EXPECT_EQ(delay, ns(5 + 20 + 16));
    HeldPayload read(kRead, 0x2FF8, 16);
    initiator_.socket->b_transport(read, delay);
    EXPECT_EQ(delay, ns(41 + 10 + 16));
    EXPECT_EQ(read.bytes, write.bytes);
    EXPECT_TRUE(read.is_dmi_allowed());
    HeldPayload ignored(tlm::TLM_IGNORE_COMMAND, 0, 16);
    initiator_.socket->b_transport(ignored, delay);
    EXPECT_EQ(ignored.get_response_status(), kOk);
    EXPECT_EQ(delay, ns(67));
    EXPECT_EQ(sc_time_stamp(), SC_ZERO_TIME);
  });
}

TEST_F(GuestMemoryTargetTest, ResponsesSayWhatIsWrong) {
  make();
  run([&] {
    HeldPayload hole(kRead, 0x5000, 4);
    EXPECT_EQ(transport(hole), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    HeldPayload wrap(kWrite, ~std::uint64_t{0} - 1, 4);
    EXPECT_EQ(transport(wrap), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    HeldPayload read_only(kWrite, 0xA000, 4);
    EXPECT_EQ(transport(read_only), tlm::TLM_COMMAND_ERROR_RESPONSE);
    read_only.set_read();
    EXPECT_EQ(transport(read_only), kOk);
  });
}

TEST_F(GuestMemoryTargetTest, DebugMovesBytesInNoTime) {
  make(slow());
  run([&] {
    HeldPayload payload(kWrite, 0x3FF0, 32);
    payload.bytes.assign(32, std::byte{0x42});
    payload.set_data_ptr(reinterpret_cast<unsigned char*>(payload.bytes.data()));
    EXPECT_EQ(initiator_.socket->transport_dbg(payload), 16U);
    HeldPayload check(kRead, 0x3FF0, 16);
    EXPECT_EQ(transport(check), kOk);
    EXPECT_EQ(check.bytes, std::vector<std::byte>(16, std::byte{0x42}));
  });
}

// --- nb_transport ---

TEST_F(GuestMemoryTargetTest, FourPhasesComeAtTheirTimes) {
  make(slow());
  run([&] {
    HeldPayload payload(kRead, 0x1000, 8);
    EXPECT_EQ(initiator_.begin(payload), tlm::TLM_ACCEPTED);
    EXPECT_EQ(payload.get_ref_count(), 2);
    wait_sent(2);
    expect_sent(0, payload, tlm::END_REQ, ns(3));
    expect_sent(1, payload, tlm::BEGIN_RESP, ns(13));
    EXPECT_EQ(payload.get_response_status(), kOk);
    sc_core::wait(ns(7));
    EXPECT_EQ(initiator_.end(payload), tlm::TLM_COMPLETED);
    EXPECT_EQ(payload.get_ref_count(), 1);
  });
}

TEST_F(GuestMemoryTargetTest, WithoutAcceptDelayTheRequestEndsInTheCall) {
  MemoryTiming timing = slow();
  timing.accept_delay = SC_ZERO_TIME;
  make(timing);
  run([&] {
    HeldPayload payload(kWrite, 0x1000, 8);
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    EXPECT_EQ(initiator_.send(payload, phase), tlm::TLM_UPDATED);
    EXPECT_EQ(phase, tlm::END_REQ);
    wait_sent(1);
    expect_sent(0, payload, tlm::BEGIN_RESP, ns(20));
    EXPECT_EQ(initiator_.end(payload), tlm::TLM_COMPLETED);
  });
}

TEST_F(GuestMemoryTargetTest, WithoutAnyTimeTheTransactionEndsInTheCall) {
  make();
  run([&] {
    HeldPayload payload(kWrite, 0x1000, 8);
    EXPECT_EQ(initiator_.begin(payload), tlm::TLM_COMPLETED);
    EXPECT_EQ(payload.get_response_status(), kOk);
    EXPECT_EQ(payload.get_ref_count(), 1);
  });
  EXPECT_TRUE(initiator_.sent.empty());
}

TEST_F(GuestMemoryTargetTest, AnnotatedDelayOfARequestCounts) {
  make(slow());
  run([&] {
    HeldPayload payload(kRead, 0x1000, 8);
    EXPECT_EQ(initiator_.begin(payload, ns(100)), tlm::TLM_ACCEPTED);
    wait_sent(2);
    expect_sent(0, payload, tlm::END_REQ, ns(103));
    expect_sent(1, payload, tlm::BEGIN_RESP, ns(113));
    EXPECT_EQ(initiator_.end(payload), tlm::TLM_COMPLETED);
  });
}

TEST_F(GuestMemoryTargetTest, AnnotatedDelayOfAnEarlyEndRequestCounts) {
  MemoryTiming timing = slow();
  timing.accept_delay = SC_ZERO_TIME;
  make(timing);
  run([&] {
    HeldPayload payload(kRead, 0x1000, 8);
    EXPECT_EQ(initiator_.begin(payload, ns(100)), tlm::TLM_UPDATED);
    wait_sent(1);
    expect_sent(0, payload, tlm::BEGIN_RESP, ns(110));
    EXPECT_EQ(initiator_.end(payload), tlm::TLM_COMPLETED);
  });
}

TEST_F(GuestMemoryTargetTest, OneResponseAtATimeAndTheDelayOfItsEndCounts) {
  MemoryTiming timing = slow();
  make(timing);
  run([&] {
    HeldPayload first(kRead, 0x1000, 8);
    HeldPayload second(kRead, 0x1008, 8);
    (void)initiator_.begin(first);
    wait_sent(1);  // END_REQ at 3
    (void)initiator_.begin(second);
    wait_sent(3);
    expect_sent(1, second, tlm::END_REQ, ns(6));
    expect_sent(2, first, tlm::BEGIN_RESP, ns(13));
    sc_core::wait(ns(37));
    EXPECT_EQ(initiator_.sent.size(), 3U) << "a response beside one that has not ended";
    EXPECT_EQ(initiator_.end(first, ns(5)), tlm::TLM_COMPLETED);
    wait_sent(4);
    expect_sent(3, second, tlm::BEGIN_RESP, ns(55));
    EXPECT_EQ(initiator_.end(second), tlm::TLM_COMPLETED);
  });
}

TEST_F(GuestMemoryTargetTest, AFullTargetHoldsBackTheEndOfTheRequest) {
  MemoryTiming timing = slow();
  timing.max_outstanding = 2;
  make(timing);
  run([&] {
    std::deque<HeldPayload> payloads;
    for (unsigned int i = 0; i < 3; ++i) payloads.emplace_back(kRead, 0x1000 + i, 1);
    (void)initiator_.begin(payloads[0]);
    wait_sent(1);
    (void)initiator_.begin(payloads[1]);
    wait_sent(2);
    (void)initiator_.begin(payloads[2]);
    wait_sent(3);
    expect_sent(2, payloads[0], tlm::BEGIN_RESP, ns(13));
    sc_core::wait(ns(87));
    EXPECT_EQ(initiator_.sent.size(), 3U) << "END_REQ for more than max_outstanding";
    EXPECT_EQ(initiator_.end(payloads[0]), tlm::TLM_COMPLETED);
    wait_sent(5);
    EXPECT_EQ(initiator_.sent[3].time, ns(100));
    EXPECT_EQ(initiator_.sent[4].time, ns(100));
    EXPECT_EQ(initiator_.end(payloads[1]), tlm::TLM_COMPLETED);
    wait_sent(6);
    expect_sent(5, payloads[2], tlm::BEGIN_RESP, ns(110));
    EXPECT_EQ(initiator_.end(payloads[2]), tlm::TLM_COMPLETED);
  });
}

TEST_F(GuestMemoryTargetTest, DataOfSeveralRequestsShareTheBandwidth) {
  MemoryTiming timing;
  timing.read_latency = ns(10);
  timing.bytes_per_second = 1e9;
  make(timing);
  initiator_.answer = [](auto&, auto&, auto&) { return tlm::TLM_COMPLETED; };
  run([&] {
    HeldPayload first(kRead, 0x1000, 64);
    HeldPayload second(kRead, 0x1040, 64);
    EXPECT_EQ(initiator_.begin(first), tlm::TLM_UPDATED);
    EXPECT_EQ(initiator_.begin(second), tlm::TLM_UPDATED);
    wait_sent(2);
    expect_sent(0, first, tlm::BEGIN_RESP, ns(74));
    expect_sent(1, second, tlm::BEGIN_RESP, ns(138));
  });
}

TEST_F(GuestMemoryTargetTest, TheInitiatorMayEndTheResponseInItsAnswer) {
  make(slow());
  tlm::tlm_sync_enum ending = tlm::TLM_COMPLETED;
  initiator_.answer = [&](auto&, tlm::tlm_phase& phase, sc_time& delay) {
    if (phase != tlm::BEGIN_RESP) return tlm::TLM_ACCEPTED;
    phase = tlm::END_RESP;
    delay = ns(50);
    return ending;
  };
  run([&] {
    HeldPayload first(kRead, 0x1000, 8);
    (void)initiator_.begin(first);
    wait_sent(2);
    EXPECT_EQ(first.get_ref_count(), 1);
    ending = tlm::TLM_UPDATED;
    HeldPayload second(kRead, 0x1000, 8);
    (void)initiator_.begin(second);
    wait_sent(4);
    expect_sent(3, second, tlm::BEGIN_RESP, ns(13 + 50));  // after the first one's END_RESP
    EXPECT_EQ(second.get_ref_count(), 1);
  });
}

TEST_F(GuestMemoryTargetTest, TheInitiatorMayEndTheResponseFromWithinItsCallback) {
  make(slow());
  initiator_.answer = [&](tlm_generic_payload& payload, tlm::tlm_phase& phase, sc_time&) {
    if (phase == tlm::BEGIN_RESP) {
      EXPECT_EQ(initiator_.end(payload), tlm::TLM_COMPLETED);
    }
    return tlm::TLM_ACCEPTED;
  };
  run([&] {
    HeldPayload payload(kRead, 0x1000, 8);
    (void)initiator_.begin(payload);
    wait_sent(2);
    EXPECT_EQ(payload.get_ref_count(), 1);
  });
}

TLM_DECLARE_EXTENDED_PHASE(test_phase);

TEST_F(GuestMemoryTargetTest, WrongPhasesAreErrorsAndChangeNothing) {
  make(slow());
  const Reports reports;
  run([&] {
    HeldPayload payload(kRead, 0x1000, 8);
    const auto refused = [&](tlm::tlm_phase phase, const std::string& text) {
      Reports::texts().clear();
      (void)initiator_.send(payload, phase);
      ASSERT_EQ(Reports::texts().size(), 1U) << text;
      EXPECT_TRUE(Reports::texts()[0].starts_with("error: ram: phase " + text))
          << Reports::texts()[0];
    };
    refused(tlm::END_RESP, "END_RESP without a BEGIN_RESP");
    refused(tlm::END_REQ, "END_REQ is the target's");
    refused(tlm::BEGIN_RESP, "BEGIN_RESP is the target's");
    refused(tlm::UNINITIALIZED_PHASE, "UNINITIALIZED_PHASE is no phase");
    EXPECT_EQ(initiator_.begin(payload), tlm::TLM_ACCEPTED);
    refused(tlm::BEGIN_REQ, "BEGIN_REQ of a payload that is under way");
    refused(tlm::END_RESP, "END_RESP without a BEGIN_RESP");
    wait_sent(2);
    refused(tlm::BEGIN_REQ, "BEGIN_REQ of a payload that is under way");
    EXPECT_EQ(initiator_.end(payload), tlm::TLM_COMPLETED);
    EXPECT_EQ(payload.get_response_status(), kOk);
    EXPECT_EQ(payload.get_ref_count(), 1);
    refused(tlm::END_RESP, "END_RESP without a BEGIN_RESP");
  });
  EXPECT_EQ(initiator_.sent.size(), 2U);
}

TEST_F(GuestMemoryTargetTest, AWrongAnswerIsAnErrorAndTheResponseMayStillEnd) {
  make(slow());
  const Reports reports;
  initiator_.answer = [](auto&, tlm::tlm_phase& phase, auto&) {
    return phase == tlm::END_REQ ? tlm::TLM_COMPLETED : tlm::TLM_UPDATED;
  };
  run([&] {
    HeldPayload payload(kRead, 0x1000, 8);
    (void)initiator_.begin(payload);
    wait_sent(2);
    EXPECT_EQ(initiator_.end(payload), tlm::TLM_COMPLETED);
  });
  ASSERT_EQ(Reports::texts().size(), 2U);
  EXPECT_TRUE(Reports::texts()[0].starts_with("error: ram: phase END_REQ got TLM_COMPLETED"));
  EXPECT_TRUE(Reports::texts()[1].starts_with("error: ram: phase BEGIN_RESP is no answer"));
}

TEST_F(GuestMemoryTargetTest, PhasesNotKnownAreIgnored) {
  make(slow());
  const Reports reports;
  run([&] {
    HeldPayload payload(kRead, 0x1000, 8);
    tlm::tlm_phase phase = test_phase;
    EXPECT_EQ(initiator_.send(payload, phase), tlm::TLM_ACCEPTED);
    EXPECT_EQ(phase, test_phase);
    EXPECT_EQ(payload.get_ref_count(), 1);
  });
  EXPECT_TRUE(Reports::texts().empty());
}

// An initiator with several requests under way that answers now so, now so, beside a byte model.
class RandomTraffic {
 public:
  RandomTraffic(TestInitiator& initiator, std::vector<std::byte> model)
      : initiator_(initiator), model_(std::move(model)) {
    initiator_.answer = [this](tlm_generic_payload& payload, tlm::tlm_phase& phase,
                               sc_time& delay) { return take(payload, phase, delay); };
  }

  void run(unsigned int count) {
    for (unsigned int i = 0; i < count; ++i) {
      wait_for([&] { return !requesting_; });
      if (below(3) == 0) sc_core::wait(ns(static_cast<double>(below(20))));
      begin();
    }
    wait_for([&] { return open_.empty(); });
  }
  [[nodiscard]] unsigned int most_open() const { return most_open_; }

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  template <typename Condition>
  void wait_for(Condition condition) {
    while (!condition()) sc_core::wait(event_);
  }

  void begin() {
    const std::uint64_t address = 0x1000 + below(0x40);
    HeldPayload& payload =
        payloads_.emplace_back(below(2) == 0 ? kRead : kWrite, address, 1 + below(32));
    for (std::byte& byte : payload.bytes) byte = std::byte(random_());
    requesting_ = &payload;
    open_.push_back(&payload);
    most_open_ = std::max(most_open_, static_cast<unsigned int>(open_.size()));
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_time delay = below(4) == 0 ? ns(static_cast<double>(below(9))) : SC_ZERO_TIME;
    switch (initiator_.socket->nb_transport_fw(payload, phase, delay)) {
      case tlm::TLM_COMPLETED:
        return check(payload);
      case tlm::TLM_UPDATED:
        EXPECT_EQ(phase, tlm::END_REQ);
        requesting_ = nullptr;
        sc_core::wait(delay);
        return;
      default:
        return;
    }
  }

  tlm::tlm_sync_enum take(tlm_generic_payload& payload, tlm::tlm_phase& phase, sc_time& delay) {
    event_.notify(SC_ZERO_TIME);
    if (phase == tlm::END_REQ) {
      EXPECT_EQ(requesting_, &payload);
      requesting_ = nullptr;
      return tlm::TLM_ACCEPTED;
    }
    EXPECT_EQ(phase, tlm::BEGIN_RESP);
    EXPECT_EQ(responding_, nullptr) << "two responses at once";
    EXPECT_GE(sc_time_stamp(), response_free_);
    auto& held = static_cast<HeldPayload&>(payload);
    delay = ns(static_cast<double>(below(30)));
    switch (below(3)) {
      case 0:
        response_free_ = sc_time_stamp() + delay;
        check(held);
        return tlm::TLM_COMPLETED;
      case 1:
        response_free_ = sc_time_stamp() + delay;
        phase = tlm::END_RESP;
        check(held);
        return tlm::TLM_UPDATED;
      default:
        responding_ = &held;
        sc_core::sc_spawn([this, &held, after = delay] { end_later(held, after); });
        delay = SC_ZERO_TIME;
        return tlm::TLM_ACCEPTED;
    }
  }

  void end_later(HeldPayload& payload, const sc_time& after) {
    sc_core::wait(after);
    responding_ = nullptr;
    check(payload);
    EXPECT_EQ(initiator_.end(payload), tlm::TLM_COMPLETED);
    event_.notify(SC_ZERO_TIME);
  }

  // Requests are answered in their order: the model may do each when its response is there.
  void check(HeldPayload& payload) {
    ASSERT_FALSE(open_.empty());
    EXPECT_EQ(open_.front(), &payload) << "out of order";
    open_.pop_front();
    if (requesting_ == &payload) requesting_ = nullptr;
    EXPECT_EQ(payload.get_response_status(), kOk);
    for (std::size_t i = 0; i < payload.bytes.size(); ++i) {
      std::byte& byte = model_[payload.get_address() + i];
      if (payload.is_write()) byte = payload.bytes[i];
      EXPECT_EQ(payload.bytes[i], byte);
    }
  }

  TestInitiator& initiator_;
  std::vector<std::byte> model_;
  std::mt19937_64 random_{test::random_seed()};
  std::deque<HeldPayload> payloads_;
  std::deque<HeldPayload*> open_;
  HeldPayload* requesting_ = nullptr;
  HeldPayload* responding_ = nullptr;
  sc_time response_free_;
  sc_core::sc_event event_{"traffic"};
  unsigned int most_open_ = 0;
};

class RandomTrafficTest : public GuestMemoryTargetTest {
 protected:
  void check(const MemoryTiming& timing) {
    const Reports reports;
    make(timing);
    RandomTraffic traffic(initiator_, edge_.snapshot());
    run([&] { traffic.run(3000); });
    EXPECT_TRUE(Reports::texts().empty());
    // One more may have its BEGIN_REQ.
    EXPECT_LE(traffic.most_open(), timing.max_outstanding + 1);
    if (timing.read_latency != SC_ZERO_TIME) {
      EXPECT_GT(traffic.most_open(), 1U);
    }
  }
};

TEST_F(RandomTrafficTest, FourPhases) { check(slow()); }
TEST_F(RandomTrafficTest, EarlyEndOfRequests) {
  MemoryTiming timing = slow();
  timing.accept_delay = SC_ZERO_TIME;
  timing.max_outstanding = 3;
  timing.bytes_per_second = 4e9;
  check(timing);
}
TEST_F(RandomTrafficTest, NoTimeAtAll) { check({}); }
TEST_F(RandomTrafficTest, OneOutstanding) {
  MemoryTiming timing = slow();
  timing.max_outstanding = 1;
  check(timing);
}

// --- DMI ---

class DmiTest : public GuestMemoryTargetTest {
 protected:
  bool ask(tlm::tlm_command command, std::uint64_t address) {
    HeldPayload payload(command, address, 4);
    return initiator_.socket->get_direct_mem_ptr(payload, dmi_);
  }
  void expect_dmi(std::uint64_t first, std::uint64_t last, tlm_dmi::dmi_access_e access) {
    EXPECT_EQ(hex(dmi_.get_start_address()), hex(first));
    EXPECT_EQ(hex(dmi_.get_end_address()), hex(last));
    EXPECT_EQ(dmi_.get_granted_access(), access);
  }
  void expect_all_refused() {
    for (const std::uint64_t address : {0x1000U, 0x5000U, 0xA000U}) {
      EXPECT_FALSE(ask(kRead, address));
      expect_dmi(0, ~std::uint64_t{0}, tlm_dmi::DMI_ACCESS_READ_WRITE);
    }
  }

  tlm_dmi dmi_;
};

TEST_F(DmiTest, GrantsWholeRowsAndRefusesTheRest) {
  make(slow());
  run([&] {
    EXPECT_TRUE(ask(kWrite, 0x2FFF));
    expect_dmi(0x1000, 0x2FFF, tlm_dmi::DMI_ACCESS_READ_WRITE);
    EXPECT_EQ(dmi_.get_read_latency(), ns(10));
    EXPECT_EQ(dmi_.get_write_latency(), ns(20));
    EXPECT_EQ(dmi_.get_dmi_ptr()[0x123], static_cast<unsigned char>(edge_.snapshot()[0x1123]));
    EXPECT_TRUE(ask(kRead, 0xA000));
    expect_dmi(0xA000, 0xAFFF, tlm_dmi::DMI_ACCESS_READ);
    EXPECT_FALSE(ask(kWrite, 0xA800));
    expect_dmi(0xA000, 0xAFFF, tlm_dmi::DMI_ACCESS_WRITE);
    EXPECT_FALSE(ask(kRead, 0x0FFF));
    expect_dmi(0, 0x0FFF, tlm_dmi::DMI_ACCESS_READ_WRITE);
    EXPECT_FALSE(ask(kRead, 0x5000));
    expect_dmi(0x4000, 0x7FFF, tlm_dmi::DMI_ACCESS_READ_WRITE);
    EXPECT_FALSE(ask(kWrite, ~std::uint64_t{0}));
    expect_dmi(EdgeMemory::kTopPage + 0x1000, ~std::uint64_t{0}, tlm_dmi::DMI_ACCESS_READ_WRITE);
  });
}

TEST_F(DmiTest, OtherLatenciesInvalidateAndAreTold) {
  make(slow());
  run([&] {
    EXPECT_TRUE(ask(kRead, 0x1000));
    target_->set_latency(ns(30), ns(40));
    EXPECT_EQ(initiator_.invalidated.size(), 1U);
    EXPECT_TRUE(ask(kRead, 0x1000));
    EXPECT_EQ(dmi_.get_read_latency(), ns(30));
    HeldPayload payload(kWrite, 0x1000, 4);
    sc_time delay;
    initiator_.socket->b_transport(payload, delay);
    EXPECT_EQ(delay, ns(40));
    const Reports reports;
    target_->set_latency(sc_core::sc_max_time(), ns(40));
    EXPECT_EQ(Reports::texts().size(), 1U);
  });
}

TEST_F(DmiTest, MemoryAttachedForReadingIsForReadingOnly) {
  make_of(std::string("mock:,size=1M,base=0,ro"));
  run([&] {
    EXPECT_TRUE(ask(kRead, 0));
    expect_dmi(0, 0xFFFFF, tlm_dmi::DMI_ACCESS_READ);
    EXPECT_FALSE(ask(kWrite, 0));
  });
}

// Lost by another thread while a pointer is in use.
TEST_F(DmiTest, PointersAreInvalidatedWhenTheMemoryIsLostAndStayMapped) {
  const Reports reports;
  make();
  target_->wait_for_guest();
  std::thread other;
  run([&] {
    EXPECT_TRUE(ask(kWrite, 0x1000));
    EXPECT_TRUE(ask(kRead, 0x2000));  // the same row
    EXPECT_TRUE(ask(kRead, 0xA000));
    auto* const host = dmi_.get_dmi_ptr();
    EXPECT_TRUE(ask(kWrite, 0x1000));
    auto* const writable = dmi_.get_dmi_ptr();
    other = std::thread([&] { target_->memory().detach(); });
    unsigned int sum = 0;
    while (initiator_.invalidated.empty()) {
      writable[sum % 0x2000] = static_cast<unsigned char>(sum + host[sum % 0x1000]);
      ++sum;
      sc_core::wait(ns(1));
    }
    other.join();
    using Range = std::pair<std::uint64_t, std::uint64_t>;
    const std::vector<Range> expected = {{0x1000, 0x2FFF}, {0xA000, 0xAFFF}};
    EXPECT_EQ(initiator_.invalidated, expected);
    writable[5] = host[5];  // and once more after it
    EXPECT_EQ(writable[5], host[5]);
    expect_all_refused();
    HeldPayload payload(kRead, 0x1000, 4);
    EXPECT_EQ(transport(payload), tlm::TLM_GENERIC_ERROR_RESPONSE);
    EXPECT_EQ(initiator_.socket->transport_dbg(payload), 0U);
    EXPECT_FALSE(payload.is_dmi_allowed());
  });
  ASSERT_EQ(Reports::texts().size(), 1U);
  EXPECT_TRUE(Reports::texts()[0].starts_with("warning: ram: the guest's memory is lost"))
      << Reports::texts()[0];
}

TEST_F(DmiTest, WithNothingGrantedNothingIsInvalidated) {
  const Reports reports;
  make();
  run([&] {
    EXPECT_FALSE(ask(kRead, 0x5000));
    target_->memory().detach();
    HeldPayload payload(kRead, 0x1000, 4);
    EXPECT_EQ(transport(payload), tlm::TLM_GENERIC_ERROR_RESPONSE);
    sc_core::wait(target_->lost_event());
  });
  EXPECT_TRUE(initiator_.invalidated.empty());
  EXPECT_EQ(Reports::texts().size(), 1U);
}

// --- loss ---

TEST_F(GuestMemoryTargetTest, AnAccessThatMeetsTheLossTellsOfItInNoTime) {
  const Reports reports;
  make();
  run([&] {
    target_->memory().detach();
    HeldPayload payload(kWrite, 0x1000, 4);
    EXPECT_EQ(transport(payload), tlm::TLM_GENERIC_ERROR_RESPONSE);
    sc_core::wait(target_->lost_event());
    EXPECT_EQ(sc_time_stamp(), SC_ZERO_TIME);
  });
  EXPECT_EQ(Reports::texts().size(), 1U);
}

TEST_F(GuestMemoryTargetTest, RequestsUnderWayWhenTheMemoryIsLostAreAnswered) {
  const Reports reports;
  make(slow());
  run([&] {
    HeldPayload first(kRead, 0x1000, 8);
    HeldPayload second(kWrite, 0x1000, 8);
    (void)initiator_.begin(first);
    wait_sent(1);
    (void)initiator_.begin(second);
    target_->memory().detach();
    wait_sent(3);
    EXPECT_EQ(initiator_.end(first), tlm::TLM_COMPLETED);
    wait_sent(4);
    EXPECT_EQ(initiator_.end(second), tlm::TLM_COMPLETED);
    EXPECT_EQ(first.get_response_status(), tlm::TLM_GENERIC_ERROR_RESPONSE);
    EXPECT_EQ(second.get_response_status(), tlm::TLM_GENERIC_ERROR_RESPONSE);
  });
}

TEST_F(GuestMemoryTargetTest, WithoutWaitForGuestASimulationWithNothingToDoEnds) {
  make();
  run([] {});
  EXPECT_FALSE(target_->memory().lost());
}

// The process waits for nothing but the loss, which comes in its own time.
TEST_F(GuestMemoryTargetTest, WaitForGuestKeepsTheSimulationUpToTheLoss) {
  const Reports reports;
  make();
  target_->wait_for_guest();
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    target_->memory().detach();
  });
  run([&] { sc_core::wait(target_->lost_event()); });
  other.join();
  EXPECT_TRUE(target_->memory().lost());
}

class FileTest : public DmiTest {
 protected:
  void make_file() { make_of("mock:" + path_ + ",size=1M,base=0"); }

  test::TemporaryDirectory directory_;
  std::string path_ = directory_.file("ram");
};

TEST_F(FileTest, AFileCutShortUnderADmiPointerIsALoss) {
  const Reports reports;
  make_file();
  target_->wait_for_guest();
  run([&] {
    ASSERT_TRUE(ask(kWrite, 0));
    std::filesystem::resize_file(path_, 4096);
    dmi_.get_dmi_ptr()[8192] = 1;  // there is no such page any more
    while (initiator_.invalidated.empty()) sc_core::wait(initiator_.event);
  });
  ASSERT_EQ(Reports::texts().size(), 1U);
  EXPECT_NE(Reports::texts()[0].find(path_), std::string::npos) << Reports::texts()[0];
}

TEST_F(FileTest, AFileThatIsReplacedIsALoss) {
  const Reports reports;
  make_file();
  target_->wait_for_guest();
  run([&] {
    ASSERT_TRUE(ask(kWrite, 0));
    std::filesystem::remove(path_);
    while (initiator_.invalidated.empty()) sc_core::wait(initiator_.event);
    EXPECT_NE(target_->loss().find(path_), std::string::npos) << target_->loss();
  });
}

TEST_F(FileTest, ReattachInvalidatesAndGrantsAnew) {
  const Reports reports;
  make_file();
  run([&] {
    ASSERT_TRUE(ask(kWrite, 0));
    dmi_.get_dmi_ptr()[77] = 0x5A;
    target_->reattach();
    EXPECT_EQ(initiator_.invalidated.size(), 1U);
    EXPECT_EQ(target_->memory().generation(), 3U);
    HeldPayload payload(kRead, 77, 1);
    EXPECT_EQ(transport(payload), kOk);
    EXPECT_EQ(payload.bytes[0], std::byte{0x5A});
    target_->memory().detach();
    EXPECT_EQ(transport(payload), tlm::TLM_GENERIC_ERROR_RESPONSE);
    sc_core::wait(target_->lost_event());
    EXPECT_NE(target_->loss(), "");
    target_->reattach();
    EXPECT_EQ(target_->loss(), "");
    ASSERT_TRUE(ask(kWrite, 0));
    EXPECT_EQ(dmi_.get_dmi_ptr()[77], 0x5A);
    target_->memory().detach();
    EXPECT_EQ(transport(payload), tlm::TLM_GENERIC_ERROR_RESPONSE);
    sc_core::wait(target_->lost_event());
    sc_core::wait(SC_ZERO_TIME);
    EXPECT_EQ(initiator_.invalidated.size(), 2U);
  });
  EXPECT_EQ(Reports::texts().size(), 2U) << "a warning for each loss";
}

TEST_F(FileTest, AReattachMayFailUntilTheFileIsBack) {
  const Reports reports;
  make_file();
  run([&] {
    ASSERT_TRUE(ask(kWrite, 0));
    std::filesystem::resize_file(path_, 4096);
    EXPECT_THROW(target_->reattach(), AttachError);
    HeldPayload payload(kRead, 0x1000, 1);
    EXPECT_EQ(transport(payload), tlm::TLM_GENERIC_ERROR_RESPONSE);
    sc_core::wait(target_->lost_event());
    EXPECT_THROW(target_->reattach(), AttachError);
    std::filesystem::resize_file(path_, 1 << 20);
    target_->reattach();
    EXPECT_EQ(transport(payload), kOk);
  });
  EXPECT_EQ(Reports::texts().size(), 1U) << "one loss";
}

TEST_F(DmiTest, MemoryThatNoSpecNamesIsNotReattachedAndStaysWatched) {
  const Reports reports;
  make();
  target_->wait_for_guest();
  run([&] {
    EXPECT_THROW(target_->reattach(), AttachError);
    HeldPayload payload(kRead, 0x1000, 1);
    EXPECT_EQ(transport(payload), kOk);
    target_->memory().detach();
    sc_core::wait(target_->lost_event());
  });
}

}  // namespace
}  // namespace guestlink
