// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What the SIGBUS handler does with signals that are not ours: what would have been done without
// it. Each case runs in a process of its own: the action that the first mapping finds is kept for
// good.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csetjmp>
#include <csignal>
#include <filesystem>

#include "guestlink/attach.h"
#include "support/temporary_directory.h"

namespace guestlink::test {
namespace {

constexpr std::size_t kPage = 4096;

/// A page of a file that is cut short, mapped by someone else than us.
const volatile char* foreign_page(const TemporaryDirectory& directory) {
  const FileDescriptor fd(open(directory.sparse_file("foreign", kPage).c_str(), O_RDWR));
  void* const page = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  std::filesystem::resize_file(directory.file("foreign"), 0);
  return static_cast<const volatile char*>(page);
}

/// Whether our own memory survives its loss.
bool survives(const TemporaryDirectory& directory) {
  const std::string ram = directory.sparse_file("ram", 0x10000);
  GuestMemory memory = attach("file:" + ram + ",base=0");
  std::filesystem::resize_file(ram, 0);
  std::uint64_t value = 0;
  return memory.load(0x8000, value) == AccessStatus::kDetached;
}

volatile std::sig_atomic_t old_calls = 0;
const volatile char* volatile old_address = nullptr;
sigjmp_buf back;

void old_action(int /*number*/, siginfo_t* info, void* /*context*/) {
  old_calls = old_calls + 1;
  old_address = static_cast<const char*>(info->si_addr);
  siglongjmp(back, 1);
}

void old_handler(int /*number*/) { old_calls = old_calls + 1; }

class FaultHandlerTest : public testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  TemporaryDirectory directory_;
};

TEST_F(FaultHandlerTest, AForeignFaultStillKills) {
  EXPECT_EXIT(
      {
        (void)std::signal(SIGBUS, SIG_DFL);  // a sanitizer has its own action
        if (!survives(directory_)) _exit(3);
        (void)foreign_page(directory_)[8];
        _exit(4);
      },
      testing::KilledBySignal(SIGBUS), "");
}

TEST_F(FaultHandlerTest, AnIgnoredForeignFaultKillsAsItAlwaysDid) {
  EXPECT_EXIT(
      {
        (void)std::signal(SIGBUS, SIG_IGN);
        if (!survives(directory_)) _exit(3);
        (void)raise(SIGBUS);  // this one is ignored
        (void)foreign_page(directory_)[8];
        _exit(4);
      },
      testing::KilledBySignal(SIGBUS), "");
}

TEST_F(FaultHandlerTest, ASentSignalStillKills) {
  EXPECT_EXIT(
      {
        (void)std::signal(SIGBUS, SIG_DFL);
        if (!survives(directory_)) _exit(3);
        (void)kill(getpid(), SIGBUS);
        _exit(4);
      },
      testing::KilledBySignal(SIGBUS), "");
}

TEST_F(FaultHandlerTest, TheActionBeforeOursGetsForeignFaultsWithTheirAddress) {
  EXPECT_EXIT(
      {
        struct sigaction action = {};
        action.sa_sigaction = old_action;
        action.sa_flags = SA_SIGINFO;
        sigaction(SIGBUS, &action, nullptr);
        if (!survives(directory_) || old_calls != 0) _exit(3);
        const volatile char* const page = foreign_page(directory_);
        if (sigsetjmp(back, 1) == 0) (void)page[8];
        const bool right = old_calls == 1 && old_address == page + 8;
        _exit(right && survives(directory_) ? 42 : 4);
      },
      testing::ExitedWithCode(42), "");
}

TEST_F(FaultHandlerTest, AnOldStyleHandlerGetsSentSignals) {
  EXPECT_EXIT(
      {
        (void)std::signal(SIGBUS, old_handler);
        if (!survives(directory_)) _exit(3);
        (void)raise(SIGBUS);
        _exit(old_calls == 1 && survives(directory_) ? 42 : 4);
      },
      testing::ExitedWithCode(42), "");
}

TEST_F(FaultHandlerTest, ErrnoIsKept) {
  EXPECT_EXIT(
      {
        errno = 77;
        const std::string ram = directory_.file("ram");
        GuestMemory memory = attach("mock:" + ram + ",size=64K");
        std::filesystem::resize_file(ram, 0);
        errno = 77;
        std::uint64_t value = 0;
        (void)memory.load(0x8000, value);
        _exit(errno);
      },
      testing::ExitedWithCode(77), "");
}

}  // namespace
}  // namespace guestlink::test
