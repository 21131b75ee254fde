// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "launcher/ram_size.h"

#include <charconv>
#include <system_error>

namespace guestlink::launcher {
namespace {

constexpr std::uint64_t kMost = std::uint64_t{1} << 63;
constexpr std::uint64_t kRound = 8192;
constexpr std::string_view kUnits = "BKMGTPE";

// Takes the digits at the start of the text; nothing if there are none or too many.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  return number;
}

// What follows the point, in bytes of a unit of 1 << shift.
std::optional<std::uint64_t> take_fraction(std::string_view& text, unsigned shift) {
  std::size_t digits = 0;
  double fraction = 0;
  for (double place = 0.1; digits < text.size() && text[digits] >= '0' && text[digits] <= '9';
       ++digits, place /= 10) {
    fraction += place * (text[digits] - '0');
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return static_cast<std::uint64_t>(fraction * static_cast<double>(std::uint64_t{1} << shift));
}

// The power of two of a unit, MiB if there is none.
std::optional<unsigned> shift_of(std::string_view text) {
  const char last = text.empty() ? '0' : text.back();
  if (last >= '0' && last <= '9') return 20;
  const std::size_t unit = kUnits.find(static_cast<char>(last & ~0x20));
  if (unit == std::string_view::npos) return std::nullopt;
  return static_cast<unsigned>(unit) * 10;
}

}  // namespace

std::optional<std::uint64_t> parse_ram_size(std::string_view text) {
  const auto shift = shift_of(text);
  if (!shift) return std::nullopt;
  const auto whole = take_number(text);
  if (!whole || *whole > (kMost >> *shift)) return std::nullopt;
  std::uint64_t bytes = *whole << *shift;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const auto fraction = take_fraction(text, *shift);
    if (!fraction) return std::nullopt;
    bytes += *fraction;
  }
  if (text.size() > 1 || bytes > kMost) return std::nullopt;
  return (bytes + kRound - 1) / kRound * kRound;
}

std::string size_text(std::uint64_t bytes) {
  for (const auto& [shift, unit] : {std::pair(30, " GiB"), std::pair(20, " MiB")}) {
    const std::uint64_t one = std::uint64_t{1} << shift;
    if (bytes >= one && bytes % one == 0) return std::to_string(bytes >> shift) + unit;
  }
  return std::to_string(bytes >> 10) + " KiB";
}

}  // namespace guestlink::launcher
