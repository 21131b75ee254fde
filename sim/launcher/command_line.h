// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "launcher/key_values.h"

namespace guestlink::launcher {

/// A QEMU command as it was typed, and where its options are.
class CommandLine {
 public:
  struct Option {
    std::string name;  ///< without its dashes; -M is "machine", -enable-kvm stays itself
    std::string value;
    std::size_t value_index = 0;  ///< of the word that is the value; 0 if it has none
  };

  /// Words before QEMU's own name (`taskset -c 0 qemu-system-x86_64 ...`) are left alone.
  explicit CommandLine(std::vector<std::string> words);

  [[nodiscard]] const std::vector<std::string>& words() const { return words_; }
  [[nodiscard]] const std::vector<Option>& options() const { return options_; }
  /// Index of QEMU's name in words().
  [[nodiscard]] std::size_t program() const { return program_; }
  /// x86_64 of qemu-system-x86_64; also where the name does not tell.
  [[nodiscard]] std::string target() const;

  [[nodiscard]] bool has(std::string_view name) const;
  /// The last option of this name, or null.
  [[nodiscard]] const Option* last(std::string_view name) const;
  /// The last value that any option of this name gives to the key: QEMU merges such options.
  [[nodiscard]] std::optional<std::string> merged(std::string_view name, std::string_view key,
                                                  std::string_view implied_key) const;
  /// True if QEMU would only print something and end: -help, -version, -machine help ...
  [[nodiscard]] bool asks_for_help() const;

 private:
  std::vector<std::string> words_;
  std::vector<Option> options_;
  std::size_t program_ = 0;
};

}  // namespace guestlink::launcher
