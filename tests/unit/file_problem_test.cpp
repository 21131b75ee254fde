// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What is told of a RAM file that is not what it was, and who may attach to one at once.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "guestlink/attach.h"
#include "support/temporary_directory.h"

namespace guestlink::test {
namespace {

namespace fs = std::filesystem;
using Kind = FileProblem::Kind;
constexpr AccessStatus kOk = AccessStatus::kOk;

class FileProblemTest : public testing::Test {
 protected:
  void expect_problem(Kind kind, const std::string& text) {
    const auto problem = memory_.file_problem();
    ASSERT_TRUE(problem.has_value());
    EXPECT_EQ(problem->kind, kind);
    EXPECT_NE(problem->text.find("file '" + ram_ + "' " + text), std::string::npos)
        << problem->text;
  }

  TemporaryDirectory directory_;
  std::string ram_ = directory_.file("ram");
  std::string spec_ = "mock:" + ram_ + ",size=64K";
  GuestMemory memory_ = attach(spec_);
};

TEST_F(FileProblemTest, AnUntouchedFileHasNone) {
  ASSERT_EQ(memory_.store<std::uint64_t>(0x100, 1), kOk);
  EXPECT_FALSE(memory_.file_problem().has_value());
  EXPECT_FALSE(attach("mock:,size=64K").file_problem().has_value());
  EXPECT_FALSE(GuestMemory().file_problem().has_value());
}

TEST_F(FileProblemTest, RemovedAndMovedFiles) {
  fs::rename(ram_, ram_ + ".old");
  expect_problem(Kind::kRemoved, "was moved elsewhere");
  fs::remove(ram_ + ".old");
  expect_problem(Kind::kRemoved, "was removed");
  EXPECT_FALSE(memory_.lost());  // the bytes are still there
}

TEST_F(FileProblemTest, AFileThatWasRemovedAndMadeAgain) {
  fs::remove(ram_);
  const GuestMemory restarted = attach(spec_);
  expect_problem(Kind::kReplaced, "was replaced by another file");
  EXPECT_FALSE(restarted.file_problem().has_value());
}

TEST_F(FileProblemTest, ShrunkAndGrownFiles) {
  fs::resize_file(ram_, 0x20000);
  expect_problem(Kind::kGrown, "grew from 0x10000 to 0x20000 bytes");
  fs::resize_file(ram_, 0x1000);
  expect_problem(Kind::kShrunk, "was cut short to 0x1000 bytes");
  fs::resize_file(ram_, 0x10000);
  EXPECT_FALSE(memory_.file_problem().has_value());
}

TEST_F(FileProblemTest, AFaultIsToldAlsoWhenTheFileIsLongAgain) {
  fs::resize_file(ram_, 0x1000);
  std::uint64_t value = 0;
  EXPECT_EQ(memory_.load(0x8000, value), AccessStatus::kDetached);
  fs::resize_file(ram_, 0x10000);
  const auto problem = memory_.file_problem();
  ASSERT_TRUE(problem.has_value());
  EXPECT_EQ(problem->kind, Kind::kFailed);
  EXPECT_NE(problem->text.find("was cut short and grew again"), std::string::npos);
  EXPECT_NE(memory_.loss().find("lost at guest address 0x8000: "), std::string::npos);
}

TEST_F(FileProblemTest, TheUnmappedEndOfALargerFileDoesNotMatter) {
  const std::string large = directory_.sparse_file("large", 0x30000);
  const GuestMemory memory = attach("file:" + large + ",base=0,size=64K");
  EXPECT_FALSE(memory.file_problem().has_value());
  fs::resize_file(large, 0x10000);
  EXPECT_FALSE(memory.file_problem().has_value());
}

TEST_F(FileProblemTest, ARelativePathIsThatOfTheTimeOfAttaching) {
  const fs::path before = fs::current_path();
  fs::current_path(fs::path(ram_).parent_path());
  const GuestMemory memory = attach("file:ram,base=0,ro");
  fs::current_path(before);
  EXPECT_FALSE(memory.file_problem().has_value());
}

TEST(FullFileSystemTest, AStoreThatFindsNoRoomIsPartial) {
  const TemporaryDirectory directory;
  const std::string mounted = directory.file("mounted");
  fs::create_directory(mounted);
  if (mount("none", mounted.c_str(), "tmpfs", 0, "size=64K") != 0) {
    GTEST_SKIP() << "a tmpfs cannot be mounted here: " << std::strerror(errno);
  }
  {
    GuestMemory memory = attach("mock:" + mounted + "/ram,size=1M");
    AccessStatus status = kOk;
    std::uint64_t at = 0;
    for (; at < 0x100000 && status == kOk; at += 0x1000) {
      status = memory.store<std::uint64_t>(at, 1);
    }
    EXPECT_EQ(status, AccessStatus::kPartial);
    const auto problem = memory.file_problem();
    EXPECT_TRUE(problem && problem->kind == Kind::kFull);
    EXPECT_NE(memory.loss().find("the file system of file '" + mounted + "/ram' is full"),
              std::string::npos)
        << memory.loss();
  }
  EXPECT_EQ(umount(mounted.c_str()), 0);
}

// ---------------------------------------------------------------------------- the writer's lock

class WriterLockTest : public FileProblemTest {
 protected:
  static std::string refusal(const std::string& spec) {
    try {
      (void)attach(spec);
    } catch (const AttachError& error) {
      return error.what();
    }
    return "";
  }
  void expect_refused(const std::string& spec) {
    const std::string text = refusal(spec);
    EXPECT_NE(text.find("file '" + ram_ + "' is attached for writing already"), std::string::npos)
        << text;
    EXPECT_NE(text.find(",shared"), std::string::npos) << text;
  }
  std::string file_spec_ = "file:" + ram_ + ",base=0";
};

TEST_F(WriterLockTest, ASecondWriterIsRefusedAndChangesNothing) {
  ASSERT_EQ(memory_.fill(0, 0x10000, std::byte{0x11}), kOk);
  expect_refused(file_spec_);
  expect_refused(spec_);
  expect_refused(spec_ + ",fill=0x22");
  expect_refused(spec_ + ",fill=0x22,ro");
  EXPECT_EQ(content_of(ram_), std::string(0x10000, '\x11'));
}

TEST_F(WriterLockTest, ReadersAndThoseWhoShareAreNot) {
  EXPECT_EQ(refusal(file_spec_ + ",ro"), "");
  EXPECT_EQ(refusal(spec_ + ",ro"), "");
  EXPECT_EQ(refusal(file_spec_ + ",shared"), "");
  EXPECT_EQ(refusal(file_spec_ + ",ro,shared"), "");
}

TEST_F(WriterLockTest, TheLockEndsWithItsMemory) {
  memory_ = GuestMemory();
  {
    const GuestMemory reader = attach(spec_ + ",ro,fill=3");
    EXPECT_EQ(refusal(file_spec_), "");
  }
  {
    const GuestMemory first = attach(file_spec_ + ",shared");
    const GuestMemory second = attach(file_spec_ + ",shared");
    expect_refused(file_spec_);  // it has not agreed to share
  }
  EXPECT_EQ(refusal(file_spec_), "");
}

TEST_F(WriterLockTest, ItHoldsAcrossProcessesAndOtherDescriptors) {
  close(open(ram_.c_str(), O_RDWR));  // would end a lock that belongs to the process
  const pid_t child = fork();
  if (child == 0) {
    expect_refused(file_spec_);
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST_F(WriterLockTest, OtherLocksOnPartsOfTheFileAreNotDisturbed) {
  const FileDescriptor other(open(ram_.c_str(), O_RDWR));
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_len = 0x10000;
  EXPECT_EQ(fcntl(other.get(), F_OFD_SETLK, &lock), 0) << std::strerror(errno);
}

}  // namespace
}  // namespace guestlink::test
