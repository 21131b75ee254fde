// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "shell/interrupt.h"

#include <poll.h>

#include <csignal>

namespace guestlink::shell {
namespace {

volatile std::sig_atomic_t signal_seen = 0;

void note_signal(int number) { signal_seen = number; }

sigset_t caught() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
  return set;
}

}  // namespace

void catch_signals() {
  struct sigaction action = {};
  action.sa_handler = note_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before = {};
    sigaction(number, nullptr, &before);
    if (before.sa_handler != SIG_IGN) sigaction(number, &action, nullptr);  // nohup
  }
}

int interrupted() noexcept { return signal_seen; }

void pause_for(std::chrono::nanoseconds duration) noexcept {
  if (duration.count() <= 0) return;
  constexpr long kNanoseconds = 1'000'000'000;
  const timespec limit{duration.count() / kNanoseconds, duration.count() % kNanoseconds};
  // Blocked between the look at the flag and the sleep: a signal there would not wake us.
  const sigset_t set = caught();
  sigset_t before;
  sigprocmask(SIG_BLOCK, &set, &before);
  if (signal_seen == 0) ppoll(nullptr, 0, &limit, &before);
  sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace guestlink::shell
