// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <nlohmann/json.hpp>

#include "shell/command.h"
#include "shell/commands.h"
#include "shell/ranges.h"
#include "shell/words.h"

namespace guestlink::shell {
namespace {

struct Options {
  unsigned width = 32;
  std::uint64_t count = 1;
  bool code = false;
};

constexpr const char* kNote =
    "Words are little-endian. Aligned ones are read and written as one: the guest never sees half\n"
    "of one. Others are copied byte by byte.";

int read_words(const Command& command, const Options& options) {
  const std::uint64_t address = command.address("ADDRESS");
  const std::uint64_t bytes = options.width / 8;
  if (options.count == 0) throw UsageError("--count is 0, expected at least 1");
  if (options.count > ~std::uint64_t{0} / bytes) {
    throw UsageError("--count is " + std::to_string(options.count) + ", more than there can be");
  }
  const auto [memory, report] = command.attach(Access::kRead);
  require_range(memory, {address, options.count * bytes}, Access::kRead);
  auto values = nlohmann::ordered_json::array();
  for (std::uint64_t at = address, i = 0; i < options.count; at += bytes, ++i) {
    const std::string value = word_text(load_word(memory, at, options.width), options.width);
    if (command.json()) {
      values.push_back(value);
    } else if (options.count == 1) {
      std::printf("%s\n", value.c_str());
    } else {
      std::printf("%s: %s\n", hex(at).c_str(), value.c_str());
    }
  }
  if (command.json()) {
    Command::print({{"address", hex(address)}, {"width", options.width}, {"values", values}});
  }
  return kExitOk;
}

void store_words(const Command& command, std::uint64_t address,
                 const std::vector<std::uint64_t>& values, unsigned width) {
  auto [memory, report] = command.attach(Access::kWrite);
  const std::uint64_t bytes = width / 8;
  require_range(memory, {address, values.size() * bytes}, Access::kWrite);
  for (std::size_t i = 0; i < values.size(); ++i) {
    store_word(memory, address + i * bytes, values[i], width);
  }
}

void write_code(const Command& command, std::uint64_t address,
                const std::vector<std::uint64_t>& values, unsigned width) {
  std::vector<std::byte> code;
  for (const std::uint64_t value : values) {
    const auto bytes = bytes_of(value);
    code.insert(code.end(), bytes.begin(), bytes.begin() + width / 8);
  }
  GuestSession session = command.open_session();
  require_range(session.memory(), {address, code.size()}, Access::kWrite);
  require_ok(session.memory(), session.write_code(address, code), {address, code.size()});
}

int write_words(const Command& command, const Options& options) {
  const std::uint64_t address = command.address("ADDRESS");
  std::vector<std::uint64_t> values;
  for (const std::string& text : command.words("VALUE")) {
    values.push_back(word_of("VALUE", text, options.width));
  }
  if (options.code) {
    write_code(command, address, values, options.width);
  } else {
    store_words(command, address, values, options.width);
  }
  auto written = nlohmann::ordered_json::array();
  for (const std::uint64_t value : values) written.push_back(word_text(value, options.width));
  if (command.json()) {
    Command::print({{"address", hex(address)}, {"width", options.width}, {"values", written}});
  }
  return kExitOk;
}

}  // namespace

void add_read(CLI::App& app, int& status) {
  const auto options = std::make_shared<Options>();
  const auto command =
      std::make_shared<Command>(app, "read", "Print words of guest memory",
                                "guestlink read qmp:/run/vm.sock 0x100000 --width 32 --count 4");
  command->operand("ADDRESS", "Guest address of the first word");
  command->width(options->width);
  command->number("--count", options->count, "How many words (default 1)");
  command->note(kNote);
  command->body(status, [command, options] { return read_words(*command, *options); });
}

void add_write(CLI::App& app, int& status) {
  const auto options = std::make_shared<Options>();
  const auto command = std::make_shared<Command>(
      app, "write", "Write words to guest memory",
      "guestlink write qmp:/run/vm.sock 0x100000 0xcafe 0xf00d --width 16");
  command->operand("ADDRESS", "Guest address of the first word");
  command->operand("VALUE", "Words, at ascending addresses", Need::kMany);
  command->width(options->width);
  command->flag("--code", options->code, kCode);
  command->note(kNote);
  command->body(status, [command, options] { return write_words(*command, *options); });
}

}  // namespace guestlink::shell
