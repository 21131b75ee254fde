// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <systemc>
#include <thread>

#include "guestlink/guest_memory.h"

namespace guestlink {

/// Tells SystemC that guest memory is lost, whoever made it so: a watch of the guest in its thread,
/// a SIGBUS in any, or this object's own look at the memory's files. A thread looks every 5 ms (a
/// signal handler can wake nobody), and at the files once a second, whose problem makes the memory
/// lost. What it finds reaches the kernel by async_request_update.
///
/// Threads: SystemC's only.
class LossWatch : public sc_core::sc_prim_channel {
 public:
  /// `memory` is there, and is not moved, from start() to stop().
  LossWatch(const char* name, GuestMemory& memory) : sc_prim_channel(name), memory_(memory) {}
  ~LossWatch() override { stop(); }

  /// From now on the kernel waits for the loss instead of ending a simulation that has nothing
  /// left to do (async_attach_suspending). Not during the loss: once that is told, it may end.
  void keep_simulation();
  /// From the next look on, the files are left to somebody else.
  void ignore_files() noexcept { look_at_files_ = false; }
  void start();
  /// Ends the look-out; a loss till now is still told.
  void stop();
  /// To be called by who finds the memory lost, so that simulated time cannot run on before the
  /// thread looks.
  void notice() { event_.notify(sc_core::SC_ZERO_TIME); }
  /// In the delta cycle after the kernel got to know. May be notified more than once for a loss.
  [[nodiscard]] const sc_core::sc_event& event() const { return event_; }
  /// Why the files made the memory lost; "" if they did not.
  [[nodiscard]] std::string file_problem() const;

 private:
  void update() override;
  void look(const std::stop_token& stopped);
  [[nodiscard]] bool find_file_problem();
  void set_keeping(bool keeping);

  GuestMemory& memory_;
  sc_core::sc_event event_{"lost"};
  bool keep_ = false;
  bool keeping_ = false;
  std::atomic<bool> look_at_files_{true};
  mutable std::mutex mutex_;
  std::string file_problem_;  // under the mutex
  std::jthread thread_;
};

}  // namespace guestlink
