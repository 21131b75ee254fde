// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace guestlink::detail {

/// One way to go on with a CRC-32C (reflected polynomial 0x82F63B78): no inversion before or after.
using Crc32cUpdate = std::uint32_t (*)(std::uint32_t crc, std::span<const std::byte> data);

std::uint32_t crc32c_by_table(std::uint32_t crc, std::span<const std::byte> data) noexcept;

/// The processor's instruction, or null where this one has none.
Crc32cUpdate crc32c_by_instruction() noexcept;

/// The fastest here.
Crc32cUpdate crc32c_update() noexcept;

}  // namespace guestlink::detail
