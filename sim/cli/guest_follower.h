// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "cli/console.h"
#include "cli/options.h"
#include "cli/summary.h"
#include "guestlink/guest_session.h"
#include "model/engine_driver.h"

namespace guestlink::sim {

/// What becomes of the guest during a run, and what the options make of it. One thread.
class GuestFollower {
 public:
  GuestFollower(GuestSession& guest, const Options& options, Console& console, Summary& summary)
      : guest_(guest), options_(options), console_(console), summary_(summary) {}

  /// Whether the guest's memory can be used no longer: it is lost, or its file is another one. To
  /// be asked often; a system call once a second. Tells what the guest did.
  bool gone();
  /// Makes a guest that is gone the run's again, where the options want that: attaches again and
  /// resets the RTL. If not, the summary says why the run ends.
  bool come_back(EngineDriver& driver);

 private:
  struct Loss {
    std::string stop_reason;
    std::string text;
    bool reset = false;
  };

  void take_events();
  void look_at_file();
  bool attach_again(EngineDriver& driver, double seconds);
  std::optional<std::string> try_to_attach(EngineDriver& driver);

  GuestSession& guest_;
  const Options& options_;
  Console& console_;
  Summary& summary_;
  std::optional<Loss> loss_;
  Console::Clock::time_point last_look_;
};

}  // namespace guestlink::sim
