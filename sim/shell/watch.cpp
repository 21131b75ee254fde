// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "shell/command.h"
#include "shell/commands.h"
#include "shell/interrupt.h"
#include "shell/ranges.h"
#include "shell/words.h"

namespace guestlink::shell {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kMostBytes = std::uint64_t{16} << 20;
constexpr std::size_t kMostKept = 10000;  // changes in the JSON object
constexpr double kMostSeconds = 366.0 * 24 * 3600;

struct Options {
  unsigned width = 32;
  double interval = 0.1;
  double timeout = 0;       // 0: none
  std::uint64_t count = 0;  // 0: no end
};

std::chrono::nanoseconds nanoseconds(double seconds) {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

/// Time of day with microseconds, in UTC.
std::string time_text() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  const auto seconds = static_cast<std::time_t>(micros / 1000000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
  char text[48];
  std::snprintf(text, sizeof text, "%s.%06dZ", date, static_cast<int>(micros % 1000000));
  return text;
}

class Watch {
 public:
  Watch(const GuestMemory& memory, GuestRange range, const Options& options, bool json)
      : memory_(memory), range_(range), options_(options), out_(json ? stderr : stdout) {}

  void run() {
    before_ = words_now();
    now_ = before_;
    if (before_.size() == 1) say(range_.guest_address, word_text(before_[0], options_.width));
    Clock::time_point next = start_;
    while (ended_by_.empty()) {
      // The moment of a poll does not move with how long the polls take.
      next = std::max(next + nanoseconds(options_.interval), Clock::now());
      sleep_until(next);
      poll();
      if (options_.count != 0 && changes_ >= options_.count) ended_by_ = "count";
      if (ended_by_.empty() && interrupted() != 0) {
        ended_by_ = std::string("SIG") + sigabbrev_np(interrupted());
      }
      if (ended_by_.empty() && options_.timeout > 0 && seconds() >= options_.timeout) {
        ended_by_ = "timeout";
      }
    }
  }

  /// As for find: a change that was waited for in vain is "not found".
  [[nodiscard]] int exit_code() const {
    const std::uint64_t wanted = options_.count == 0 ? 1 : options_.count;
    return ended_by_ == "timeout" && changes_ < wanted ? kExitFailed : kExitOk;
  }
  void print_end() const {
    std::fprintf(out_, "%llu change%s in %.3f s, ended by %s\n",
                 static_cast<unsigned long long>(changes_), changes_ == 1 ? "" : "s", seconds(),
                 ended_by_.c_str());
  }
  [[nodiscard]] nlohmann::ordered_json to_json() const {
    return {{"address", hex(range_.guest_address)},
            {"width", options_.width},
            {"changes", kept_},
            {"count", changes_},
            {"seconds", seconds()},
            {"ended_by", ended_by_}};
  }

 private:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(Clock::now() - start_).count();
  }
  void sleep_until(Clock::time_point when) const {
    if (options_.timeout > 0) when = std::min(when, start_ + nanoseconds(options_.timeout));
    pause_for(when - Clock::now());
  }

  // Word by word, so that each is one the guest has written.
  [[nodiscard]] std::vector<std::uint64_t> words_now() const {
    std::vector<std::uint64_t> words(range_.length / (options_.width / 8));
    std::uint64_t at = range_.guest_address;
    for (std::uint64_t& word : words) {
      word = load_word(memory_, at, options_.width);
      at += options_.width / 8;
    }
    return words;
  }
  void poll() {
    now_ = words_now();
    for (std::size_t i = 0; i < now_.size(); ++i) {
      if (now_[i] != before_[i]) note(i);
      if (options_.count != 0 && changes_ >= options_.count) break;
    }
    before_.swap(now_);
    std::fflush(out_);
  }
  void note(std::size_t index) {
    const std::uint64_t address = range_.guest_address + index * (options_.width / 8);
    const std::string before = word_text(before_[index], options_.width);
    const std::string after = word_text(now_[index], options_.width);
    const std::string time = say(address, before + " -> " + after);
    ++changes_;
    if (kept_.size() >= kMostKept) return;
    kept_.push_back({{"time", time}, {"address", hex(address)}, {"old", before}, {"new", after}});
  }
  std::string say(std::uint64_t address, const std::string& what) const {
    std::string time = time_text();
    std::fprintf(out_, "%s %s: %s\n", time.c_str(), hex(address).c_str(), what.c_str());
    std::fflush(out_);
    return time;
  }

  const GuestMemory& memory_;
  GuestRange range_;
  const Options& options_;
  std::FILE* out_;
  Clock::time_point start_ = Clock::now();
  std::vector<std::uint64_t> before_;
  std::vector<std::uint64_t> now_;
  std::uint64_t changes_ = 0;
  nlohmann::ordered_json kept_ = nlohmann::ordered_json::array();
  std::string ended_by_;
};

GuestRange range_of(const Command& command, const Options& options) {
  const std::uint64_t bytes = options.width / 8;
  GuestRange range{command.address("ADDRESS"), bytes};
  if (command.given("LENGTH")) range.length = command.length("LENGTH");
  if (range.length % bytes != 0 || range.length > kMostBytes) {
    throw UsageError("LENGTH is " + hex(range.length) + ", expected a multiple of " +
                     std::to_string(bytes) + " (the word) and at most " + hex(kMostBytes));
  }
  return range;
}

int watch(const Command& command, const Options& options) {
  const GuestRange range = range_of(command, options);
  const auto [memory, report] = command.attach(Access::kRead);
  require_range(memory, range, Access::kRead);
  Watch watch(memory, range, options, command.json());
  watch.run();
  watch.print_end();
  if (command.json()) Command::print(watch.to_json());
  return watch.exit_code();
}

void add_seconds(Command& command, const char* name, double& value, double least,
                 const char* what) {
  const auto take = [&value, name, least](const std::string& text) {
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc() && rest == end && value >= least && value <= kMostSeconds) return;
    throw UsageError(std::string(name) + " is " + in_quotes(text) + ", expected seconds, " +
                     (least > 0 ? "at least 0.0001" : "0 or more"));
  };
  command.option(name, "SECONDS", what, take);
}

}  // namespace

void add_watch(CLI::App& app, int& status) {
  constexpr double kShortest = 0.0001;
  const auto options = std::make_shared<Options>();
  const auto command = std::make_shared<Command>(
      app, "watch", "Print the changes of a word or a range, with the time",
      "guestlink watch qmp:/run/vm.sock 0x100000 --interval 0.01 --timeout 60");
  command->operand("ADDRESS", "Guest address of the first word");
  command->operand("LENGTH", "How many bytes; one word by default", Need::kOptional);
  command->width(options->width);
  add_seconds(*command, "--interval", options->interval, kShortest,
              "Between two looks (default 0.1)");
  add_seconds(*command, "--timeout", options->timeout, 0, "End after this time; 0 for never");
  command->number("--count", options->count, "End after so many changes; 0 for never");
  command->note(
      "Ctrl-C ends it with a line that sums up. A change that is undone between two looks is\n"
      "not seen. Exit code 1 if the time is over before --count changes (1 by default).");
  command->body(status, [command, options] { return watch(*command, *options); });
}

}  // namespace guestlink::shell
