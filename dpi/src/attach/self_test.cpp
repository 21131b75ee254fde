// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "attach/self_test.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace guestlink::detail {
namespace {

constexpr int kMostLooks = 20;
// 1 MiB: room that nobody else takes while QEMU looks at a page of each row.
constexpr fsblkcnt_t kLeastFreeBlocks = 256;
constexpr int kMostPages = 64;  // looked through for one that is not all zeroes

[[noreturn]] void fail_with_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

bool all_zero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [](std::byte byte) { return byte == std::byte{}; });
}

// Read, not mapped: no page is allocated for a hole, and a file that shrinks meanwhile is an error.
std::vector<std::byte> read_at(int fd, std::uint64_t offset, std::size_t length,
                               const std::string& what) {
  std::vector<std::byte> bytes(length);
  std::size_t done = 0;
  while (done < length) {
    const ssize_t got = pread(fd, &bytes[done], length - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_with_errno(what + " cannot be read");
    if (got == 0) throw std::runtime_error(what + " ended early");
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

struct Page {
  std::uint64_t address = 0;
  std::uint64_t file_offset = 0;
  std::size_t length = 0;
};

Page page_at(const MapRow& row, std::uint64_t offset) {
  return {.address = row.guest_address + offset,
          .file_offset = row.file_offset + offset,
          .length = static_cast<std::size_t>(std::min(kPageBytes, row.length - offset))};
}

// Whether QEMU may look at the page. On a tmpfs looking makes one that the file does not have yet,
// and QEMU ends by SIGBUS when there is no room for it.
bool may_be_looked_at(int fd, const Page& page) {
  struct statfs system = {};
  if (fstatfs(fd, &system) != 0 || system.f_type != TMPFS_MAGIC) return true;
  if (system.f_blocks == 0 || system.f_bavail >= kLeastFreeBlocks) return true;  // 0: no limit
  const auto start = static_cast<off_t>(page.file_offset);
  const off_t data = lseek(fd, start, SEEK_DATA);
  return data >= start && data < start + static_cast<off_t>(page.length);
}

// One that tells this file from others: with data, if there is one near the start of the data.
Page page_to_test(const MapRow& row, int fd, const std::string& what) {
  const off_t data = lseek(fd, static_cast<off_t>(row.file_offset), SEEK_DATA);
  if (data < 0) return page_at(row, 0);
  std::uint64_t offset =
      (static_cast<std::uint64_t>(data) - row.file_offset) / kPageBytes * kPageBytes;
  for (int i = 0; i < kMostPages && offset < row.length; ++i, offset += kPageBytes) {
    const Page page = page_at(row, offset);
    if (!all_zero(read_at(fd, page.file_offset, page.length, what))) return page;
  }
  return page_at(row, 0);
}

}  // namespace

std::optional<std::size_t> find_mismatch(std::span<const std::byte> before,
                                         std::span<const std::byte> saved,
                                         std::span<const std::byte> after) noexcept {
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] == after[i] && saved[i] != before[i]) return i;
  }
  return std::nullopt;
}

ScratchFile::ScratchFile(uid_t user) {
  constexpr mode_t kOthersMayEnter = 0711;
  constexpr mode_t kOwner = 0600;
  directory_ = (std::filesystem::temp_directory_path() / "guestlink-XXXXXX").string();
  if (mkdtemp(directory_.data()) == nullptr) fail_with_errno("making " + directory_);
  path_ = directory_ + "/page";
  fd_ = FileDescriptor(
      ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kOwner));
  // As root we look at QEMUs of other users, who own nothing in our directory but this file.
  if (geteuid() != 0 || user == 0 || fd_.get() < 0) return;
  (void)chmod(directory_.c_str(), kOthersMayEnter);
  (void)fchown(fd_.get(), user, static_cast<gid_t>(-1));
}

ScratchFile::~ScratchFile() {
  (void)unlink(path_.c_str());
  (void)rmdir(directory_.c_str());
}

SelfTest::SelfTest(QmpClient& qmp) : qmp_(qmp) {
  try {
    scratch_.emplace(qmp.peer().uid);
  } catch (const std::exception& error) {
    obstacle_ = error.what();
  }
}

bool SelfTest::save(std::uint64_t address, std::size_t length) {
  if (!scratch_ || !obstacle_.empty()) return false;
  try {
    qmp_.execute("pmemsave", {{"val", address}, {"size", length}, {"filename", scratch_->path()}});
  } catch (const QmpCommandError& error) {
    obstacle_ = error.what();
    return false;
  }
  struct stat info = {};
  if (fstat(scratch_->fd(), &info) != 0 || static_cast<std::size_t>(info.st_size) != length) {
    obstacle_ = "QEMU does not see " + scratch_->path();
    return false;
  }
  return true;
}

SelfTest::Result SelfTest::check(const MapRow& row, int fd) {
  const std::string name = "map row at " + hex(row.guest_address);
  const std::string what = "the file of " + name;
  const Page page = page_to_test(row, fd, what);
  if (!may_be_looked_at(fd, page)) {
    full_ = "the file system of the guest's RAM is full, and " + name +
            " has no page yet: QEMU would end by SIGBUS if it looked";
    return Result::kNotTested;
  }
  std::optional<std::size_t> mismatch;
  for (int look = 0; look < kMostLooks; ++look) {
    const auto before = read_at(fd, page.file_offset, page.length, what);
    if (!save(page.address, page.length)) return Result::kNotTested;
    const auto saved = read_at(scratch_->fd(), 0, page.length, scratch_->path());
    const auto after = read_at(fd, page.file_offset, page.length, what);
    mismatch = find_mismatch(before, saved, after);
    if (!mismatch) return all_zero(saved) ? Result::kSameZeroes : Result::kSame;
  }
  throw std::runtime_error(name + " failed its self-test: the guest's byte at " +
                           hex(page.address + *mismatch) + " is not the file's at offset " +
                           hex(page.file_offset + *mismatch) +
                           "; is it the file that QEMU has, with share=on?");
}

}  // namespace guestlink::detail
