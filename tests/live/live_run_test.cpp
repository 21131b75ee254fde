// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// A stock Linux guest in stock QEMU, and the RTL in its RAM. Without QEMU or the guest image these
// tests skip, naming what is missing; with GUESTLINK_REQUIRE_LIVE=1 they fail instead.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "live/launcher.h"

namespace guestlink::live {
namespace {

class LiveRunTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto missing = missing_for_live();
    if (!missing) {
      return;
    }
    const char* required = std::getenv("GUESTLINK_REQUIRE_LIVE");
    if (required != nullptr && std::string(required) == "1") {
      FAIL() << *missing;
    }
    GTEST_SKIP() << *missing;
  }

  static void expect_passed(const Outcome& outcome) {
    ASSERT_EQ(outcome.status, 0) << outcome.output;
    ASSERT_TRUE(outcome.result().is_object()) << outcome.output;
    EXPECT_EQ(outcome.result()["verdict"], "PASS");
    EXPECT_EQ(outcome.result()["simulator"]["guest_verdict"], "pass");
    EXPECT_GT(outcome.result()["descriptors"], 600);
    EXPECT_GT(outcome.result()["bytes"], 1000000);
    EXPECT_FALSE(std::filesystem::exists(ram_file(outcome).parent_path()));
    std::cout << "phases: " << outcome.result()["phases"] << ", in all " << outcome.seconds
              << " s\n";
  }
};

TEST_F(LiveRunTest, LinuxOnPcVerifiesTheCopiesOfTheRtl) {
  const unsigned seed = seed_for_test();
  SCOPED_TRACE("GUESTLINK_SEED=" + std::to_string(seed));
  expect_passed(run(live_command({"--seed", std::to_string(seed)})));
}

// Above 4 GiB a guest address is no file offset: on q35 with 3 GiB, 4 GiB is at file offset 2 GiB.
TEST_F(LiveRunTest, LinuxOnQ35UsesPagesAboveFourGib) {
  const Outcome outcome =
      run(live_command({"--machine", "q35", "--memory", "3G", "--guest-args=--above 0x100000000"}));
  expect_passed(outcome);
  EXPECT_GE(std::stoull(outcome.result()["page_address"].get<std::string>(), nullptr, 0),
            1ULL << 32);
}

TEST_F(LiveRunTest, FlippedByteInTheGuestFails) {
  const Outcome outcome = run(live_command({"--guest-args=--corrupt"}));
  EXPECT_EQ(outcome.status, 1) << outcome.output;
  EXPECT_EQ(outcome.result()["simulator"]["guest_verdict"], "fail");
  EXPECT_TRUE(outcome.says("1 wrong bytes in the page at")) << outcome.output;
}

TEST_F(LiveRunTest, GuestThatDoesNotAnswerRunsIntoItsLimit) {
  const Outcome outcome = run(live_command({"--limit", "boot=0.3"}));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_TRUE(outcome.says("phase 'boot': waited more than 0.3 s for Linux")) << outcome.output;
  EXPECT_LT(outcome.seconds, 15);
  EXPECT_FALSE(std::filesystem::exists(ram_file(outcome).parent_path())) << outcome.output;
}

}  // namespace
}  // namespace guestlink::live
