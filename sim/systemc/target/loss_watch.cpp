// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/target/loss_watch.h"

#include <chrono>
#include <utility>

namespace guestlink {

LossWatch::LossWatch(const char* name) : sc_core::sc_prim_channel(name) {}

LossWatch::~LossWatch() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void LossWatch::arm(std::shared_ptr<MemoryState> state) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ == state) return;
    state_ = std::move(state);
  }
  if (thread_.joinable()) {
    changed_.notify_one();
  } else {
    thread_ = std::thread([this] { look(); });
  }
}

void LossWatch::look() {
  constexpr auto kEvery = std::chrono::milliseconds(1);
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (state_ == nullptr) {
      changed_.wait(lock);
    } else if (state_->lost()) {
      state_.reset();
      async_request_update();
    } else {
      changed_.wait_for(lock, kEvery);
    }
  }
}

void LossWatch::update() { lost_.notify(sc_core::SC_ZERO_TIME); }

}  // namespace guestlink
