// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace guestlink::shell {

/// How far a long operation is: bytes, percent and MB/s on the standard error, from two seconds on;
/// on a terminal one line that is kept up to date, elsewhere a line every two seconds.
class Progress {
 public:
  /// `what` is the verb: "saving".
  Progress(std::string what, std::uint64_t total);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// To be called every few MiB at least. Throws Failure when a signal asks to stop.
  void advance(std::uint64_t bytes);
  [[nodiscard]] std::uint64_t done() const noexcept { return done_; }

 private:
  using Clock = std::chrono::steady_clock;
  void show();
  [[nodiscard]] double seconds() const;

  std::string what_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
  bool terminal_;
  bool shown_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_;
};

/// "2047 MiB", "640 KiB", "12 bytes"; "3.9 GiB" where no unit is exact and short.
std::string size_text(std::uint64_t bytes);

}  // namespace guestlink::shell
