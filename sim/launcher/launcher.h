// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace guestlink::launcher {

/// What `guestlink run` was asked to do.
struct Request {
  std::vector<std::string> command;  ///< QEMU and its options
  std::string exec;                  ///< shell command to run beside it; empty for none
  std::string spec_file;             ///< empty for none
  bool json = false;
  bool quiet = false;
  std::chrono::milliseconds start_limit{30000};  ///< for QEMU to answer
  std::chrono::milliseconds grace{2000};         ///< for the one still running once the other ended
};

/// Runs QEMU with safe RAM until it ends; the exit status to end with. Throws UsageError for a
/// command that cannot be run so, std::exception if something cannot be made or started.
///
/// Signals to this process are passed on, stdin and terminal are QEMU's, and QEMU is killed when
/// this process ends in any way. For the main thread of a process that has no other.
int run(const Request& request);

}  // namespace guestlink::launcher
