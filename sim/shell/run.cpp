// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "shell/run.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>

#include "launcher/child.h"
#include "launcher/launcher.h"
#include "launcher/plan.h"

namespace guestlink::shell {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr int kExitNotExecutable = 126;  // as env, nice and the shell have it
constexpr int kExitNotFound = 127;

// A year: far from what overflows a clock.
constexpr double kMostSeconds = 366.0 * 24 * 3600;

constexpr const char* kFooter =
    "guestlink run [options] -- QEMU COMMAND\n"
    "\n"
    "The RAM becomes a sealed memory file that QEMU inherits and others can attach to; stderr "
    "says\n"
    "what was changed. Signals go to QEMU, its terminal is this one, and it ends when this ends.\n"
    "\n"
    "Examples:\n"
    "  guestlink run -- qemu-system-x86_64 -M q35 -m 2G -nographic disk.img\n"
    "  guestlink run --exec 'guestlink-sim --attach {spec} --doorbell' -- qemu-system-x86_64 -m "
    "512 "
    "...\n"
    "  guestlink run --spec-file guest.spec -- qemu-system-x86_64 ... &\n"
    "\n"
    "Exit codes: QEMU's, 128+n if signal n ended it; with --exec that of its command. 1 if QEMU "
    "does\n"
    "not answer in time or something cannot be made, 2 usage, 126 or 127 if QEMU cannot be "
    "executed.";

int fail(const std::string& text, int status) {
  std::fprintf(stderr, "guestlink run: %s\n", text.c_str());
  return status;
}

int cannot_execute(const launcher::CannotExecute& error) {
  const bool missing = error.code() == std::errc::no_such_file_or_directory;
  return fail(error.what() + std::string(missing ? "; is QEMU installed, and in PATH?" : ""),
              missing ? kExitNotFound : kExitNotExecutable);
}

int run(const CLI::App& app, const QemuCommand& command, launcher::Request& request) {
  if (!app.remaining().empty()) {
    const std::string word = app.remaining().back();
    return fail(command ? "'" + word + "' is no option of guestlink run; see --help"
                        : "no '--' before the QEMU command: guestlink run [options] -- "
                          "qemu-system-x86_64 ...",
                kExitUsage);
  }
  if (!command || command->empty()) {
    return fail("no QEMU command: guestlink run [options] -- qemu-system-x86_64 ...", kExitUsage);
  }
  request.command = *command;
  try {
    return launcher::run(request);
  } catch (const launcher::UsageError& error) {
    return fail(error.what(), kExitUsage);
  } catch (const launcher::CannotExecute& error) {
    return cannot_execute(error);
  } catch (const std::exception& error) {
    return fail(error.what(), kExitFailed);
  }
}

void add_seconds(CLI::App& app, const char* name, std::chrono::milliseconds& limit,
                 const char* what) {
  app.add_option_function<double>(
         name,
         [&limit](const double& seconds) {
           limit = std::chrono::milliseconds(static_cast<long>(seconds * 1000));
         },
         what)
      ->check(CLI::Range(0.0, kMostSeconds))
      ->type_name("SECONDS");
}

}  // namespace

QemuCommand take_run_command(int& argc, char** argv) {
  if (argc < 2 || std::strcmp(argv[1], "run") != 0) return std::nullopt;
  char** const end = argv + argc;
  char** const mark =
      std::find_if(argv, end, [](const char* word) { return std::strcmp(word, "--") == 0; });
  if (mark == end) return std::nullopt;
  argc = static_cast<int>(mark - argv);
  return std::vector<std::string>(mark + 1, end);
}

void add_run(CLI::App& app, const QemuCommand& command, int& status) {
  CLI::App& run_app = *app.add_subcommand("run", "Run QEMU with RAM that others can attach to");
  const auto request = std::make_shared<launcher::Request>();
  run_app
      .add_option("--exec", request->exec,
                  "Run this shell command beside QEMU, once that answers, and end with its status; "
                  "{spec} is the attach spec, {qmp} the path of the QMP socket")
      ->type_name("COMMAND");
  run_app
      .add_option("--spec-file", request->spec_file,
                  "Write the attach spec there once QEMU answers; removed at the end")
      ->type_name("FILE");
  run_app.add_flag("--json", request->json,
                   "Report as one JSON object, to stderr or to the spec file");
  run_app.add_flag("--quiet", request->quiet, "Warnings and errors only");
  add_seconds(run_app, "--timeout", request->start_limit, "For QEMU to answer (default 30)");
  add_seconds(run_app, "--grace", request->grace,
              "With --exec: when QEMU or the command ends, the other has so long to end by itself "
              "(default 2)");
  run_app.allow_extras();
  run_app.footer(kFooter);
  run_app.callback(
      [&run_app, &command, &status, request] { status = run(run_app, command, *request); });
}

}  // namespace guestlink::shell
