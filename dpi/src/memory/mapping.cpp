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
#include <filesystem>
#include <string>
#include <system_error>

#include "memory/fault_registry.h"

namespace guestlink {
namespace {

// What is mapped and unmapped as a whole.
std::uint64_t page_of(int fd) {
  struct statfs info = {};
  const bool huge = fstatfs(fd, &info) == 0 && info.f_type == HUGETLBFS_MAGIC;
  return static_cast<std::uint64_t>(huge ? info.f_bsize : sysconf(_SC_PAGESIZE));
}

[[noreturn]] void fail(int error, std::uint64_t length) {
  throw std::system_error(
      error, std::generic_category(),
      "mapping " + hex(length) + " bytes: no such room in this process's address space?");
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

Mapping::Mapping(FileDescriptor fd, std::uint64_t length, bool writable, const std::string& path)
    : fd_(std::move(fd)), length_(length), writable_(writable) {
  if (!path.empty()) path_ = std::filesystem::absolute(path).string();
  struct stat info = {};
  if (fstat(fd_.get(), &info) != 0) fail(errno, length);
  file_size_ = static_cast<std::uint64_t>(info.st_size);
  const std::uint64_t page = page_of(fd_.get());
  mapped_ = (length + page - 1) / page * page;
  const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  void* const data = mmap(nullptr, mapped_, protection, MAP_SHARED | MAP_NORESERVE, fd_.get(), 0);
  if (data == MAP_FAILED) fail(errno, mapped_);
  slot_ = detail::add_mapping(data, mapped_, page);
  if (slot_ == nullptr) {
    munmap(data, mapped_);
    throw std::system_error(
        EMFILE, std::generic_category(),
        std::to_string(detail::kMaximumMappings) + " mappings are there already");
  }
  data_ = static_cast<std::byte*>(data);
}

Mapping::~Mapping() {
  if (data_ == nullptr) return;
  detail::remove_mapping(*slot_);
  munmap(data_, mapped_);
}

bool Mapping::same_file(const struct stat& info) const noexcept {
  struct stat mine = {};
  return fstat(fd_.get(), &mine) == 0 && mine.st_dev == info.st_dev && mine.st_ino == info.st_ino;
}

std::optional<std::uint64_t> Mapping::first_fault() const noexcept {
  if (slot_ == nullptr) return std::nullopt;
  const std::uint64_t offset = slot_->first_fault;
  return offset == detail::FaultSlot::kNoFault ? std::nullopt : std::optional(offset);
}

void Mapping::report_faults_to(MemoryState& state) noexcept {
  if (slot_ == nullptr) return;
  slot_->state = &state;
  if (first_fault()) state.detach();
}

void Mapping::swap(Mapping& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(data_, other.data_);
  std::swap(length_, other.length_);
  std::swap(mapped_, other.mapped_);
  std::swap(file_size_, other.file_size_);
  std::swap(writable_, other.writable_);
  std::swap(slot_, other.slot_);
  std::swap(path_, other.path_);
}

}  // namespace guestlink
