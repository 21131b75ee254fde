// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "attach/regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "attach/spec.h"
#include "memory/writer_lock.h"

namespace guestlink::detail {
namespace {

[[noreturn]] void fail(const std::string& message) { throw std::runtime_error(message); }

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace

std::uint64_t size_of_file(int fd, const std::string& path, const std::string& expected) {
  struct stat info = {};
  if (fstat(fd, &info) != 0)
    fail("file " + in_quotes(path) + " cannot be examined: " + reason(errno));
  if (S_ISDIR(info.st_mode)) fail(in_quotes(path) + " is a directory, expected " + expected);
  if (!S_ISREG(info.st_mode))
    fail(in_quotes(path) + " is not a regular file, expected " + expected);
  return static_cast<std::uint64_t>(info.st_size);
}

FileDescriptor open_existing(const std::string& path, bool read_only, const std::string& expected,
                             const std::string& if_missing) {
  // O_NONBLOCK: opening a FIFO must not wait for its other end. It means nothing to a regular file.
  const int flags = (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK;
  FileDescriptor fd(open(path.c_str(), flags));
  if (fd.get() >= 0) return fd;
  switch (errno) {
    case ENOENT:
      fail("file " + in_quotes(path) + " does not exist; " + if_missing);
    case EISDIR:
      fail(in_quotes(path) + " is a directory, expected " + expected);
    case EACCES:
    case EPERM:
    case EROFS:
      fail("file " + in_quotes(path) + " cannot be opened for " +
           (read_only ? "reading: " : "reading and writing: ") + reason(errno) +
           (read_only ? "; run as a user who may read it"
                      : "; run as a user who may write it, or add ,ro to only read"));
    default:
      fail("file " + in_quotes(path) + " cannot be opened: " + reason(errno));
  }
}

void claim_for_writing(int fd, const std::string& path, bool shared) {
  if (lock_for_writing(fd, shared)) return;
  fail("file " + in_quotes(path) +
       " is attached for writing already, by another simulator or another handle of this one; end "
       "that one first, add ,ro to only read, or add ,shared if both are meant to write");
}

}  // namespace guestlink::detail
