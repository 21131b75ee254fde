// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "model/doorbell_scan.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstring>
#include <thread>

#include "guestlink/attach.h"

namespace {

using guestlink::AccessStatus;
using guestlink::GuestMemory;
using guestlink::sim::DoorbellPage;
using guestlink::sim::DoorbellScanner;
using std::chrono::milliseconds;

constexpr uint32_t kSession = 0x1234ABCD;

class DoorbellScanTest : public ::testing::Test {
 protected:
  void store(uint64_t address, uint64_t value) {
    ASSERT_EQ(memory.store(address, value), AccessStatus::kOk);
  }
  void publish(uint64_t at, uint64_t self, uint32_t session = kSession) {
    std::array<uint64_t, 2> signature{};
    std::memcpy(signature.data(), "GUESTLINK-DBELL1", 16);
    store(at + 0x10, self);
    store(at + 0x18, uint64_t{session} << 32 | 1);
    store(at + 0x50, 1);
    store(at + 0x58, session);
    store(at, signature[0]);
    store(at + 8, signature[1]);
  }
  void publish(uint64_t at) { publish(at, at); }
  void beat(uint64_t at) {
    uint64_t count = 0;
    ASSERT_EQ(memory.fetch_add(at + 0x20, uint64_t{1}, count), AccessStatus::kOk);
  }
  /// Two passes with one heartbeat of `at` between them.
  std::optional<DoorbellPage> scan_twice(uint64_t at) {
    EXPECT_FALSE(scanner.scan()) << "found before the heartbeat moved";
    beat(at);
    return scanner.scan();
  }

  GuestMemory memory = guestlink::attach("mock:,size=64M,machine=pc");
  DoorbellScanner scanner{memory};
};

TEST_F(DoorbellScanTest, FindsALivePage) {
  publish(0x200000);
  EXPECT_EQ(scan_twice(0x200000), (DoorbellPage{0x200000, kSession}));
}

TEST_F(DoorbellScanTest, FindsTheFirstAndTheLastPage) {
  for (const uint64_t at : {uint64_t{0}, uint64_t{64 << 20} - 4096}) {
    publish(at);
    EXPECT_EQ(scan_twice(at), (DoorbellPage{at, kSession})) << at;
    store(at, 0);
  }
}

TEST_F(DoorbellScanTest, IgnoresAPageWithoutHeartbeat) {
  publish(0x200000);
  for (int pass = 0; pass < 5; ++pass) EXPECT_FALSE(scanner.scan());
  EXPECT_EQ(scanner.stale_pages(), 1U);
}

TEST_F(DoorbellScanTest, FindsTheLivePageAmongDeadOnes) {
  publish(0x100000);
  publish(0x300000, 0x300000, 7);
  publish(0x500000);
  EXPECT_EQ(scan_twice(0x300000), (DoorbellPage{0x300000, 7}));
}

TEST_F(DoorbellScanTest, IgnoresACopyElsewhere) {
  publish(0x200000, 0x201000);
  EXPECT_FALSE(scan_twice(0x200000));
  EXPECT_EQ(scanner.stale_pages(), 0U);
}

TEST_F(DoorbellScanTest, IgnoresASignatureThatIsNotAtAPageStart) {
  publish(0x200040, 0x200040);
  EXPECT_FALSE(scan_twice(0x200040));
}

TEST_F(DoorbellScanTest, IgnoresEveryWrongField) {
  const struct {
    uint64_t offset;
    uint64_t value;
  } wrong_fields[] = {{0x00, 0},
                      {0x08, 0},
                      {0x10, 0x300000},
                      {0x18, uint64_t{kSession} << 32 | 2},
                      {0x18, 1},
                      {0x50, 0},
                      {0x50, 2},
                      {0x50, 3},
                      {0x50, uint64_t{1} << 32 | 1},
                      {0x58, 0},
                      {0x58, kSession + 1}};
  for (const auto& wrong : wrong_fields) {
    publish(0x200000);
    store(0x200000 + wrong.offset, wrong.value);
    EXPECT_FALSE(scan_twice(0x200000)) << std::hex << wrong.offset << " = " << wrong.value;
  }
  publish(0x200000);
  EXPECT_TRUE(scan_twice(0x200000));
}

TEST_F(DoorbellScanTest, AHeartbeatOfAnotherSessionDoesNotCount) {
  publish(0x200000, 0x200000, 1);
  EXPECT_FALSE(scanner.scan());
  publish(0x200000, 0x200000, 2);
  beat(0x200000);
  EXPECT_FALSE(scanner.scan());
  beat(0x200000);
  EXPECT_EQ(scanner.scan(), (DoorbellPage{0x200000, 2}));
}

TEST_F(DoorbellScanTest, WaitFindsAPagePublishedLater) {
  std::atomic<bool> done{false};
  std::thread guest([&] {
    std::this_thread::sleep_for(milliseconds(50));
    publish(0x200000);
    while (!done) {
      beat(0x200000);
      std::this_thread::sleep_for(milliseconds(1));
    }
  });
  EXPECT_EQ(scanner.wait(milliseconds(10000)), (DoorbellPage{0x200000, kSession}));
  done = true;
  guest.join();
}

TEST_F(DoorbellScanTest, WaitEndsAtItsLimitAndWhenTold) {
  publish(0x200000);
  EXPECT_FALSE(scanner.wait(milliseconds(30), {}, milliseconds(5)));
  int asked = 0;
  EXPECT_FALSE(scanner.wait(
      milliseconds(60000), [&] { return ++asked == 3; }, milliseconds(1)));
  EXPECT_EQ(asked, 3);
}

TEST_F(DoorbellScanTest, WritesNothingAndAllocatesNothing) {
  GuestMemory large = guestlink::attach("mock:,size=16G,machine=q35");
  DoorbellScanner over_large(large);
  EXPECT_FALSE(over_large.scan());
  uint64_t populated = 0;
  for (const auto& range : large.populated_ranges()) populated += range.length;
  EXPECT_EQ(populated, 0U);
}

}  // namespace
