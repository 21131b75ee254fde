// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "launcher/descriptor.h"

namespace guestlink::launcher {

/// A directory that only this user may enter (mode 0700), with QEMU's sockets in it. They listen
/// already: QEMU inherits them, and a client that connects before waits for QEMU instead of trying
/// again and again. Removed with its owner. Throws std::system_error.
class RunDirectory {
 public:
  RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;
  ~RunDirectory();

  [[nodiscard]] std::string qmp_path() const { return path_ + "/qmp.sock"; }
  /// A second monitor, for who stays connected: QEMU serves one client of a socket at a time.
  [[nodiscard]] std::string watch_path() const { return path_ + "/watch.sock"; }
  [[nodiscard]] std::string qtest_path() const { return path_ + "/qtest.sock"; }
  /// For QEMU's -readconfig: monitors on the listening sockets, and qtest on its own.
  [[nodiscard]] std::string qmp_settings() const { return path_ + "/qmp.conf"; }
  [[nodiscard]] std::string qtest_settings() const { return path_ + "/qtest.conf"; }
  /// The ends that listen; QEMU is to have them alone, so close them once QEMU was started.
  [[nodiscard]] std::vector<int> listeners() const {
    return {qmp_.get(), watch_.get(), qtest_.get()};
  }
  void close_listeners();
  /// A connection to QMP that QEMU will take.
  [[nodiscard]] Descriptor connect() const;

 private:
  void write_settings() const;

  std::string path_;
  Descriptor qmp_;
  Descriptor watch_;
  Descriptor qtest_;
};

}  // namespace guestlink::launcher
