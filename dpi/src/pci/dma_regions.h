// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "guestlink/guest_memory.h"
#include "guestlink/mapping.h"

namespace guestlink::detail {

/// What a device may reach by DMA, as the guest's side says by and by: runs of device addresses,
/// each with the file behind it. It becomes the rows of a GuestMemory by publish(), so a change
/// costs nothing on the access path. Files are mapped once, whole, however many runs they have.
class DmaRegions {
 public:
  /// vfio-user's limit where nothing else is agreed.
  static constexpr std::size_t kMostRegions = 65535;

  struct Region {
    std::uint64_t address = 0;
    std::uint64_t length = 0;
    std::uint64_t file_offset = 0;
    bool writable = false;
  };

  /// Adds a run. Without a file (fd -1) it is known, and out of range to the device. An errno
  /// value, 0 for done: EINVAL for an empty or wrapping run, for one that differs from its file
  /// offset modulo a page or is longer than its file, and for what is no regular file; EACCES for a
  /// file that may only be read and is written through, too; EEXIST if it overlaps another; ENOSPC
  /// for too many; and what mmap says.
  int map(const Region& region, FileDescriptor file);
  /// Takes away the runs that lie in the range, of which there may be none. EINVAL if it wraps or
  /// would cut one.
  int unmap(std::uint64_t address, std::uint64_t length);
  void clear();

  /// Without it every access is out of range.
  void set_bus_master(bool allowed) noexcept;

  /// Brings `memory` up to date, if anything has changed since; exclusive, as a move of it.
  void publish(GuestMemory& memory);

  [[nodiscard]] std::size_t size() const noexcept { return regions_.size(); }
  /// Whether a byte at `address` is in a run without a file.
  [[nodiscard]] bool unreachable(std::uint64_t address) const noexcept;

 private:
  using FileId = std::pair<std::uint64_t, std::uint64_t>;  // device, inode
  struct Entry {
    Region region;
    std::optional<FileId> file;
  };
  struct File {
    std::shared_ptr<Mapping> mapping;
    std::size_t regions = 0;
  };
  using Entries = std::map<std::uint64_t, Entry>;  // by address

  [[nodiscard]] bool overlaps(const Region& region) const noexcept;
  int map_file(const FileId& id, FileDescriptor file, std::uint64_t size, bool writable);

  Entries regions_;
  std::map<FileId, File> files_;
  bool bus_master_ = false;
  bool changed_ = true;
};

}  // namespace guestlink::detail
