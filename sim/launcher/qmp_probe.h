// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "launcher/descriptor.h"

namespace guestlink::launcher {

/// What a QEMU that has started says of itself; empty where it did not say.
struct GuestFacts {
  std::string machine;  ///< versioned, pc-i440fx-7.2
  std::string target;   ///< x86_64
  std::string version;  ///< 7.2.22
  bool kvm = false;
  int max_cpus = 0;  ///< 0 where it did not say
};

/// Asks a QEMU for its facts, once it answers. Never blocks.
class QmpProbe {
 public:
  explicit QmpProbe(Descriptor connection) : connection_(std::move(connection)) {}

  [[nodiscard]] int descriptor() const { return connection_.get(); }
  /// To be called when there is something to read. True once all is answered or the connection is
  /// at its end. Throws std::runtime_error if what comes is not QMP.
  bool on_readable();
  [[nodiscard]] bool answered() const { return answered_; }
  [[nodiscard]] const GuestFacts& facts() const { return facts_; }

 private:
  bool take_line(const std::string& line);
  void ask();

  Descriptor connection_;
  std::string received_;
  GuestFacts facts_;
  bool answered_ = false;
};

}  // namespace guestlink::launcher
