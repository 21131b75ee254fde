// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "attach/peer_process.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace guestlink::detail {
namespace {

int flags_of(bool read_only) { return (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK; }

// Files of these have a device of their own for stat and another one in /proc/PID/maps.
bool hides_device(int fd) noexcept {
  struct statfs info = {};
  return fstatfs(fd, &info) == 0 &&
         (info.f_type == OVERLAYFS_SUPER_MAGIC || info.f_type == BTRFS_SUPER_MAGIC);
}

std::string map_file_name(const HostMapping& mapping) {
  char name[40];
  const int length =
      std::snprintf(name, sizeof name, "%" PRIx64 "-%" PRIx64, mapping.first, mapping.end);
  return {name, static_cast<std::size_t>(length)};
}

}  // namespace

std::optional<HostMapping> parse_maps_line(const std::string& line) {
  HostMapping mapping;
  char permissions[5] = {};
  unsigned major = 0;
  unsigned minor = 0;
  std::uint64_t inode = 0;
  const int fields = std::sscanf(
      line.c_str(), "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64, &mapping.first,
      &mapping.end, permissions, &mapping.offset, &major, &minor, &inode);
  if (fields != 7 || permissions[3] != 's' || inode == 0) return std::nullopt;
  mapping.device = makedev(major, minor);
  mapping.inode = inode;
  return mapping;
}

bool is_mapped(int fd, const HostMapping& mapping) noexcept {
  struct stat info = {};
  return fstat(fd, &info) == 0 && info.st_ino == mapping.inode &&
         (info.st_dev == mapping.device || hides_device(fd));
}

PeerProcess::PeerProcess(pid_t pid) {
  if (pid <= 0) return;
  folder_ = "/proc/" + std::to_string(pid);
  std::ifstream maps(folder_ + "/maps");
  for (std::string line; std::getline(maps, line);) {
    readable_ = true;
    if (const auto mapping = parse_maps_line(line)) mappings_.push_back(*mapping);
  }
}

std::optional<HostMapping> PeerProcess::find(std::uint64_t address) const {
  for (const HostMapping& mapping : mappings_) {
    if (address >= mapping.first && address < mapping.end) return mapping;
  }
  return std::nullopt;
}

bool PeerProcess::may_share(int fd) const noexcept {
  return !readable_ ||
         std::any_of(mappings_.begin(), mappings_.end(),
                     [fd](const HostMapping& mapping) { return is_mapped(fd, mapping); });
}

std::string PeerProcess::path_of(const std::string& path) const {
  if (folder_.empty()) return path;
  for (const std::string own : {"/proc/self/fd/", "/dev/fd/"}) {
    if (path.starts_with(own)) return folder_ + "/fd/" + path.substr(own.size());
  }
  return path;
}

OpenedFile PeerProcess::open(const HostMapping& mapping, bool read_only) const {
  namespace fs = std::filesystem;
  std::error_code error;
  for (fs::directory_iterator entry(folder_ + "/fd", error), end; !error && entry != end;
       entry.increment(error)) {
    struct stat info = {};
    const std::string path = entry->path().string();
    // Only what is known to be the file is opened: opening a terminal or a device may have effects.
    if (stat(path.c_str(), &info) != 0 || info.st_ino != mapping.inode || !S_ISREG(info.st_mode)) {
      continue;
    }
    FileDescriptor fd(::open(path.c_str(), flags_of(read_only)));
    if (fd.get() >= 0 && is_mapped(fd.get(), mapping)) return {std::move(fd), path};
  }
  const std::string path = folder_ + "/map_files/" + map_file_name(mapping);
  return {FileDescriptor(::open(path.c_str(), flags_of(read_only))), path};
}

}  // namespace guestlink::detail
