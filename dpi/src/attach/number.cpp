// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "guestlink/number.h"

#include <charconv>
#include <limits>
#include <system_error>

namespace guestlink {

std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  if (hexadecimal) text.remove_prefix(2);
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number, hexadecimal ? 16 : 10);
  if (error != std::errc()) return std::nullopt;
  if (rest == end) return number;
  if (rest + 1 != end) return std::nullopt;
  const std::size_t unit = std::string_view("KMGkmg").find(*rest);
  if (unit == std::string_view::npos) return std::nullopt;
  const unsigned shift = 10 * static_cast<unsigned>(unit % 3 + 1);
  if (number > std::numeric_limits<std::uint64_t>::max() >> shift) return std::nullopt;
  return number << shift;
}

}  // namespace guestlink
