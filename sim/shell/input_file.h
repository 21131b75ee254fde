// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "guestlink/mapping.h"

namespace guestlink::shell {

/// A regular file that is read by offset. It may change or shrink at any time: what cannot be read
/// is an error then.
class InputFile {
 public:
  /// Throws Failure naming the path.
  explicit InputFile(std::string path);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// All of `data`, or throws Failure.
  void read(std::uint64_t offset, std::span<std::byte> data) const;

 private:
  std::string path_;
  FileDescriptor fd_;
  std::uint64_t size_ = 0;
};

}  // namespace guestlink::shell
