// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <nlohmann/json.hpp>

#include "shell/command.h"
#include "shell/commands.h"
#include "shell/run.h"

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

/// "guestlink COMMAND" for messages, once the command is known.
std::string name_of(const CLI::App& app, const char* word) {
  const auto known =
      app.get_subcommands([&](const CLI::App* command) { return command->get_name() == word; });
  return known.empty() ? "guestlink" : "guestlink " + known[0]->get_name();
}

void parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      (void)app.exit(error);  // --help, --version
      return;
    }
    // CLI11 would only say that a subcommand is required.
    if (argc < 2) throw UsageError("no command");
    if (argv[1][0] != '-' && name_of(app, argv[1]) == "guestlink") {
      throw UsageError(in_quotes(argv[1]) + " is no command");
    }
    throw UsageError(error.what());
  }
}

int run(int argc, char** argv) {
  const QemuCommand qemu = take_run_command(argc, argv);
  CLI::App app{"Looks into the RAM of a QEMU guest, or of a mock file, and changes it.",
               "guestlink"};
  int status = kExitOk;
  app.set_version_flag("--version", "guestlink " GUESTLINK_VERSION);
  app.require_subcommand(1);
  app.footer(kFooter);
  add_commands(app, status);
  add_run(app, qemu, status);
  const std::string name = name_of(app, argc < 2 ? "" : argv[1]);
  const bool json =
      std::any_of(argv, argv + argc, [](const char* word) { return !std::strcmp(word, "--json"); });
  const auto fail = [&](const std::string& what, int code) {
    std::fprintf(stderr, "%s: %s\n", name.c_str(), what.c_str());
    if (code == kExitUsage) std::fprintf(stderr, "%s --help tells more\n", name.c_str());
    if (json) Command::print({{"error", what}});
    return code;
  };
  try {
    parse(app, argc, argv);
    return status;
  } catch (const UsageError& error) {
    return fail(error.what(), kExitUsage);
  } catch (const std::bad_alloc&) {
    return fail("this process got no memory for that", kExitFailed);
  } catch (const std::exception& error) {
    return fail(error.what(), kExitFailed);
  }
}

int run_to_the_end(int argc, char** argv) {
  const int status = run(argc, argv);
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  std::fprintf(stderr, "guestlink: the standard output cannot be written: %s\n",
               std::strerror(errno));
  return kExitFailed;
}

}  // namespace
}  // namespace guestlink::shell

int main(int argc, char** argv) {
  try {
    return guestlink::shell::run_to_the_end(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "guestlink: %s\n", error.what());
    return guestlink::shell::kExitFailed;
  }
}
