// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What has become of a mapped file, in words.
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <optional>
#include <string>
#include <system_error>

#include "guestlink/address_map.h"
#include "guestlink/mapping.h"

namespace guestlink {
namespace {

using Kind = FileProblem::Kind;

std::string name_of(const std::string& path) {
  return path.empty() ? "the RAM file, which has no name," : "file '" + path + "'";
}

bool file_system_full(int fd) {
  struct statfs info = {};
  return fstatfs(fd, &info) == 0 && info.f_blocks > 0 && info.f_bavail == 0;
}

FileProblem missing_page(int fd, const std::string& name) {
  if (file_system_full(fd)) {
    return {Kind::kFull, "the file system of " + name +
                             " is full; make room in it or a larger one (a container's /dev/shm "
                             "has 64 MiB), then start the guest again and attach again"};
  }
  return {Kind::kFailed,
          "a page of " + name +
              " could not be had: the file was cut short and grew again, or its device failed (see "
              "the kernel's log); start the guest again and attach again"};
}

// What is at the path is not the mapped file.
std::optional<FileProblem> elsewhere(const Mapping& mapping, const std::string& path) {
  struct stat there = {};
  if (path.empty()) return std::nullopt;
  if (stat(path.c_str(), &there) == 0) {
    if (mapping.same_file(there)) return std::nullopt;
    return FileProblem{Kind::kReplaced,
                       name_of(path) +
                           " was replaced by another file: the guest was started again with new "
                           "RAM, and what is attached is the old one; attach again"};
  }
  struct stat mine = {};
  const int error = errno;
  const bool gone = fstat(mapping.fd(), &mine) == 0 && mine.st_nlink == 0;
  if (error != ENOENT && error != ENOTDIR && !gone) return std::nullopt;  // cannot tell
  return FileProblem{Kind::kRemoved, name_of(path) +
                                         (gone ? " was removed" : " was moved elsewhere") +
                                         ": its guest has ended or is about to; attach again when "
                                         "it is back"};
}

}  // namespace

std::optional<FileProblem> Mapping::problem() const {
  struct stat mine = {};
  if (data_ == nullptr || fstat(fd_.get(), &mine) != 0) return std::nullopt;
  const std::string name = name_of(path_);
  const auto size = static_cast<std::uint64_t>(mine.st_size);
  if (size < length_) {
    return FileProblem{Kind::kShrunk, name + " was cut short to " + hex(size) + " bytes, " +
                                          hex(length_) +
                                          " of it are the guest's RAM; QEMU ends of that too: "
                                          "start the guest again and attach again"};
  }
  if (first_fault()) return missing_page(fd_.get(), name);
  if (auto other = elsewhere(*this, path_)) return other;
  if (size > file_size_) {
    return FileProblem{Kind::kGrown,
                       name + " grew from " + hex(file_size_) + " to " + hex(size) +
                           " bytes: another guest may have been started on it; attach "
                           "again with the layout of that one"};
  }
  return std::nullopt;
}

}  // namespace guestlink
