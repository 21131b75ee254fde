// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace guestlink::launcher {

/// How many CPUs a machine can be given.
enum class CpuRoom {
  kUnknown,  ///< perhaps no second one
  kOne,      ///< starts with one, can have two
  kSeveral,  ///< starts with several where -smp does not say
};

/// By the name given to -machine, "" for the target's default.
[[nodiscard]] CpuRoom cpu_room_of(std::string_view target, std::string_view machine);

}  // namespace guestlink::launcher
