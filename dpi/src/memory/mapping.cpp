// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "guestlink/mapping.h"

#include "guestlink/address_map.h"

#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace guestlink {
namespace {

// munmap of huge pages wants whole ones; other file systems do not care.
std::uint64_t length_to_map(int fd, std::uint64_t length) {
  struct statfs info = {};
  if (fstatfs(fd, &info) != 0 || info.f_type != HUGETLBFS_MAGIC) return length;
  const auto page = static_cast<std::uint64_t>(info.f_bsize);
  return (length + page - 1) / page * page;
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

Mapping::Mapping(FileDescriptor fd, std::uint64_t length, bool writable)
    : fd_(std::move(fd)),
      length_(length),
      mapped_(length_to_map(fd_.get(), length)),
      writable_(writable) {
  const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  void* const data = mmap(nullptr, mapped_, protection, MAP_SHARED | MAP_NORESERVE, fd_.get(), 0);
  if (data == MAP_FAILED) {
    throw std::system_error(
        errno, std::generic_category(),
        "mapping " + hex(mapped_) + " bytes: no such room in this process's address space?");
  }
  data_ = static_cast<std::byte*>(data);
}

Mapping::~Mapping() {
  if (data_ != nullptr) munmap(data_, mapped_);
}

bool Mapping::same_file(const struct stat& info) const noexcept {
  struct stat mine = {};
  return fstat(fd_.get(), &mine) == 0 && mine.st_dev == info.st_dev && mine.st_ino == info.st_ino;
}

void Mapping::swap(Mapping& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(data_, other.data_);
  std::swap(length_, other.length_);
  std::swap(mapped_, other.mapped_);
  std::swap(writable_, other.writable_);
}

}  // namespace guestlink
