// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace guestlink::launcher {

/// The value of a QEMU option, `q35,accel=tcg`: keys and values in order, a doubled comma being a
/// comma of the value. A first part without '=' has the implied key; a later one is a switch, "on".
class KeyValues {
 public:
  KeyValues(std::string_view text, std::string_view implied_key);

  /// The last value given for the key, as QEMU takes it.
  [[nodiscard]] std::optional<std::string> find(std::string_view key) const;
  [[nodiscard]] bool has_prefix(std::string_view prefix) const;

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

/// QEMU's words for a true switch.
[[nodiscard]] bool is_on(std::string_view value);

}  // namespace guestlink::launcher
