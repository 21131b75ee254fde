// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace guestlink::shell {

/// What the flag --code says of itself.
inline constexpr const char* kCode =
    "The guest may have executed it: write through QEMU (key qtest= of SPEC), slow and right";

// Each adds a subcommand, which sets `status` to what the program is to end with.
void add_map(CLI::App& app, int& status);
void add_info(CLI::App& app, int& status);
void add_read(CLI::App& app, int& status);
void add_write(CLI::App& app, int& status);
void add_dump(CLI::App& app, int& status);
void add_load(CLI::App& app, int& status);
void add_save(CLI::App& app, int& status);
void add_fill(CLI::App& app, int& status);
void add_compare(CLI::App& app, int& status);
void add_find(CLI::App& app, int& status);
void add_watch(CLI::App& app, int& status);
void add_snapshot(CLI::App& app, int& status);
void add_diff(CLI::App& app, int& status);
void add_doctor(CLI::App& app, int& status);
void add_completion(CLI::App& app, int& status);

}  // namespace guestlink::shell
