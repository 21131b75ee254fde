// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "shell/command.h"
#include "shell/commands.h"
#include "shell/input_file.h"
#include "shell/progress.h"
#include "shell/ranges.h"
#include "shell/words.h"

namespace guestlink::shell {
namespace {

constexpr std::uint64_t kStep = std::uint64_t{1} << 18;

struct Options {
  std::string file;
  std::string with;
};

struct Differences {
  std::uint64_t count = 0;  // bytes
  std::uint64_t first = 0;  // offset of the first
  std::byte ours{};
  std::byte theirs{};

  void add(std::uint64_t offset, std::span<const std::byte> a, std::span<const std::byte> b) {
    if (std::memcmp(a.data(), b.data(), a.size()) == 0) return;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (a[i] == b[i]) continue;
      if (count++ != 0) continue;
      first = offset + i;
      ours = a[i];
      theirs = b[i];
    }
  }
};

/// The side that guest memory is compared with: a file or another range.
class Other {
 public:
  Other(const Options& options, std::uint64_t address) : address_(address) {
    if (!options.file.empty()) file_.emplace(options.file);
  }
  [[nodiscard]] const std::optional<InputFile>& file() const noexcept { return file_; }
  void attach(const GuestMemory& memory, std::uint64_t length) {
    if (file_) return;
    require_range(memory, {address_, length}, Access::kRead);
    segments_ = segments_of(memory, {address_, length});
  }
  void read(std::uint64_t offset, std::span<std::byte> data) const {
    if (file_) return file_->read(offset, data);
    copy_from(segments_, address_ + offset, data);
  }
  [[nodiscard]] std::string place(std::uint64_t offset) const {
    return file_ ? "byte " + hex(offset) + " of " + file_->path() : hex(address_ + offset);
  }

 private:
  std::uint64_t address_;
  std::optional<InputFile> file_;
  std::vector<Segment> segments_;
};

Differences compare_all(const GuestMemory& memory, GuestRange range, const Other& other) {
  const auto segments = segments_of(memory, range);
  std::vector<std::byte> ours(kStep);
  std::vector<std::byte> theirs(kStep);
  Differences differences;
  Progress progress("comparing", range.length);
  while (progress.done() < range.length) {
    const std::uint64_t step = std::min(kStep, range.length - progress.done());
    const auto a = std::span(ours).first(step);
    const auto b = std::span(theirs).first(step);
    copy_from(segments, range.guest_address + progress.done(), a);
    other.read(progress.done(), b);
    differences.add(progress.done(), a, b);
    progress.advance(step);
  }
  require_range(memory, range, Access::kRead);
  return differences;
}

void report(const Command& command, GuestRange range, const Other& other,
            const Differences& found) {
  const std::string ours = word_text(std::to_integer<unsigned>(found.ours), 8);
  const std::string theirs = word_text(std::to_integer<unsigned>(found.theirs), 8);
  const std::string place = hex(range.guest_address + found.first);
  if (command.json()) {
    nlohmann::ordered_json json{{"equal", found.count == 0},
                                {"length", range.length},
                                {"different_bytes", found.count},
                                {"first_difference", nullptr}};
    if (found.count != 0) {
      json["first_difference"] = {
          {"address", place}, {"offset", hex(found.first)}, {"value", ours}, {"other", theirs}};
    }
    Command::print(json);
  } else if (found.count != 0) {
    std::printf("%s is %s, but %s is %s; %llu of %llu bytes differ\n", place.c_str(), ours.c_str(),
                other.place(found.first).c_str(), theirs.c_str(),
                static_cast<unsigned long long>(found.count),
                static_cast<unsigned long long>(range.length));
  }
}

int compare(const Command& command, const Options& options) {
  if (options.file.empty() == options.with.empty()) {
    throw UsageError("give one of --file FILE and --with ADDRESS: what to compare with");
  }
  GuestRange range{command.address("ADDRESS"), 0};
  const bool whole_file = !command.given("LENGTH");
  if (whole_file && options.file.empty()) {
    throw UsageError("LENGTH is missing; only with --file it may be left out");
  }
  if (!whole_file) range.length = command.length("LENGTH");
  const std::uint64_t with =
      options.with.empty() ? 0 : number_of("--with", options.with, "a guest address");
  Other other(options, with);
  if (whole_file) range.length = other.file()->size();
  if (other.file() && other.file()->size() < range.length) {
    throw Failure("file " + in_quotes(options.file) + " has " + hex(other.file()->size()) +
                  " bytes, fewer than LENGTH, " + hex(range.length));
  }
  const auto [memory, attached] = command.attach(Access::kRead);
  require_range(memory, range, Access::kRead);
  other.attach(memory, range.length);
  const Differences found = compare_all(memory, range, other);
  report(command, range, other, found);
  return found.count == 0 ? kExitOk : kExitFailed;
}

}  // namespace

void add_compare(CLI::App& app, int& status) {
  const auto options = std::make_shared<Options>();
  const auto command = std::make_shared<Command>(
      app, "compare", "Compare guest memory with a file or with other guest memory",
      "guestlink compare qmp:/run/vm.sock 0x100000 --file kernel.bin");
  command->operand("ADDRESS", "Guest address of the first byte");
  command->operand("LENGTH", "How many bytes; with --file all of the file by default",
                   Need::kOptional);
  command->option("--file", "FILE", "Compare with this file from its start", options->file);
  command->option("--with", "ADDRESS", "Compare with guest memory at this address", options->with);
  command->note("Exit code 0 if all bytes are equal, 1 if not; nothing is printed if they are.");
  command->body(status, [command, options] { return compare(*command, *options); });
}

}  // namespace guestlink::shell
