// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "launcher/descriptor.h"

namespace guestlink::launcher {

/// A memory file without a name, empty, closed on exec. Throws std::system_error.
[[nodiscard]] Descriptor make_guest_ram();

/// Gives it its size and seals it: no one can make it shorter or longer, or lift the seals. Throws
/// std::runtime_error with the size and why it cannot be.
void seal_guest_ram(const Descriptor& ram, std::uint64_t bytes);

}  // namespace guestlink::launcher
