// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "guestlink/mapping.h"

namespace guestlink::detail {

/// A file that a process has mapped shared, and where.
struct HostMapping {
  std::uint64_t first = 0;  ///< host address
  std::uint64_t end = 0;    ///< behind the last
  std::uint64_t offset = 0;
  dev_t device = 0;
  ino_t inode = 0;

  [[nodiscard]] std::uint64_t offset_of(std::uint64_t address) const noexcept {
    return offset + (address - first);
  }
};

/// A file opened, and the path it was opened by.
struct OpenedFile {
  FileDescriptor fd;
  std::string path;
};

/// QEMU's process, as far as this user may look into it: its mappings at one moment and its open
/// files.
class PeerProcess {
 public:
  /// Without rights to /proc/PID/maps, or with pid 0, there are no mappings to be found.
  explicit PeerProcess(pid_t pid);

  [[nodiscard]] std::optional<HostMapping> find(std::uint64_t address) const;
  /// /proc/PID/fd/N for QEMU's own /proc/self/fd/N or /dev/fd/N, else the path as it is.
  [[nodiscard]] std::string path_of(const std::string& path) const;
  /// Whether it has the file of `fd` mapped shared; true if that cannot be seen.
  [[nodiscard]] bool may_share(int fd) const noexcept;
  /// Opens the very file of `mapping` that has no name, or another, outside of QEMU: by QEMU's own
  /// descriptor of it or by the mapping (which takes CAP_SYS_ADMIN). An fd of -1, with errno, if
  /// neither may be.
  [[nodiscard]] OpenedFile open(const HostMapping& mapping, bool read_only) const;

 private:
  std::string folder_;     // empty without a process
  bool readable_ = false;  // /proc/PID/maps
  std::vector<HostMapping> mappings_;
};

/// A line of /proc/PID/maps; none if it is not of a file mapped shared.
std::optional<HostMapping> parse_maps_line(const std::string& line);

/// Whether the open file is the mapped one.
bool is_mapped(int fd, const HostMapping& mapping) noexcept;

}  // namespace guestlink::detail
