// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "guestlink/mapping.h"

namespace guestlink::test {

/// A memfd: the RAM of a guest that gives descriptors of it away, and looks into it by itself.
class MemoryFile {
 public:
  explicit MemoryFile(std::uint64_t size) : fd_(memfd_create("guest", MFD_CLOEXEC)) {
    if (fd_.get() < 0) fail("memfd_create");
    resize(size);
  }

  [[nodiscard]] int fd() const { return fd_.get(); }
  void resize(std::uint64_t size) const {
    if (ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) fail("ftruncate");
  }
  /// Another descriptor of it.
  [[nodiscard]] FileDescriptor open(int flags = O_RDWR) const {
    const std::string path = "/proc/self/fd/" + std::to_string(fd_.get());
    FileDescriptor opened(::open(path.c_str(), flags | O_CLOEXEC));
    if (opened.get() < 0) fail("open");
    return opened;
  }
  [[nodiscard]] std::vector<std::byte> read(std::uint64_t offset, std::size_t count) const {
    std::vector<std::byte> bytes(count);
    const ssize_t got = pread(fd_.get(), bytes.data(), count, static_cast<off_t>(offset));
    if (got != static_cast<ssize_t>(count)) fail("pread");
    return bytes;
  }
  void write(std::uint64_t offset, std::span<const std::byte> bytes) const {
    const ssize_t done = pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (done != static_cast<ssize_t>(bytes.size())) fail("pwrite");
  }

 private:
  [[noreturn]] static void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
  }

  FileDescriptor fd_;
};

}  // namespace guestlink::test
