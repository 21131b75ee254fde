// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The guest's program beside the simulator on a mock RAM file: the live run without QEMU. Also what
// program and launcher do when something is wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <unistd.h>

#include "live/launcher.h"

namespace guestlink::live {
namespace {

void expect_passed(const Outcome& outcome) {
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  ASSERT_TRUE(outcome.result().is_object()) << outcome.output;
  EXPECT_EQ(outcome.result()["verdict"], "PASS");
  EXPECT_EQ(outcome.result()["simulator"]["guest_verdict"], "pass");
  EXPECT_GT(outcome.result()["descriptors"], 500);
  EXPECT_GT(outcome.result()["bytes"], 1000000);
  EXPECT_EQ(outcome.result()["interrupts"], 1);
  EXPECT_GE(outcome.result()["simulator"]["bytes_written"], outcome.result()["bytes"]);
  EXPECT_TRUE(outcome.says("PASS: the guest verified")) << outcome.output;
  EXPECT_FALSE(std::filesystem::exists(ram_file(outcome).parent_path()));
}

/// A directory of its own, gone with the test.
class MockRunTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "guestlink-test-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  /// A program that takes any arguments, writes its process id and then says nothing for a minute.
  std::string silent_program() {
    return program("silent", "echo $$ > '" + pid_file().string() + "'\nexec sleep 60\n");
  }
  std::string program(const std::string& name, const std::string& script) const {
    const std::filesystem::path path = directory_ / name;
    std::ofstream(path) << "#!/bin/sh\n" << script;
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }
  /// A run with a script in QEMU's place, which makes the RAM file and then does what is given.
  Outcome run_with_qemu(const std::string& script) const {
    std::ofstream(directory_ / "image").put('x');
    const std::string make_ram =
        "for word; do case $word in memory-backend-file,*)\n"
        "size=${word#*size=}; path=${word#*mem-path=}\n"
        "truncate -s \"${size%%,*}\" \"${path%%,*}\";; esac; done\n";
    return run(live_command({"--qemu", program("qemu", make_ram + script), "--kernel",
                             directory_ / "image", "--initrd", directory_ / "image"}));
  }
  /// Said in the last line, well before any limit.
  static void expect_failure_at_once(const Outcome& outcome, const std::string& reason) {
    EXPECT_EQ(outcome.status, 1) << outcome.output;
    EXPECT_TRUE(outcome.says(reason)) << outcome.output;
    EXPECT_LT(outcome.seconds, 10);
  }
  std::filesystem::path pid_file() const { return directory_ / "pid"; }

  /// Whether the silent program was started and is gone.
  bool silent_program_is_gone() const {
    pid_t pid = 0;
    std::ifstream(pid_file()) >> pid;
    for (int tries = 0; pid > 0 && kill(pid, 0) == 0 && tries < 50; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return pid > 0 && kill(pid, 0) != 0;
  }

  std::filesystem::path directory_;
};

TEST_F(MockRunTest, GuestProgramVerifiesTheCopiesOfTheRtl) { expect_passed(run(mock_command({}))); }

// The program makes the engine refuse descriptors on purpose; the last of them writes where no RAM
// is.
TEST_F(MockRunTest, SimulatorSaysWhyTheEngineStopped) {
  const Outcome outcome = run(mock_command({}));
  EXPECT_TRUE(outcome.says("DMA refused by guest memory: OUT_OF_RANGE at 0x")) << outcome.output;
  const std::string text =
      "the engine stopped: CHANERR 0x200 (write data), last descriptor completed 0x";
  const std::size_t at = outcome.output.find(text);
  ASSERT_NE(at, std::string::npos) << outcome.output;
  EXPECT_NE(outcome.output[at + text.size()], '0') << "no descriptor is at 0";
}

TEST_F(MockRunTest, RandomSeedPasses) {
  const unsigned seed = seed_for_test();
  SCOPED_TRACE("GUESTLINK_SEED=" + std::to_string(seed));
  expect_passed(run(mock_command({"--seed", std::to_string(seed)})));
}

TEST_F(MockRunTest, FlippedByteFails) {
  const Outcome outcome = run(mock_command({"--guest-args=--corrupt"}));
  EXPECT_EQ(outcome.status, 1) << outcome.output;
  EXPECT_EQ(outcome.result()["verdict"], "FAIL");
  EXPECT_EQ(outcome.result()["simulator"]["guest_verdict"], "fail");
  EXPECT_TRUE(outcome.says("1 wrong bytes in the page at")) << outcome.output;
}

TEST_F(MockRunTest, TraceIsWritten) {
  const std::filesystem::path trace = directory_ / "waves.fst";
  expect_passed(run(mock_command({"--trace", trace, "--guest-args=--count 1"})));
  EXPECT_GT(std::filesystem::file_size(trace), 10000U);
}

TEST_F(MockRunTest, SimulatorThatStopsEarlyIsNoticedByTheProgram) {
  const Outcome outcome = run(mock_command({"--sim-args=--max-cycles 20000"}));
  EXPECT_EQ(outcome.status, 1) << outcome.output;
  EXPECT_TRUE(outcome.says("FAIL the RTL let go of the page")) << outcome.output;
}

// A killed program cannot wipe its page. Nothing may be written to it, and the next program on the
// same memory must be found in spite of it.
TEST_F(MockRunTest, PageOfAKilledProgramIsLeftAlone) {
  const std::filesystem::path ram = directory_ / "ram";
  std::ofstream(ram).close();
  std::filesystem::resize_file(ram, 64 << 20);
  EXPECT_NE(
      run({"timeout", "-s", "KILL", "1", guest_program_path(), "--ram", ram, "--size", "1048576"})
          .status,
      0);
  const auto contents = [&ram] {
    std::ifstream file(ram, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string before = contents();
  const std::string spec = "mock:" + ram.string() + ",size=64M";
  const Outcome alone =
      run({simulator_path(), "--attach", spec, "--doorbell", "--attach-timeout", "1"});
  EXPECT_EQ(alone.status, 1) << alone.output;
  EXPECT_TRUE(alone.says("no live doorbell page within 1 s (1 without")) << alone.output;
  EXPECT_TRUE(contents() == before);
  // The second program's pages are fewer, so its doorbell page is not where the old one is.
  const Outcome both =
      run({"sh", "-c", "\"$0\" --ram \"$1\" & timeout 60 \"$2\" --attach \"$3\" --doorbell && wait",
           guest_program_path(), ram, simulator_path(), spec});
  EXPECT_EQ(both.status, 0) << both.output;
  EXPECT_TRUE(both.says("GUESTLINK-GUEST: PASS")) << both.output;
}

TEST_F(MockRunTest, ProgramGivesUpWhenNothingAttaches) {
  const std::filesystem::path ram = directory_ / "ram";
  std::ofstream(ram).close();
  std::filesystem::resize_file(ram, 64 << 20);
  const Outcome outcome = run({guest_program_path(), "--ram", ram, "--timeout", "1"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_TRUE(outcome.says("GUESTLINK-GUEST: FAIL no RTL attached within 1 s")) << outcome.output;
}

TEST_F(MockRunTest, ProgramNamesWhatIsWrongWithItsRamFile) {
  const std::filesystem::path ram = directory_ / "ram";
  const std::vector<std::string> command = {guest_program_path(), "--ram", ram, "--timeout", "1"};
  EXPECT_TRUE(run(command).says("No such file")) << run(command).output;
  std::ofstream(ram).close();
  EXPECT_TRUE(run(command).says("it is empty")) << run(command).output;
  std::filesystem::resize_file(ram, 1 << 20);
  EXPECT_TRUE(run(command).says("has 1048576 bytes, at least 8388608")) << run(command).output;
}

TEST_F(MockRunTest, ProgramRefusesWrongOptions) {
  const std::vector<std::vector<std::string>> wrong = {
      {"--seed", "x"},     {"--seed"},           {"--size", "1000"}, {"--count", "0"},
      {"--timeout", "-1"}, {"--no-such-option"}, {"stray"},          {"--ram", "f,base=z"}};
  for (const auto& options : wrong) {
    std::vector<std::string> command = {guest_program_path()};
    command.insert(command.end(), options.begin(), options.end());
    const Outcome outcome = run(command);
    EXPECT_NE(outcome.status, 0) << options[0];
    EXPECT_TRUE(outcome.says("GUESTLINK-GUEST: FAIL")) << outcome.output;
  }
}

TEST_F(MockRunTest, SilentGuestRunsIntoItsLimitAndIsEnded) {
  const Outcome outcome = run(mock_command({"--program", silent_program(), "--limit", "boot=1"}));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_TRUE(outcome.says("phase 'boot': waited more than 1 s")) << outcome.output;
  EXPECT_LT(outcome.seconds, 15);
  EXPECT_FALSE(std::filesystem::exists(ram_file(outcome).parent_path())) << outcome.output;
  EXPECT_TRUE(silent_program_is_gone());
}

TEST_F(MockRunTest, WholeRunHasALimit) {
  const Outcome outcome = run(mock_command({"--program", silent_program(), "--timeout", "2"}));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_TRUE(outcome.says("the whole run took more than 2 s")) << outcome.output;
  EXPECT_TRUE(silent_program_is_gone());
}

TEST_F(MockRunTest, TerminatedLauncherCleansUp) {
  std::vector<std::string> command = {"timeout", "--preserve-status", "-s", "TERM", "3"};
  const auto rest = mock_command({"--program", silent_program()});
  command.insert(command.end(), rest.begin(), rest.end());
  const Outcome outcome = run(command);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_TRUE(outcome.says("stopped by signal SIGTERM")) << outcome.output;
  EXPECT_FALSE(std::filesystem::exists(ram_file(outcome).parent_path())) << outcome.output;
  EXPECT_TRUE(silent_program_is_gone());
}

TEST_F(MockRunTest, KilledLauncherTakesItsChildrenAlong) {
  std::vector<std::string> command = {"timeout", "-s", "KILL", "3"};
  const auto rest = mock_command({"--program", silent_program()});
  command.insert(command.end(), rest.begin(), rest.end());
  const Outcome outcome = run(command);
  EXPECT_NE(outcome.status, 0);
  EXPECT_TRUE(silent_program_is_gone());
  std::filesystem::remove_all(ram_file(outcome).parent_path());
}

TEST_F(MockRunTest, SimulatorThatDiesIsReported) {
  const Outcome outcome = run(mock_command({"--sim", "/bin/false"}));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_TRUE(outcome.says("sim ended with status 1")) << outcome.output;
  EXPECT_LT(outcome.seconds, 15);
}

TEST_F(MockRunTest, GuestProgramThatDiesIsReported) {
  const Outcome outcome = run(mock_command({"--program", "/bin/true"}));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_TRUE(outcome.says("guest ended with status 0")) << outcome.output;
}

TEST_F(MockRunTest, MissingFilesAreNamed) {
  const Outcome program = run(mock_command({"--program", "/no/such/program"}));
  EXPECT_EQ(program.status, 2);
  EXPECT_TRUE(program.says("no file /no/such/program")) << program.output;
  EXPECT_TRUE(program.says("--target guestlink_dma_check")) << program.output;
  const Outcome qemu = run(live_command({"--qemu", "no-such-qemu"}));
  EXPECT_EQ(qemu.status, 2);
  EXPECT_TRUE(qemu.says("no no-such-qemu: run  apt-get install qemu-system-x86")) << qemu.output;
  const Outcome kernel = run(live_command({"--qemu", "true", "--kernel", "/no/such/kernel"}));
  EXPECT_EQ(kernel.status, 2);
  EXPECT_TRUE(kernel.says("no file /no/such/kernel: run  cmake --build")) << kernel.output;
}

TEST_F(MockRunTest, WrongArgumentsAreUsageErrors) {
  const std::filesystem::path file = directory_ / "file";
  std::ofstream(file).close();
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"--memory", "0M"},         {"--memory", "96M"},
      {"--memory", "513G"},       {"--memory", "300000001"},
      {"--mock", "1M"},           {"--mock", "9999999G"},
      {"--mock", "67108865"},     {"--limit", "boot"},
      {"--limit", "sleep=3"},     {"--limit", "boot=0"},
      {"--limit", "boot=x"},      {"--machine", "x"},
      {"--timeout", "0"},         {"--timeout", "-1"},
      {"--timeout", "nan"},       {"--seed", "-1"},
      {"--seed", "4294967296"},   {"--sim-args", "--range 'x"},
      {"--guest-args", "'x"},     {"--keep", file},
      {"--keep", file / "below"}, {"--trace", directory_ / "no" / "x.fst"},
      {"--trace", directory_},    {"--trace", file / "x.fst"},
      {"--sim", directory_},      {"--sim", file},
      {"--program", file},        {"--build", directory_ / "no"},
      {"--build", file},          {"--guest-args", std::string(3000, 'x')}};
  for (const auto& [option, value] : wrong) {
    std::string argument = option;
    auto command = mock_command({argument.append("=").append(value)});
    if (option == "--build") {
      command = {command[0], command[1], "--mock", "64M", option, value};
    }
    const Outcome outcome = run(command);
    EXPECT_EQ(outcome.status, 2) << option << ' ' << outcome.output;
    EXPECT_TRUE(outcome.says(value.size() < 100 ? value : option)) << outcome.output;
    EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
  }
}

TEST_F(MockRunTest, GuestThatFailsBeforeTheRtlAttachesIsReportedAtOnce) {
  const Outcome outcome = run(mock_command({"--guest-args=--no-such-option 1"}));
  expect_failure_at_once(outcome,
                         "FAIL: the guest says FAIL before the RTL attached: no option "
                         "--no-such-option");
}

// The usage of the program quotes the line that gives the verdict.
TEST_F(MockRunTest, HelpOfTheGuestProgramIsNoVerdict) {
  const Outcome outcome = run(mock_command({"--guest-args=--help"}));
  expect_failure_at_once(outcome, "FAIL: guest ended with status 0 while waiting for");
}

TEST_F(MockRunTest, SimulatorThatEndsWellBeforeItAttachesIsReportedAtOnce) {
  const Outcome outcome = run(mock_command({"--sim", "/bin/true", "--program", silent_program()}));
  expect_failure_at_once(outcome, "FAIL: sim ended with status 0 while waiting for");
  EXPECT_TRUE(silent_program_is_gone());
}

TEST_F(MockRunTest, SimulatorThatFailsWhileTheGuestBootsIsReportedWithItsReason) {
  const std::string sim = program("sim", "echo '{\"errors\": [\"no room\"]}'; exit 1\n");
  const Outcome outcome = run(mock_command({"--sim", sim, "--program", silent_program()}));
  expect_failure_at_once(outcome,
                         "FAIL: sim ended with status 1 while waiting for Linux to boot and "
                         "start the guest's program: no room");
}

TEST_F(MockRunTest, QemuThatRefusesItsOptionsIsReportedWithItsWords) {
  const Outcome outcome = run(live_command(
      {"--qemu", program("qemu", "echo 'qemu: unsupported machine type' >&2; exit 1\n"), "--kernel",
       "/bin/sh", "--initrd", "/bin/sh"}));
  expect_failure_at_once(outcome,
                         "FAIL: QEMU ended with status 1 while waiting for QEMU to make its RAM: "
                         "qemu: unsupported machine type; the demo needs QEMU 5.0 or newer");
}

TEST_F(MockRunTest, QemuThatIsKilledIsReportedAtOnce) {
  const Outcome outcome = run_with_qemu("kill -9 $$\n");
  expect_failure_at_once(outcome, "FAIL: QEMU was killed by signal 9 (Killed) while waiting for");
  EXPECT_FALSE(outcome.says("the demo needs QEMU")) << outcome.output;
}

TEST_F(MockRunTest, KernelPanicIsReportedAtOnce) {
  const Outcome outcome = run_with_qemu(
      "echo '[    1.2] Kernel panic - not syncing: no init'\n"
      "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do echo \"stack $i\"; done\nexec sleep 60\n");
  expect_failure_at_once(outcome,
                         "FAIL: the guest's kernel gave up: Kernel panic - not syncing: no init");
}

TEST_F(MockRunTest, WhatTheGuestSaysCannotDriveTheTerminal) {
  const Outcome outcome = run(
      mock_command({"--program", program("rude", "printf 'rude \\033[31m\\377\\n'; exit 3\n")}));
  EXPECT_EQ(outcome.status, 1) << outcome.output;
  EXPECT_TRUE(outcome.says("rude ?[31m?")) << outcome.output;
}

TEST_F(MockRunTest, ReaderThatGoesAwayIsNoTraceback) {
  std::vector<std::string> command = {"sh", "-c", "\"$@\" | true", "sh"};
  const auto rest = mock_command({});
  command.insert(command.end(), rest.begin(), rest.end());
  const Outcome outcome = run(command);
  EXPECT_FALSE(outcome.says("Traceback")) << outcome.output;
  EXPECT_FALSE(outcome.says("BrokenPipeError")) << outcome.output;
}

}  // namespace
}  // namespace guestlink::live
