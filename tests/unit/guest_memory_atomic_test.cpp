// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What is promised while others access the same bytes. Each test uses two mappings of one file, as
// a guest and a simulator do.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

#include "guestlink/attach.h"
#include "support/temporary_directory.h"

namespace guestlink::test {
namespace {

class GuestMemoryAtomicTest : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::string spec_ = "mock:" + directory_.file("ram") + ",size=64K,shared";
  GuestMemory ours_ = attach(spec_);
  GuestMemory theirs_ = attach(spec_);
};

constexpr int kRounds = 100000;

TEST_F(GuestMemoryAtomicTest, FetchAddLosesNothing) {
  const auto add = [](GuestMemory& memory) {
    for (int i = 0; i < kRounds; ++i) {
      std::uint32_t narrow = 0;
      std::uint64_t wide = 0;
      ASSERT_EQ(memory.fetch_add<std::uint32_t>(0x104, 1, narrow), AccessStatus::kOk);
      ASSERT_EQ(memory.fetch_add<std::uint64_t>(0x108, 3, wide), AccessStatus::kOk);
    }
  };
  std::thread other([&] { add(theirs_); });
  add(ours_);
  other.join();
  std::uint32_t narrow = 0;
  std::uint64_t wide = 0;
  std::uint32_t neighbour = 1;
  ASSERT_EQ(ours_.load(0x104, narrow), AccessStatus::kOk);
  ASSERT_EQ(ours_.load(0x108, wide), AccessStatus::kOk);
  ASSERT_EQ(ours_.load(0x100, neighbour), AccessStatus::kOk);
  EXPECT_EQ(narrow, 2U * kRounds);
  EXPECT_EQ(wide, 6U * kRounds);
  EXPECT_EQ(neighbour, 0U);
}

TEST_F(GuestMemoryAtomicTest, CompareSwapMakesALock) {
  const auto count_locked = [](GuestMemory& memory) {
    for (int i = 0; i < kRounds / 10; ++i) {
      std::uint64_t found = 1;
      while (true) {
        ASSERT_EQ(memory.compare_swap<std::uint64_t>(0x200, 0, 1, found), AccessStatus::kOk);
        if (found == 0) break;
        std::this_thread::yield();
      }
      std::uint64_t count = 0;
      ASSERT_EQ(memory.load(0x300, count), AccessStatus::kOk);
      ASSERT_EQ(memory.store(0x300, count + 1), AccessStatus::kOk);
      ASSERT_EQ(memory.store(0x200, std::uint64_t{0}), AccessStatus::kOk);
    }
  };
  std::thread other([&] { count_locked(theirs_); });
  count_locked(ours_);
  other.join();
  std::uint64_t count = 0;
  ASSERT_EQ(ours_.load(0x300, count), AccessStatus::kOk);
  EXPECT_EQ(count, 2U * (kRounds / 10));
}

TEST_F(GuestMemoryAtomicTest, CompareSwapFailsWithoutChange) {
  ASSERT_EQ(ours_.store<std::uint32_t>(0x40, 7), AccessStatus::kOk);
  std::uint32_t previous = 0;
  ASSERT_EQ(ours_.compare_swap<std::uint32_t>(0x40, 8, 9, previous), AccessStatus::kOk);
  EXPECT_EQ(previous, 7U);
  std::uint32_t value = 0;
  ASSERT_EQ(theirs_.load(0x40, value), AccessStatus::kOk);
  EXPECT_EQ(value, 7U);
}

TEST_F(GuestMemoryAtomicTest, MisalignedAtomicsAreRefused) {
  for (std::uint64_t offset = 1; offset < 8; ++offset) {
    std::uint32_t narrow = 0;
    std::uint64_t wide = 0;
    EXPECT_EQ(ours_.fetch_add<std::uint64_t>(0x40 + offset, 1, wide), AccessStatus::kBadArgument);
    EXPECT_EQ(ours_.compare_swap<std::uint64_t>(0x40 + offset, 0, 1, wide),
              AccessStatus::kBadArgument);
    if (offset % 4 == 0) continue;
    EXPECT_EQ(ours_.fetch_add<std::uint32_t>(0x40 + offset, 1, narrow), AccessStatus::kBadArgument);
  }
}

// A writer that only ever stores words of eight equal bytes; a reader must never see a mixture.
template <typename Write, typename Check>
void race(Write write, Check check) {
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (std::uint64_t byte = 0; !stop.load(std::memory_order_relaxed); ++byte) {
      write((byte & 0xFF) * 0x0101010101010101U);
    }
  });
  for (int i = 0; i < kRounds && !testing::Test::HasFailure(); ++i) check();
  stop = true;
  writer.join();
}

bool all_bytes_equal(std::uint64_t word) { return word == (word & 0xFF) * 0x0101010101010101U; }

TEST_F(GuestMemoryAtomicTest, AlignedWordsAreNeverTorn) {
  race([&](std::uint64_t word) { (void)theirs_.store(0x1008, word); },
       [&] {
         std::uint64_t word = 0;
         ASSERT_EQ(ours_.load(0x1008, word), AccessStatus::kOk);
         ASSERT_TRUE(all_bytes_equal(word)) << hex(word);
       });
}

TEST_F(GuestMemoryAtomicTest, LanesOfBeatsAreNeverTorn) {
  constexpr std::size_t kBytes = 64;
  race(
      [&](std::uint64_t word) {
        std::array<std::uint64_t, kBytes / 8> beat;
        beat.fill(word);
        const std::uint64_t strobe = ~std::uint64_t{0};
        (void)theirs_.write_beat<kBytes>(0x2000, beat.data(), &strobe);
      },
      [&] {
        std::array<std::uint64_t, kBytes / 8> beat{};
        ASSERT_EQ(ours_.read_beat<kBytes>(0x2000, beat.data()), AccessStatus::kOk);
        for (const std::uint64_t word : beat) ASSERT_TRUE(all_bytes_equal(word)) << hex(word);
      });
}

// The lanes of a beat become visible in ascending order, so a reader that sees a high lane new, and
// then reads a lower one, sees that new too.
TEST_F(GuestMemoryAtomicTest, LanesAreStoredInAscendingOrder) {
  race(
      [&, count = std::uint64_t{0}](std::uint64_t) mutable {
        const std::array<std::uint64_t, 2> beat{count, count};
        ++count;
        const std::uint64_t strobe = 0xFFFF;
        (void)theirs_.write_beat<16>(0x3000, beat.data(), &strobe);
      },
      [&] {
        std::uint64_t high = 0;
        std::uint64_t low = 0;
        ASSERT_EQ(ours_.load(0x3008, high), AccessStatus::kOk);
        ASSERT_EQ(ours_.load(0x3000, low), AccessStatus::kOk);
        ASSERT_GE(low, high);
      });
}

// The guest counts in bytes which the beat does not enable; a write that reads and writes back a
// neighbour would undo an increment.
TEST_F(GuestMemoryAtomicTest, UnstrobedNeighboursAreNotRewritten) {
  std::atomic<bool> stop = false;
  std::thread guest([&] {
    std::uint32_t previous = 0;
    for (int i = 0; i < kRounds; ++i) (void)theirs_.fetch_add<std::uint32_t>(0x104, 1, previous);
    stop = true;
  });
  const std::array<std::uint64_t, 2> beat{~std::uint64_t{0}, ~std::uint64_t{0}};
  const std::uint32_t strobe = 0xFF0F;  // all but bytes 4 to 7
  while (!stop) ASSERT_EQ(ours_.write_beat<16>(0x100, beat.data(), &strobe), AccessStatus::kOk);
  guest.join();
  std::uint32_t count = 0;
  ASSERT_EQ(ours_.load(0x104, count), AccessStatus::kOk);
  EXPECT_EQ(count, static_cast<std::uint32_t>(kRounds));
}

}  // namespace
}  // namespace guestlink::test
