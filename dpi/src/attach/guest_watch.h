// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "attach/qemu_finder.h"
#include "attach/qmp_attach.h"
#include "attach/qmp_client.h"
#include "guestlink/guest_session.h"
#include "guestlink/mapping.h"
#include "guestlink/memory_state.h"

namespace guestlink::detail {

/// Waits in a thread for what becomes of a guest, keeps it as events, and makes the guest's memory
/// lost when an event says so. A thread that waits costs nothing.
class GuestWatch {
 public:
  static constexpr std::size_t kMostEvents = 256;

  struct Target {
    std::optional<QmpClient> qmp;
    std::vector<WatchedRow> rows;  ///< what is attached, with qmp
    FoundQemu qemu;                ///< with a process of -1 if there is none to wait for
  };

  /// Events that `target.qmp` has kept already count. Throws std::system_error.
  GuestWatch(Target target, std::shared_ptr<MemoryState> state);
  GuestWatch(const GuestWatch&) = delete;
  GuestWatch& operator=(const GuestWatch&) = delete;
  ~GuestWatch() { (void)stop(); }

  /// Ends the watch; the connection, if that still stands. Within a second even if QEMU does not
  /// answer.
  std::optional<QmpClient> stop();
  /// Thread-safe, as is loss().
  std::vector<GuestEvent> take_events();
  /// The text of the first event that made the memory lost.
  [[nodiscard]] std::string loss() const;

 private:
  void run();
  bool wait(bool more);
  bool take_qmp();
  bool take_kept_events();
  void take_event(const nlohmann::json& event);
  void check_map();
  void report(GuestEvent::Kind kind, std::string text);

  Target target_;
  std::shared_ptr<MemoryState> state_;
  std::string last_word_;  // of SHUTDOWN, for the end that follows
  bool grown_ = false;
  mutable std::mutex mutex_;
  std::vector<GuestEvent> events_;  // under the mutex, as is loss_
  std::string loss_;
  FileDescriptor wake_;
  std::thread thread_;
};

}  // namespace guestlink::detail
