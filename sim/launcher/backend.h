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
  std::string type;  ///< memory-backend-file ...
  bool shared = false;
};

/// The backend of this id, written as keys or as JSON.
[[nodiscard]] std::optional<Backend> find_backend(const CommandLine& command, std::string_view id);

/// Whether the command makes an object of this type.
[[nodiscard]] bool has_object(const CommandLine& command, std::string_view type);

}  // namespace guestlink::launcher
