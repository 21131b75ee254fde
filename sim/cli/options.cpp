// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <charconv>

#include "guestlink/number.h"
#include "guestlink/range.h"

namespace guestlink::sim {
namespace {

constexpr const char* kFooter =
    "Attach specs:\n"
    "  qmp:/run/qmp.sock                     RAM of a running QEMU guest, by its QMP socket\n"
    "  file:/dev/shm/guest-ram,machine=q35   the same by its RAM file and machine type\n"
    "  mock:,size=64M                        plain memory, gone at exit\n"
    "  mock:ram.bin,size=64M,machine=pc      a file laid out as the machine's RAM\n"
    "\n"
    "Examples:\n"
    "  PROGRAM --attach file:/dev/shm/guest-ram,machine=q35 --doorbell\n"
    "  PROGRAM --attach mock:,size=64M --self-test --descriptors 1000 --seed 7\n"
    "  PROGRAM --attach mock:,size=64M --self-test --descriptors 8 --trace dma.fst\n"
    "\n"
    "Exit codes: 0 the guest passed, or the self-test did; 1 anything else that ended the run (a "
    "guest\n"
    "that failed or gave no verdict, a mismatch, no page in time, a limit, a signal, memory that "
    "cannot\n"
    "be attached); 2 usage.";

std::string footer(const std::string& program) {
  static const std::string kName = "PROGRAM";
  std::string text = kFooter;
  for (std::size_t at = text.find(kName); at != std::string::npos; at = text.find(kName))
    text.replace(at, kName.size(), program);
  return text;
}

// Throws CLI::ValidationError.
std::uint64_t parse_size(const std::string& text) {
  if (const auto size = parse_number(text)) return *size;
  throw CLI::ValidationError("--range", "'" + text + "' is not a size such as 0x10000000 or 16M");
}

void parse_range(const std::string& text, Options& options) {
  const std::size_t plus = text.find('+');
  if (plus == std::string::npos) {
    throw CLI::ValidationError("--range", "'" + text + "' is not BASE+SIZE, as in 0x10000000+16M");
  }
  options.range_base = parse_size(text.substr(0, plus));
  options.range_size = parse_size(text.substr(plus + 1));
  if (options.range_size == 0) throw CLI::ValidationError("--range", "a size of 0");
  if (!range_fits(options.range_base, options.range_size, ~std::uint64_t{0})) {
    throw CLI::ValidationError("--range", "'" + text + "' ends above 2^64 - 1");
  }
}

// CLI11 takes a sign for an unsigned number, saturates one that is too large, and takes an empty
// text for none; of seconds it takes NaN.
const CLI::Validator kNumber(
    [](const std::string& text) -> std::string {
      const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
      const char* const begin = text.data() + (hexadecimal ? 2 : 0);
      const char* const end = text.data() + text.size();
      std::uint64_t value = 0;
      const auto [rest, error] = std::from_chars(begin, end, value, hexadecimal ? 16 : 10);
      if (error == std::errc() && rest == end) return {};
      return "'" + text + "' is not a number of at most 64 bits, decimal or 0x";
    },
    "NUMBER");

// A year: far from what overflows a clock.
constexpr double kMostSeconds = 366.0 * 24 * 3600;

const CLI::Validator kSeconds(
    [](const std::string& text) -> std::string {
      double value = 0;
      const char* const end = text.data() + text.size();
      const auto [rest, error] = std::from_chars(text.data(), end, value);
      if (error == std::errc() && rest == end && value >= 0 && value <= kMostSeconds) return {};
      return "'" + text + "' is not a number of seconds, 0 to a year";
    },
    "SECONDS");

const CLI::Validator kPath([](const std::string& text)
                               -> std::string { return text.empty() ? "the name is empty" : ""; },
                           "FILE");

void check_pattern(const char* option, const std::optional<std::uint32_t>& pattern) {
  if (pattern == 0xFFFFFFFFU) {
    throw CLI::ValidationError(option, "0xffffffff would stall for ever; leave a bit clear");
  }
}

void add_timing(CLI::App& app, Options& options) {
  const std::string group = "Timing of guest memory";
  app.add_option("--read-latency", options.read_latency, "Clocks from a read request to its data")
      ->check(kNumber)
      ->type_name("CLOCKS")
      ->group(group);
  app.add_option("--write-latency", options.write_latency, "Clocks from the data to the response")
      ->check(kNumber)
      ->type_name("CLOCKS")
      ->group(group);
  app.add_option(
         "--accept-stall", options.accept_stall,
         "32-clock pattern, bit n set: no request is accepted in clock n; 0x for hexadecimal")
      ->check(kNumber)
      ->type_name("PATTERN")
      ->group(group);
  app.add_option("--beat-stall", options.beat_stall, "The same for beats of data")
      ->check(kNumber)
      ->type_name("PATTERN")
      ->group(group);
}

void add_self_test(CLI::App& app, Options& options, std::string& range) {
  const std::string group = "Self-test";
  app.add_option("--seed", options.seed,
                 "Seed of the random copies and timing; printed if not given")
      ->check(kNumber)
      ->type_name("UINT")
      ->group(group);
  app.add_option("--descriptors", options.descriptors, "How many descriptors to run")
      ->check(CLI::Range(1U, 100000000U))
      ->capture_default_str()
      ->group(group);
  app.add_option(
         "--range", range,
         "Guest memory that may be overwritten, e.g. 0x10000000+16M; needed for any spec but mock:")
      ->type_name("BASE+SIZE")
      ->group(group);
  app.add_option("--inject-error", options.inject_error,
                 "Spoil the result of this descriptor (from 0): the test must then fail")
      ->check(kNumber)
      ->type_name("INDEX")
      ->group(group);
}

void add_run(CLI::App& app, Options& options) {
  app.add_option("--attach-timeout", options.attach_timeout, "Wait this long for a doorbell page")
      ->check(kSeconds)
      ->type_name("SECONDS")
      ->capture_default_str();
  app.add_option("--idle-timeout", options.idle_timeout,
                 "End when the guest has asked for nothing for so long; 0 for never")
      ->check(kSeconds)
      ->type_name("SECONDS")
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--on-guest-reset",
         [&options](const std::string& what) { options.stop_on_reset = what == "stop"; },
         "What a reset of the guest does, where QEMU tells of it (qmp: specs): reset the RTL too "
         "and serve the guest's next page, or stop")
      ->check(CLI::IsMember({"reset", "stop"}))
      ->type_name("reset|stop")
      ->default_str("reset");
  app.add_option("--reattach", options.reattach,
                 "When the guest has ended, wait this long for it to be back, attach again and "
                 "serve on; 0: end with it")
      ->check(kSeconds)
      ->type_name("SECONDS")
      ->capture_default_str();
  app.add_option("--trace", options.trace, "Write all signals to this FST file")
      ->check(kPath)
      ->type_name("FILE");
  app.add_option("--max-cycles", options.max_cycles,
                 "End after so many clock cycles; 0 for no limit")
      ->check(kNumber)
      ->type_name("UINT")
      ->capture_default_str();
  app.add_flag("--json", options.json, "Print the summary as JSON, alone on the standard output");
  app.add_flag("--quiet", options.quiet, "Print the summary and errors only");
}

}  // namespace

std::optional<int> parse_options(int argc, char** argv, Options& options,
                                 const std::function<void(CLI::App&)>& add_more) {
  CLI::App app{"Runs the DMA engine's RTL on the RAM of a guest, or of a mock file.",
               options.program};
  std::string range;
  app.add_option("--attach", options.attach, "The guest's memory, see below")
      ->required()
      ->type_name("SPEC");
  CLI::Option_group* mode = app.add_option_group("Mode", "what drives the engine; one of");
  mode->add_flag("--doorbell", options.doorbell,
                 "Serve a guest program that has published a doorbell page, until it closes it");
  mode->add_flag("--self-test", options.self_test,
                 "Run random copies and compare all memory after them; OVERWRITES guest memory");
  mode->require_option(1);
  add_run(app, options);
  add_timing(app, options);
  add_self_test(app, options, range);
  if (add_more) add_more(app);
  app.footer(footer(options.program));
  try {
    app.parse(argc, argv);
    if (options.attach.empty() && options.vfio_user.empty()) throw CLI::RequiredError("--attach");
    if (app.count("--range") != 0) parse_range(range, options);
    check_pattern("--accept-stall", options.accept_stall);
    check_pattern("--beat-stall", options.beat_stall);
    if (options.self_test && !options.attach.starts_with("mock:") && range.empty()) {
      throw CLI::ValidationError("--self-test",
                                 "overwrites memory, and '" + options.attach +
                                     "' is not a mock: spec; name what it may use with --range "
                                     "BASE+SIZE");
    }
    if (options.inject_error && *options.inject_error >= options.descriptors) {
      throw CLI::ValidationError(
          "--inject-error", "the last descriptor is " + std::to_string(options.descriptors - 1));
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return std::nullopt;
}

}  // namespace guestlink::sim
