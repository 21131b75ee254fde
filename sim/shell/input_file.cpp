// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "shell/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "guestlink/address_map.h"
#include "shell/errors.h"

namespace guestlink::shell {

InputFile::InputFile(std::string path)
    : path_(std::move(path)), fd_(open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  struct stat info = {};
  if (fd_.get() < 0 || fstat(fd_.get(), &info) != 0) {
    throw Failure("file " + in_quotes(path_) + " cannot be opened: " + reason(errno));
  }
  if (!S_ISREG(info.st_mode)) throw Failure(in_quotes(path_) + " is not a regular file");
  size_ = static_cast<std::uint64_t>(info.st_size);
}

void InputFile::read(std::uint64_t offset, std::span<std::byte> data) const {
  while (!data.empty()) {
    const ssize_t got = pread(fd_.get(), data.data(), data.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      throw Failure("file " + in_quotes(path_) + " cannot be read at byte " + hex(offset) + ": " +
                    (got < 0 ? reason(errno) : "it has become shorter"));
    }
    data = data.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
}

}  // namespace guestlink::shell
