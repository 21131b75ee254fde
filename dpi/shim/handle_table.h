// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The table behind guestlink_handles.h, here so that the shim's look-up is inlined: an index and a
// compare.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>

#include "guestlink_handles.h"

namespace guestlink::detail {

// A handle's id, from the top: 16 bits that make it differ from any small number and any x86-64 or
// Arm user pointer, a number that is new for each handle, and the index of its slot.
inline constexpr std::uint64_t kIdTag = 0x474C;
inline constexpr unsigned kIdTagShift = 48;
inline constexpr std::uint64_t kIdSlotMask = kMaximumHandles - 1;
static_assert((kMaximumHandles & kIdSlotMask) == 0);

struct HandleSlot {
  // 0 while free, and set after the memory is made: who sees an id sees its memory.
  std::atomic<std::uint64_t> id{0};
  // An endpoint writes the memory and closes it: nobody else may.
  std::atomic<bool> held{false};
  // A GuestSession while `id` is not 0. Never destroyed at exit: a simulator's threads and `final`
  // blocks may run after static destructors.
  alignas(GuestSession) std::array<std::byte, sizeof(GuestSession)> storage{};

  GuestSession* session() noexcept {
    return std::launder(reinterpret_cast<GuestSession*>(storage.data()));
  }
};

extern std::array<HandleSlot, kMaximumHandles> handle_slots;

inline GuestSession* find_session(std::uint64_t id) noexcept {
  HandleSlot& slot = handle_slots[id & kIdSlotMask];
  if (slot.id.load(std::memory_order_acquire) != id || id == 0) [[unlikely]]
    return nullptr;
  return slot.session();
}

/// Whether close_memory() is to refuse the handle.
void hold_memory(std::uint64_t id, bool held) noexcept;

inline GuestMemory* find_memory(std::uint64_t id) noexcept {
  GuestSession* const session = find_session(id);
  return session != nullptr ? &session->memory() : nullptr;
}

}  // namespace guestlink::detail
