// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "guestlink/new_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace guestlink {
namespace {

std::atomic<unsigned> files_made{0};

// Whether the path fits; what it names need not be there, but a link must lead somewhere.
bool resolve(const char* path, std::array<char, PATH_MAX>& resolved) noexcept {
  if (realpath(path, resolved.data()) != nullptr) return true;
  struct stat info = {};
  if (lstat(path, &info) == 0 && S_ISLNK(info.st_mode)) {
    errno = ENOENT;
    return false;
  }
  const std::size_t length = std::strlen(path);
  if (length >= resolved.size()) {
    errno = ENAMETOOLONG;
    return false;
  }
  std::memcpy(resolved.data(), path, length + 1);
  return true;
}

// A short name in the same folder, so that the longest name there may be has one as well.
bool name_beside(const std::array<char, PATH_MAX>& path,
                 std::array<char, PATH_MAX>& hidden) noexcept {
  const char* const slash = std::strrchr(path.data(), '/');
  const int folder = slash == nullptr ? 0 : static_cast<int>(slash - path.data()) + 1;
  const int length = std::snprintf(hidden.data(), hidden.size(), "%.*s.guestlink-%d-%u", folder,
                                   path.data(), getpid(), ++files_made);
  if (length > 0 && static_cast<std::size_t>(length) < hidden.size()) return true;
  hidden[0] = '\0';
  errno = ENAMETOOLONG;
  return false;
}

}  // namespace

NewFile::NewFile(const char* path, mode_t mode) noexcept {
  if (!resolve(path, path_)) return;
  do {
    if (!name_beside(path_, hidden_)) return;
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

}  // namespace guestlink
