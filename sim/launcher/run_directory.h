// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "launcher/descriptor.h"

namespace guestlink::launcher {

/// A directory that only this user may enter (mode 0700), with QEMU's QMP socket in it. The socket
/// listens already: QEMU inherits it, and a client that connects before waits for QEMU instead of
/// trying again and again. Removed with its owner. Throws std::system_error.
class RunDirectory {
 public:
  RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;
  ~RunDirectory();

  [[nodiscard]] std::string socket_path() const { return path_ + "/qmp.sock"; }
  /// For QEMU's -readconfig: a monitor on the listening socket.
  [[nodiscard]] std::string settings_path() const { return path_ + "/qmp.conf"; }
  /// The end that listens; QEMU is to have it alone, so close it once QEMU was started.
  [[nodiscard]] Descriptor& listener() { return listener_; }
  /// A connection that QEMU will take.
  [[nodiscard]] Descriptor connect() const;

 private:
  void listen();
  void write_settings() const;

  std::string path_;
  Descriptor listener_;
};

}  // namespace guestlink::launcher
