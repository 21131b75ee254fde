// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Commands and payloads of vfio-user (docs/interop/vfio-user.rst of QEMU), and the values that it
// takes from linux/vfio.h. All little-endian, as the host.
#pragma once

#include <cstdint>

namespace guestlink::detail::vfio_user {

enum Command : std::uint16_t {
  kVersion = 1,
  kDmaMap = 2,
  kDmaUnmap = 3,
  kDeviceGetInfo = 4,
  kDeviceGetRegionInfo = 5,
  kDeviceGetIrqInfo = 7,
  kDeviceSetIrqs = 8,
  kRegionRead = 9,
  kRegionWrite = 10,
  kDeviceReset = 13,
  kRegionWriteMulti = 15,
};

struct Version {
  std::uint16_t major, minor;
};  // and JSON text, ended by a zero byte

struct DmaMap {
  static constexpr std::uint32_t kRead = 1;
  static constexpr std::uint32_t kWrite = 2;
  std::uint32_t argsz, flags;
  std::uint64_t offset, address, size;
};
static_assert(sizeof(DmaMap) == 32);

struct DmaUnmap {
  static constexpr std::uint32_t kAll = 2;
  std::uint32_t argsz, flags;
  std::uint64_t address, size;
};
static_assert(sizeof(DmaUnmap) == 24);

struct DeviceInfo {
  static constexpr std::uint32_t kReset = 1;
  static constexpr std::uint32_t kPci = 2;
  std::uint32_t argsz, flags, regions, irqs;
};

struct RegionInfo {
  static constexpr std::uint32_t kRead = 1;
  static constexpr std::uint32_t kWrite = 2;
  std::uint32_t argsz, flags, index, capability_offset;
  std::uint64_t size, offset;
};
static_assert(sizeof(RegionInfo) == 32);

/// Region indices: 0 to 5 are the BARs.
inline constexpr std::uint32_t kConfigRegion = 7;
inline constexpr std::uint32_t kRegions = 9;

struct IrqInfo {
  static constexpr std::uint32_t kEventfd = 1;
  static constexpr std::uint32_t kMaskable = 2;
  static constexpr std::uint32_t kAutomasked = 4;
  static constexpr std::uint32_t kNoResize = 8;
  std::uint32_t argsz, flags, index, count;
};

enum IrqIndex : std::uint32_t { kIntx = 0, kMsi = 1, kMsix = 2, kError = 3, kRequest = 4 };
inline constexpr std::uint32_t kIrqs = 5;

struct IrqSet {
  static constexpr std::uint32_t kDataNone = 1;
  static constexpr std::uint32_t kDataBool = 2;
  static constexpr std::uint32_t kDataEventfd = 4;
  static constexpr std::uint32_t kDataMask = 7;
  static constexpr std::uint32_t kMask = 8;
  static constexpr std::uint32_t kUnmask = 0x10;
  static constexpr std::uint32_t kTrigger = 0x20;
  static constexpr std::uint32_t kActionMask = 0x38;
  std::uint32_t argsz, flags, index, start, count;
};
static_assert(sizeof(IrqSet) == 20);

struct RegionAccess {
  std::uint64_t offset;
  std::uint32_t region, count;
};  // and the data of a write
static_assert(sizeof(RegionAccess) == 16);

struct RegionWriteMulti {
  std::uint64_t count;
};  // and so many of
struct RegionWriteEntry {
  std::uint64_t offset;
  std::uint32_t region, count;
  std::uint64_t data;
};
static_assert(sizeof(RegionWriteEntry) == 24);

}  // namespace guestlink::detail::vfio_user
