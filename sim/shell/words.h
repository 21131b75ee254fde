// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "guestlink/guest_memory.h"

namespace guestlink::shell {

// Words of 8, 16, 32 or 64 bits; the address was checked. Both throw Failure when the guest has
// gone.
std::uint64_t load_word(const GuestMemory& memory, std::uint64_t address, unsigned width);
void store_word(GuestMemory& memory, std::uint64_t address, std::uint64_t value, unsigned width);

/// 0x and as many digits as the width has.
std::string word_text(std::uint64_t value, unsigned width);

/// The value of an operand or option. Throws UsageError if it is no number or does not fit.
std::uint64_t word_of(const std::string& name, const std::string& text, unsigned width);

/// Its bytes in memory; the first width / 8 count.
std::array<std::byte, 8> bytes_of(std::uint64_t value);

}  // namespace guestlink::shell
