// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/console.h"

#include <csignal>
#include <cstdio>

namespace guestlink::sim {
namespace {

volatile std::sig_atomic_t signal_seen = 0;

void note_signal(int) { signal_seen = 1; }

}  // namespace

void catch_signals() {
  struct sigaction action = {};
  action.sa_handler = note_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGHUP, &action, nullptr);
  // Whoever reads our output may go away; the guest's page is to be released all the same.
  std::signal(SIGPIPE, SIG_IGN);
}

bool interrupted() noexcept { return signal_seen != 0; }

void Console::print(const std::string& text) {
  std::FILE* stream = json_ ? stderr : stdout;
  std::fprintf(stream, "[%7.2f] %s\n", seconds(), text.c_str());
  std::fflush(stream);
  last_ = Clock::now();
}

void Console::say(const std::string& text) {
  if (!quiet_) print(text);
}

void Console::problem(Summary& summary, const std::string& text) {
  std::fprintf(stderr, "%s: %s\n", program_.c_str(), text.c_str());
  if (summary.errors.size() < kMaximumErrors) summary.errors.push_back(text);
  last_ = Clock::now();
}

bool Console::quiet_for_long() const {
  return !quiet_ && Clock::now() - last_ >= std::chrono::seconds(2);
}

void Console::progress(const std::string& what) {
  if (quiet_for_long()) print(what);
}

void Console::progress(const EngineDriver& driver, const std::string& what) {
  if (!quiet_for_long()) return;
  const EngineDriver::Counters counters = driver.counters();
  const double now = seconds();
  const double rate =
      static_cast<double>(driver.cycles() - progress_cycles_) / (now - progress_seconds_);
  progress_cycles_ = driver.cycles();
  progress_seconds_ = now;
  char line[200];
  std::snprintf(line, sizeof line,
                "%s: %llu descriptors, %llu bytes written, %llu cycles, %.0f cycles/s",
                what.c_str(), static_cast<unsigned long long>(counters.descriptors),
                static_cast<unsigned long long>(counters.bytes_written),
                static_cast<unsigned long long>(driver.cycles()), rate);
  print(line);
}

}  // namespace guestlink::sim
