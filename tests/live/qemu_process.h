// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// A QEMU of the test's own that runs no kernel: for what is asked of QEMU alone.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "attach/qmp_client.h"
#include "guestlink/mapping.h"
#include "support/temporary_directory.h"

namespace guestlink::live {

/// Whether a program is in PATH.
bool has_program(const std::string& name);

/// The major version that a QEMU in PATH says it has; 0 if it says none.
int major_version(const std::string& program);

/// A QEMU under TCG without devices, display and network. Killed at the end of its scope.
class QemuProcess {
 public:
  /// Starts `program` with `arguments`, in which `DIR` stands for `directory`, and waits until it
  /// answers. Throws std::runtime_error with what QEMU said.
  QemuProcess(const std::string& program, std::vector<std::string> arguments);
  QemuProcess(const QemuProcess&) = delete;
  QemuProcess& operator=(const QemuProcess&) = delete;
  ~QemuProcess();

  /// The socket for those under test; the test itself has another one.
  [[nodiscard]] std::string socket() const { return directory.file("qmp"); }
  detail::QmpClient& qmp() { return *qmp_; }
  /// 8 bytes of guest memory as the guest has them, by its address.
  std::uint64_t peek(std::uint64_t address);
  void poke(std::uint64_t address, std::uint64_t value);

  test::TemporaryDirectory directory;

 private:
  void start(const std::string& program, std::vector<std::string> arguments);
  void stop() noexcept;
  [[nodiscard]] bool ended() const;
  void connect_qtest();

  pid_t pid_ = -1;
  FileDescriptor qtest_;
  std::optional<detail::QmpClient> qmp_;
};

}  // namespace guestlink::live
