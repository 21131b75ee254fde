// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/options.h"

namespace guestlink::sim {

/// Options of `--vfio-user`, beside those of every mode.
struct PciOptions {
  std::string device = "ioat";
  bool free_running = false;
  bool lock_step = false;
  std::string serial;  ///< link to the other end of the device's line; empty for none
  std::string log;     ///< file of all register accesses and interrupts; empty for none
};

/// Adds `--vfio-user` to the modes, and what belongs to it.
void add_pci_options(CLI::App& app, Options& options, PciOptions& pci);

/// Serves a Verilated device to the guest that connects, until that has gone; an exit code. Catches
/// signals.
int run_pci(const Options& options, const PciOptions& pci);

}  // namespace guestlink::sim
