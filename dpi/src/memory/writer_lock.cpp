// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "memory/writer_lock.h"

#include <fcntl.h>

#include <cerrno>
#include <limits>

namespace guestlink::detail {
namespace {

// An open file description's lock, not a process's: two handles of one process exclude each other,
// and closing some other descriptor of the file does not give it up. On a byte that no file has, so
// that QEMU and whoever else locks parts of the file are not disturbed.
int set_lock(int fd, short type) noexcept {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = std::numeric_limits<off_t>::max() - 1;
  lock.l_len = 1;
  return fcntl(fd, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
}

bool in_the_way(int error) noexcept { return error == EAGAIN || error == EACCES; }

}  // namespace

bool lock_for_writing(int fd, bool shared) noexcept {
  return !in_the_way(set_lock(fd, shared ? F_RDLCK : F_WRLCK)) || shared;
}

void unlock_for_writing(int fd) noexcept { (void)set_lock(fd, F_UNLCK); }

}  // namespace guestlink::detail
