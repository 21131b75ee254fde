// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>

#include "shell/command.h"
#include "shell/commands.h"
#include "shell/elf_file.h"
#include "shell/progress.h"
#include "shell/ranges.h"

namespace guestlink::shell {
namespace {

constexpr std::uint64_t kStep = std::uint64_t{1} << 20;

// Where the bytes go, one way or the other.
using Write = std::function<void(std::uint64_t address, std::span<const std::byte> data)>;

// All of it may be written: that was checked.
void load_segment(const Write& write, const InputFile& file, const ElfSegment& segment,
                  Progress& progress) {
  std::vector<std::byte> chunk(std::min(kStep, segment.memory_bytes));
  for (std::uint64_t done = 0; done < segment.memory_bytes;) {
    std::uint64_t step = std::min(kStep, segment.memory_bytes - done);
    if (done < segment.file_bytes) {
      step = std::min(step, segment.file_bytes - done);
      file.read(segment.file_offset + done, std::span(chunk).first(step));
    } else {
      std::fill_n(chunk.begin(), step, std::byte{0});
    }
    write(segment.guest_address + done, std::span(chunk).first(step));
    done += step;
    progress.advance(step);
  }
}

void load_segments(const GuestMemory& memory, const Write& write, const InputFile& file,
                   const ElfFile& what) {
  std::uint64_t total = 0;
  for (const ElfSegment& segment : what.segments) {
    require_range(memory, {segment.guest_address, segment.memory_bytes}, Access::kWrite);
    total += segment.memory_bytes;
  }
  Progress progress("loading", total);
  for (const ElfSegment& segment : what.segments) load_segment(write, file, segment, progress);
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

void load_data(const Command& command, const InputFile& file, const ElfFile& what) {
  Attachment attachment = command.attach(Access::kWrite);
  GuestMemory& memory = attachment.memory;
  const auto write = [&](std::uint64_t address, std::span<const std::byte> data) {
    require_ok(memory, memory.write(address, data), {address, data.size()});
  };
  load_segments(memory, write, file, what);
}

void load_code(const Command& command, const InputFile& file, const ElfFile& what) {
  GuestSession session = command.open_session();
  const auto write = [&](std::uint64_t address, std::span<const std::byte> data) {
    require_ok(session.memory(), session.write_code(address, data), {address, data.size()});
  };
  load_segments(session.memory(), write, file, what);
}

int load(const Command& command, bool is_elf, bool is_code) {
  if (is_elf == command.given("ADDRESS")) {
    throw UsageError(is_elf ? "ADDRESS is given, but --elf takes the addresses of the file"
                            : "ADDRESS is missing; without --elf it says where the bytes go");
  }
  if (!is_elf) (void)command.address("ADDRESS");  // usage errors come before any other
  const InputFile file(command.text("FILE"));
  const ElfFile what = segments_to_load(command, file, is_elf);
  if (is_code) {
    load_code(command, file, what);
  } else {
    load_data(command, file, what);
  }
  report(command, what, is_elf);
  return kExitOk;
}

}  // namespace

void add_load(CLI::App& app, int& status) {
  struct Flags {
    bool elf = false;
    bool code = false;
  };
  const auto flags = std::make_shared<Flags>();
  const auto command = std::make_shared<Command>(
      app, "load", "Copy a file to guest memory, as it is or the segments of an ELF file",
      "guestlink load file:/dev/shm/ram,machine=arm-virt --elf firmware.elf");
  command->operand("FILE", "What to load", Need::kRequired, "FILE");
  command->operand("ADDRESS", "Guest address of the first byte; not with --elf", Need::kOptional);
  command->flag("--elf", flags->elf, "Load each PT_LOAD segment at its physical address");
  command->flag("--code", flags->code, kCode);
  command->note(
      "All is checked before the first byte is written. Code that the guest has run already\n"
      "may stay as it was without --code: QEMU's translation does not see the change.");
  command->body(status, [command, flags] { return load(*command, flags->elf, flags->code); });
}

}  // namespace guestlink::shell
