// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "guestlink/attach.h"
#include "guestlink/guest_session.h"
#include "shell/errors.h"

namespace CLI {  // its header takes seconds to compile; only those who define the command line want
                 // it
class App;
class Option;
}  // namespace CLI

namespace guestlink::shell {

enum class Need : std::uint8_t { kRequired, kOptional, kMany };  ///< kMany: one or more, and last

/// Which guest memory a command wants.
enum class Memory : std::uint8_t {
  kNone,
  kOptional,  ///< SPEC may be given; as an operand it is told by its scheme
  kRequired,  ///< SPEC, as the first operand or by --attach
};

/// A subcommand of guestlink: what CLI11 knows of it, and its words once parsed. --attach SPEC
/// takes the place of the first operand: the others then move up, which CLI11 cannot do itself.
class Command {
 public:
  /// `example` is the line that the help shows, and each message about missing operands.
  Command(CLI::App& parent, const std::string& name, const std::string& what, std::string example,
          Memory memory = Memory::kRequired);

  /// In their order. `type` is FILE or A|B|C where completion can help.
  void operand(const std::string& name, const std::string& what, Need need = Need::kRequired,
               const std::string& type = "");
  void flag(const std::string& names, bool& value, const std::string& what);
  /// An option; `take` may throw UsageError.
  void option(const std::string& names, const std::string& type, const std::string& what,
              const std::function<void(const std::string&)>& take);
  /// One whose value is text: FILE, ADDRESS ...
  void option(const std::string& names, const std::string& type, const std::string& what,
              std::string& value);
  /// One whose value is a number (0x, K, M, G).
  void number(const std::string& names, std::uint64_t& value, const std::string& what);
  /// The width of a word in bits: 8, 16, 32 or 64.
  void width(unsigned& bits);
  void note(const std::string& text) { notes_ += "\n" + text; }
  /// What the command does, once all is set up; `status` becomes the exit code.
  void body(int& status, std::function<int()> run);

  // In the body:
  [[nodiscard]] bool given(const std::string& name) const { return !words(name).empty(); }
  /// Whether an option was given.
  [[nodiscard]] bool has_option(const std::string& name) const;
  [[nodiscard]] const std::string& text(const std::string& name) const;
  [[nodiscard]] const std::vector<std::string>& words(const std::string& name) const;
  /// Throws UsageError.
  [[nodiscard]] std::uint64_t address(const std::string& name) const;
  [[nodiscard]] std::uint64_t length(const std::string& name) const;
  [[nodiscard]] bool json() const noexcept { return json_; }
  /// Attaches to SPEC, for kRead without the right to write, so that no writer is in the way.
  /// Warnings go to the standard error when writing.
  [[nodiscard]] Attachment attach(Access access) const;
  /// The same as a session, for writes of code.
  [[nodiscard]] GuestSession open_session() const;
  /// One JSON object on the standard output.
  static void print(const nlohmann::ordered_json& object);

 private:
  struct Slot {
    std::string name;
    Need need;
    CLI::Option* option = nullptr;
    std::vector<std::string> words;
  };

  [[nodiscard]] std::string usage() const;
  void warn(const AttachReport& report) const;
  void sort_words();

  std::string example_;
  Memory memory_;
  CLI::App* app_;
  std::string attach_;
  bool json_ = false;
  std::string notes_;
  std::vector<std::unique_ptr<Slot>> slots_;  // CLI11 keeps references into them
};

/// Throws UsageError with the name, the text and what was expected.
std::uint64_t number_of(const std::string& name, const std::string& text,
                        const std::string& expected);

}  // namespace guestlink::shell
