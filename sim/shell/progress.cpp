// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "shell/progress.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>

#include "shell/errors.h"
#include "shell/interrupt.h"

namespace guestlink::shell {
namespace {

constexpr std::chrono::seconds kSilent{2};
constexpr std::chrono::milliseconds kTerminalStep{200};

}  // namespace

Progress::Progress(std::string what, std::uint64_t total)
    : what_(std::move(what)),
      total_(total),
      terminal_(isatty(STDERR_FILENO) == 1),
      next_(start_ + kSilent) {}

Progress::~Progress() {
  if (shown_ && terminal_) std::fputs("\r\033[K", stderr);
}

double Progress::seconds() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

void Progress::advance(std::uint64_t bytes) {
  done_ += bytes;
  if (const int signal = interrupted()) {
    throw Failure("stopped by SIG" + std::string(sigabbrev_np(signal)) + " while " + what_ +
                  ", after " + size_text(done_) + " of " + size_text(total_));
  }
  const auto now = Clock::now();
  if (now < next_) return;
  if (terminal_) {
    next_ = now + kTerminalStep;
  } else {
    next_ = now + kSilent;
  }
  show();
}

void Progress::show() {
  const double share = total_ == 0 ? 1 : static_cast<double>(done_) / static_cast<double>(total_);
  std::fprintf(stderr, "%s%s: %s of %s, %.0f %%, %.0f MB/s%s", terminal_ ? "\r\033[K" : "",
               what_.c_str(), size_text(done_).c_str(), size_text(total_).c_str(), share * 100,
               static_cast<double>(done_) / 1e6 / seconds(), terminal_ ? "" : "\n");
  std::fflush(stderr);
  shown_ = true;
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"bytes", "KiB", "MiB", "GiB", "TiB"};
  constexpr std::uint64_t kReadable = 10000;  // 2047 MiB is better than 2.0 GiB
  std::size_t exact = 0;
  std::uint64_t whole = bytes;
  for (; whole >= 1024 && whole % 1024 == 0 && exact + 1 < kUnits.size(); ++exact) whole /= 1024;
  if (whole < kReadable) return std::to_string(whole) + " " + kUnits[exact];
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  char text[40];
  std::snprintf(text, sizeof text, "%.1f %s", value, kUnits[unit]);
  return text;
}

}  // namespace guestlink::shell
