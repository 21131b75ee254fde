// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "shell/command.h"
#include "shell/commands.h"
#include "shell/elf_file.h"
#include "shell/progress.h"
#include "shell/ranges.h"

namespace guestlink::shell {
namespace {

constexpr std::uint64_t kStep = std::uint64_t{1} << 20;

// All of it may be written: that was checked.
void load_segment(GuestMemory& memory, const InputFile& file, const ElfSegment& segment,
                  Progress& progress) {
  std::vector<std::byte> chunk(std::min(kStep, segment.file_bytes));
  for (std::uint64_t done = 0; done < segment.memory_bytes;) {
    const GuestRange rest{segment.guest_address + done,
                          std::min(kStep, segment.memory_bytes - done)};
    std::uint64_t step = rest.length;
    if (done < segment.file_bytes) {
      step = std::min(step, segment.file_bytes - done);
      const auto part = std::span(chunk).first(step);
      file.read(segment.file_offset + done, part);
      require_ok(memory.write(rest.guest_address, part), rest);
    } else {
      require_ok(memory.fill(rest.guest_address, step, std::byte{0}), rest);
    }
    done += step;
    progress.advance(step);
  }
}

ElfFile segments_to_load(const Command& command, const InputFile& file, bool is_elf) {
  if (is_elf) return read_elf(file);
  ElfFile raw;
  if (file.size() > 0) {
    raw.segments.push_back({command.address("ADDRESS"), 0, file.size(), file.size()});
  }
  return raw;
}

void report(const Command& command, const ElfFile& what, bool is_elf) {
  auto list = nlohmann::ordered_json::array();
  for (const ElfSegment& segment : what.segments) {
    list.push_back({{"address", hex(segment.guest_address)},
                    {"file_offset", hex(segment.file_offset)},
                    {"file_bytes", segment.file_bytes},
                    {"zero_bytes", segment.memory_bytes - segment.file_bytes}});
    if (command.json()) continue;
    std::printf("%s: %s from byte %s of the file", hex(segment.guest_address).c_str(),
                size_text(segment.file_bytes).c_str(), hex(segment.file_offset).c_str());
    if (segment.memory_bytes > segment.file_bytes) {
      std::printf(", then %s of zeroes",
                  size_text(segment.memory_bytes - segment.file_bytes).c_str());
    }
    std::printf("\n");
  }
  if (command.json()) {
    nlohmann::ordered_json json{{"segments", list}, {"entry", nullptr}};
    if (is_elf) json["entry"] = hex(what.entry);
    Command::print(json);
  } else if (is_elf) {
    std::printf("entry %s\n", hex(what.entry).c_str());
  }
}

int load(const Command& command, bool is_elf) {
  if (is_elf == command.given("ADDRESS")) {
    throw UsageError(is_elf ? "ADDRESS is given, but --elf takes the addresses of the file"
                            : "ADDRESS is missing; without --elf it says where the bytes go");
  }
  if (!is_elf) (void)command.address("ADDRESS");  // usage errors come before any other
  const InputFile file(command.text("FILE"));
  const ElfFile what = segments_to_load(command, file, is_elf);
  auto [memory, attached] = command.attach(Access::kWrite);
  std::uint64_t total = 0;
  for (const ElfSegment& segment : what.segments) {
    require_range(memory, {segment.guest_address, segment.memory_bytes}, Access::kWrite);
    total += segment.memory_bytes;
  }
  Progress progress("loading", total);
  for (const ElfSegment& segment : what.segments) load_segment(memory, file, segment, progress);
  report(command, what, is_elf);
  return kExitOk;
}

}  // namespace

void add_load(CLI::App& app, int& status) {
  const auto elf = std::make_shared<bool>(false);
  const auto command = std::make_shared<Command>(
      app, "load", "Copy a file to guest memory, as it is or the segments of an ELF file",
      "guestlink load file:/dev/shm/ram,machine=arm-virt --elf firmware.elf");
  command->operand("FILE", "What to load", Need::kRequired, "FILE");
  command->operand("ADDRESS", "Guest address of the first byte; not with --elf", Need::kOptional);
  command->app().add_flag("--elf", *elf, "Load each PT_LOAD segment at its physical address");
  command->note(
      "All is checked before the first byte is written. Code that the guest has run already\n"
      "may stay as it was: QEMU's translation does not see the change.");
  command->body(status, [command, elf] { return load(*command, *elf); });
}

}  // namespace guestlink::shell
