// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The table behind guestlink_endpoints.h, here so that the look-up each clock is inlined.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "guestlink_endpoints.h"

namespace guestlink::detail {

struct EndpointSlot {
  std::atomic<std::uint64_t> id{0};  // 0 while free
  std::uint64_t memory_id = 0;
  std::unique_ptr<PciEndpoint> endpoint;
};

// Never destroyed: a simulator's `final` blocks may run after static destructors.
using EndpointSlots = std::array<EndpointSlot, kMaximumEndpoints>;
extern EndpointSlots& endpoint_slots;

inline constexpr std::uint64_t kEndpointSlotMask = kMaximumEndpoints - 1;
static_assert((kMaximumEndpoints & kEndpointSlotMask) == 0);

inline EndpointSlot* find_endpoint(std::uint64_t id) noexcept {
  EndpointSlot& slot = endpoint_slots[id & kEndpointSlotMask];
  if (id == 0 || slot.id.load(std::memory_order_acquire) != id) [[unlikely]]
    return nullptr;
  return &slot;
}

}  // namespace guestlink::detail
