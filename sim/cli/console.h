// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "cli/options.h"
#include "cli/summary.h"
#include "model/engine_driver.h"

namespace guestlink::sim {

/// Makes SIGINT, SIGTERM and SIGHUP set a flag instead of ending the process; a second one ends it.
/// A closed pipe is an error of the write, not a signal.
void catch_signals();
/// Whether one has arrived.
bool interrupted() noexcept;

/// What a run prints while it goes on: to the standard output, or to the standard error with
/// --json; and the errors it collects for the summary. A line every two seconds says how far it is.
class Console {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Console(const Options& options)
      : program_(options.program), json_(options.json), quiet_(options.quiet) {}

  /// An event, unless --quiet.
  void say(const std::string& text);
  /// An error: printed in any case, and kept for the summary (the first kMaximumErrors of them).
  void problem(Summary& summary, const std::string& text);
  /// A line of progress if nothing was printed for two seconds.
  void progress(const std::string& what);
  void progress(const EngineDriver& driver, const std::string& what);
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(Clock::now() - start_).count();
  }

 private:
  static constexpr std::size_t kMaximumErrors = 20;
  [[nodiscard]] bool quiet_for_long() const;
  void print(const std::string& text);

  std::string program_;
  bool json_;
  bool quiet_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;
  double progress_seconds_ = 0;
  std::uint64_t progress_cycles_ = 0;
};

}  // namespace guestlink::sim
