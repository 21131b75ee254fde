// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "endpoint_table.h"

#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include "guestlink_handles.h"
#include "handle_table.h"

namespace guestlink {
namespace detail {

EndpointSlots& endpoint_slots = *new EndpointSlots;

}  // namespace detail

namespace {

using detail::EndpointSlot;

// Ids differ from those of memory: "GP" in the upper bits.
constexpr std::uint64_t kIdTag = std::uint64_t{0x4750} << 48;

constinit std::mutex table_mutex;
constinit std::uint64_t endpoints_opened = 0;

/// A memory handle that is closed again unless it is kept.
class NewMemory {
 public:
  NewMemory() : id_(register_memory(GuestMemory())) {
    if (id_ == 0) throw std::runtime_error("no room in the table of memory handles");
  }
  ~NewMemory() {
    if (id_ != 0) (void)close_memory(id_);
  }
  NewMemory(const NewMemory&) = delete;
  NewMemory& operator=(const NewMemory&) = delete;
  [[nodiscard]] GuestMemory& memory() const noexcept { return *memory_from_id(id_); }
  std::uint64_t keep() noexcept { return std::exchange(id_, 0); }

 private:
  std::uint64_t id_;
};

EndpointSlot& free_slot() {
  for (EndpointSlot& slot : detail::endpoint_slots) {
    if (slot.id.load(std::memory_order_relaxed) == 0) return slot;
  }
  throw std::runtime_error(std::to_string(kMaximumEndpoints) +
                           " endpoints are open already; close one first");
}

template <typename... Client>
std::uint64_t open(std::string_view spec, Client... client) {
  const std::lock_guard lock(table_mutex);
  EndpointSlot& slot = free_slot();
  NewMemory memory;
  slot.endpoint = std::make_unique<PciEndpoint>(spec, memory.memory(), std::move(client)...);
  slot.memory_id = memory.keep();
  detail::hold_memory(slot.memory_id, true);
  const auto index = static_cast<std::uint64_t>(&slot - detail::endpoint_slots.data());
  const std::uint64_t id = kIdTag | ++endpoints_opened * kMaximumEndpoints | index;
  slot.id.store(id, std::memory_order_release);
  return id;
}

}  // namespace

std::uint64_t open_endpoint(std::string_view spec) { return open(spec); }

std::uint64_t open_endpoint(std::string_view spec, FileDescriptor client) {
  return open(spec, std::move(client));
}

PciEndpoint* endpoint_from_id(std::uint64_t id) noexcept {
  EndpointSlot* const slot = detail::find_endpoint(id);
  return slot != nullptr ? slot->endpoint.get() : nullptr;
}

std::uint64_t endpoint_memory_id(std::uint64_t id) noexcept {
  EndpointSlot* const slot = detail::find_endpoint(id);
  return slot != nullptr ? slot->memory_id : 0;
}

AccessStatus close_endpoint(std::uint64_t id) noexcept {
  const std::lock_guard lock(table_mutex);
  EndpointSlot* const slot = detail::find_endpoint(id);
  if (slot == nullptr) return AccessStatus::kBadHandle;
  slot->endpoint.reset();
  detail::hold_memory(slot->memory_id, false);
  (void)close_memory(slot->memory_id);
  slot->id.store(0, std::memory_order_release);
  return AccessStatus::kOk;
}

}  // namespace guestlink
