// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "guestlink/mapping.h"
#include "pci/pci_model.h"

namespace guestlink::sim {

/// A serial line's other end as a pseudo-terminal, raw, for any terminal program. What nobody reads
/// is lost, as on a line, once the kernel's buffer is full.
class PseudoTerminal final : public SerialEnd {
 public:
  /// `link` becomes a symbolic link to it, in the place of one that is there. Throws
  /// std::runtime_error.
  explicit PseudoTerminal(const std::string& link);
  ~PseudoTerminal() override;

  void put(std::uint8_t byte) override;
  [[nodiscard]] bool ready() const noexcept override { return !typed_.empty(); }
  std::uint8_t get() override;

  /// Takes what was typed; a system call. fd() can be read when there is something.
  void refill();
  /// Whether refill() would take more.
  [[nodiscard]] bool has_room() const noexcept { return typed_.size() < kEnough; }
  [[nodiscard]] int fd() const noexcept { return master_.get(); }

 private:
  static constexpr std::size_t kEnough = 4096;

  std::string link_;
  FileDescriptor master_;
  FileDescriptor slave_;  // open, so that the line outlives whoever is connected to it
  std::deque<std::uint8_t> typed_;
};

}  // namespace guestlink::sim
