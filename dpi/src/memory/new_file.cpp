// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "memory/new_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace guestlink::detail {
namespace {

// Whether all of it fitted.
bool print(std::array<char, PATH_MAX>& text, const char* format, const char* path, int process,
           unsigned number) noexcept {
  const int length = std::snprintf(text.data(), text.size(), format, path, process, number);
  return length > 0 && static_cast<std::size_t>(length) < text.size();
}

std::atomic<unsigned> files_made{0};

}  // namespace

NewFile::NewFile(const char* path, mode_t mode) noexcept {
  if (realpath(path, path_.data()) == nullptr && !print(path_, "%s", path, 0, 0)) {
    errno = ENAMETOOLONG;
    return;
  }
  do {
    if (!print(hidden_, "%s.part-%d-%u", path_.data(), getpid(), ++files_made)) {
      hidden_[0] = '\0';
      errno = ENAMETOOLONG;
      return;
    }
    fd_ = FileDescriptor(open(hidden_.data(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  } while (fd_.get() < 0 && errno == EEXIST);  // left by a process that had our number and died
  if (fd_.get() < 0) hidden_[0] = '\0';
}

NewFile::~NewFile() {
  const int kept = errno;
  if (hidden_[0] != '\0') unlink(hidden_.data());
  errno = kept;
}

bool NewFile::publish(Existing existing) noexcept {
  const bool replace = existing == Existing::kReplace;
  int result = renameat2(AT_FDCWD, hidden_.data(), AT_FDCWD, path_.data(),
                         replace ? 0U : static_cast<unsigned>(RENAME_NOREPLACE));
  // Some network file systems cannot keep what is there; a hard link can.
  if (result != 0 && errno == EINVAL && !replace) {
    result = link(hidden_.data(), path_.data());
    if (result == 0) unlink(hidden_.data());
  }
  if (result == 0) hidden_[0] = '\0';
  return result == 0;
}

}  // namespace guestlink::detail
