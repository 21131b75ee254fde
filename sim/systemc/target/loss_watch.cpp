// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/target/loss_watch.h"

#include <signal.h>

#include <chrono>
#include <condition_variable>

namespace guestlink {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kLookEvery = std::chrono::milliseconds(5);
constexpr auto kLookAtFilesEvery = std::chrono::seconds(1);

}  // namespace

void LossWatch::keep_simulation() {
  keep_ = true;
  set_keeping(thread_.joinable());
}

void LossWatch::start() {
  {
    const std::lock_guard lock(mutex_);
    file_problem_.clear();
  }
  set_keeping(keep_);
  thread_ = std::jthread([this](const std::stop_token& stopped) { look(stopped); });
}

void LossWatch::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  thread_ = std::jthread();
  set_keeping(false);
}

std::string LossWatch::file_problem() const {
  const std::lock_guard lock(mutex_);
  return file_problem_;
}

void LossWatch::set_keeping(bool keeping) {
  if (keeping == keeping_) return;
  keeping_ = keeping;
  (void)(keeping ? async_attach_suspending() : async_detach_suspending());
}

// Processes may be notified here, but not called: they are told in the next delta cycle.
void LossWatch::update() {
  set_keeping(false);
  notice();
}

void LossWatch::look(const std::stop_token& stopped) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);  // the simulator's signals are for its own threads
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  auto files_at = Clock::now() + kLookAtFilesEvery;
  while (!memory_.lost()) {
    wake.wait_for(lock, stopped, kLookEvery, [] { return false; });
    if (stopped.stop_requested()) return;
    if (Clock::now() < files_at) continue;
    if (look_at_files_ && find_file_problem()) memory_.detach();
    files_at = Clock::now() + kLookAtFilesEvery;
  }
  async_request_update();
}

bool LossWatch::find_file_problem() {
  const auto problem = memory_.file_problem();
  if (!problem) return false;
  const std::lock_guard lock(mutex_);
  file_problem_ = problem->text;
  return true;
}

}  // namespace guestlink
