// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "launcher/command_line.h"

namespace guestlink::launcher {

/// A memory backend that the user's command defines with -object.
struct Backend {
  std::string type;      ///< memory-backend-file ...
  std::string mem_path;  ///< empty if it has no name
  bool shared = false;
  bool plain = true;  ///< file offset 0 is the first byte, and it can be written
};

/// The backend of this id, written as keys or as JSON.
[[nodiscard]] std::optional<Backend> find_backend(const CommandLine& command, std::string_view id);

}  // namespace guestlink::launcher
