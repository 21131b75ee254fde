// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "guestlink/attach.h"
#include "support/boundary_table.h"
#include "support/temporary_directory.h"

namespace guestlink::test {
namespace {

constexpr AccessStatus kOk = AccessStatus::kOk;

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 + i / 256);
  return text;
}

TEST(GuestMemoryFilesTest, LoadThenSaveGivesTheSameFileOverRows) {
  const TemporaryDirectory directory;
  EdgeMemory edge;
  const std::string content = pattern(0x2345);
  std::uint64_t length = 0;
  ASSERT_EQ(edge.memory().load_file(0x1111, directory.file("in", content).c_str(), length), kOk);
  EXPECT_EQ(length, content.size());
  const std::string out = directory.file("out", std::string(0x9000, 'x'));  // to be overwritten
  ASSERT_EQ(edge.memory().save_file(0x1111, length, out.c_str()), kOk);
  EXPECT_EQ(content_of(out), content);
}

TEST(GuestMemoryFilesTest, EmptyFilesAreFiles) {
  const TemporaryDirectory directory;
  EdgeMemory edge;
  std::uint64_t length = 1;
  ASSERT_EQ(edge.memory().load_file(0x1000, directory.file("in", "").c_str(), length), kOk);
  EXPECT_EQ(length, 0U);
  ASSERT_EQ(edge.memory().save_file(0x1000, 0, directory.file("out").c_str()), kOk);
  EXPECT_EQ(content_of(directory.file("out")), "");
}

TEST(GuestMemoryFilesTest, FailuresOfFilesAreIoErrorsWithTheirReason) {
  const TemporaryDirectory directory;
  EdgeMemory edge;
  GuestMemory& memory = edge.memory();
  const auto before = edge.snapshot();
  const std::string fifo = directory.file("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const std::string missing = directory.file("missing/file");
  const std::string folder = directory.file("");
  std::uint64_t length = 77;
  const auto expect_load = [&](const std::string& path, int reason) {
    errno = 0;
    EXPECT_EQ(memory.load_file(0x1000, path.c_str(), length), AccessStatus::kIoError) << path;
    EXPECT_EQ(errno, reason) << path;
  };
  expect_load(missing, ENOENT);
  expect_load(folder, EISDIR);
  expect_load(fifo, EINVAL);
  EXPECT_EQ(memory.load_file(0x1000, nullptr, length), AccessStatus::kBadArgument);
  EXPECT_EQ(memory.save_file(0x1000, 8, missing.c_str()), AccessStatus::kIoError);
  EXPECT_EQ(memory.save_file(0x1000, 8, folder.c_str()), AccessStatus::kIoError);
  EXPECT_EQ(memory.save_file(0x1000, 8, fifo.c_str()), AccessStatus::kIoError);  // no reader
  EXPECT_EQ(memory.save_file(0x1000, 8, nullptr), AccessStatus::kBadArgument);
  EXPECT_EQ(memory.save_file(0x1000, 8, "/dev/full"), AccessStatus::kIoError);
  EXPECT_EQ(errno, ENOSPC);
  EXPECT_EQ(length, 77U);
  EXPECT_TRUE(edge.snapshot() == before);
}

TEST(GuestMemoryFilesTest, TheRamFileItselfIsNeverTruncated) {
  const TemporaryDirectory directory;
  const std::string ram = directory.file("ram");
  GuestMemory memory = attach("mock:" + ram + ",size=64K,fill=0x11");
  EXPECT_EQ(memory.save_file(0, 0x1000, ram.c_str()), AccessStatus::kIoError);
  EXPECT_EQ(errno, EBUSY);
  EXPECT_EQ(content_of(ram), std::string(0x10000, '\x11'));
}

TEST(GuestMemoryFilesTest, SavingOverTheRamFileOfAnotherHandleLeavesThatMemoryAlone) {
  const TemporaryDirectory directory;
  const std::string ram = directory.file("ram");
  GuestMemory other = attach("mock:" + ram + ",size=64K,fill=0x11");
  GuestMemory memory = attach("mock:,size=64K,fill=0x22");
  ASSERT_EQ(memory.save_file(0, 0x1000, ram.c_str()), kOk);
  EXPECT_EQ(content_of(ram), std::string(0x1000, '\x22'));
  std::uint64_t word = 0;
  ASSERT_EQ(other.load<std::uint64_t>(0xFFF8, word), kOk);  // would be a SIGBUS
  EXPECT_EQ(word, 0x1111111111111111U);
}

TEST(GuestMemoryFilesTest, SavedFilesKeepTheirModeAndTheirLinks) {
  const TemporaryDirectory directory;
  GuestMemory memory = attach("mock:,size=64K,fill=0x33");
  const std::string file = directory.file("file", "old");
  const std::string symbolic = directory.file("link");
  ASSERT_EQ(chmod(file.c_str(), 0640), 0);
  ASSERT_EQ(symlink("file", symbolic.c_str()), 0);
  ASSERT_EQ(memory.save_file(0, 3, symbolic.c_str()), kOk);
  EXPECT_TRUE(std::filesystem::is_symlink(symbolic));
  EXPECT_EQ(content_of(file), "333");
  struct stat info = {};
  ASSERT_EQ(stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0640U);
}

TEST(GuestMemoryFilesTest, SavingToALinkToNothingIsRefused) {
  const TemporaryDirectory directory;
  GuestMemory memory = attach("mock:,size=64K");
  const std::string symbolic = directory.file("link");
  ASSERT_EQ(symlink("nothing", symbolic.c_str()), 0);
  EXPECT_EQ(memory.save_file(0, 8, symbolic.c_str()), AccessStatus::kIoError);
  EXPECT_EQ(errno, ENOENT);
  EXPECT_TRUE(std::filesystem::is_symlink(symbolic));
}

// A limit of this process stands for a disk that is full.
TEST(GuestMemoryFilesTest, SaveThatFailsHalfWayLeavesTheOldFileAndNothingElse) {
  const TemporaryDirectory directory;
  GuestMemory memory = attach("mock:,size=64K,fill=0x44");
  const std::string file = directory.file("file", "old");
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 0x1000, .rlim_max = before.rlim_max};
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const AccessStatus status = memory.save_file(0, 0x10000, file.c_str());
  const int error = errno;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(status, AccessStatus::kIoError);
  EXPECT_EQ(error, EFBIG);
  EXPECT_EQ(content_of(file), "old");
  const auto files = std::filesystem::directory_iterator(directory.file(""));
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST(GuestMemoryFilesTest, PopulatedRangesAreTheDataOfASparseFile) {
  GuestMemory memory = attach("mock:,size=8G,machine=pc");
  EXPECT_TRUE(memory.populated_ranges().empty());
  ASSERT_EQ(memory.store<std::uint64_t>(0x100000, 1), kOk);
  ASSERT_EQ(memory.store<std::uint64_t>(0x9FFF8, 1), kOk);
  ASSERT_EQ(memory.store<std::uint64_t>(0x100000000, 1), kOk);  // at file offset 3 GiB
  const std::vector<GuestRange> expected{
      {0x9F000, 0x1000}, {0x100000, 0x1000}, {0x100000000, 0x1000}};
  const auto ranges = memory.populated_ranges();
  ASSERT_EQ(ranges.size(), expected.size());
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    // A file system may have larger blocks, but never leaves data out.
    EXPECT_LE(ranges[i].guest_address, expected[i].guest_address);
    EXPECT_GE(ranges[i].guest_address + ranges[i].length,
              expected[i].guest_address + expected[i].length);
  }
}

TEST(GuestMemoryFilesTest, PopulatedRangesLeaveOutTheHolesOfTheMap) {
  const TemporaryDirectory directory;
  const GuestMemory memory = attach("mock:" + directory.file("ram") + ",size=2M,machine=pc,fill=1");
  const std::vector<GuestRange> expected{{0, 0xA0000}, {0x100000, 0x100000}};
  EXPECT_EQ(memory.populated_ranges(), expected);
}

std::uint64_t resident_bytes() {
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

class LargeMemoryTest : public testing::TestWithParam<bool> {};

TEST_P(LargeMemoryTest, MappingAndScanning64GiBCostsAFewMiB) {
  const TemporaryDirectory directory;
  const std::string target = GetParam() ? directory.file("ram") : "";
  const std::uint64_t before = resident_bytes();
  GuestMemory memory = attach("mock:" + target + ",size=64G,machine=q35");
  const std::uint64_t last = 0x100000000 + (std::uint64_t{62} << 30) - 8;
  ASSERT_EQ(memory.store<std::uint64_t>(last, 1), kOk);
  std::uint64_t scanned = 0;
  for (const GuestRange& range : memory.populated_ranges()) scanned += range.length;
  EXPECT_LE(scanned, std::uint64_t{4} << 20);
  EXPECT_LE(resident_bytes() - before, std::uint64_t{4} << 20);
}

INSTANTIATE_TEST_SUITE_P(AnonymousAndFile, LargeMemoryTest, testing::Bool());

}  // namespace
}  // namespace guestlink::test
