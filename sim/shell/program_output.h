// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace guestlink::shell {

/// Where the shell would find a program; "" if nowhere. A name with a slash is taken as it is.
std::string find_program(const std::string& name);

/// What a program prints to its standard output, of at most 1 MiB, with nothing to read; none if it
/// cannot be started, does not end in time (it is killed then) or fails.
std::optional<std::string> output_of(const std::vector<std::string>& command,
                                     std::chrono::milliseconds limit);

}  // namespace guestlink::shell
