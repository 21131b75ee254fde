// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace guestlink {

class MemoryState;
namespace detail {
struct FaultSlot;
}

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

/// What has become of a mapped file that it should not have.
struct FileProblem {
  enum class Kind : std::uint8_t {
    kShrunk,    ///< shorter than what is mapped of it
    kGrown,     ///< longer than when it was mapped
    kRemoved,   ///< nothing is at its path any more
    kReplaced,  ///< another file is at its path
    kFull,      ///< its file system had no room for a page
    kFailed,    ///< a page of it could not be had for another reason
  };
  Kind kind;
  std::string text;  ///< names the file, what was found and what to do
};

/// The first `length` bytes of a file, mapped shared. Owns the mapping and the descriptor; never
/// changes the file's size, name or mode. Move-only.
///
/// A page of the file that cannot be had (it was cut short, its file system is full) does not end
/// the process: from the first such access on, first_fault() says where, and the pages met read as
/// zeroes and belong to this process alone. The first mapping installs a SIGBUS handler for that,
/// which hands faults at other addresses to the action it found.
class Mapping {
 public:
  Mapping() noexcept = default;
  /// Maps for reading, and for writing too if `writable`. Nothing is read, reserved or allocated by
  /// it. `path` is where the file is to stay, for problem(); empty if it has no name. Throws
  /// std::system_error.
  Mapping(FileDescriptor fd, std::uint64_t length, bool writable, const std::string& path = {});
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

  /// Offset of the first access that met a page that could not be had.
  [[nodiscard]] std::optional<std::uint64_t> first_fault() const noexcept;
  /// Such an access makes `state` lost; at once if there was one. `state` outlives the mapping.
  void report_faults_to(MemoryState& state) noexcept;
  /// Whether the file is still the one at its path and of the size it had, and why an access
  /// failed. A few system calls; thread-safe.
  [[nodiscard]] std::optional<FileProblem> problem() const;

 private:
  void swap(Mapping& other) noexcept;

  FileDescriptor fd_;
  std::byte* data_ = nullptr;
  std::uint64_t length_ = 0;
  std::uint64_t mapped_ = 0;     // length_ rounded up to what munmap wants (huge pages)
  std::uint64_t file_size_ = 0;  // when it was mapped
  bool writable_ = false;
  detail::FaultSlot* slot_ = nullptr;
  std::string path_;
};

}  // namespace guestlink
