// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci/pci_runner.h"

namespace guestlink::sim {

std::uint64_t PciRunner::run(std::uint64_t cycles, std::chrono::milliseconds nap,
                             std::span<const int> others) {
  if (idle()) endpoint_.wait(nap, others);
  std::uint64_t ran = 0;
  while (ran < cycles && !idle() && model_.stop_reason() == StopReason::kNone) {
    model_.clock();
    ++ran;
  }
  return ran;
}

}  // namespace guestlink::sim
