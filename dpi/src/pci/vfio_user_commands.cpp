// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What each command of vfio-user does. Every function returns an errno value for a message that is
// wrong, before anything has been done for it.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "attach/peer_process.h"
#include "attach/unix_socket.h"
#include "guestlink/address_map.h"
#include "guestlink/range.h"
#include "pci/vfio_user_protocol.h"
#include "pci/vfio_user_server.h"

namespace guestlink::detail {
namespace {

using namespace vfio_user;

/// A guest that maps less than this without a file has a ROM, not RAM, there.
constexpr std::uint64_t kLeastRam = 16U << 20;

template <typename T>
std::span<const std::byte> bytes_of(const T& value) noexcept {
  return std::as_bytes(std::span(&value, 1));
}

// The payload of a command that has this one structure; argsz says how much of an answer there is
// room for.
template <typename T>
std::optional<T> request_of(const VfioUserMessage& message) noexcept {
  const auto request = start_of<T>(message.payload);
  return request && request->argsz >= sizeof(T) ? request : std::nullopt;
}

bool is_eventfd(const FileDescriptor& file) {
  std::array<char, 64> target{};
  const std::string link = "/proc/self/fd/" + std::to_string(file.get());
  const ssize_t length = readlink(link.c_str(), target.data(), target.size());
  return length > 0 && std::string_view(target.data(), static_cast<std::size_t>(length)) ==
                           "anon_inode:[eventfd]";
}

bool all_eventfds(const std::vector<FileDescriptor>& files) {
  for (const FileDescriptor& file : files) {
    if (!is_eventfd(file)) return false;
  }
  return true;
}

// Nobody's writer may wait, whatever its reader does.
void make_non_blocking(const std::vector<FileDescriptor>& files) {
  for (const FileDescriptor& file : files) {
    (void)fcntl(file.get(), F_SETFL, fcntl(file.get(), F_GETFL) | O_NONBLOCK);
  }
}

nlohmann::json parse_capabilities(std::span<const std::byte> text) {
  const auto* begin = reinterpret_cast<const char*>(text.data());
  const auto deep = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    if (depth > 16) throw std::length_error("nested too deep");
    return true;
  };
  try {
    return nlohmann::json::parse(begin, begin + text.size(), deep);
  } catch (const std::exception&) {
    return nullptr;
  }
}

std::uint64_t low_bytes(std::uint64_t value, std::uint32_t count) noexcept {
  return count == 8 ? value : value & ((std::uint64_t{1} << (8 * count)) - 1);
}

bool takes_files(const VfioUserHeader& header) noexcept {
  return header.command == kDmaMap || header.command == kDeviceSetIrqs;
}

}  // namespace

int VfioUserServer::handle(VfioUserMessage& message) {
  const VfioUserHeader& header = message.header;
  // This end sends no requests, so there can be no answer to one.
  if ((header.flags & VfioUserHeader::kTypeMask) != 0) return EINVAL;
  if (!takes_files(header) && !message.files.empty()) return EINVAL;
  if (!negotiated_ && header.command != kVersion) return EINVAL;
  switch (header.command) {
    case kVersion:
      return negotiate(message);
    case kDmaMap:
      return map(message);
    case kDmaUnmap:
      return unmap(message);
    case kDeviceGetInfo:
      return tell_device(message);
    case kDeviceGetRegionInfo:
      return tell_region(message);
    case kDeviceGetIrqInfo:
      return tell_irq(message);
    case kDeviceSetIrqs:
      return set_irqs(message);
    case kRegionRead:
      return read_region(message);
    case kRegionWrite:
      return write_region(message);
    case kRegionWriteMulti:
      return write_several(message);
    case kDeviceReset:
      return reset(message);
    default:
      return ENOTSUP;
  }
}

int VfioUserServer::negotiate(const VfioUserMessage& message) {
  const auto version = start_of<Version>(message.payload);
  if (negotiated_ || !version || version->major != 0) return EINVAL;
  auto text = message.payload.subspan(sizeof *version);
  if (!text.empty()) {
    if (text.back() != std::byte{0} || !parse_capabilities(text.first(text.size() - 1)).is_object())
      return EINVAL;
  }
  // max_data_xfer_size bounds what MessageStream takes; QEMU refuses more than 16 files a message.
  static constexpr char kCapabilities[] =
      R"({"capabilities":{"max_msg_fds":16,"max_data_xfer_size":1048576,"write_multiple":true}})";
  negotiated_ = true;
  const Version answer{0, 0};
  reply(message.header, bytes_of(answer), std::as_bytes(std::span(kCapabilities)));
  return 0;
}

int VfioUserServer::map(VfioUserMessage& message) {
  const auto request = request_of<DmaMap>(message);
  if (!request || message.files.size() > 1) return EINVAL;
  if ((request->flags & ~(DmaMap::kRead | DmaMap::kWrite)) != 0 ||
      (request->flags & DmaMap::kRead) == 0) {
    return EINVAL;
  }
  const bool writable = (request->flags & DmaMap::kWrite) != 0;
  FileDescriptor file;
  if (!message.files.empty()) file = std::move(message.files[0]);
  const bool has_file = file.get() >= 0;
  // Asked once, of what is large enough to be the guest's RAM.
  const bool shared = !has_file || warned_of_memory_ || request->size < kLeastRam ||
                      PeerProcess(peer_of(stream_->fd()).pid).may_share(file.get());
  const int error = device_.dma().map({request->address, request->size, request->offset, writable},
                                      std::move(file));
  if (error != 0) return error;
  warn_of_memory(request->address, request->size, has_file, writable, shared);
  reply(message.header);
  return 0;
}

void VfioUserServer::warn_of_memory(std::uint64_t address, std::uint64_t length, bool has_file,
                                    bool writable, bool shared) {
  if (warned_of_memory_ || (has_file && shared)) return;
  if (!has_file && (!writable || length < kLeastRam)) return;
  warned_of_memory_ = true;
  const std::string range =
      "the guest's memory at " + hex(address) + " (" + hex(length) + " bytes) ";
  device_.say(range +
              (has_file ? "is private to QEMU: the device would see other bytes than the guest"
                        : "came without a file: the device cannot reach it") +
              ". Start QEMU with -object memory-backend-memfd,id=mem,size=SIZE,share=on and -M "
              "...,memory-backend=mem");
}

int VfioUserServer::unmap(const VfioUserMessage& message) {
  const auto request = request_of<DmaUnmap>(message);
  if (!request || (request->flags & ~DmaUnmap::kAll) != 0) return EINVAL;
  if ((request->flags & DmaUnmap::kAll) != 0) {
    if (request->address != 0 || request->size != 0) return EINVAL;
    device_.dma().clear();
  } else if (const int error = device_.dma().unmap(request->address, request->size)) {
    return error;
  }
  reply(message.header, bytes_of(*request));
  return 0;
}

int VfioUserServer::tell_device(const VfioUserMessage& message) {
  if (!request_of<DeviceInfo>(message)) return EINVAL;
  const DeviceInfo answer{sizeof answer, DeviceInfo::kReset | DeviceInfo::kPci, kRegions, kIrqs};
  reply(message.header, bytes_of(answer));
  return 0;
}

int VfioUserServer::tell_region(const VfioUserMessage& message) {
  const auto request = request_of<RegionInfo>(message);
  if (!request || request->index >= kRegions) return EINVAL;
  RegionInfo answer{sizeof answer, 0, request->index, 0, 0, 0};
  answer.size = request->index == kConfigRegion ? ConfigSpace::kBytes
                                                : device_.function().bar_size(request->index);
  if (answer.size != 0) answer.flags = RegionInfo::kRead | RegionInfo::kWrite;
  reply(message.header, bytes_of(answer));
  return 0;
}

int VfioUserServer::tell_irq(const VfioUserMessage& message) {
  const auto request = request_of<IrqInfo>(message);
  if (!request || request->index >= kIrqs) return EINVAL;
  IrqInfo answer{sizeof answer, IrqInfo::kEventfd | IrqInfo::kNoResize, request->index, 0};
  if (request->index == kIntx) {
    answer.flags = IrqInfo::kEventfd | IrqInfo::kMaskable | IrqInfo::kAutomasked;
    answer.count = device_.interrupts().has_intx() ? 1 : 0;
  } else if (request->index == kMsix) {
    answer.count = device_.interrupts().msix_vectors();
  } else if (request->index == kError) {
    answer.count = 1;  // QEMU warns of a device that has none
  }
  reply(message.header, bytes_of(answer));
  return 0;
}

int VfioUserServer::set_irqs(VfioUserMessage& message) {
  const auto request = request_of<IrqSet>(message);
  if (!request || !all_eventfds(message.files)) return EINVAL;
  std::vector<FileDescriptor> files = std::move(message.files);
  make_non_blocking(files);
  const bool by_eventfd = (request->flags & IrqSet::kDataMask) == IrqSet::kDataEventfd;
  if (!files.empty() && (!by_eventfd || files.size() != request->count)) return EINVAL;
  int error = EINVAL;
  if (request->index == kIntx && request->start == 0) {
    error = set_intx(request->flags, request->count, std::move(files));
  } else if (request->index == kMsix) {
    error = set_msix(request->flags, request->start, request->count, std::move(files));
  } else if (request->index == kError && request->start == 0) {
    error = set_error(request->flags, request->count, std::move(files));
  }
  if (error == 0) reply(message.header);
  return error;
}

int VfioUserServer::set_intx(std::uint32_t flags, std::uint32_t count,
                             std::vector<FileDescriptor> files) {
  Interrupts& interrupts = device_.interrupts();
  if (!interrupts.has_intx() || count > 1) return EINVAL;
  switch (flags) {
    case IrqSet::kDataEventfd | IrqSet::kTrigger:
      if (count != 1) return EINVAL;
      interrupts.set_intx_trigger(files.empty() ? FileDescriptor() : std::move(files[0]));
      return 0;
    case IrqSet::kDataNone | IrqSet::kTrigger:
      if (count == 0) interrupts.set_intx_trigger({});
      if (count == 1) interrupts.send_intx();
      return 0;
    case IrqSet::kDataNone | IrqSet::kMask:
    case IrqSet::kDataNone | IrqSet::kUnmask:
      if (count != 1) return EINVAL;
      interrupts.mask_intx((flags & IrqSet::kMask) != 0);
      return 0;
    default:
      return EINVAL;
  }
}

int VfioUserServer::set_msix(std::uint32_t flags, std::uint32_t start, std::uint32_t count,
                             std::vector<FileDescriptor> files) {
  Interrupts& interrupts = device_.interrupts();
  if (!range_fits(start, count, interrupts.msix_vectors())) return EINVAL;
  switch (flags) {
    case IrqSet::kDataEventfd | IrqSet::kTrigger:
      if (count == 0) return EINVAL;
      files.resize(count);  // without files: taken away, or not wired yet
      interrupts.set_msix_triggers(start, std::move(files));
      return 0;
    case IrqSet::kDataNone | IrqSet::kTrigger:
      if (count != 0 && !interrupts.msix_enabled()) return EINVAL;
      if (count == 0) interrupts.drop_msix();
      for (std::uint32_t i = 0; i < count; ++i) interrupts.send_msix(start + i);
      return 0;
    default:
      return EINVAL;
  }
}

// It may be set and dropped: QEMU warns of a device that has none.
int VfioUserServer::set_error(std::uint32_t flags, std::uint32_t count,
                              std::vector<FileDescriptor> files) {
  const bool drops = flags == (IrqSet::kDataNone | IrqSet::kTrigger) && count == 0;
  const bool sets = flags == (IrqSet::kDataEventfd | IrqSet::kTrigger) && count == 1;
  if (!drops && !sets) return EINVAL;
  error_trigger_ = files.empty() ? FileDescriptor() : std::move(files[0]);
  return 0;
}

int VfioUserServer::read_region(const VfioUserMessage& message) {
  const auto access = start_of<RegionAccess>(message.payload);
  if (!access || !message.header.wants_reply()) return EINVAL;
  if (access->region == kConfigRegion) {
    std::array<std::byte, ConfigSpace::kBytes> data;
    if (access->count == 0 || access->count > data.size()) return EINVAL;
    const auto part = std::span(data).first(access->count);
    if (!device_.read_config(access->offset, part)) return EINVAL;
    reply(message.header, bytes_of(*access), part);
    return 0;
  }
  if (!device_.has_access(access->region, access->offset, access->count)) return EINVAL;
  const auto bar = static_cast<std::uint8_t>(access->region);
  const auto size = static_cast<std::uint8_t>(access->count);
  if (device_.is_rtl(bar)) {
    device_.requests().push_back({{bar, false, size, access->offset, 0}, message.header.id});
    return 0;
  }
  std::array<std::byte, 8> data;
  device_.read_msix(access->offset, std::span(data).first(size));
  reply(message.header, bytes_of(*access), std::span(data).first(size));
  return 0;
}

int VfioUserServer::write_region(const VfioUserMessage& message) {
  const auto access = start_of<RegionAccess>(message.payload);
  if (!access) return EINVAL;
  const Bytes data = message.payload.subspan(sizeof *access);
  if (data.size() != access->count || data.empty()) return EINVAL;
  if (access->region == kConfigRegion) {
    if (!device_.write_config(access->offset, data)) return EINVAL;
    reply(message.header, bytes_of(*access));
    return 0;
  }
  if (!device_.has_access(access->region, access->offset, access->count)) return EINVAL;
  const auto bar = static_cast<std::uint8_t>(access->region);
  if (!device_.is_rtl(bar)) {
    reply(message.header, bytes_of(*access));
    return 0;
  }
  std::uint64_t value = 0;
  std::memcpy(&value, data.data(), data.size());
  device_.requests().push_back(
      {{bar, true, static_cast<std::uint8_t>(access->count), access->offset, value},
       message.header.wants_reply() ? message.header.id : PciDevice::kPosted});
  return 0;
}

// Posted writes, all of them or none. The answer, which QEMU does not want, comes with the last.
int VfioUserServer::write_several(const VfioUserMessage& message) {
  const auto request = start_of<RegionWriteMulti>(message.payload);
  if (!request) return EINVAL;
  const Bytes entries = message.payload.subspan(sizeof *request);
  if (entries.size() / sizeof(RegionWriteEntry) != request->count ||
      entries.size() % sizeof(RegionWriteEntry) != 0) {
    return EINVAL;
  }
  const auto entry_at = [&](std::size_t index) {
    return *start_of<RegionWriteEntry>(entries.subspan(index * sizeof(RegionWriteEntry)));
  };
  for (std::size_t i = 0; i < request->count; ++i) {
    const RegionWriteEntry entry = entry_at(i);
    if (!device_.has_access(entry.region, entry.offset, entry.count)) return EINVAL;
  }
  PciDevice::Request* last = nullptr;
  for (std::size_t i = 0; i < request->count; ++i) {
    const RegionWriteEntry entry = entry_at(i);
    if (!device_.is_rtl(entry.region)) continue;
    last = &device_.requests().emplace_back(PciDevice::Request{
        {static_cast<std::uint8_t>(entry.region), true, static_cast<std::uint8_t>(entry.count),
         entry.offset, low_bytes(entry.data, entry.count)},
        PciDevice::kPosted});
  }
  if (last == nullptr) {
    reply(message.header, bytes_of(*request));
  } else if (message.header.wants_reply()) {
    last->ticket = request->count << kTicketIdBits | message.header.id;
  }
  return 0;
}

int VfioUserServer::reset(const VfioUserMessage& message) {
  device_.start_reset(message.header.wants_reply() ? message.header.id : PciDevice::kPosted);
  return 0;
}

}  // namespace guestlink::detail
