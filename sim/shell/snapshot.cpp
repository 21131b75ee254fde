// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <nlohmann/json.hpp>

#include "shell/command.h"
#include "shell/commands.h"
#include "shell/progress.h"
#include "shell/snapshot_file.h"

namespace guestlink::shell {
namespace {

int snapshot(const Command& command) {
  const auto [memory, report] = command.attach(Access::kRead);
  OutputFile file(command.text("FILE"), report);
  const SnapshotSize size = write_snapshot(memory, file);
  file.finish();
  if (command.json()) {
    Command::print({{"file", command.text("FILE")},
                    {"ram_bytes", size.ram_bytes},
                    {"data_bytes", size.data_bytes}});
  } else {
    std::fprintf(stderr, "%s of %s is not zero, saved to %s\n", size_text(size.data_bytes).c_str(),
                 size_text(size.ram_bytes).c_str(), command.text("FILE").c_str());
  }
  return kExitOk;
}

}  // namespace

void add_snapshot(CLI::App& app, int& status) {
  const auto command =
      std::make_shared<Command>(app, "snapshot", "Save all of RAM, for guestlink diff",
                                "guestlink snapshot qmp:/run/vm.sock before.snap");
  command->operand("FILE", "Replaced when all is written", Need::kRequired, "FILE");
  command->note(
      "Pages that are zero are left out. To have all pages of one moment, pause the guest\n"
      "(QMP stop) meanwhile.");
  command->body(status, [command] { return snapshot(*command); });
}

}  // namespace guestlink::shell
