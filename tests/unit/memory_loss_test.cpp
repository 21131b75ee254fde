// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What becomes of accesses when the file is cut short under the mapping, its file system is full,
// or the memory is detached. Before there was a handler each of these ended the process.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <functional>
#include <thread>
#include <vector>

#include "guestlink/attach.h"
#include "support/temporary_directory.h"

namespace guestlink::test {
namespace {

constexpr AccessStatus kOk = AccessStatus::kOk;
constexpr AccessStatus kDetached = AccessStatus::kDetached;
constexpr AccessStatus kPartial = AccessStatus::kPartial;

constexpr std::uint64_t kBase = 0x80000000;
constexpr std::uint64_t kSize = 0x400000;
constexpr std::uint64_t kKept = 0x1000;
constexpr std::uint64_t kGone = kBase + 0x8000;  // cut off with all behind the first page

std::array<std::byte, 0x2000> buffer;
std::array<std::uint8_t, 16> full_strobes = [] {
  std::array<std::uint8_t, 16> strobes{};
  strobes.fill(0xFF);
  return strobes;
}();
std::uint8_t some_strobes = 0x55;
std::uint64_t output = 77;

struct LossCase {
  const char* name;
  AccessStatus status;  // of the access that meets the loss
  std::function<AccessStatus(GuestMemory&)> access;
};

const LossCase kCases[] = {
    {"load", kDetached, [](GuestMemory& m) { return m.load(kGone, output); }},
    {"load_misaligned", kDetached, [](GuestMemory& m) { return m.load(kGone + 1, output); }},
    {"load_byte", kDetached,
     [](GuestMemory& m) {
       std::uint8_t byte = 0;
       return m.load(kGone, byte);
     }},
    {"store", kPartial, [](GuestMemory& m) { return m.store<std::uint64_t>(kGone, 1); }},
    {"store_misaligned", kPartial,
     [](GuestMemory& m) { return m.store<std::uint32_t>(kGone + 1, 1); }},
    {"compare_swap", kPartial,
     [](GuestMemory& m) { return m.compare_swap<std::uint64_t>(kGone, 0, 1, output); }},
    {"fetch_add", kPartial,
     [](GuestMemory& m) { return m.fetch_add<std::uint64_t>(kGone, 1, output); }},
    {"read_beat", kDetached, [](GuestMemory& m) { return m.read_beat<64>(kGone, buffer.data()); }},
    {"write_beat", kPartial,
     [](GuestMemory& m) { return m.write_beat<64>(kGone, buffer.data(), full_strobes.data()); }},
    {"write_beat_strobed", kPartial,
     [](GuestMemory& m) { return m.write_beat<8>(kGone, buffer.data(), &some_strobes); }},
    {"read", kDetached, [](GuestMemory& m) { return m.read(kGone, buffer); }},
    {"read_half", kDetached, [](GuestMemory& m) { return m.read(kBase, buffer); }},
    {"write", kPartial, [](GuestMemory& m) { return m.write(kGone, buffer); }},
    {"write_half", kPartial, [](GuestMemory& m) { return m.write(kBase, buffer); }},
    {"fill", kPartial, [](GuestMemory& m) { return m.fill(kBase, kSize, std::byte{1}); }},
    {"copy_from", kPartial, [](GuestMemory& m) { return m.copy(kBase, kGone, 0x800); }},
    {"copy_to", kPartial, [](GuestMemory& m) { return m.copy(kGone, kBase, 0x800); }},
    {"copy_down", kPartial, [](GuestMemory& m) { return m.copy(kGone + 8, kGone, 0x2000); }},
    {"compare", kDetached, [](GuestMemory& m) { return m.compare(kBase, kGone, 8, output); }},
    {"crc32c", kDetached,
     [](GuestMemory& m) {
       std::uint32_t crc = 0;
       return m.crc32c(kBase, kSize, crc);
     }},
};

class LossTest : public testing::Test {
 protected:
  void cut() { std::filesystem::resize_file(ram_, kKept); }
  void expect_lost() {
    EXPECT_TRUE(memory_.lost());
    EXPECT_EQ(memory_.generation(), 2U);
    EXPECT_NE(memory_.loss().find("'" + ram_ + "' was cut short to 0x1000 bytes"),
              std::string::npos)
        << memory_.loss();
  }

  TemporaryDirectory directory_;
  std::string ram_ = directory_.file("ram");
  GuestMemory memory_ = attach("mock:" + ram_ + ",size=4M,base=0x80000000,fill=0x33");
};

class LossCaseTest : public LossTest, public testing::WithParamInterface<LossCase> {};

TEST_P(LossCaseTest, TheAccessThatMeetsItFailsAndLaterOnesMoveNothing) {
  const LossCase& test = GetParam();
  output = 77;
  EXPECT_FALSE(memory_.lost());
  EXPECT_EQ(memory_.generation(), 1U);
  EXPECT_EQ(memory_.loss(), "");
  cut();
  EXPECT_EQ(test.access(memory_), test.status);
  expect_lost();
  const std::string before = content_of(ram_);
  EXPECT_EQ(test.access(memory_), kDetached);
  EXPECT_EQ(memory_.store<std::uint64_t>(kBase, 1), kDetached);
  EXPECT_EQ(memory_.fill(kBase, 8, std::byte{1}), kDetached);
  EXPECT_EQ(memory_.check(kBase, 8, Access::kRead), kDetached);
  EXPECT_TRUE(content_of(ram_) == before);
  EXPECT_EQ(memory_.generation(), 2U);
  EXPECT_EQ(output, 77U);
}

INSTANTIATE_TEST_SUITE_P(Accesses, LossCaseTest, testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_F(LossTest, ALoadedFileThatMeetsItIsPartial) {
  const std::string file = directory_.file("in", std::string(0x4000, 'x'));
  std::uint64_t length = 77;
  cut();
  EXPECT_EQ(memory_.load_file(kBase, file.c_str(), length), kPartial);
  EXPECT_EQ(length, 0x4000U);  // of the file, as always
  EXPECT_EQ(content_of(ram_), std::string(kKept, 'x'));
  expect_lost();
}

TEST_F(LossTest, AFileIsSavedWholeOrNotAtAll) {
  const std::string out = directory_.file("out");
  cut();
  EXPECT_EQ(memory_.save_file(kBase, kSize, out.c_str()), kDetached);
  EXPECT_FALSE(std::filesystem::exists(out));
  expect_lost();
}

TEST_F(LossTest, ItsTextNamesTheAddress) {
  cut();
  std::uint64_t value = 0;
  EXPECT_EQ(memory_.load(kGone + 0x18, value), kDetached);
  EXPECT_NE(memory_.loss().find("guest memory was lost at guest address 0x80008018: file"),
            std::string::npos)
      << memory_.loss();
}

TEST_F(LossTest, HostPointersLiveOn) {
  cut();
  const auto* const host =
      reinterpret_cast<const volatile std::uint64_t*>(memory_.regions()[0].host + (kGone - kBase));
  EXPECT_EQ(*host, 0U);
  EXPECT_EQ(host[0x1000], 0U);
  expect_lost();
}

TEST_F(LossTest, AFileThatGrewAgainHasZeroes) {
  cut();
  std::filesystem::resize_file(ram_, kSize);
  std::uint64_t value = 1;
  EXPECT_EQ(memory_.load(kGone, value), kOk);
  EXPECT_EQ(value, 0U);
  EXPECT_FALSE(memory_.lost());
}

TEST_F(LossTest, ManyThreadsInAccessesAllLearnOfIt) {
  std::atomic<int> running{0};
  std::vector<std::thread> threads;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    threads.emplace_back([&, seed] {
      ++running;
      std::uint64_t address = seed;
      AccessStatus status = kOk;
      while (status == kOk) {
        address = address * 6364136223846793005U + 1442695040888963407U;
        const std::uint64_t at = kBase + (address >> 20) % (kSize / 8) * 8;
        std::uint64_t value = 0;
        status = address >> 63 != 0 ? memory_.load(at, value) : memory_.store(at, address);
      }
      EXPECT_TRUE(status == kDetached || status == kPartial);
      EXPECT_EQ(memory_.store<std::uint64_t>(kBase, 0), kDetached);
    });
  }
  while (running < 4) std::this_thread::yield();
  cut();
  for (std::thread& thread : threads) thread.join();
  expect_lost();
}

TEST_F(LossTest, AChildThatMeetsItSurvivesAndItsParentIsNotConcerned) {
  cut();
  const pid_t child = fork();
  if (child == 0) {
    std::uint64_t value = 0;
    _exit(memory_.load(kGone, value) == kDetached && memory_.lost() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  std::uint64_t value = 0;
  EXPECT_FALSE(memory_.lost());
  EXPECT_EQ(memory_.load(kBase, value), kOk);
}

TEST_F(LossTest, DetachedMemoryIsLeftAlone) {
  const std::string before = content_of(ram_);
  const auto state = memory_.state();
  GuestMemory moved = std::move(memory_);
  std::thread([&] { state->detach(); }).join();
  EXPECT_TRUE(moved.lost());
  EXPECT_EQ(moved.generation(), 2U);
  EXPECT_EQ(moved.store<std::uint64_t>(kBase, 1), kDetached);
  EXPECT_EQ(moved.write(kBase, buffer), kDetached);
  EXPECT_EQ(moved.regions()[0].host[0], std::byte{0x33});
  EXPECT_EQ(moved.loss(), "guest memory was detached");
  moved.detach();
  EXPECT_EQ(moved.generation(), 2U);
  EXPECT_TRUE(content_of(ram_) == before);
}

TEST_F(LossTest, AStateOutlivesItsMemoryAsLost) {
  const auto state = memory_.state();
  memory_ = GuestMemory();
  EXPECT_TRUE(state->lost());
  EXPECT_EQ(state->generation(), 2U);
  EXPECT_EQ(memory_.generation(), 0U);
  EXPECT_TRUE(memory_.lost());
  EXPECT_EQ(memory_.loss(), "there is no guest memory");
}

TEST_F(LossTest, AttachingAgainGoesOnCounting) {
  const std::string spec = "file:" + ram_ + ",base=0x80000000,shared";
  memory_.detach();
  memory_.reattach(attach(spec));
  EXPECT_FALSE(memory_.lost());
  EXPECT_EQ(memory_.generation(), 3U);
  std::uint64_t value = 0;
  EXPECT_EQ(memory_.load(kGone, value), kOk);
  memory_.reattach(attach(spec));  // not lost in between
  EXPECT_EQ(memory_.generation(), 5U);
  memory_.detach();
  EXPECT_EQ(memory_.generation(), 6U);
  memory_.reattach(GuestMemory());
  EXPECT_TRUE(memory_.lost());
  EXPECT_EQ(memory_.generation(), 0U);
  EXPECT_EQ(GuestMemory().generation(), 0U);
}

// The pages of hugetlb files are replaced as a whole. Without any in the pool, the first access of
// an unreserved mapping is a SIGBUS.
TEST(HugePageLossTest, APageThatCannotBeHadIsContained) {
  constexpr std::uint64_t kHuge = 2U << 20;
  FileDescriptor fd(memfd_create("guestlink-huge", MFD_CLOEXEC | MFD_HUGETLB));
  if (fd.get() < 0) GTEST_SKIP() << "no huge pages in this kernel";
  ASSERT_EQ(ftruncate(fd.get(), 4 * kHuge), 0);
  std::vector<Mapping> mappings;
  mappings.emplace_back(std::move(fd), 4 * kHuge, true);
  GuestMemory memory(AddressMap::for_base(0, 4 * kHuge), std::move(mappings));
  AccessStatus status = kOk;
  for (std::uint64_t at = kHuge / 2; at < 4 * kHuge && status == kOk; at += kHuge) {
    status = memory.store<std::uint64_t>(at, 1);
  }
  if (status == kOk) GTEST_SKIP() << "the pool has huge pages";
  EXPECT_EQ(status, kPartial);
  EXPECT_EQ(memory.store<std::uint64_t>(0, 1), kDetached);
}

}  // namespace
}  // namespace guestlink::test
