// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits.h>

#include <array>
#include <cstdint>

#include "guestlink/mapping.h"

namespace guestlink {

/// What to do with a file that is at the path already.
enum class Existing : std::uint8_t { kKeep, kReplace };

/// A file that appears at its path only when it is whole: made under another name in the same
/// folder, removed again unless published. Nothing that is at the path is changed in place, so a
/// file that other processes map is never cut short under them.
class NewFile {
 public:
  /// An empty file, open for reading and writing, with `mode` less the umask. fd() is -1 and errno
  /// set if it cannot be made. A symbolic link at `path` is followed; ENOENT for one to nothing.
  NewFile(const char* path, mode_t mode) noexcept;
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile();

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Gives the file its name. False with errno if that fails: EEXIST when something is there and is
  /// to be kept.
  [[nodiscard]] bool publish(Existing existing) noexcept;
  FileDescriptor take() noexcept { return std::move(fd_); }

 private:
  std::array<char, PATH_MAX> path_{};
  std::array<char, PATH_MAX> hidden_{};  // empty when there is nothing to remove
  FileDescriptor fd_;
};

}  // namespace guestlink
