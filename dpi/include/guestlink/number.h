// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace guestlink {

/// A number as attach specs and command lines have it: decimal or 0x hexadecimal, with an optional
/// K, M or G (2^10, 2^20, 2^30); none if malformed or above 2^64 - 1.
std::optional<std::uint64_t> parse_number(std::string_view text) noexcept;

}  // namespace guestlink
