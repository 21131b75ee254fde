// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "shell/command.h"
#include "shell/commands.h"
#include "shell/hex_dump.h"
#include "shell/progress.h"
#include "shell/ranges.h"

namespace guestlink::shell {
namespace {

constexpr std::uint64_t kStep = std::uint64_t{1} << 16;
constexpr std::uint64_t kMostJson = std::uint64_t{16} << 20;

std::string hex_of(std::span<const std::byte> data) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * data.size());
  for (const std::byte byte : data) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4];
    text += kDigits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

void print_json(const GuestMemory& memory, GuestRange range) {
  std::vector<std::byte> data(range.length);
  copy_from(segments_of(memory, range), range.guest_address, data);
  require_range(memory, range, Access::kRead);
  Command::print(
      {{"address", hex(range.guest_address)}, {"length", range.length}, {"bytes", hex_of(data)}});
}

void print_lines(const GuestMemory& memory, GuestRange range, bool fold) {
  static constexpr std::array<std::byte, kStep> kZeroes{};
  HexDump dump(range.guest_address, fold);
  Progress progress("dumping", range.length);
  for (const Segment& segment : segments_of(memory, range)) {
    for (std::uint64_t done = 0; done < segment.length;) {
      const std::uint64_t step = std::min(kStep, segment.length - done);
      dump.add({segment.host == nullptr ? kZeroes.data() : segment.host + done, step});
      done += step;
      progress.advance(step);
    }
  }
  dump.finish();
  require_range(memory, range, Access::kRead);
}

int dump(const Command& command, bool all_lines) {
  const GuestRange range{command.address("ADDRESS"), command.length("LENGTH")};
  if (command.json() && range.length > kMostJson) {
    throw UsageError("LENGTH is " + hex(range.length) + ", with --json expected at most " +
                     hex(kMostJson) + "; guestlink save writes any length to a file");
  }
  const auto [memory, report] = command.attach(Access::kRead);
  require_range(memory, range, Access::kRead);
  if (command.json()) {
    print_json(memory, range);
  } else {
    print_lines(memory, range, !all_lines);
  }
  return kExitOk;
}

}  // namespace

void add_dump(CLI::App& app, int& status) {
  const auto all_lines = std::make_shared<bool>(false);
  const auto command = std::make_shared<Command>(
      app, "dump", "Print bytes in hexadecimal and ASCII, as hexdump -C does",
      "guestlink dump file:/dev/shm/ram,machine=pc 0x7c00 512");
  command->operand("ADDRESS", "Guest address of the first byte");
  command->operand("LENGTH", "How many bytes");
  command->flag("-v,--all-lines", *all_lines,
                "Print lines that equal the one before, too, not a * for them");
  command->body(status, [command, all_lines] { return dump(*command, *all_lines); });
}

}  // namespace guestlink::shell
