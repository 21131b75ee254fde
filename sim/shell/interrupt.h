// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace guestlink::shell {

/// Makes SIGINT, SIGTERM and SIGHUP set a flag instead of ending the process, so that no half-made
/// file is left; a second one ends it.
void catch_signals();

/// The signal that has arrived, or 0.
int interrupted() noexcept;

/// Sleeps, but not after a signal has arrived.
void pause_for(std::chrono::nanoseconds duration) noexcept;

}  // namespace guestlink::shell
