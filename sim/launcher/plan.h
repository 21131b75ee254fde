// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace guestlink::launcher {

/// The command cannot be run with safe RAM; the message says why and what to do instead.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What QEMU will find when it starts.
struct Inherited {
  int ram = -1;                ///< descriptor of the memory file
  std::string qmp_settings;    ///< file for -readconfig that adds our QMP sockets
  std::string qtest_settings;  ///< and one that adds our qtest socket
};

/// How a QEMU command is to be run.
struct Plan {
  std::vector<std::string> words;     ///< the command with our changes
  std::vector<std::string> changes;   ///< what was changed and why, a line each
  std::vector<std::string> warnings;  ///< what the user should know
  bool help = false;                  ///< QEMU will only print something: nothing was changed
  std::uint64_t ram_bytes = 0;        ///< size of the memory file; 0 if the command has shared RAM
  bool qtest = false;                 ///< whether our qtest socket will be there
};

/// Decides what to change. Touches nothing; throws UsageError.
[[nodiscard]] Plan make_plan(const std::vector<std::string>& words, const Inherited& inherited);

}  // namespace guestlink::launcher
