// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The frame of every access of the C ABI.
#pragma once

#include <cstdint>

#include "guestlink/guest_memory.h"
#include "handle_table.h"
#include "last_error.h"

namespace guestlink::detail {

static_assert(sizeof(void*) == sizeof(std::uint64_t), "a chandle holds a 64-bit token");

/// A chandle is a token, never a pointer to anything.
inline std::uint64_t id_of(void* handle) noexcept {
  return reinterpret_cast<std::uintptr_t>(handle);
}

/// Looks the handle up and makes the one call; a failure is kept for guestlink_last_error.
template <typename Call>
int access(const char* function, void* handle, const Operands& operands, Call call) noexcept {
  GuestMemory* const memory = find_memory(id_of(handle));
  const AccessStatus status = memory != nullptr ? call(*memory) : AccessStatus::kBadHandle;
  if (status != AccessStatus::kOk) [[unlikely]] {
    record_failure(function, id_of(handle), status, operands);
  }
  return static_cast<int>(status);
}

}  // namespace guestlink::detail
