// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "shell/command.h"
#include "shell/commands.h"
#include "shell/host_checks.h"
#include "shell/progress.h"
#include "shell/ranges.h"

namespace guestlink::shell {
namespace {

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "OK";
    case Verdict::kWarn:
      return "WARN";
    case Verdict::kFail:
      break;
  }
  return "FAIL";
}

std::vector<Check> check_spec(const Command& command) {
  if (!command.given("SPEC")) return {};
  try {
    const auto [memory, report] = command.attach(Access::kRead);
    const std::uint64_t bytes = total_length(segments_of(memory, kAllAddresses));
    std::vector<Check> checks{{Verdict::kOk, "attach", size_text(bytes) + " of RAM", ""}};
    for (const std::string& warning : report.warnings) {
      checks.push_back({Verdict::kWarn, "attach", warning, "see docs/memory.md"});
    }
    return checks;
  } catch (const Failure& error) {
    return {{Verdict::kFail, "attach", error.what(), "guestlink info tells the same"}};
  }
}

void append(std::vector<Check>& checks, std::vector<Check> more) {
  checks.insert(checks.end(), more.begin(), more.end());
}

void print_text(const std::vector<Check>& checks) {
  for (const Check& check : checks) {
    std::printf("%-4s  %-20s  %s\n", name_of(check.verdict), check.name.c_str(),
                check.found.c_str());
    if (!check.advice.empty()) std::printf("%28s-> %s\n", "", check.advice.c_str());
  }
}

int doctor(const Command& command, const std::string& qemu) {
  std::vector<Check> checks = check_spec(command);  // before QEMU is run: usage errors come first
  append(checks, check_qemu(qemu));
  append(checks, {check_shared_memory("/dev/shm"), check_kvm("/dev/kvm", "/proc/cpuinfo")});
  append(checks, check_limits());
  append(checks, {check_verilator()});
  const bool failed = std::any_of(checks.begin(), checks.end(), [](const Check& check) {
    return check.verdict == Verdict::kFail;
  });
  if (command.json()) {
    auto list = nlohmann::ordered_json::array();
    for (const Check& check : checks) {
      list.push_back({{"verdict", name_of(check.verdict)},
                      {"name", check.name},
                      {"found", check.found},
                      {"advice", check.advice}});
    }
    Command::print({{"ok", !failed}, {"checks", list}});
  } else {
    print_text(checks);
  }
  return failed ? kExitFailed : kExitOk;
}

}  // namespace

void add_doctor(CLI::App& app, int& status) {
  const auto qemu = std::make_shared<std::string>("qemu-system-x86_64");
  const auto command = std::make_shared<Command>(
      app, "doctor", "Check what this machine has for guests and simulators", "guestlink doctor",
      Memory::kOptional);
  command->option("--qemu", "FILE", "The QEMU to ask (default qemu-system-x86_64)", *qemu);
  command->note("Exit code 1 if something that is needed is missing (FAIL); WARN is not.");
  command->body(status, [command, qemu] { return doctor(*command, *qemu); });
}

}  // namespace guestlink::shell
