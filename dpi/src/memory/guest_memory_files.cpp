// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The part of GuestMemory that makes system calls: files in and out, and where a sparse file has
// data.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "guestlink/guest_memory.h"
#include "guestlink/new_file.h"

namespace guestlink {
namespace {

// Where a thread gets a SIGBUS a system call fails with EFAULT. One byte by hand, so that the loss
// is noted as any other.
bool met_missing_page(const std::byte* host) noexcept {
  if (errno != EFAULT) return false;
  (void)*const_cast<const volatile std::byte*>(host);
  return true;
}

bool read_all(int fd, std::span<std::byte> data) noexcept {
  while (!data.empty()) {
    const ssize_t got = ::read(fd, data.data(), data.size());
    if (got < 0 && (errno == EINTR || met_missing_page(data.data()))) continue;
    if (got == 0) errno = EIO;  // the file became shorter while we read it
    if (got <= 0) return false;
    data = data.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

bool write_all(int fd, std::span<const std::byte> data) noexcept {
  while (!data.empty()) {
    const ssize_t put = ::write(fd, data.data(), data.size());
    if (put < 0 && (errno == EINTR || met_missing_page(data.data()))) continue;
    if (put <= 0) return false;
    data = data.subspan(static_cast<std::size_t>(put));
  }
  return true;
}

// Calls found(start, end) for each run of data in the first `length` bytes of a file.
template <typename Found>
void for_each_data_run(int fd, std::uint64_t length, Found found) {
  std::uint64_t position = 0;
  while (position < length) {
    const off_t start = lseek(fd, static_cast<off_t>(position), SEEK_DATA);
    if (start < 0 && errno == ENXIO) return;
    if (start < 0) return found(position, length);  // cannot tell: all of it
    const off_t end = lseek(fd, start, SEEK_HOLE);
    position = end < 0 ? length : std::min(static_cast<std::uint64_t>(end), length);
    if (static_cast<std::uint64_t>(start) >= position) return;
    found(static_cast<std::uint64_t>(start), position);
  }
}

}  // namespace

AccessStatus GuestMemory::load_file(std::uint64_t address, const char* path,
                                    std::uint64_t& length) noexcept {
  if (path == nullptr) return AccessStatus::kBadArgument;
  if (lost()) return AccessStatus::kDetached;
  const FileDescriptor file(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // not wait for a FIFO
  struct stat info = {};
  if (file.get() < 0 || fstat(file.get(), &info) != 0) return AccessStatus::kIoError;
  if (!S_ISREG(info.st_mode)) {
    errno = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
    return AccessStatus::kIoError;
  }
  const std::uint64_t size = length = static_cast<std::uint64_t>(info.st_size);
  const AccessStatus status = check(address, size, Access::kWrite);
  if (status != AccessStatus::kOk) return status;
  for (std::uint64_t done = 0; done < size && !state_->lost_meanwhile();) {
    const auto part = span_from(address + done, size - done);
    if (!read_all(file.get(), part)) return AccessStatus::kIoError;
    done += part.size();
  }
  if (state_->lost_meanwhile()) return AccessStatus::kPartial;
  return AccessStatus::kOk;
}

AccessStatus GuestMemory::save_to(int fd, std::uint64_t address,
                                  std::uint64_t length) const noexcept {
  for (std::uint64_t done = 0; done < length && !state_->lost_meanwhile();) {
    const auto part = span_from(address + done, length - done);
    if (!write_all(fd, part)) return AccessStatus::kIoError;
    done += part.size();
  }
  return moved(*state_);
}

AccessStatus GuestMemory::save_file(std::uint64_t address, std::uint64_t length,
                                    const char* path) const noexcept {
  if (path == nullptr) return AccessStatus::kBadArgument;
  AccessStatus status = check(address, length, Access::kRead);
  if (status != AccessStatus::kOk) return status;
  struct stat info = {};
  const bool exists = stat(path, &info) == 0;
  if (exists && !S_ISREG(info.st_mode)) {  // a device, a pipe
    const FileDescriptor file(open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK));
    return file.get() < 0 ? AccessStatus::kIoError : save_to(file.get(), address, length);
  }
  if (exists && maps_file(info)) {
    errno = EBUSY;
    return AccessStatus::kIoError;
  }
  // As any program's output: a new file gets the umask's mode, an old one keeps its own.
  constexpr mode_t kMode = 0666;
  NewFile file(path, kMode);
  if (file.fd() < 0) return AccessStatus::kIoError;
  status = save_to(file.fd(), address, length);
  if (status != AccessStatus::kOk) return status;
  const bool done =
      (!exists || fchmod(file.fd(), info.st_mode & 07777) == 0) && file.publish(Existing::kReplace);
  return done ? AccessStatus::kOk : AccessStatus::kIoError;
}

bool GuestMemory::maps_file(const struct stat& info) const noexcept {
  return std::any_of(mappings_.begin(), mappings_.end(),
                     [&](const auto& mapping) { return mapping->same_file(info); });
}

std::optional<FileProblem> GuestMemory::file_problem() const {
  std::optional<FileProblem> first;
  for (const auto& mapping : mappings_) {
    auto problem = mapping->problem();
    if (problem && mapping->first_fault()) return problem;
    if (problem && !first) first = std::move(problem);
  }
  return first;
}

std::string GuestMemory::loss() const {
  if (!lost()) return "";
  for (std::uint32_t file = 0; file < mappings_.size(); ++file) {
    const auto offset = mappings_[file]->first_fault();
    const auto problem = mappings_[file]->problem();
    if (!offset || !problem) continue;
    return "guest memory was lost at " + place_of(file, *offset) + ": " + problem->text;
  }
  return mappings_.empty() ? "there is no guest memory" : "guest memory was detached";
}

// A byte of a file, as a user knows it.
std::string GuestMemory::place_of(std::uint32_t file, std::uint64_t offset) const {
  for (const MapRow& row : rows_) {
    if (row.file != file || !range_fits(offset - row.file_offset, 1, row.length)) continue;
    return "guest address " + hex(row.guest_address + (offset - row.file_offset));
  }
  return "byte " + hex(offset) + " of the RAM file";  // a hole of the map
}

std::vector<GuestRange> GuestMemory::populated_ranges() const {
  std::vector<GuestRange> ranges;
  for (std::uint32_t file = 0; file < mappings_.size(); ++file) {
    const auto add = [&](std::uint64_t start, std::uint64_t end) {
      for (const MapRow& row : rows_) {
        const std::uint64_t from = std::max(start, row.file_offset);
        const std::uint64_t to = std::min(end, row.file_offset + row.length);
        if (row.file != file || from >= to) continue;
        ranges.push_back({row.guest_address + (from - row.file_offset), to - from});
      }
    };
    for_each_data_run(mappings_[file]->fd(), mappings_[file]->length(), add);
  }
  std::sort(ranges.begin(), ranges.end(), [](const GuestRange& a, const GuestRange& b) {
    return a.guest_address < b.guest_address;
  });
  return ranges;
}

}  // namespace guestlink
