// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace guestlink::shell {

using QemuCommand = std::optional<std::vector<std::string>>;

/// Takes `-- COMMAND ...` off the end of `guestlink run ... -- COMMAND ...`; nothing without a
/// `--`, or for another subcommand. To be called before CLI11 sees the words: it would take a word
/// such as [a,b] to pieces.
[[nodiscard]] QemuCommand take_run_command(int& argc, char** argv);

/// Adds `run`, which sets status to what the program is to end with.
void add_run(CLI::App& app, const QemuCommand& command, int& status);

}  // namespace guestlink::shell
