// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// guestlink-systemc: guestlink-sim with SystemC in the driver's seat.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <systemc>

#include "cli/run.h"
#include "systemc/platform/engine_platform.h"
#include "systemc/target/report.h"

namespace guestlink::sim {
namespace {

int run_program(int argc, char** argv) {
  EnginePlatform::Settings settings;
  Options options;
  options.program = "guestlink-systemc";
  const auto add_clocking = [&settings](CLI::App& app) {
    auto* const edges = app.add_flag("--every-edge", settings.every_edge,
                                     "A SystemC event for each edge of the clock, instead of a "
                                     "quantum of clocks a wake-up");
    app.add_option("--quantum", settings.quantum_clocks, "Clocks a wake-up at most")
        ->check(CLI::Range(1U, 1000000000U))
        ->excludes(edges)
        ->type_name("CLOCKS")
        ->capture_default_str();
  };
  if (const auto code = parse_options(argc, argv, options, add_clocking)) return *code;
  settings.trace_file = options.trace;
  settings.max_cycles = options.max_cycles;
  return run(options, [&](const Options&, GuestSession guest, const Work& work) {
    EnginePlatform platform("platform", std::move(guest), settings);
    return platform.run(work);
  });
}

}  // namespace
}  // namespace guestlink::sim

// SystemC's banner would be the first line of the program's messages.
int main(int argc, char** argv) {
  setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
  return sc_core::sc_elab_and_sim(argc, argv);
}

// The command line says how the run went: SystemC's own words on it are not wanted.
int sc_main(int argc, char** argv) {
  sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
  sc_core::sc_report_handler::set_actions(guestlink::kMemoryReport, sc_core::SC_WARNING,
                                          sc_core::SC_DO_NOTHING);
  sc_core::sc_report_handler::set_actions(guestlink::VerilatedDeviceBase::kAssertionReport,
                                          sc_core::SC_ERROR, sc_core::SC_DISPLAY);
  return guestlink::sim::run_program(argc, argv);
}
