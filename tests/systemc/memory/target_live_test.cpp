// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The target on the memory of a real QEMU, over what that does. It runs no kernel (-S).
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "live/qemu_process.h"
#include "systemc/guest_memory_target.h"
#include "systemc/support/test_initiator.h"

namespace guestlink {
namespace {

using test::HeldPayload;
using test::Reports;

constexpr const char* kQemu = "qemu-system-x86_64";
constexpr std::uint64_t kAddress = 0x200000;
constexpr auto kOk = tlm::TLM_OK_RESPONSE;
constexpr auto kLost = tlm::TLM_GENERIC_ERROR_RESPONSE;

class TargetLiveTest : public testing::Test {
 protected:
  void SetUp() override {
    if (live::has_program(kQemu)) return;
    const char* const required = std::getenv("GUESTLINK_REQUIRE_LIVE");
    if (required != nullptr && std::string(required) == "1") FAIL() << "no " << kQemu;
    GTEST_SKIP() << "no " << kQemu;
  }

  // Runs `body` beside a QEMU until the simulation, which waits for what QEMU does, is through.
  template <typename Body>
  void run(Body body) {
    live::QemuProcess qemu(kQemu,
                           {"-S", "-M", "pc,memory-backend=mem", "-m", "64M", "-object",
                            "memory-backend-file,share=on,id=mem,size=64M,mem-path=DIR/mem"});
    GuestMemoryTarget target("ram", "qmp:" + qemu.socket());
    target.wait_for_guest();
    initiator_.socket.bind(target.socket);
    bool done = false;
    initiator_.body = [&] {
      body(qemu, target);
      done = true;
      sc_core::sc_stop();
    };
    sc_core::sc_start();
    EXPECT_TRUE(done);
  }

  std::uint64_t word() {
    HeldPayload payload(tlm::TLM_READ_COMMAND, kAddress, 8);
    sc_core::sc_time delay;
    initiator_.socket->b_transport(payload, delay);
    status_ = payload.get_response_status();
    std::uint64_t value = 0;
    std::memcpy(&value, payload.bytes.data(), sizeof value);
    return value;
  }
  // Where the guest has the word, by DMI; null if that is refused.
  std::uint64_t* dmi_word() {
    HeldPayload payload(tlm::TLM_WRITE_COMMAND, kAddress, 8);
    tlm::tlm_dmi dmi;
    if (!initiator_.socket->get_direct_mem_ptr(payload, dmi)) return nullptr;
    return reinterpret_cast<std::uint64_t*>(dmi.get_dmi_ptr() +
                                            (kAddress - dmi.get_start_address()));
  }
  void wait_invalidated(std::size_t count) {
    while (initiator_.invalidated.size() < count) sc_core::wait(initiator_.event);
  }

  // Until the session has heard of it.
  static void wait_for_event(GuestMemoryTarget& target, GuestEvent::Kind kind) {
    for (;;) {
      for (const GuestEvent& event : target.session().take_events()) {
        if (event.kind == kind) return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  test::TestInitiator initiator_{"initiator"};
  tlm::tlm_response_status status_ = tlm::TLM_INCOMPLETE_RESPONSE;
};

TEST_F(TargetLiveTest, TheEndOfQemuInvalidatesDmi) {
  const Reports reports;
  run([&](live::QemuProcess& qemu, GuestMemoryTarget& target) {
    qemu.poke(kAddress, 0x1122334455667788);
    EXPECT_EQ(word(), 0x1122334455667788U);
    std::uint64_t* const host = dmi_word();
    ASSERT_NE(host, nullptr);
    *host = 0xA5A5A5A5;
    EXPECT_EQ(qemu.peek(kAddress), 0xA5A5A5A5U);
    (void)qemu.qmp().execute("quit", nlohmann::json::object());
    wait_invalidated(1);
    *host = 1;  // a pointer used too late does no harm
    (void)word();
    EXPECT_EQ(status_, kLost);
    EXPECT_EQ(dmi_word(), nullptr);
    EXPECT_NE(target.loss(), "");
    EXPECT_THROW(target.reattach(), AttachError);
  });
  ASSERT_EQ(Reports::texts().size(), 1U);
  EXPECT_TRUE(Reports::texts()[0].starts_with("warning: ram: the guest's memory is lost: "))
      << Reports::texts()[0];
}

TEST_F(TargetLiveTest, AResetInvalidatesDmiAndReattachGrantsItAnew) {
  const Reports reports;
  run([&](live::QemuProcess& qemu, GuestMemoryTarget& target) {
    for (std::size_t reset = 1; reset <= 3; ++reset) {
      ASSERT_NE(dmi_word(), nullptr);
      (void)qemu.qmp().execute("system_reset", nlohmann::json::object());
      wait_invalidated(reset);
      (void)word();
      EXPECT_EQ(status_, kLost);
      EXPECT_NE(target.loss().find("the guest was reset"), std::string::npos) << target.loss();
      target.reattach();
      qemu.poke(kAddress, reset);
      EXPECT_EQ(word(), reset);
      EXPECT_EQ(status_, kOk);
    }
  });
  EXPECT_EQ(Reports::texts().size(), 3U);
}

// The watch asks for the guest's map when the guest goes on: the reset comes meanwhile.
TEST_F(TargetLiveTest, AResetRightAfterTheGuestGoesOnIsNoticed) {
  const Reports reports;
  run([&](live::QemuProcess& qemu, GuestMemoryTarget& target) {
    ASSERT_NE(dmi_word(), nullptr);
    (void)qemu.qmp().execute("cont", nlohmann::json::object());
    (void)qemu.qmp().execute("system_reset", nlohmann::json::object());
    wait_invalidated(1);
    EXPECT_NE(target.loss().find("the guest was reset"), std::string::npos) << target.loss();
  });
}

TEST_F(TargetLiveTest, APauseChangesNothing) {
  const Reports reports;
  run([&](live::QemuProcess& qemu, GuestMemoryTarget& target) {
    (void)qemu.qmp().execute("cont", nlohmann::json::object());
    (void)qemu.qmp().execute("stop", nlohmann::json::object());
    wait_for_event(target, GuestEvent::Kind::kPaused);
    qemu.poke(kAddress, 7);
    EXPECT_EQ(word(), 7U);
  });
  EXPECT_TRUE(Reports::texts().empty());
}

}  // namespace
}  // namespace guestlink
