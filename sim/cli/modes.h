// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "cli/console.h"
#include "cli/guest_follower.h"
#include "cli/options.h"
#include "cli/summary.h"
#include "guestlink/guest_memory.h"
#include "model/engine_driver.h"

namespace guestlink::sim {

/// What a mode works with; all outlive it.
struct Session {
  const Options& options;
  GuestMemory& memory;
  GuestFollower& guest;
  EngineDriver& driver;
  Console& console;
  Summary& summary;
};

/// Finds the guest's doorbell page and serves it until the guest closes it or a limit ends it. An
/// exit code; none if the guest has gone.
std::optional<int> run_doorbell(Session& session);

/// Runs random copies against a scoreboard. An exit code; none if the guest has gone.
std::optional<int> run_self_test(Session& session);

}  // namespace guestlink::sim
