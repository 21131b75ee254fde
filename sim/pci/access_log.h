// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <fstream>
#include <string>

#include "guestlink/pci_endpoint.h"
#include "pci/pci_model.h"

namespace guestlink::sim {

/// A text file of what passes between a guest and its device: a line for each register access when
/// it is answered, for each change of an interrupt wire and each reset, with the clock cycle.
class AccessLog final : public PciObserver {
 public:
  /// `model` outlives it. Throws std::runtime_error if the file cannot be made.
  AccessLog(const std::string& path, const PciModel& model);

  void accessed(const MmioRequest& request, std::uint64_t data, bool okay) override;
  void interrupt_changed(std::uint32_t vector, bool level) override;
  void was_reset() override;

  /// Throws std::runtime_error if not all could be written.
  void close();

 private:
  std::string path_;
  std::ofstream file_;
  const PciModel& model_;
};

}  // namespace guestlink::sim
