// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "shell/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "shell/errors.h"

namespace guestlink::shell {
namespace {

void refuse_ram(const std::string& path, const AttachReport& guest) {
  for (const ReportRow& row : guest.rows) {
    std::error_code ignored;
    if (!row.path.empty() && std::filesystem::equivalent(path, row.path, ignored)) {
      throw Failure(in_quotes(path) + " is the RAM file of this guest; give another file");
    }
  }
}

}  // namespace

OutputFile::OutputFile(std::string path, const AttachReport& guest) : path_(std::move(path)) {
  struct stat info = {};
  if (stat(path_.c_str(), &info) == 0) {
    refuse_ram(path_, guest);
    if (!S_ISREG(info.st_mode)) {
      device_ = FileDescriptor(open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
      if (device_.get() < 0 && errno == ENXIO) {
        throw Failure("nobody reads this pipe: " + in_quotes(path_) + "; start the reader first");
      }
      if (device_.get() < 0) fail(errno);
      // Not waiting was for the opening of a FIFO that nobody reads.
      (void)fcntl(device_.get(), F_SETFL, 0);
      return;
    }
    mode_ = info.st_mode & 07777;
  }
  constexpr mode_t kMode = 0666;
  file_.emplace(path_.c_str(), kMode);
  if (file_->fd() < 0) fail(errno);
}

void OutputFile::fail(int error) const {
  // What is written comes from the guest's memory: its file was cut short under us.
  if (error == EFAULT) throw Failure("the memory went away meanwhile: did the guest end?");
  throw Failure("file " + in_quotes(path_) + " cannot be written: " + reason(error));
}

void OutputFile::write(std::span<const std::byte> data) {
  while (!data.empty()) {
    const ssize_t put = ::write(fd(), data.data(), data.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) fail(put < 0 ? errno : ENOSPC);
    length_ += static_cast<std::uint64_t>(put);
    data = data.subspan(static_cast<std::size_t>(put));
  }
}

void OutputFile::write_zeroes(std::uint64_t length) {
  if (regular()) {
    length_ += length;
    if (ftruncate(fd(), static_cast<off_t>(length_)) != 0 ||
        lseek(fd(), static_cast<off_t>(length_), SEEK_SET) < 0) {
      fail(errno);
    }
    return;
  }
  static constexpr std::array<std::byte, 65536> kZeroes{};
  for (; length > 0; length -= std::min(length, kZeroes.size())) {
    write(std::span(kZeroes).first(std::min(length, kZeroes.size())));
  }
}

void OutputFile::overwrite(std::uint64_t offset, std::span<const std::byte> data) {
  while (!data.empty()) {
    const ssize_t put = pwrite(fd(), data.data(), data.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) fail(put < 0 ? errno : ENOSPC);
    offset += static_cast<std::uint64_t>(put);
    data = data.subspan(static_cast<std::size_t>(put));
  }
}

void OutputFile::finish() {
  if (!regular()) return;
  if (mode_ && fchmod(fd(), *mode_) != 0) fail(errno);
  if (!file_->publish(Existing::kReplace)) fail(errno);
}

}  // namespace guestlink::shell
