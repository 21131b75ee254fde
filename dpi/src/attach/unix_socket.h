// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <string>

#include "guestlink/mapping.h"

namespace guestlink::detail {

/// A non-blocking stream connected to the unix socket `path`, waiting until `deadline` for room in
/// its queue. Throws std::runtime_error; `start` is how QEMU is told to make such a socket, up to
/// its path.
FileDescriptor connect_unix(const std::string& path, std::chrono::steady_clock::time_point deadline,
                            const std::string& start);

/// Waits for poll(2)'s `events` on `fd`: false at the deadline. Throws std::runtime_error.
bool wait_for_socket(int fd, short events, std::chrono::steady_clock::time_point deadline);

/// The process at the other end of a unix socket; pid 0 if that cannot be told.
ucred peer_of(int fd) noexcept;

}  // namespace guestlink::detail
