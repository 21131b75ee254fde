// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "cli/options.h"
#include "guestlink/guest_session.h"
#include "model/engine_driver.h"

namespace guestlink::sim {

/// What is done with an engine on the memory of a session; an exit code.
using Work = std::function<int(GuestSession&, EngineDriver&)>;
/// Makes an engine on the memory of `guest`, does `work` with it and returns its exit code.
/// Exceptions of either leave it.
using Simulator = std::function<int(const Options&, GuestSession guest, const Work& work)>;

/// Timing of guest memory as the options have it.
EngineDriver::Timing timing_of(const Options& options);

/// A run as the options want it, from attaching to the summary; an exit code. Catches signals.
int run(const Options& options, const Simulator& simulator);

}  // namespace guestlink::sim
