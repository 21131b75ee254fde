// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "shell/command.h"
#include "shell/commands.h"
#include "shell/output_file.h"
#include "shell/progress.h"
#include "shell/ranges.h"

namespace guestlink::shell {
namespace {

constexpr std::uint64_t kStep = std::uint64_t{1} << 20;

int save(const Command& command) {
  const GuestRange range{command.address("ADDRESS"), command.length("LENGTH")};
  const auto [memory, report] = command.attach(Access::kRead);
  require_range(memory, range, Access::kRead);
  OutputFile file(command.text("FILE"), report);
  const auto segments = segments_of(memory, range);
  const std::uint64_t populated = populated_length(segments);
  Progress progress("saving", populated);
  for (const Segment& segment : segments) {
    if (segment.host == nullptr) {
      file.write_zeroes(segment.length);
      continue;
    }
    for (std::uint64_t done = 0; done < segment.length;) {
      const std::uint64_t step = std::min(kStep, segment.length - done);
      file.write({segment.host + done, step});
      done += step;
      progress.advance(step);
    }
  }
  require_range(memory, range, Access::kRead);
  file.finish();
  if (command.json()) {
    Command::print({{"address", hex(range.guest_address)},
                    {"length", range.length},
                    {"populated_bytes", populated},
                    {"file", command.text("FILE")}});
  } else {
    std::fprintf(stderr, "%s from %s, %s of it data, saved to %s\n",
                 size_text(range.length).c_str(), hex(range.guest_address).c_str(),
                 size_text(populated).c_str(), command.text("FILE").c_str());
  }
  return kExitOk;
}

}  // namespace

void add_save(CLI::App& app, int& status) {
  const auto command =
      std::make_shared<Command>(app, "save", "Copy guest memory to a file",
                                "guestlink save qmp:/run/vm.sock 0x100000 16M kernel.bin");
  command->operand("ADDRESS", "Guest address of the first byte");
  command->operand("LENGTH", "How many bytes");
  command->operand("FILE", "Replaced when all is written; may be a pipe", Need::kRequired, "FILE");
  command->note("RAM that the guest has never touched becomes a hole in the file.");
  command->body(status, [command] { return save(*command); });
}

}  // namespace guestlink::shell
