// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace guestlink {

/// An open file descriptor, closed with its owner. Move-only; -1 is none.
class FileDescriptor {
 public:
  FileDescriptor() noexcept = default;
  explicit FileDescriptor(int fd) noexcept : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();

  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_ = -1;
};

/// The first `length` bytes of a file, mapped shared. Owns the mapping and the descriptor; never
/// changes the file's size, name or mode. Move-only.
class Mapping {
 public:
  Mapping() noexcept = default;
  /// Maps for reading, and for writing too if `writable`. Nothing is read, reserved or allocated by
  /// it. Throws std::system_error.
  Mapping(FileDescriptor fd, std::uint64_t length, bool writable);
  Mapping(Mapping&& other) noexcept { swap(other); }
  Mapping& operator=(Mapping&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Mapping();

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::uint64_t length() const noexcept { return length_; }
  [[nodiscard]] bool writable() const noexcept { return writable_; }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Whether the file that `info` tells of is the mapped one.
  [[nodiscard]] bool same_file(const struct stat& info) const noexcept;

 private:
  void swap(Mapping& other) noexcept;

  FileDescriptor fd_;
  std::byte* data_ = nullptr;
  std::uint64_t length_ = 0;
  std::uint64_t mapped_ = 0;  // length_ rounded up to what munmap wants (huge pages)
  bool writable_ = false;
};

}  // namespace guestlink
