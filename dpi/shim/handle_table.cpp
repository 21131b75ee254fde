// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "handle_table.h"

#include <memory>
#include <mutex>
#include <new>
#include <utility>

namespace guestlink {
namespace detail {

// Made before main and before any library's initialisers: no order to get wrong.
constinit std::array<HandleSlot, kMaximumHandles> handle_slots{};

void hold_memory(std::uint64_t id, bool held) noexcept {
  if (find_session(id) != nullptr) handle_slots[id & kIdSlotMask].held = held;
}

}  // namespace detail

namespace {

constinit std::mutex table_mutex;
constinit std::uint64_t handles_opened = 0;

}  // namespace

std::uint64_t register_session(GuestSession session) noexcept {
  using detail::kIdTag;
  using detail::kIdTagShift;
  const std::lock_guard lock(table_mutex);
  for (std::size_t index = 0; index < kMaximumHandles; ++index) {
    detail::HandleSlot& slot = detail::handle_slots[index];
    if (slot.id.load(std::memory_order_relaxed) != 0) continue;
    const std::uint64_t number = ++handles_opened;
    const std::uint64_t id = kIdTag << kIdTagShift | number * kMaximumHandles | index;
    new (slot.storage.data()) GuestSession(std::move(session));
    slot.id.store(id, std::memory_order_release);
    return id;
  }
  return 0;
}

std::uint64_t register_memory(GuestMemory memory) {
  return register_session(GuestSession(std::move(memory)));
}

GuestSession* session_from_id(std::uint64_t id) noexcept { return detail::find_session(id); }

GuestMemory* memory_from_id(std::uint64_t id) noexcept { return detail::find_memory(id); }

AccessStatus close_memory(std::uint64_t id) noexcept {
  const std::lock_guard lock(table_mutex);
  GuestSession* const session = detail::find_session(id);
  if (session == nullptr) return AccessStatus::kBadHandle;
  if (detail::handle_slots[id & detail::kIdSlotMask].held) return AccessStatus::kBadArgument;
  detail::handle_slots[id & detail::kIdSlotMask].id.store(0, std::memory_order_release);
  std::destroy_at(session);
  return AccessStatus::kOk;
}

}  // namespace guestlink
