// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "shell/command.h"
#include "shell/commands.h"
#include "shell/doorbell_pages.h"
#include "shell/progress.h"
#include "shell/search.h"
#include "shell/words.h"

namespace guestlink::shell {
namespace {

constexpr std::size_t kMostPatternBytes = 4096;
constexpr std::uint64_t kMostAlignment = std::uint64_t{1} << 40;

struct Options {
  std::string bytes;
  std::string text;
  std::string value;
  unsigned width = 32;
  bool doorbell = false;
  std::uint64_t align = 0;  // 0: what suits the pattern
  std::uint64_t limit = 1000;
};

std::vector<std::byte> bytes_from_hex(const std::string& text) {
  std::string digits;
  for (const char c : text) {
    if (c != ' ' && c != ':') digits += c;
  }
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    unsigned value = 0;
    const char* const end = digits.data() + i + 2;
    if (std::from_chars(digits.data() + i, end, value, 16).ptr != end) break;
    bytes.push_back(static_cast<std::byte>(value));
  }
  if (bytes.empty() || 2 * bytes.size() != digits.size()) {
    throw UsageError("--bytes is " + in_quotes(text) +
                     ", expected pairs of hexadecimal digits such as 'de ad be ef'");
  }
  return bytes;
}

std::vector<std::byte> bytes_of_text(const std::string& text) {
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

Pattern pattern_of(const Options& options) {
  std::vector<std::byte> bytes;
  std::uint64_t alignment = 1;
  if (options.doorbell) {
    bytes = doorbell_signature();
    alignment = kPageBytes;
  } else if (!options.bytes.empty()) {
    bytes = bytes_from_hex(options.bytes);
  } else if (!options.text.empty()) {
    bytes = bytes_of_text(options.text);
  } else {
    const auto word = bytes_of(word_of("--value", options.value, options.width));
    alignment = options.width / 8;
    bytes.assign(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(alignment));
  }
  if (bytes.size() > kMostPatternBytes) {
    throw UsageError("the pattern has " + std::to_string(bytes.size()) +
                     " bytes, expected at most " + std::to_string(kMostPatternBytes));
  }
  return {std::move(bytes), options.align == 0 ? alignment : options.align};
}

void check(const Command& command, const Options& options) {
  const int patterns =
      static_cast<int>(!options.bytes.empty()) + static_cast<int>(!options.text.empty()) +
      static_cast<int>(!options.value.empty()) + static_cast<int>(options.doorbell);
  if (patterns != 1) {
    throw UsageError("give one of --bytes HEX, --text TEXT, --value NUMBER and --doorbell");
  }
  if (options.align > kMostAlignment || (options.align == 0 && command.has_option("--align"))) {
    throw UsageError("--align is " + hex(options.align) + ", expected 1 to " + hex(kMostAlignment));
  }
  if (options.limit == 0) throw UsageError("--limit is 0, expected at least 1");
  if (command.given("ADDRESS") && !command.given("LENGTH")) {
    throw UsageError("LENGTH is missing after ADDRESS");
  }
}

struct Matches {
  std::vector<std::uint64_t> addresses;
  bool more = false;
  std::uint64_t searched = 0;
};

Matches search_all(const GuestMemory& memory, GuestRange range, const Pattern& pattern,
                   const Options& options, bool print) {
  const auto segments = segments_of(memory, range);
  if (segments.empty()) throw Failure("there is no RAM in the range to search");
  Matches matches{{}, false, populated_length(segments)};
  Progress progress("searching", matches.searched);
  const auto found = [&](std::uint64_t address) {
    matches.more = matches.addresses.size() == options.limit;
    if (matches.more) return false;
    matches.addresses.push_back(address);
    if (print) std::printf("%s\n", hex(address).c_str());
    return true;
  };
  search(segments, pattern, found, [&](std::uint64_t bytes) { progress.advance(bytes); });
  if (memory.check(segments[0].guest_address, 1, Access::kRead) != AccessStatus::kOk) {
    throw Failure("the memory went away during the search: " + why_gone(memory));
  }
  return matches;
}

nlohmann::ordered_json to_json(const DoorbellPage& page) {
  return {{"address", hex(page.address)},
          {"session", hex(page.session)},
          {"state", page.state},
          {"self_address", hex(page.self_address)},
          {"live", page.live}};
}

void print_pages(const std::vector<DoorbellPage>& pages) {
  for (const DoorbellPage& page : pages) {
    std::printf("%s: session %s, state %llu, %s\n", hex(page.address).c_str(),
                hex(page.session).c_str(), static_cast<unsigned long long>(page.state),
                page.self_address != page.address
                    ? ("a copy of the page at " + hex(page.self_address)).c_str()
                : page.live ? "live"
                            : "its heartbeat stands still");
  }
}

int find(const Command& command, const Options& options) {
  check(command, options);
  const Pattern pattern = pattern_of(options);
  GuestRange range = kAllAddresses;
  if (command.given("ADDRESS")) range = {command.address("ADDRESS"), command.length("LENGTH")};
  const auto [memory, report] = command.attach(Access::kRead);
  const bool print = !command.json() && !options.doorbell;
  const Matches matches = search_all(memory, range, pattern, options, print);
  std::vector<DoorbellPage> pages;
  if (options.doorbell) pages = examine_doorbells(memory, matches.addresses);
  if (command.json()) {
    auto list = nlohmann::ordered_json::array();
    for (const DoorbellPage& page : pages) list.push_back(to_json(page));
    if (!options.doorbell) {
      for (const std::uint64_t address : matches.addresses) list.push_back(hex(address));
    }
    Command::print({{"matches", list},
                    {"more", matches.more},
                    {"populated_bytes_searched", matches.searched}});
  } else {
    print_pages(pages);
  }
  if (matches.more) {
    std::fprintf(stderr, "guestlink find: stopped after %llu matches; --limit asks for more\n",
                 static_cast<unsigned long long>(options.limit));
  }
  return matches.addresses.empty() ? kExitFailed : kExitOk;
}

void add_options(Command& command, Options& options) {
  command.option("--bytes", "HEX", "Bytes in hexadecimal, such as 'de ad be ef'", options.bytes);
  command.option("--text", "TEXT", "Characters, without a zero at the end", options.text);
  command.option("--value", "NUMBER", "A little-endian word of --width bits", options.value);
  command.flag("--doorbell", options.doorbell,
               "The signature of doorbell pages; says which are live");
}

}  // namespace

void add_find(CLI::App& app, int& status) {
  const auto options = std::make_shared<Options>();
  const auto command =
      std::make_shared<Command>(app, "find", "Print the addresses of bytes, text or a word",
                                "guestlink find qmp:/run/vm.sock --text 'Linux version'");
  command->operand("ADDRESS", "Where to begin; all of RAM by default", Need::kOptional);
  command->operand("LENGTH", "How many bytes to search", Need::kOptional);
  add_options(*command, *options);
  command->width(options->width);
  command->number("--align", options->align,
                  "Only at multiples of this (default: 1, with --value its bytes)");
  command->number("--limit", options->limit, "Stop after so many (default 1000)");
  command->note(
      "Exit code 0 if there is a match, 1 if not. Only what the guest has touched is read.");
  command->body(status, [command, options] { return find(*command, *options); });
}

}  // namespace guestlink::shell
