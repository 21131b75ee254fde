// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "launcher/key_values.h"

namespace guestlink::launcher {
namespace {

// Splits at single commas; a doubled one becomes a comma of the part.
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts(1);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != ',') {
      parts.back().push_back(text[at]);
    } else if (at + 1 < text.size() && text[at + 1] == ',') {
      parts.back().push_back(',');
      ++at;
    } else {
      parts.emplace_back();
    }
  }
  return parts;
}

}  // namespace

KeyValues::KeyValues(std::string_view text, std::string_view implied_key) {
  bool first = true;
  for (const std::string& part : split(text)) {
    const std::size_t equals = part.find('=');
    if (equals != std::string::npos) {
      pairs_.emplace_back(part.substr(0, equals), part.substr(equals + 1));
    } else if (first) {
      pairs_.emplace_back(implied_key, part);
    } else if (!part.empty()) {
      pairs_.emplace_back(part, "on");
    }
    first = false;
  }
}

std::optional<std::string> KeyValues::find(std::string_view key) const {
  for (auto pair = pairs_.rbegin(); pair != pairs_.rend(); ++pair) {
    if (pair->first == key) return pair->second;
  }
  return std::nullopt;
}

bool KeyValues::has_prefix(std::string_view prefix) const {
  for (const auto& [key, value] : pairs_) {
    if (key.starts_with(prefix)) return true;
  }
  return false;
}

bool is_on(std::string_view value) {
  return value == "on" || value == "yes" || value == "true" || value == "y";
}

}  // namespace guestlink::launcher
