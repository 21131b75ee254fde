// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "shell/command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <system_error>

#include "guestlink/number.h"
#include "shell/interrupt.h"

namespace guestlink::shell {
namespace {

constexpr const char* kSpec = "SPEC";

/// Says how a command is called in our words: CLI11's take no operand for required.
class Formatter : public CLI::Formatter {
 public:
  explicit Formatter(std::string usage) : usage_(std::move(usage)) {}
  std::string make_usage(const CLI::App*, std::string) const override {
    return "Usage: " + usage_ + "\n";
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_positional() ? "" : CLI::Formatter::make_option_opts(option);
  }

 private:
  std::string usage_;
};

bool has_scheme(const std::string& word) {
  return word.starts_with("file:") || word.starts_with("qmp:") || word.starts_with("mock:");
}

bool has_key(const std::string& spec, const std::string& key) {
  return (spec + ",").find("," + key + ",") != std::string::npos;
}

// What `attach` returns; what it throws is sorted by exit code.
template <typename Attach>
auto refusing(Attach attach) {
  try {
    return attach();
  } catch (const AttachError& error) {
    if (error.kind() == AttachError::Kind::kSpec) throw UsageError(error.what());
    throw Failure(error.what());
  }
}

}  // namespace

std::string in_quotes(std::string_view text) {
  std::string result(1, '\'');
  result.append(text).append(1, '\'');
  return result;
}

std::string reason(int error) { return std::generic_category().message(error); }

std::uint64_t number_of(const std::string& name, const std::string& text,
                        const std::string& expected) {
  if (const auto number = parse_number(text)) return *number;
  throw UsageError(name + " is " + in_quotes(text) + ", expected " + expected);
}

Command::Command(CLI::App& parent, const std::string& name, const std::string& what,
                 std::string example, Memory memory)
    : example_(std::move(example)), memory_(memory), app_(parent.add_subcommand(name, what)) {
  if (memory != Memory::kNone) {
    app_->add_option("--attach", attach_, "The guest's memory, in place of the operand SPEC")
        ->type_name(kSpec);
    operand(kSpec, "The guest's memory: qmp:SOCKET, file:PATH,machine=NAME or mock:PATH,size=SIZE",
            memory == Memory::kRequired ? Need::kRequired : Need::kOptional, kSpec);
  }
}

void Command::operand(const std::string& name, const std::string& what, Need need,
                      const std::string& type) {
  slots_.push_back(std::make_unique<Slot>());
  Slot& slot = *slots_.back();
  slot.name = name;
  slot.need = need;
  slot.option = app_->add_option(name, slot.words, what)->type_name(type);
  if (need != Need::kMany) slot.option->expected(1)->allow_extra_args(false);
}

void Command::flag(const std::string& names, bool& value, const std::string& what) {
  app_->add_flag(names, value, what);
}

void Command::option(const std::string& names, const std::string& type, const std::string& what,
                     const std::function<void(const std::string&)>& take) {
  app_->add_option_function<std::string>(names, take, what)->type_name(type);
}

void Command::option(const std::string& names, const std::string& type, const std::string& what,
                     std::string& value) {
  option(names, type, what, [&value](const std::string& text) { value = text; });
}

void Command::number(const std::string& names, std::uint64_t& value, const std::string& what) {
  option(names, "NUMBER", what, [&value, names](const std::string& text) {
    value = number_of(names, text, "a number such as 64, 0x40 or 4K");
  });
}

void Command::width(unsigned& bits) {
  const auto take = [&bits](const std::string& text) {
    const auto value = parse_number(text).value_or(0);
    if (value != 8 && value != 16 && value != 32 && value != 64) {
      throw UsageError("--width is " + in_quotes(text) + ", expected 8, 16, 32 or 64 (bits)");
    }
    bits = static_cast<unsigned>(value);
  };
  const std::string what = "Bits of a word (default " + std::to_string(bits) + ")";
  option("--width", "8|16|32|64", what, take);
}

bool Command::has_option(const std::string& name) const { return app_->count(name) != 0; }

std::string Command::usage() const {
  std::string text = "guestlink " + app_->get_name();
  for (const auto& slot : slots_) {
    const std::string name = slot->name + (slot->need == Need::kMany ? "..." : "");
    text += " " + (slot->need == Need::kOptional ? "[" + name + "]" : name);
  }
  return text + " [OPTIONS]";
}

void Command::body(int& status, std::function<int()> run) {
  app_->add_flag("--json", json_, "Print one JSON object on the standard output");
  app_->formatter(std::make_shared<Formatter>(usage()));
  app_->footer("Example:\n  " + example_ + (notes_.empty() ? "" : "\n" + notes_));
  app_->callback([this, &status, run = std::move(run)] {
    catch_signals();
    sort_words();
    status = run();
  });
}

void Command::sort_words() {
  std::vector<std::string> all;
  if (!attach_.empty()) all.push_back(attach_);
  for (const auto& slot : slots_) {
    all.insert(all.end(), slot->words.begin(), slot->words.end());
    slot->words.clear();
  }
  std::size_t next = 0;
  for (const auto& slot : slots_) {
    const bool may_lack = slot->name == kSpec && memory_ == Memory::kOptional && attach_.empty();
    if (may_lack && (all.empty() || !has_scheme(all[0]))) continue;
    if (next == all.size() && slot->need != Need::kOptional) {
      throw UsageError(slot->name + " is missing; usage: " + usage() + ", as in: " + example_);
    }
    const std::size_t end = slot->need == Need::kMany ? all.size() : std::min(next + 1, all.size());
    for (; next < end; ++next) slot->words.push_back(all[next]);
  }
  if (next < all.size()) {
    throw UsageError("operand " + in_quotes(all[next]) + " is one too many; usage: " + usage());
  }
}

const std::vector<std::string>& Command::words(const std::string& name) const {
  for (const auto& slot : slots_) {
    if (slot->name == name) return slot->words;
  }
  throw std::logic_error("no operand " + name);
}

const std::string& Command::text(const std::string& name) const { return words(name).at(0); }

std::uint64_t Command::address(const std::string& name) const {
  return number_of(name, text(name), "a guest address such as 0x100000, 1048576 or 1M");
}

std::uint64_t Command::length(const std::string& name) const {
  const std::uint64_t bytes =
      number_of(name, text(name), "a number of bytes such as 4096, 0x1000 or 4K");
  if (bytes == 0) throw UsageError(name + " is 0, expected at least one byte");
  return bytes;
}

void Command::warn(const AttachReport& report) const {
  for (const std::string& warning : report.warnings) {
    std::fprintf(stderr, "guestlink %s: warning: %s\n", app_->get_name().c_str(), warning.c_str());
  }
}

Attachment Command::attach(Access access) const {
  std::string spec = text(kSpec);
  if (access == Access::kRead && !has_key(spec, "ro")) spec += ",ro";
  return refusing([&] {
    Attachment attachment = attach_with_report(spec);
    if (access == Access::kWrite) warn(attachment.report);
    return attachment;
  });
}

GuestSession Command::open_session() const {
  return refusing([&] {
    GuestSession session(text(kSpec), GuestSession::Watch::kNo);
    warn(session.report());
    return session;
  });
}

void Command::print(const nlohmann::ordered_json& object) {
  // A path may hold any bytes.
  const std::string text =
      object.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
}

}  // namespace guestlink::shell
