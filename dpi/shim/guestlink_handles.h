// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Handles of the C ABI for C++ programs that attach guest memory themselves and hand it to a model.
// Needs no svdpi.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "guestlink/access_status.h"
#include "guestlink/guest_memory.h"
#include "guestlink/guest_session.h"

namespace guestlink {

/// Handles that may be open at once in one process.
inline constexpr std::size_t kMaximumHandles = 1024;

/// Takes `session` into the table of handles and returns its id: what `guestlink_id` gives in
/// SystemVerilog and what travels through ports. 0 if the table is full (`session` is gone then).
/// An id is never used again. Thread-safe.
std::uint64_t register_session(GuestSession session) noexcept;
/// The same for memory that no spec made. Throws std::bad_alloc.
std::uint64_t register_memory(GuestMemory memory);

/// The session and the memory of an open handle, or null for 0, a closed and any other id. Valid
/// until the handle is closed. Thread-safe; takes no lock.
GuestSession* session_from_id(std::uint64_t id) noexcept;
GuestMemory* memory_from_id(std::uint64_t id) noexcept;

/// Closes the handle and unmaps its memory: kOk once, then kBadHandle. Thread-safe, but no access
/// through the same handle may be under way.
/// kBadArgument for the memory of a PCI endpoint, which closes with that.
AccessStatus close_memory(std::uint64_t id) noexcept;

}  // namespace guestlink
