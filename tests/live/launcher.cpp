// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "live/launcher.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <regex>
#include <sstream>
#include <stdexcept>

#include <sys/wait.h>

namespace guestlink::live {
namespace {

std::string quoted(const std::string& word) {
  std::string result = "'";
  for (const char letter : word) {
    result += letter == '\'' ? "'\\''" : std::string(1, letter);
  }
  return result.append(1, '\'');
}

std::vector<std::string> joined(std::vector<std::string> command,
                                const std::vector<std::string>& more) {
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

int exit_status(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

}  // namespace

nlohmann::json Outcome::result() const {
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("{\"verdict\"")) {
      return nlohmann::json::parse(line, nullptr, false);
    }
  }
  return nullptr;
}

Outcome run(const std::vector<std::string>& command) {
  std::string line = "exec 2>&1; exec";
  for (const std::string& word : command) {
    line.append(1, ' ').append(quoted(word));
  }
  const auto start = std::chrono::steady_clock::now();
  FILE* pipe = popen(line.c_str(), "r");
  if (pipe == nullptr) {
    throw std::runtime_error("popen failed: " + line);
  }
  Outcome outcome;
  std::array<char, 4096> part{};
  for (size_t count = 0; (count = fread(part.data(), 1, part.size(), pipe)) > 0;) {
    outcome.output.append(part.data(), count);
  }
  outcome.status = exit_status(pclose(pipe));
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return outcome;
}

std::vector<std::string> mock_command(const std::vector<std::string>& arguments) {
  return joined({GUESTLINK_LIVE_PYTHON, GUESTLINK_LIVE_LAUNCHER, "--json", "--mock", "64M", "--sim",
                 simulator_path(), "--program", guest_program_path()},
                arguments);
}

std::vector<std::string> live_command(const std::vector<std::string>& arguments) {
  return joined(
      {GUESTLINK_LIVE_PYTHON, GUESTLINK_LIVE_LAUNCHER, "--json", "--sim", simulator_path(),
       "--kernel", GUESTLINK_LIVE_KERNEL, "--initrd", GUESTLINK_LIVE_INITRD},
      arguments);
}

std::string simulator_path() { return GUESTLINK_LIVE_SIM; }
std::string guest_program_path() { return GUESTLINK_LIVE_PROGRAM; }

std::optional<std::string> missing_for_live() {
  if (run({"sh", "-c", "command -v qemu-system-x86_64"}).status != 0) {
    return "no qemu-system-x86_64: apt-get install qemu-system-x86";
  }
  for (const char* file : {GUESTLINK_LIVE_KERNEL, GUESTLINK_LIVE_INITRD}) {
    if (!std::filesystem::exists(file)) {
      return std::string("no ") + file + ": build the target guest_image";
    }
  }
  return std::nullopt;
}

std::filesystem::path ram_file(const Outcome& outcome) {
  const std::regex pattern(R"( (/\S*/guestlink-\w+/ram)\b)");
  std::smatch match;
  return std::regex_search(outcome.output, match, pattern) ? match[1].str() : "";
}

unsigned seed_for_test() {
  const char* given = std::getenv("GUESTLINK_SEED");
  if (given != nullptr) {
    return static_cast<unsigned>(std::strtoul(given, nullptr, 0));
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<unsigned>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count() %
                               1000000007);
}

}  // namespace guestlink::live
