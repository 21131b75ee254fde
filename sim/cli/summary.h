// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/engine_driver.h"

namespace guestlink::sim {

/// What a run came to; printed at its end.
struct Summary {
  std::string stop_reason;
  std::optional<std::uint64_t> page_address;
  std::optional<std::uint32_t> seed;
  std::string guest_verdict = "none";  ///< pass, fail or none
  std::uint64_t cycles = 0;
  double wall_seconds = 0;
  EngineDriver::Counters counters;
  std::uint32_t guest_resets = 0;  ///< that the RTL was reset for
  std::uint32_t reattached = 0;    ///< times to a guest that had gone
  std::uint64_t generation = 0;    ///< GuestMemory::generation() at the end
  std::vector<std::string> errors;

  [[nodiscard]] double cycles_per_second() const {
    return wall_seconds > 0 ? static_cast<double>(cycles) / wall_seconds : 0;
  }
};

/// One JSON object (docs/sim.md lists the keys), indented.
std::string to_json(const Summary& summary);
/// The same for people, some lines.
std::string to_text(const Summary& summary);

}  // namespace guestlink::sim
