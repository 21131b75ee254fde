// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <exception>

#include "shell/run.h"

namespace {

int run_command(int argc, char** argv) {
  constexpr int kExitUsage = 2;
  const guestlink::shell::Command command = guestlink::shell::take_run_command(argc, argv);
  CLI::App app{"Guest memory of QEMU from the shell.", "guestlink"};
  app.require_subcommand(1);
  int status = 0;
  guestlink::shell::add_run(app, command, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_command(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "guestlink: %s\n", error.what());
    return 1;
  }
}
