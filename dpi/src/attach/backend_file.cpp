// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "attach/backend_file.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "attach/regular_file.h"
#include "attach/spec.h"

namespace guestlink::detail {
namespace {

constexpr const char* kExpected = "the file of a memory backend";

std::string name_of(const Backend& backend) {
  return "backend " + in_quotes(backend.id) + " (" + printable(backend.type) + ")";
}

OpenedFile open_by_path(const Backend& backend, const std::string& path, bool read_only) {
  return {open_existing(path, read_only, kExpected,
                        "it is the mem-path that QEMU has for " + name_of(backend) +
                            "; was it removed, or is QEMU in another container or machine?"),
          path};
}

// The file at the backend's path if it can be opened and is the mapped one.
std::optional<OpenedFile> open_mapped_path(const Backend& backend, const HostMapping& mapped,
                                           bool read_only) {
  struct stat info = {};
  if (stat(backend.path.c_str(), &info) != 0 || info.st_ino != mapped.inode) return std::nullopt;
  OpenedFile file = open_by_path(backend, backend.path, read_only);
  if (!is_mapped(file.fd.get(), mapped)) return std::nullopt;
  return file;
}

OpenedFile open_mapped(const Backend& backend, const PeerProcess& process,
                       const HostMapping& mapped, bool read_only,
                       std::vector<std::string>& warnings) {
  const bool has_path =
      backend.path.starts_with('/') && process.path_of(backend.path) == backend.path;
  if (has_path) {
    if (auto file = open_mapped_path(backend, mapped, read_only)) return std::move(*file);
  }
  OpenedFile file = process.open(mapped, read_only);
  if (file.fd.get() < 0) {
    const std::string reason = std::generic_category().message(errno);
    throw std::runtime_error(name_of(backend) + " can be opened only through QEMU's process, and " +
                             file.path + " cannot: " + reason +
                             "; run as the user of QEMU or as root, or give QEMU a "
                             "memory-backend-file with a path");
  }
  struct stat info = {};
  if (has_path && (stat(backend.path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))) {
    warnings.push_back(in_quotes(printable(backend.path)) + ", the mem-path of " +
                       name_of(backend) +
                       ", is not the file that QEMU has mapped (was it removed or replaced?); "
                       "taken from QEMU instead: " +
                       file.path);
  }
  return file;
}

// Pages that the guest may still want of a file system, against those that it has left.
void check_room(const Backend& backend, const OpenedFile& file, const struct stat& info,
                std::vector<std::string>& warnings) {
  constexpr std::uint64_t kBlockBytes = 512;  // of st_blocks
  struct statfs system = {};
  if (fstatfs(file.fd.get(), &system) != 0 || system.f_type != TMPFS_MAGIC) return;
  if (system.f_blocks == 0) return;  // no limit, as a memfd has none
  const std::uint64_t taken = static_cast<std::uint64_t>(info.st_blocks) * kBlockBytes;
  const std::uint64_t room =
      static_cast<std::uint64_t>(system.f_bavail) * static_cast<std::uint64_t>(system.f_bsize);
  if (taken >= backend.size || backend.size - taken <= room) return;
  warnings.push_back("the file system of " + in_quotes(printable(file.path)) + " has " + hex(room) +
                     " bytes left and the guest may take " + hex(backend.size - taken) +
                     " more: when it is full, QEMU dies of SIGBUS and its memory is lost");
}

}  // namespace

OpenedFile open_backend(const Backend& backend, const PeerProcess& process,
                        const std::optional<HostMapping>& mapped, bool read_only,
                        std::vector<std::string>& warnings) {
  if (mapped) return open_mapped(backend, process, *mapped, read_only, warnings);
  const std::string path = process.path_of(backend.path);
  if (path.starts_with('/') && !path.starts_with("/proc/self/") && !path.starts_with("/dev/fd/")) {
    return open_by_path(backend, path, read_only);
  }
  throw std::runtime_error(name_of(backend) + " has " +
                           (path.empty() ? "no path" : "the path " + in_quotes(printable(path))) +
                           ", so it can be opened only through QEMU's process, which this user may "
                           "not look into; run as the user of QEMU or as root, on its machine");
}

void check_size(const Backend& backend, const OpenedFile& file,
                std::vector<std::string>& warnings) {
  struct stat info = {};
  const std::uint64_t size = size_of_file(file.fd.get(), file.path, kExpected);
  const std::string has = "file " + in_quotes(printable(file.path)) + " has " + hex(size) +
                          " bytes, " + name_of(backend) + " " + hex(backend.size);
  const std::string from = backend.offset == 0 ? "" : " from offset " + hex(backend.offset);
  if (size < backend.offset + backend.size) {
    throw std::runtime_error(has + from + ": it was cut short, or is another file");
  }
  if (fstat(file.fd.get(), &info) != 0) return;
  if (size - backend.offset - backend.size >= static_cast<std::uint64_t>(info.st_blksize)) {
    warnings.push_back(has + from + ": the rest of it is not this backend's");
  }
  check_room(backend, file, info, warnings);
}

}  // namespace guestlink::detail
