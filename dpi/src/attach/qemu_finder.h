// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "guestlink/mapping.h"

namespace guestlink::detail {

/// A QEMU that runs.
struct FoundQemu {
  pid_t pid = 0;
  FileDescriptor process;  ///< readable once it has ended; -1 if the kernel has no such thing
};

/// The QEMUs that have the open file mapped shared, as far as this user may look into processes. A
/// QEMU is told by its name: an argument's last part begins with qemu-system- (so also when it is
/// started by another loader), or the program's own with qemu.
std::vector<FoundQemu> find_qemus(int fd);

/// What ends with process `pid`; -1 where the kernel (before 5.3) has no such thing.
FileDescriptor open_process(pid_t pid) noexcept;

/// Whether a command line, words ended by NUL as in /proc/PID/cmdline, is a QEMU's.
bool is_qemu_command(const std::string& command);

}  // namespace guestlink::detail
