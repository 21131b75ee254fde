// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "launcher/plan.h"
#include "launcher/qmp_probe.h"

namespace guestlink::launcher {

/// Where the guest's memory is, once QEMU runs.
struct GuestReport {
  int pid = 0;
  GuestFacts facts;
  std::string qmp_socket;
  std::string spec;  ///< attach spec
};

[[nodiscard]] std::string to_json(const GuestReport& report, const Plan& plan);

/// The file that a script waits for: it appears whole, or not at all, and goes with its owner.
class SpecFile {
 public:
  /// Removes what an earlier run has left at the path; only a regular file. Empty: no file.
  explicit SpecFile(std::string path);
  SpecFile(const SpecFile&) = delete;
  SpecFile& operator=(const SpecFile&) = delete;
  ~SpecFile();
  /// Throws std::runtime_error with the path.
  void write(const std::string& text);

 private:
  std::string path_;
  bool written_ = false;
};

}  // namespace guestlink::launcher
