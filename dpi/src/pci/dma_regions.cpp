// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci/dma_regions.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <limits>
#include <system_error>
#include <vector>

#include "guestlink/address_map.h"
#include "guestlink/range.h"

namespace guestlink::detail {
namespace {

constexpr std::uint64_t kLastAddress = std::numeric_limits<std::uint64_t>::max();

bool overlap(std::uint64_t a, std::uint64_t a_length, std::uint64_t b,
             std::uint64_t b_length) noexcept {
  return b - a < a_length || a - b < b_length;
}

bool opened_for_writing(const FileDescriptor& file) noexcept {
  return (fcntl(file.get(), F_GETFL) & O_ACCMODE) == O_RDWR;
}

}  // namespace

int DmaRegions::map(const Region& region, FileDescriptor file) {
  // No run may hold the last address: a row of an AddressMap ends at or below it.
  if (region.length == 0 || !range_fits(region.address, region.length, kLastAddress)) return EINVAL;
  if (overlaps(region)) return EEXIST;
  if (regions_.size() >= kMostRegions) return ENOSPC;
  if (file.get() < 0) {
    regions_[region.address] = {region, std::nullopt};
    return 0;
  }
  struct stat info = {};
  if (fstat(file.get(), &info) != 0) return errno;
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (!S_ISREG(info.st_mode) || !range_fits(region.file_offset, region.length, size)) return EINVAL;
  if ((region.address - region.file_offset) % kPageBytes != 0) return EINVAL;
  const FileId id(info.st_dev, info.st_ino);
  const int error = map_file(id, std::move(file), size, region.writable);
  if (error != 0) return error;
  regions_[region.address] = {region, id};
  ++files_[id].regions;
  changed_ = true;
  return 0;
}

bool DmaRegions::overlaps(const Region& region) const noexcept {
  const auto meets = [&](const Entries::value_type& entry) {
    const Region& other = entry.second.region;
    return overlap(region.address, region.length, other.address, other.length);
  };
  const auto after = regions_.lower_bound(region.address);
  if (after != regions_.end() && meets(*after)) return true;
  return after != regions_.begin() && meets(*std::prev(after));
}

// Writable as soon as a run wants it; a run that may only be read says so in its row.
int DmaRegions::map_file(const FileId& id, FileDescriptor file, std::uint64_t size, bool writable) {
  File& known = files_[id];
  // What is mapped of a file that has been cut short meanwhile stays so for the runs it has.
  const std::uint64_t length = std::max(size, known.mapping ? known.mapping->length() : 0);
  if (known.mapping && known.mapping->length() == length &&
      (known.mapping->writable() || !writable)) {
    return 0;
  }
  const bool may_write = opened_for_writing(file);
  // Nor may a mapping that is written through become one that is only read.
  const bool must_write = writable || (known.mapping && known.mapping->writable());
  int error = must_write && !may_write ? EACCES : 0;
  try {
    if (error == 0) known.mapping = std::make_shared<Mapping>(std::move(file), length, may_write);
  } catch (const std::system_error& failed) {
    error = failed.code().value();
  }
  if (known.regions == 0 && error != 0) files_.erase(id);
  return error;
}

int DmaRegions::unmap(std::uint64_t address, std::uint64_t length) {
  if (length == 0) return 0;
  if (length - 1 > kLastAddress - address) return EINVAL;
  auto first = regions_.lower_bound(address);
  if (first != regions_.begin()) {
    const Region& before = std::prev(first)->second.region;
    if (overlap(address, length, before.address, before.length)) return EINVAL;
  }
  auto end = first;
  for (; end != regions_.end() && end->first - address < length; ++end) {
    if (!range_fits(end->first - address, end->second.region.length, length)) return EINVAL;
  }
  for (auto region = first; region != end; ++region) {
    // A file is unmapped with its last run; by GuestMemory when that is published anew.
    const auto file = region->second.file ? files_.find(*region->second.file) : files_.end();
    if (file != files_.end() && --file->second.regions == 0) files_.erase(file);
    changed_ = true;
  }
  regions_.erase(first, end);
  return 0;
}

void DmaRegions::clear() {
  regions_.clear();
  files_.clear();
  changed_ = true;
}

void DmaRegions::set_bus_master(bool allowed) noexcept {
  changed_ |= bus_master_ != allowed;
  bus_master_ = allowed;
}

void DmaRegions::publish(GuestMemory& memory) {
  if (!changed_) return;
  std::vector<std::shared_ptr<Mapping>> mappings;
  std::map<FileId, std::uint32_t> numbers;
  for (const auto& [id, file] : files_) {
    numbers[id] = static_cast<std::uint32_t>(mappings.size());
    mappings.push_back(file.mapping);
  }
  std::vector<MapRow> rows;
  for (const auto& [address, entry] : regions_) {
    if (!bus_master_ || !entry.file) continue;
    rows.push_back(
        {.guest_address = address,
         .length = entry.region.length,
         .file = numbers[*entry.file],
         .file_offset = entry.region.file_offset,
         .permission = entry.region.writable ? Permission::kReadWrite : Permission::kReadOnly});
  }
  memory.remap(GuestMemory(AddressMap(std::move(rows)), std::move(mappings)));
  changed_ = false;
}

bool DmaRegions::unreachable(std::uint64_t address) const noexcept {
  const auto after = regions_.upper_bound(address);
  if (after == regions_.begin()) return false;
  const auto& [start, entry] = *std::prev(after);
  return !entry.file && address - start < entry.region.length;
}

}  // namespace guestlink::detail
