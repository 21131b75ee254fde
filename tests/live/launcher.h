// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Runs programs and sim/demo/live.py for the tests and gives back what they said.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace guestlink::live {

struct Outcome {
  int status = -1;     // exit status, or 128 + signal
  std::string output;  // standard output and standard error
  double seconds = 0;

  [[nodiscard]] bool says(std::string_view text) const {
    return output.find(text) != std::string::npos;
  }
  /// The launcher's JSON object, or null.
  [[nodiscard]] nlohmann::json result() const;
};

/// Runs a command to its end. Not thread safe (pipe and fork in one process).
Outcome run(const std::vector<std::string>& command);

/// The launcher's command on the program (mock) or on the guest image, with `--json`.
std::vector<std::string> mock_command(const std::vector<std::string>& arguments);
std::vector<std::string> live_command(const std::vector<std::string>& arguments);

std::string simulator_path();
std::string guest_program_path();

/// What a live run misses (QEMU or the image) and the command that brings it; none if all is there.
std::optional<std::string> missing_for_live();

/// The RAM file that the launcher named in its output.
std::filesystem::path ram_file(const Outcome& outcome);

/// GUESTLINK_SEED, else a number from the clock. Printed by whoever uses it.
unsigned seed_for_test();

}  // namespace guestlink::live
