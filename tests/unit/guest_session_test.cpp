// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What a session makes of what its guest does. The guest is played: drills with a real QEMU are in
// tests/live.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "attach/qemu_finder.h"
#include "guestlink/guest_session.h"
#include "support/fake_qemu.h"
#include "support/scripted_qmp.h"
#include "support/temporary_directory.h"

namespace guestlink::test {
namespace {

using Kind = GuestEvent::Kind;

constexpr std::uint64_t kBase = 0x40000000;
constexpr std::size_t kSize = 0x10000;
constexpr AccessStatus kOk = AccessStatus::kOk;

template <typename Condition>
bool eventually(Condition condition) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

std::string event(const std::string& name, const std::string& data = "{}") {
  return R"({"timestamp": {"seconds": 1, "microseconds": 2}, "event": ")" + name +
         R"(", "data": )" + data + "}\r\n";
}

class GuestSessionTest : public testing::Test {
 protected:
  void open(int clients = 1) {
    server_.emplace([this](QmpPeer& peer) { serve(peer); }, clients);
    session.emplace("qmp:" + server_->path());
  }

  void serve(QmpPeer& peer) {
    peer_ = &peer;
    FakeQemu(qemu).serve(peer);
    peer_ = nullptr;
  }

  void say(const std::string& bytes) { ASSERT_TRUE(peer_.load()->send(bytes)); }
  void hang_up() { peer_.load()->hang_up(); }

  std::vector<Kind> kinds() {
    for (GuestEvent& event : session->take_events()) events.push_back(std::move(event));
    std::vector<Kind> result;
    for (const GuestEvent& each : events) result.push_back(each.kind);
    return result;
  }
  bool eventually_lost() {
    return eventually([&] { return session->memory().lost(); });
  }
  void expect_loss(const std::string& part) {
    EXPECT_TRUE(eventually_lost()) << part;
    EXPECT_NE(session->loss().find(part), std::string::npos) << session->loss();
  }

  void TearDown() override {
    session.reset();
    server_.reset();
  }

  TemporaryDirectory directory;
  std::string ram = directory.file("ram", std::string(kSize, 'r'));
  FakeQemu qemu{ram};  // changes are for clients to come
  std::optional<GuestSession> session;
  std::vector<GuestEvent> events;

 private:
  std::optional<ScriptedQmp> server_;
  std::atomic<QmpPeer*> peer_{nullptr};
};

TEST_F(GuestSessionTest, AccessesWorkWhileNothingHappens) {
  open();
  EXPECT_TRUE(session->watched());
  EXPECT_EQ(session->report().machine, "virt-7.2");
  EXPECT_EQ(session->memory().store<std::uint8_t>(kBase, 'W'), kOk);
  EXPECT_EQ(session->memory().generation(), 1U);
  EXPECT_EQ(session->loss(), "");
  EXPECT_TRUE(session->take_events().empty());
}

TEST_F(GuestSessionTest, AResetDetachesAndTheMemoryIsAttachedAgainOnTheSameConnection) {
  open();
  say(event("RESET", R"({"guest": true, "reason": "guest-reset"})"));
  expect_loss("the guest was reset by itself (guest-reset)");
  std::uint8_t byte = 7;
  EXPECT_EQ(session->memory().load(kBase, byte), AccessStatus::kDetached);
  EXPECT_EQ(byte, 7);
  EXPECT_EQ(session->memory().generation(), 2U);
  session->reattach();
  EXPECT_EQ(session->memory().generation(), 3U);
  EXPECT_EQ(session->memory().load(kBase, byte), kOk);
  EXPECT_EQ(byte, 'r');
  EXPECT_EQ(session->loss(), "");
  EXPECT_EQ(kinds(), std::vector{Kind::kReset});
  say(event("RESET", R"({"guest": false, "reason": "host-qmp-system-reset"})"));
  expect_loss("reset from outside (host-qmp-system-reset)");
  EXPECT_EQ(session->memory().generation(), 4U);
}

TEST_F(GuestSessionTest, TheEndOfTheConnectionIsTheEndOfTheGuest) {
  open();
  hang_up();
  expect_loss("QEMU has ended, without a word; attach again when it is back");
  EXPECT_EQ(kinds(), std::vector{Kind::kEnded});
}

TEST_F(GuestSessionTest, AShutdownSaysHowTheGuestEnded) {
  open();
  say(event("SHUTDOWN", R"({"guest": true, "reason": "guest-shutdown"})"));
  expect_loss("the guest was shut down by itself (guest-shutdown)");
  hang_up();
  ASSERT_TRUE(eventually([&] { return kinds().size() == 2; }));
  EXPECT_EQ(events[1].text,
            "QEMU has ended: it was shut down by itself (guest-shutdown); attach again when it is "
            "back");
}

TEST_F(GuestSessionTest, AttachesAgainToAGuestThatIsBackAndNotBefore) {
  open(2);
  hang_up();
  ASSERT_TRUE(eventually_lost());
  qemu.monitor["info mtree -f"] = "nonsense";
  EXPECT_EQ(session->memory().generation(), 2U);
  EXPECT_THROW(session->reattach(), AttachError);
  EXPECT_TRUE(session->memory().lost());
  EXPECT_EQ(session->memory().generation(), 2U);
  EXPECT_EQ(session->memory().store<std::uint8_t>(kBase, 1), AccessStatus::kDetached);
  TearDown();
}

TEST_F(GuestSessionTest, ReattachesByANewConnection) {
  open(2);
  hang_up();
  ASSERT_TRUE(eventually_lost());
  session->reattach();
  EXPECT_EQ(session->memory().generation(), 3U);
  EXPECT_EQ(session->memory().store<std::uint8_t>(kBase, 'W'), kOk);
  EXPECT_EQ(content_of(ram)[0], 'W');
}

TEST_F(GuestSessionTest, ARowThatHasGoneDetaches) {
  qemu.next_view = FakeQemu::view("  40000000-40007fff (prio 0, ram): mem\r\n");
  qemu.views = 2;  // attaching looks twice
  open();
  ASSERT_FALSE(session->memory().lost());
  say(event("DEVICE_DELETED", R"({"path": "/machine/peripheral/d0", "device": "d0"})"));
  expect_loss("memory map changed: the row at 0x40000000 of 0x10000 bytes, backend 'mem'");
  EXPECT_EQ(kinds(), std::vector{Kind::kMapChanged});
}

// No byte more comes from QEMU that would make the watcher look again.
TEST_F(GuestSessionTest, AResetThatComesAmongAnswersCounts) {
  qemu.views = 2;  // attaching looks twice
  qemu.before_next_view = event("RESET", R"({"guest": true, "reason": "guest-reset"})");
  open();
  ASSERT_FALSE(session->memory().lost());
  say(event("ACPI_DEVICE_OST"));
  expect_loss("the guest was reset by itself (guest-reset)");
}

TEST_F(GuestSessionTest, AResetBeforeManyEventsCounts) {
  open();
  std::string many = event("RESET");
  for (int i = 0; i < 2000; ++i) many += event("RTC_CHANGE");
  say(many);
  expect_loss("the guest was reset from outside");
}

TEST_F(GuestSessionTest, AnEventThatLeavesTheMapAsItWasChangesNothing) {
  open();
  say(event("DEVICE_DELETED"));
  say(event("STOP"));
  say(event("RESUME"));
  say(event("SOMETHING_ELSE", "7"));
  say(event("RTC_CHANGE", R"({"offset": -1})"));
  EXPECT_TRUE(eventually([&] { return kinds().size() == 2; }));
  EXPECT_EQ(kinds(), (std::vector{Kind::kPaused, Kind::kResumed}));
  EXPECT_FALSE(session->memory().lost());
}

TEST_F(GuestSessionTest, WhatIsNotQmpEndsTheWatchAndTheMemory) {
  open();
  say("hello\r\n");
  expect_loss("the guest cannot be watched any more: QMP socket");
}

TEST_F(GuestSessionTest, ManyEventsAreBounded) {
  open();
  std::string many;
  for (int i = 0; i < 2000; ++i) many += event("STOP");
  say(many + event("RESET"));
  ASSERT_TRUE(eventually_lost());
  const auto kept = session->take_events();
  EXPECT_LE(kept.size(), 256U);
  EXPECT_EQ(kept.back().kind, Kind::kReset);
}

TEST_F(GuestSessionTest, TheWriterLockDoesNotStandInItsOwnWay) {
  open();
  session->reattach();
  EXPECT_EQ(session->memory().generation(), 3U);
  EXPECT_THROW(attach("file:" + ram + ",base=0"), AttachError);  // the lock is there again
}

TEST(GuestSessionWithoutQemuTest, MockAndBareMemoryAreNotWatched) {
  GuestSession mock("mock:,size=64K");
  EXPECT_FALSE(mock.watched());
  EXPECT_TRUE(mock.take_events().empty());
  GuestSession bare(attach("mock:,size=64K"));
  EXPECT_FALSE(bare.watched());
  bare.memory().detach();
  EXPECT_THROW(bare.reattach(), AttachError);
}

TEST(GuestSessionWithoutQemuTest, AFileThatNobodyMapsIsWarnedOf) {
  const TemporaryDirectory directory;
  const std::string ram = directory.file("ram", std::string(kSize, 'r'));
  GuestSession session("file:" + ram + ",base=0");
  EXPECT_FALSE(session.watched());
  ASSERT_EQ(session.report().warnings.size(), 1U);
  EXPECT_NE(session.report().warnings[0].find("no QEMU that this user may look into"),
            std::string::npos);
  session.reattach();
  EXPECT_EQ(session.memory().generation(), 3U);
}

TEST(GuestSessionWithoutQemuTest, KeysOfOtherSchemesAreRefused) {
  for (const char* spec : {"mock:,size=64K,qtest=x", "mock:,size=64K,watch=x",
                           "file:x,base=0,watch=x", "qmp:x,watch=", "qmp:x,watch=a,watch=b"}) {
    try {
      GuestSession session(spec);
      ADD_FAILURE() << spec;
    } catch (const AttachError& error) {
      EXPECT_EQ(error.kind(), AttachError::Kind::kSpec) << error.what();
    }
  }
}

std::string words(std::initializer_list<std::string> list) {
  std::string all;
  for (const std::string& word : list) all.append(word).push_back('\0');
  return all;
}

TEST(QemuFinderTest, KnowsAQemuByItsCommandLine) {
  EXPECT_TRUE(detail::is_qemu_command(words({"qemu-system-x86_64", "-S"})));
  EXPECT_TRUE(detail::is_qemu_command(words({"/usr/libexec/qemu-kvm"})));
  EXPECT_TRUE(detail::is_qemu_command(
      words({"/p/ld-linux-x86-64.so.2", "--library-path", "/p", "/p/qemu-system-x86_64"})));
  EXPECT_FALSE(detail::is_qemu_command(words({"guestlink", "dump", "file:/dev/shm/qemu-ram"})));
  EXPECT_FALSE(detail::is_qemu_command(""));
  EXPECT_FALSE(detail::is_qemu_command(words({"cat", "/tmp/qemu"})));
}

// ---------------------------------------------------------------- writes of code
class WriteCodeTest : public GuestSessionTest {
 protected:
  CodeWrite write(std::uint64_t address, std::size_t length) {
    return session->write_code(address, std::vector<std::byte>(length, std::byte{0x5A}));
  }
  void open_with_qtest(std::function<std::string(const std::string&)> reply) {
    qtest_.emplace([reply = std::move(reply), this](QmpPeer& peer) {
      for (auto line = peer.receive_line(); line; line = peer.receive_line()) {
        const std::lock_guard lock(mutex_);
        lines_.push_back(*line);
        const std::string answer = reply(*line);
        if (answer.empty()) return;
        peer.send(answer);
      }
    });
    qmp_.emplace([this](QmpPeer& peer) { serve(peer); });
    session.emplace("qmp:" + qmp_->path() + ",qtest=" + qtest_->path());
  }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  void TearDown() override {
    GuestSessionTest::TearDown();
    qmp_.reset();
    qtest_.reset();
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
  std::optional<ScriptedQmp> qtest_;
  std::optional<ScriptedQmp> qmp_;
};

TEST_F(WriteCodeTest, GoesThroughQemuUnderTcg) {
  open_with_qtest([](const std::string&) { return "IRQ raise 1\nOK\n"; });
  const CodeWrite done = write(kBase + 0x10, 3);
  EXPECT_EQ(done.status, kOk) << done.detail;
  EXPECT_EQ(lines(), std::vector<std::string>{"write 0x40000010 0x3 0x5a5a5a"});
  EXPECT_EQ(content_of(ram)[0x10], 'r');  // not by shared memory
  EXPECT_EQ(write(kBase, 10000).status, kOk);
  EXPECT_EQ(lines().size(), 4U);  // in parts of 4096 bytes
}

TEST_F(WriteCodeTest, IsCheckedBeforeAnyByteIsSent) {
  open_with_qtest([](const std::string&) { return "OK\n"; });
  EXPECT_EQ(write(kBase + kSize - 1, 2).status, AccessStatus::kOutOfRange);
  EXPECT_EQ(write(~std::uint64_t{0}, 2).status, AccessStatus::kOutOfRange);
  EXPECT_EQ(write(kBase, 0).status, kOk);
  EXPECT_TRUE(lines().empty());
}

TEST_F(WriteCodeTest, FailuresOfQtestAreTold) {
  int answered = 0;
  open_with_qtest([&](const std::string&) { return ++answered == 1 ? "OK\n" : "FAIL Unknown\n"; });
  const CodeWrite second = write(kBase, 8192);
  EXPECT_EQ(second.status, AccessStatus::kPartial);
  EXPECT_NE(second.detail.find("after 4096 bytes: qtest socket"), std::string::npos)
      << second.detail;
  EXPECT_NE(second.detail.find("answered 'FAIL Unknown' to a write at 0x40001000"),
            std::string::npos)
      << second.detail;
}

TEST_F(WriteCodeTest, UnsupportedUnderTcgWithoutASocketAndPlainElsewhere) {
  open();
  const CodeWrite refused = write(kBase, 1);
  EXPECT_EQ(refused.status, AccessStatus::kUnsupported);
  EXPECT_NE(refused.detail.find("qtest=PATH"), std::string::npos) << refused.detail;
  GuestSession mock("mock:,size=64K");
  EXPECT_EQ(mock.write_code(3, std::array{std::byte{9}}).status, kOk);
  std::uint8_t byte = 0;
  EXPECT_EQ(mock.memory().load(3, byte), kOk);
  EXPECT_EQ(byte, 9);
}

}  // namespace
}  // namespace guestlink::test
