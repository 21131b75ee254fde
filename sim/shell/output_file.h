// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "guestlink/attach.h"
#include "guestlink/new_file.h"

namespace guestlink::shell {

/// A file that appears at its path only when it is whole; what was there before is replaced then.
/// Devices and pipes are written to directly. Refuses the RAM file of the guest itself.
class OutputFile {
 public:
  /// Throws Failure naming the path.
  OutputFile(std::string path, const AttachReport& guest);

  /// At the end of what was written.
  void write(std::span<const std::byte> data);
  /// Zeroes there: a hole, or written where there can be none.
  void write_zeroes(std::uint64_t length);
  /// Over what was written; not for pipes. `offset` is from the start.
  void overwrite(std::uint64_t offset, std::span<const std::byte> data);
  [[nodiscard]] bool regular() const noexcept { return file_.has_value(); }
  [[nodiscard]] std::uint64_t length() const noexcept { return length_; }
  /// Gives the file its name.
  void finish();

 private:
  [[noreturn]] void fail(int error) const;
  [[nodiscard]] int fd() const noexcept { return file_ ? file_->fd() : device_.get(); }

  std::string path_;
  std::optional<mode_t> mode_;  // of the file that is replaced
  std::optional<NewFile> file_;
  FileDescriptor device_;
  std::uint64_t length_ = 0;
};

}  // namespace guestlink::shell
