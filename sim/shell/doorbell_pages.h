// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "guestlink/guest_memory.h"

namespace guestlink::shell {

/// What is at a page start that has the signature of a doorbell page (docs/architecture.md).
struct DoorbellPage {
  std::uint64_t address = 0;
  std::uint64_t self_address = 0;  ///< what the page says of its place
  std::uint32_t session = 0;
  std::uint64_t state = 0;
  bool live = false;  ///< its heartbeat moves
};

/// The 16 bytes of the signature.
std::vector<std::byte> doorbell_signature();

/// Reads the pages, twice with a pause to see the heartbeats.
std::vector<DoorbellPage> examine_doorbells(const GuestMemory& memory,
                                            const std::vector<std::uint64_t>& addresses);

}  // namespace guestlink::shell
