// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci/dma_regions.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "guestlink/guest_memory.h"
#include "support/memory_file.h"
#include "support/seed.h"

namespace guestlink::detail {
namespace {

using test::MemoryFile;

constexpr std::uint64_t kPage = 0x1000;
constexpr std::uint64_t kTop = std::numeric_limits<std::uint64_t>::max() - 0xFFF;  // last page

class DmaRegionsTest : public testing::Test {
 protected:
  DmaRegionsTest() { dma_.set_bus_master(true); }

  int map(std::uint64_t address, std::uint64_t length, std::uint64_t offset = 0,
          bool writable = true) {
    return dma_.map({address, length, offset, writable}, file_.open());
  }
  int map_nothing(std::uint64_t address, std::uint64_t length) {
    return dma_.map({address, length, 0, true}, {});
  }
  GuestMemory& memory() {
    dma_.publish(memory_);
    return memory_;
  }
  AccessStatus load(std::uint64_t address) {
    std::uint8_t value = 0;
    return memory().load(address, value);
  }
  AccessStatus store(std::uint64_t address, std::uint8_t value = 0x5A) {
    return memory().store(address, value);
  }
  std::byte byte_of(std::uint64_t offset) { return file_.read(offset, 1)[0]; }

  MemoryFile file_{0x10000};
  DmaRegions dma_;
  GuestMemory memory_;
};

TEST_F(DmaRegionsTest, RunsShowTheirFile) {
  ASSERT_EQ(map(0x100000, 0x2000, 0x3000), 0);
  ASSERT_EQ(map(0x102000, 0x1000, 0), 0);  // adjoins
  EXPECT_EQ(dma_.size(), 2U);
  EXPECT_EQ(store(0x100004, 0x11), AccessStatus::kOk);
  EXPECT_EQ(byte_of(0x3004), std::byte{0x11});
  EXPECT_EQ(memory().store(0x101FFE, std::uint32_t{0x44332211}), AccessStatus::kOk);
  EXPECT_EQ(file_.read(0x4FFE, 2), (std::vector{std::byte{0x11}, std::byte{0x22}}));
  EXPECT_EQ(file_.read(0, 2), (std::vector{std::byte{0x33}, std::byte{0x44}}));
  EXPECT_EQ(load(0xFFFFF), AccessStatus::kOutOfRange);
  EXPECT_EQ(load(0x103000), AccessStatus::kOutOfRange);
}

TEST_F(DmaRegionsTest, NothingWithoutRuns) {
  EXPECT_EQ(load(0), AccessStatus::kOutOfRange);
  EXPECT_EQ(memory().generation(), 1U);
}

TEST_F(DmaRegionsTest, RunsThatOverlapAreRefused) {
  ASSERT_EQ(map(0x10000, 0x2000), 0);
  ASSERT_EQ(map_nothing(0x20000, 0x1000), 0);
  for (const std::uint64_t address : {0x10000U, 0x11000U, 0xF000U, 0x20000U}) {
    EXPECT_EQ(map(address, 0x2000), EEXIST) << address;
    EXPECT_EQ(map_nothing(address, 0x2000), EEXIST) << address;
  }
  EXPECT_EQ(map(0x11FFF, 1, 0xFFF), EEXIST);
  EXPECT_EQ(map_nothing(0, 0x100000), EEXIST);
  EXPECT_EQ(map(0xF000, 0x1000), 0);
  EXPECT_EQ(map(0x12000, 0x1000), 0);
  EXPECT_EQ(dma_.size(), 4U);
}

TEST_F(DmaRegionsTest, EdgesOfTheAddressSpace) {
  EXPECT_EQ(map(0, 0), EINVAL);
  EXPECT_EQ(map(kTop, 0x2000), EINVAL);
  EXPECT_EQ(map(kTop, 0x1000), EINVAL);  // the end would be 2^64
  EXPECT_EQ(map_nothing(1, std::numeric_limits<std::uint64_t>::max()), EINVAL);
  EXPECT_EQ(dma_.size(), 0U);
  EXPECT_EQ(map(kTop, 0xFFF), 0);
  EXPECT_EQ(store(kTop + 0xFFE), AccessStatus::kOk);
  EXPECT_EQ(load(kTop + 0xFFF), AccessStatus::kOutOfRange);
  EXPECT_EQ(map_nothing(0, kTop), 0);
  EXPECT_EQ(dma_.size(), 2U);
}

TEST_F(DmaRegionsTest, RunsThatTheirFileCannotShow) {
  EXPECT_EQ(map(0x10000, 0x1000, 0x10), EINVAL);  // not congruent
  EXPECT_EQ(map(0x10010, 0x1000, 0x1010), 0);     // but so
  EXPECT_EQ(map(0x20000, 0x10001), EINVAL);       // longer
  EXPECT_EQ(map(0x20000, 0x1000, 0xF000), 0);
  EXPECT_EQ(map(0x30000, 0x1000, 0x10000), EINVAL);
  EXPECT_EQ(map(0x30000, 0x1000, ~std::uint64_t{0xFFF}), EINVAL);  // would wrap
  EXPECT_EQ(dma_.size(), 2U);
}

TEST_F(DmaRegionsTest, FilesThatAreNone) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const FileDescriptor writer(ends[1]);
  EXPECT_EQ(dma_.map({0, kPage, 0, false}, FileDescriptor(ends[0])), EINVAL);
  EXPECT_EQ(dma_.map({0, kPage, 0, false}, FileDescriptor(open("/", O_RDONLY | O_CLOEXEC))),
            EINVAL);
  EXPECT_EQ(dma_.map({0, kPage, 0, true}, FileDescriptor(open("/dev/zero", O_RDWR | O_CLOEXEC))),
            EINVAL);
  EXPECT_EQ(dma_.size(), 0U);
  EXPECT_EQ(load(0), AccessStatus::kOutOfRange);
}

TEST_F(DmaRegionsTest, ReadOnlyDescriptorCannotBeWritten) {
  EXPECT_EQ(dma_.map({0, kPage, 0, true}, file_.open(O_RDONLY)), EACCES);
  EXPECT_EQ(dma_.size(), 0U);
  EXPECT_EQ(dma_.map({0, kPage, 0, false}, file_.open(O_RDONLY)), 0);
  EXPECT_EQ(load(0), AccessStatus::kOk);
  EXPECT_EQ(store(0), AccessStatus::kReadOnly);
  // Refused, with the file known already.
  EXPECT_EQ(dma_.map({kPage, kPage, kPage, true}, file_.open(O_RDONLY)), EACCES);
  EXPECT_EQ(load(0), AccessStatus::kOk);
  // Writable later, and the first run is not.
  EXPECT_EQ(dma_.map({kPage, kPage, kPage, true}, file_.open()), 0);
  EXPECT_EQ(store(kPage), AccessStatus::kOk);
  EXPECT_EQ(byte_of(kPage), std::byte{0x5A});
  EXPECT_EQ(store(0), AccessStatus::kReadOnly);
  EXPECT_EQ(byte_of(0), std::byte{0});
}

// The file grows between a run that is written through and one by a descriptor that may only read.
TEST_F(DmaRegionsTest, MappingThatIsWrittenThroughStaysSo) {
  EXPECT_EQ(dma_.map({0, kPage, 0, true}, file_.open()), 0);
  EXPECT_EQ(store(0), AccessStatus::kOk);
  file_.resize(0x400000);
  EXPECT_EQ(dma_.map({0x100000, kPage, 0x100000, false}, file_.open(O_RDONLY)), EACCES);
  EXPECT_EQ(store(0), AccessStatus::kOk);
  EXPECT_EQ(load(0x100000), AccessStatus::kOutOfRange);
  EXPECT_EQ(dma_.map({0x100000, kPage, 0x100000, false}, file_.open()), 0);
  EXPECT_EQ(load(0x100000), AccessStatus::kOk);
  EXPECT_EQ(store(0x100000), AccessStatus::kReadOnly);
  EXPECT_EQ(store(0), AccessStatus::kOk);
}

TEST_F(DmaRegionsTest, ReadOnlyRunStaysAsItIs) {
  ASSERT_EQ(map(0, kPage, 0, false), 0);
  ASSERT_EQ(map(kPage, kPage, kPage, true), 0);
  EXPECT_EQ(store(0), AccessStatus::kReadOnly);
  EXPECT_EQ(memory().store(kPage - 2, ~std::uint32_t{0}), AccessStatus::kReadOnly);
  EXPECT_EQ(file_.read(0, 2 * kPage), std::vector<std::byte>(2 * kPage));
}

TEST_F(DmaRegionsTest, RunWithoutAFileIsUnreachable) {
  ASSERT_EQ(map_nothing(0x10000, 0x1000), 0);
  ASSERT_EQ(map(0x11000, 0x1000), 0);
  EXPECT_EQ(load(0x10000), AccessStatus::kOutOfRange);
  EXPECT_TRUE(dma_.unreachable(0x10000));
  EXPECT_TRUE(dma_.unreachable(0x10FFF));
  EXPECT_FALSE(dma_.unreachable(0xFFFF));
  EXPECT_FALSE(dma_.unreachable(0x11000));
  EXPECT_FALSE(dma_.unreachable(0x12000));
}

TEST_F(DmaRegionsTest, UnmapTakesWhatLiesInTheRange) {
  const auto count_left = [&](std::uint64_t address, std::uint64_t length, int expected) {
    dma_.clear();
    for (const std::uint64_t run : {0x1000U, 0x2000U, 0x5000U}) EXPECT_EQ(map(run, 0x1000), 0);
    EXPECT_EQ(map(kTop, 0xFFF), 0);
    EXPECT_EQ(dma_.unmap(address, length), expected) << std::hex << address << " " << length;
    return dma_.size();
  };
  constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(count_left(0x1000, 0x1000, 0), 3U);
  EXPECT_EQ(count_left(0x1000, 0x2000, 0), 2U);
  EXPECT_EQ(count_left(0, 0x6000, 0), 1U);
  EXPECT_EQ(count_left(0x3000, 0x2000, 0), 4U);  // none there
  EXPECT_EQ(count_left(0x6000, 0x10000, 0), 4U);
  EXPECT_EQ(count_left(0, 0, 0), 4U);
  EXPECT_EQ(count_left(0x1000, 0x1800, EINVAL), 4U);  // would cut the second
  EXPECT_EQ(count_left(0x1800, 0x1000, EINVAL), 4U);
  EXPECT_EQ(count_left(0x5800, 0x100, EINVAL), 4U);
  EXPECT_EQ(count_left(0, kAll, 0), 0U);
  EXPECT_EQ(count_left(0x5000, kAll - 0x5000 + 1, 0), 2U);  // to 2^64
  EXPECT_EQ(count_left(kTop, 0x1000, 0), 3U);
  EXPECT_EQ(count_left(kTop, 0x1001, EINVAL), 4U);
  EXPECT_EQ(count_left(0x5000, kAll - 0x5000 + 2, EINVAL), 4U);
}

TEST_F(DmaRegionsTest, WhatIsUnmappedIsOutOfRangeAtOnce) {
  ASSERT_EQ(map(0, kPage), 0);
  ASSERT_EQ(map(kPage, kPage, kPage), 0);
  EXPECT_EQ(store(0), AccessStatus::kOk);
  ASSERT_EQ(dma_.unmap(0, kPage), 0);
  EXPECT_EQ(store(0, 0x77), AccessStatus::kOutOfRange);
  EXPECT_EQ(byte_of(0), std::byte{0x5A});
  EXPECT_EQ(store(kPage), AccessStatus::kOk);
  dma_.clear();
  EXPECT_EQ(load(kPage), AccessStatus::kOutOfRange);
}

TEST_F(DmaRegionsTest, NothingWithoutBusMaster) {
  ASSERT_EQ(map(0, kPage), 0);
  dma_.set_bus_master(false);
  EXPECT_EQ(store(0), AccessStatus::kOutOfRange);
  EXPECT_EQ(byte_of(0), std::byte{0});
  dma_.set_bus_master(true);
  EXPECT_EQ(store(0), AccessStatus::kOk);
}

TEST_F(DmaRegionsTest, PublishKeepsTheGeneration) {
  ASSERT_EQ(map(0, kPage), 0);
  const std::uint64_t before = memory().generation();
  EXPECT_EQ(before, 1U);
  const auto state = memory().state();
  EXPECT_EQ(memory().state(), state);  // nothing has changed
  ASSERT_EQ(map(kPage, kPage), 0);
  EXPECT_NE(memory().state(), state);
  ASSERT_EQ(dma_.unmap(0, kPage), 0);
  dma_.set_bus_master(false);
  EXPECT_EQ(memory().generation(), before);
}

TEST_F(DmaRegionsTest, RunsAreLimited) {
  for (std::uint64_t i = 0; i < DmaRegions::kMostRegions; ++i) {
    ASSERT_EQ(map_nothing(i * kPage, kPage), 0);
  }
  const std::uint64_t behind = DmaRegions::kMostRegions * kPage;
  EXPECT_EQ(map_nothing(behind, kPage), ENOSPC);
  EXPECT_EQ(map(behind, kPage), ENOSPC);
  ASSERT_EQ(dma_.unmap(0, kPage), 0);
  EXPECT_EQ(map(behind, kPage), 0);
  EXPECT_EQ(store(behind), AccessStatus::kOk);
}

TEST_F(DmaRegionsTest, FileThatGrowsIsMappedAnew) {
  ASSERT_EQ(map(0, kPage), 0);
  EXPECT_EQ(store(0), AccessStatus::kOk);
  file_.resize(0x20000);
  ASSERT_EQ(map(0x10000, 0x10000, 0x10000), 0);
  EXPECT_EQ(store(0x1FFFF), AccessStatus::kOk);
  EXPECT_EQ(byte_of(0x1FFFF), std::byte{0x5A});
  EXPECT_EQ(store(1), AccessStatus::kOk);
  EXPECT_EQ(byte_of(1), std::byte{0x5A});
}

TEST_F(DmaRegionsTest, FileCutShortIsLostWithoutASignal) {
  ASSERT_EQ(map(0, 0x10000), 0);
  EXPECT_EQ(store(0xF000), AccessStatus::kOk);
  file_.resize(kPage);
  EXPECT_EQ(load(0), AccessStatus::kOk);
  EXPECT_EQ(store(0xF000), AccessStatus::kPartial);
  EXPECT_EQ(load(0), AccessStatus::kDetached);
  EXPECT_EQ(memory().generation(), 2U);
  // With its last run the file is gone, and what comes then is good.
  ASSERT_EQ(dma_.unmap(0, 0x10000), 0);
  EXPECT_EQ(load(0), AccessStatus::kOutOfRange);
  file_.resize(0x10000);
  ASSERT_EQ(map(0, 0x10000), 0);
  EXPECT_EQ(store(0xF000), AccessStatus::kOk);
  EXPECT_EQ(load(0), AccessStatus::kOk);
  EXPECT_EQ(memory().generation(), 3U);
}

TEST_F(DmaRegionsTest, ReadOfAFileCutShortIsDetached) {
  ASSERT_EQ(map(0, 0x10000), 0);
  ASSERT_EQ(load(0xF000), AccessStatus::kOk);
  file_.resize(kPage);
  EXPECT_EQ(load(0xF000), AccessStatus::kDetached);
}

TEST_F(DmaRegionsTest, FileCutShortTakesAnotherRun) {
  ASSERT_EQ(map(0x10000, 0x10000), 0);
  file_.resize(0x4000);
  ASSERT_EQ(map(0x40000, 0x4000), 0);
  EXPECT_EQ(map(0x50000, 0x5000), EINVAL);
  EXPECT_EQ(store(0x40000), AccessStatus::kOk);
  EXPECT_EQ(store(0x10001), AccessStatus::kOk);
  EXPECT_EQ(file_.read(0, 2), (std::vector{std::byte{0x5A}, std::byte{0x5A}}));
  EXPECT_EQ(store(0x1F000), AccessStatus::kPartial);
}

// Against a model of one entry a byte: what a mapped byte of a file is, and whether it may be
// written.
class DmaRegionsRandomTest : public DmaRegionsTest {
 protected:
  static constexpr std::uint64_t kPages = 24;
  struct Run {
    std::uint64_t length = 0;
    int file = -1;
    std::uint64_t offset = 0;
    bool writable = false;
  };
  struct Place {
    int file = -1;
    std::uint64_t offset = 0;
    bool writable = false;
  };

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  void map_something() {
    const std::uint64_t address = below(kPages) * kPage + (below(4) == 0 ? 0x80 : 0);
    Run run;
    run.length = (1 + below(4)) * kPage - (below(4) == 0 ? below(0xF00) : 0);
    run.file = static_cast<int>(below(4)) - 1;
    run.offset = below(8) * kPage + address % kPage;
    run.writable = below(3) != 0;
    int expected = 0;
    for (const auto& [start, other] : runs_) {
      if (address < start + other.length && start < address + run.length) expected = EEXIST;
    }
    if (expected == 0 && run.file >= 0 && run.offset + run.length > 8 * kPage) expected = EINVAL;
    FileDescriptor file;
    if (run.file >= 0) file = files_[static_cast<std::size_t>(run.file)].open();
    ASSERT_EQ(dma_.map({address, run.length, run.offset, run.writable}, std::move(file)), expected);
    if (expected == 0) runs_[address] = run;
  }
  void unmap_something() {
    const std::uint64_t address = below(kPages) * kPage;
    const std::uint64_t length = below(6) * kPage;
    int expected = 0;
    std::vector<std::uint64_t> inside;
    for (const auto& [start, run] : runs_) {
      if (start >= address && start + run.length <= address + length) {
        inside.push_back(start);
      } else if (length != 0 && start < address + length && address < start + run.length) {
        expected = EINVAL;
      }
    }
    ASSERT_EQ(dma_.unmap(address, length), expected);
    if (expected != 0) return;
    for (const std::uint64_t start : inside) runs_.erase(start);
  }
  [[nodiscard]] Place place_of(std::uint64_t address) const {
    const auto after = runs_.upper_bound(address);
    if (!bus_master_ || after == runs_.begin()) return {};
    const auto& [start, run] = *std::prev(after);
    if (address - start >= run.length) return {};
    return {run.file, run.offset + (address - start), run.writable};
  }
  void check_everywhere() {
    const GuestMemory& all = memory();
    for (std::uint64_t page = 0; page < (kPages + 5) * kPage; page += 0x80) {
      const std::uint64_t address = page + below(0x80);
      const Place place = place_of(address);
      std::uint8_t value = 0;
      const AccessStatus status = all.load(address, value);
      ASSERT_EQ(status, place.file < 0 ? AccessStatus::kOutOfRange : AccessStatus::kOk) << address;
      if (place.file < 0) continue;
      const auto& file = files_[static_cast<std::size_t>(place.file)];
      const auto next = static_cast<std::uint8_t>(random_());
      const AccessStatus stored = memory_.store(address, next);
      ASSERT_EQ(stored, place.writable ? AccessStatus::kOk : AccessStatus::kReadOnly) << address;
      const std::byte expected{place.writable ? next : value};
      ASSERT_EQ(file.read(place.offset, 1)[0], expected) << address;
    }
  }

  std::mt19937_64 random_{test::random_seed()};
  std::array<MemoryFile, 3> files_{MemoryFile(8 * kPage), MemoryFile(8 * kPage),
                                   MemoryFile(8 * kPage)};
  std::map<std::uint64_t, Run> runs_;
  bool bus_master_ = true;
};

TEST_F(DmaRegionsRandomTest, MapsAndUnmaps) {
  for (int step = 0; step < 2000; ++step) {
    switch (below(8)) {
      case 0:
      case 1:
        unmap_something();
        break;
      case 2:
        bus_master_ = below(4) != 0;
        dma_.set_bus_master(bus_master_);
        break;
      default:
        map_something();
    }
    if (HasFatalFailure()) return;
    ASSERT_EQ(dma_.size(), runs_.size());
    if (step % 20 == 0) check_everywhere();
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace guestlink::detail
