// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "shell/command.h"
#include "shell/commands.h"
#include "shell/progress.h"
#include "shell/ranges.h"
#include "shell/words.h"

namespace guestlink::shell {
namespace {

constexpr std::uint64_t kStep = std::uint64_t{1} << 20;

int fill(const Command& command, unsigned width) {
  const GuestRange range{command.address("ADDRESS"), command.length("LENGTH")};
  const std::uint64_t value = word_of("VALUE", command.text("VALUE"), width);
  const std::uint64_t bytes = width / 8;
  if (range.length % bytes != 0) {
    throw UsageError("LENGTH is " + hex(range.length) + ", expected a multiple of the word of " +
                     std::to_string(bytes) + " bytes");
  }
  auto [memory, report] = command.attach(Access::kWrite);
  require_range(memory, range, Access::kWrite);
  std::vector<std::byte> chunk(std::min(kStep, range.length));
  for (std::size_t at = 0; at < chunk.size(); at += bytes) {
    std::memcpy(chunk.data() + at, bytes_of(value).data(), bytes);
  }
  Progress progress("filling", range.length);
  while (progress.done() < range.length) {
    const GuestRange rest{range.guest_address + progress.done(),
                          std::min(kStep, range.length - progress.done())};
    require_ok(memory, memory.write(rest.guest_address, std::span(chunk).first(rest.length)), rest);
    progress.advance(rest.length);
  }
  if (command.json()) {
    Command::print({{"address", hex(range.guest_address)},
                    {"length", range.length},
                    {"width", width},
                    {"value", word_text(value, width)}});
  }
  return kExitOk;
}

}  // namespace

void add_fill(CLI::App& app, int& status) {
  const auto width = std::make_shared<unsigned>(8);
  const auto command =
      std::make_shared<Command>(app, "fill", "Set guest memory to a byte or a word",
                                "guestlink fill mock:ram.bin,size=64M 0x100000 4K 0xa5");
  command->operand("ADDRESS", "Guest address of the first byte");
  command->operand("LENGTH", "How many bytes");
  command->operand("VALUE", "The byte, or with --width the word");
  command->width(*width);
  command->body(status, [command, width] { return fill(*command, *width); });
}

}  // namespace guestlink::shell
