// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace guestlink::launcher {

/// Bytes of guest RAM that QEMU understands by the size of -m (`512`, `512M`, `1.5G`): MiB without
/// a unit, rounded up to 8 KiB as QEMU does. Nothing if it is no such size or beyond 2^63.
[[nodiscard]] std::optional<std::uint64_t> parse_ram_size(std::string_view text);

/// "512 MiB": in the largest unit that divides it.
[[nodiscard]] std::string size_text(std::uint64_t bytes);

}  // namespace guestlink::launcher
