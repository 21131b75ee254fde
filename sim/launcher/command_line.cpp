// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "launcher/command_line.h"

#include <algorithm>
#include <array>
#include <utility>

namespace guestlink::launcher {
namespace {

// The options of QEMU 5.2 to 11 that take no value; every other one takes the word behind it,
// whatever that looks like.
constexpr std::array<std::string_view, 40> kSwitches = {"S",
                                                        "alt-grab",
                                                        "async-teardown",
                                                        "audio-help",
                                                        "ctrl-grab",
                                                        "curses",
                                                        "daemonize",
                                                        "enable-fips",
                                                        "enable-kvm",
                                                        "enable-sync-profile",
                                                        "full-screen",
                                                        "h",
                                                        "help",
                                                        "help-machine",
                                                        "mem-prealloc",
                                                        "no-acpi",
                                                        "no-fd-bootchk",
                                                        "no-frame",
                                                        "no-hpet",
                                                        "no-quit",
                                                        "no-reboot",
                                                        "no-shutdown",
                                                        "no-user-config",
                                                        "nodefaults",
                                                        "nographic",
                                                        "nouserconfig",
                                                        "old-param",
                                                        "only-migratable",
                                                        "portrait",
                                                        "preconfig",
                                                        "s",
                                                        "sdl",
                                                        "semihosting",
                                                        "show-cursor",
                                                        "singlestep",
                                                        "snapshot",
                                                        "usb",
                                                        "version",
                                                        "win2k-hack",
                                                        "xen-attach"};

constexpr std::array<std::string_view, 12> kHelpful = {"machine", "cpu",    "device",  "accel",
                                                       "object",  "netdev", "chardev", "audiodev",
                                                       "display", "vga",    "d",       "trace"};

template <typename Table>
bool contains(const Table& table, std::string_view word) {
  return std::find(table.begin(), table.end(), word) != table.end();
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool is_qemu(const std::string& word) {
  const std::string name = base_name(word);
  return name.starts_with("qemu-system-") || name == "qemu-kvm" || name == "kvm";
}

bool is_help(std::string_view value) {
  return value == "help" || value == "?" || value.ends_with(",help") || value.ends_with(",?");
}

}  // namespace

CommandLine::CommandLine(std::vector<std::string> words) : words_(std::move(words)) {
  const auto qemu = std::find_if(words_.begin(), words_.end(), is_qemu);
  if (qemu != words_.end()) program_ = static_cast<std::size_t>(qemu - words_.begin());
  for (std::size_t at = program_ + 1; at < words_.size(); ++at) {
    const std::string& word = words_[at];
    if (word.size() < 2 || word[0] != '-') continue;  // a disk image
    Option option;
    option.name = word.substr(word[1] == '-' ? 2 : 1);
    if (option.name == "M") option.name = "machine";
    if (!contains(kSwitches, option.name) && at + 1 < words_.size()) {
      option.value_index = ++at;
      option.value = words_[at];
    }
    options_.push_back(std::move(option));
  }
}

std::string CommandLine::target() const {
  constexpr std::string_view kPrefix = "qemu-system-";
  const std::string name = base_name(words_[program_]);
  return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : "x86_64";
}

bool CommandLine::has(std::string_view name) const { return last(name) != nullptr; }

const CommandLine::Option* CommandLine::last(std::string_view name) const {
  const auto found = std::find_if(options_.rbegin(), options_.rend(),
                                  [name](const Option& option) { return option.name == name; });
  return found == options_.rend() ? nullptr : &*found;
}

std::optional<std::string> CommandLine::merged(std::string_view name, std::string_view key,
                                               std::string_view implied_key) const {
  std::optional<std::string> result;
  for (const Option& option : options_) {
    if (option.name != name || option.value_index == 0) continue;
    if (auto value = KeyValues(option.value, implied_key).find(key)) result = std::move(value);
  }
  return result;
}

bool CommandLine::asks_for_help() const {
  return std::any_of(options_.begin(), options_.end(), [](const Option& option) {
    return option.name == "h" || option.name == "help" || option.name == "version" ||
           option.name == "audio-help" ||
           (contains(kHelpful, option.name) && is_help(option.value));
  });
}

}  // namespace guestlink::launcher
