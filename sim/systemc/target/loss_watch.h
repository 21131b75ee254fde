// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <systemc>
#include <thread>

#include "guestlink/memory_state.h"

namespace guestlink {

/// Brings the news that memory is lost, which any thread may make it, into the simulation. A thread
/// looks once a millisecond while it is armed; kernels in which nothing else happens are not kept
/// alive by it.
class LossWatch : public sc_core::sc_prim_channel {
 public:
  explicit LossWatch(const char* name);
  ~LossWatch() override;

  /// Watches `state` from now on, until it is lost; not another. From the simulation's thread.
  void arm(std::shared_ptr<MemoryState> state);
  /// Happens once for each memory that was armed and lost.
  [[nodiscard]] const sc_core::sc_event& lost() const noexcept { return lost_; }

 private:
  void look();
  void update() override;

  sc_core::sc_event lost_;
  std::shared_ptr<MemoryState> state_;  // under the mutex
  bool stop_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::thread thread_;
};

}  // namespace guestlink
