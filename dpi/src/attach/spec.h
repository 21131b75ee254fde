// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace guestlink::detail {

/// An attach spec taken apart: `scheme:target[,key=value]...`. What a scheme makes of the keys is
/// its own.
struct Spec {
  std::string scheme;
  std::string target;
  std::optional<std::uint64_t> size;
  std::optional<std::uint64_t> base;
  std::optional<std::string> machine;
  std::optional<std::string> image;
  std::optional<std::uint8_t> fill;
  std::optional<std::string> watch;
  std::optional<std::string> qtest;
  bool read_only = false;
  bool shared = false;
};

/// Throws std::invalid_argument naming the part that is wrong: no scheme, an unknown key, one given
/// twice, a missing or malformed value.
Spec parse_spec(std::string_view text);

/// 'text', for messages.
std::string in_quotes(std::string_view text);

}  // namespace guestlink::detail
