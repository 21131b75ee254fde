// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "cli/options.h"
#include "guestlink/attach.h"
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

/// Throws std::runtime_error for a trace file that is no regular one, or is a file of the spec.
void check_trace(const Options& options, const AttachReport& report);
/// Throws std::runtime_error if not all of the trace file, now closed, could be written.
void check_trace_written(const std::string& path);

/// A run as the options want it, from attaching to the summary; an exit code. Catches signals.
int run(const Options& options, const Simulator& simulator);

}  // namespace guestlink::sim
