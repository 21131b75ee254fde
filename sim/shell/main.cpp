// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <nlohmann/json.hpp>

#include "shell/command.h"
#include "shell/commands.h"
#include "shell/interrupt.h"

namespace guestlink::shell {
namespace {

constexpr const char* kFooter =
    "guestlink COMMAND --help has the operands and an example.\n"
    "\n"
    "SPEC is the guest's memory:\n"
    "  qmp:/run/vm.sock                      ask the running QEMU for files and layout\n"
    "  file:/dev/shm/guest-ram,machine=q35   the RAM file of a running guest\n"
    "  mock:ram.bin,size=64M,machine=pc      a plain file laid out as the machine's RAM\n"
    "\n"
    "Numbers are decimal or 0x..., with K, M or G for powers of two.\n"
    "Exit codes: 0 done; 1 it failed, or the answer is different, not found, not in time; 2 usage.";

void add_commands(CLI::App& app, int& status) {
  for (const auto add :
       {add_map, add_info, add_read, add_write, add_dump, add_load, add_save, add_fill, add_compare,
        add_find, add_watch, add_snapshot, add_diff, add_doctor, add_completion}) {
    add(app, status);
  }
}

/// Tells what went wrong, on the standard error and, with --json, as the object on the standard
/// output.
int fail(int argc, char** argv, const std::string& what, int status) {
  const bool named = argc > 1 && argv[1][0] != '-';
  const std::string name = named ? std::string("guestlink ") + argv[1] : "guestlink";
  std::fprintf(stderr, "%s: %s\n", name.c_str(), what.c_str());
  if (status == kExitUsage) std::fprintf(stderr, "%s --help tells more\n", name.c_str());
  const bool json =
      std::any_of(argv, argv + argc, [](const char* word) { return !std::strcmp(word, "--json"); });
  if (json) Command::print({{"error", what}});
  return status;
}

int run(int argc, char** argv) {
  CLI::App app{"Looks into the RAM of a QEMU guest, or of a mock file, and changes it.",
               "guestlink"};
  int status = kExitOk;
  app.set_version_flag("--version", "guestlink " GUESTLINK_VERSION);
  app.require_subcommand(1);
  app.footer(kFooter);
  add_commands(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    return fail(argc, argv, error.what(), kExitUsage);
  }
  return status;
}

int run_and_report(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const UsageError& error) {
    return fail(argc, argv, error.what(), kExitUsage);
  } catch (const std::bad_alloc&) {
    return fail(argc, argv, "this process got no memory for that", kExitFailed);
  } catch (const std::exception& error) {
    return fail(argc, argv, error.what(), kExitFailed);
  }
}

}  // namespace
}  // namespace guestlink::shell

int main(int argc, char** argv) {
  guestlink::shell::catch_signals();
  const int status = guestlink::shell::run_and_report(argc, argv);
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  std::fprintf(stderr, "guestlink: the standard output cannot be written: %s\n",
               std::strerror(errno));
  return guestlink::shell::kExitFailed;
}
