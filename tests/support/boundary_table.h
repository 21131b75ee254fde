// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The one table of addresses at which every address-taking function is tried, in C++ and at the C
// ABI, and the memory it is about.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "guestlink/guest_memory.h"

namespace guestlink::test {

/// Guest RAM with every kind of edge:
///
///     0x1000 - 0x3000  RAM, file 0 from 0x1000
///     0x3000 - 0x4000  RAM, file 1 from 0        (adjoins the former)
///     0x4000 - 0x8000  hole
///     0x8000 - 0xA000  RAM, file 0 from 0x4000
///     0xA000 - 0xB000  read-only, file 0 from 0x6000
///     0xB000 - 0xC000  RAM, file 0 from 0x7000
///     0xD000 - 0xE000  read-only, file 0 from 0x8000, a hole on either side
///     the second page from the top of the address space: RAM, file 1 from 0x1000
///
/// The bytes of the files that no row shows, before, between and behind, are guards.
class EdgeMemory {
 public:
  static constexpr std::uint64_t kTopPage = ~std::uint64_t{0} - 0x1FFF;
  static constexpr std::uint64_t kFile0Bytes = 0xA000;
  static constexpr std::uint64_t kFile1Bytes = 0x3000;

  static AddressMap map() {
    return AddressMap({
        {.guest_address = 0x1000, .length = 0x2000, .file = 0, .file_offset = 0x1000},
        {.guest_address = 0x3000, .length = 0x1000, .file = 1, .file_offset = 0},
        {.guest_address = 0x8000, .length = 0x2000, .file = 0, .file_offset = 0x4000},
        {.guest_address = 0xA000,
         .length = 0x1000,
         .file = 0,
         .file_offset = 0x6000,
         .permission = Permission::kReadOnly},
        {.guest_address = 0xB000, .length = 0x1000, .file = 0, .file_offset = 0x7000},
        {.guest_address = 0xD000,
         .length = 0x1000,
         .file = 0,
         .file_offset = 0x8000,
         .permission = Permission::kReadOnly},
        {.guest_address = kTopPage, .length = 0x1000, .file = 1, .file_offset = 0x1000},
    });
  }

  EdgeMemory() : file0_(make_file(kFile0Bytes)), file1_(make_file(kFile1Bytes)) {
    std::vector<Mapping> mappings;
    mappings.emplace_back(FileDescriptor(dup(file0_.fd())), kFile0Bytes, true);
    mappings.emplace_back(FileDescriptor(dup(file1_.fd())), kFile1Bytes, true);
    memory_ = GuestMemory(map(), std::move(mappings));
    std::uint32_t state = 1;
    for (Mapping* file : {&file0_, &file1_}) {
      for (std::uint64_t i = 0; i < file->length(); ++i) {
        state = state * 1664525 + 1013904223;
        file->data()[i] = std::byte(state >> 24);
      }
    }
  }

  GuestMemory& memory() { return memory_; }
  /// To hand it over, to a handle.
  GuestMemory take() { return std::move(memory_); }

  /// All bytes of both files, those outside the map too.
  [[nodiscard]] std::vector<std::byte> snapshot() const {
    std::vector<std::byte> bytes(kFile0Bytes + kFile1Bytes);
    std::memcpy(bytes.data(), file0_.data(), kFile0Bytes);
    std::memcpy(bytes.data() + kFile0Bytes, file1_.data(), kFile1Bytes);
    return bytes;
  }
  /// Index in a snapshot of the byte at a guest address in RAM.
  static std::size_t index_of(std::uint64_t address) {
    if (address >= kTopPage) return kFile0Bytes + 0x1000 + (address - kTopPage);
    if (address >= 0xD000) return 0x8000 + (address - 0xD000);
    if (address >= 0x8000) return 0x4000 + (address - 0x8000);
    if (address >= 0x3000) return kFile0Bytes + (address - 0x3000);
    return address;
  }

 private:
  static Mapping make_file(std::uint64_t size) {
    FileDescriptor fd(memfd_create("guestlink-test", MFD_CLOEXEC));
    if (ftruncate(fd.get(), static_cast<off_t>(size)) != 0) throw std::runtime_error("ftruncate");
    return {std::move(fd), size, true};
  }

  Mapping file0_;
  Mapping file1_;
  GuestMemory memory_;
};

struct BoundaryCase {
  std::string name;
  std::uint64_t address;
  std::uint64_t length;
  AccessStatus read;
  AccessStatus write;
};

/// The table for accesses of `length` bytes, 0 to 0x1000.
inline std::vector<BoundaryCase> boundary_table(std::uint64_t length) {
  constexpr AccessStatus kOk = AccessStatus::kOk;
  constexpr AccessStatus kOut = AccessStatus::kOutOfRange;
  constexpr AccessStatus kReadOnly = AccessStatus::kReadOnly;
  constexpr std::uint64_t kTop = EdgeMemory::kTopPage;
  const std::uint64_t n = length;
  const std::uint64_t half = n / 2;
  std::vector<BoundaryCase> table{
      {"First", 0x1000, n, kOk, kOk},
      {"BeforeFirst", 0x0FFF, n, kOut, kOut},
      {"Zero", 0, n, kOut, kOut},
      {"Last", 0x4000 - n, n, kOk, kOk},
      {"LastPlusOne", 0x4001 - n, n, kOut, kOut},
      {"AllBehindLast", 0x4000, n, kOut, kOut},
      {"InHole", 0x5000, n, kOut, kOut},
      {"IntoFirstAfterHole", 0x7FFF, n, kOut, kOut},
      {"FirstAfterHole", 0x8000, n, kOk, kOk},
      {"FirstReadOnly", 0xA000, n, kOk, kReadOnly},
      {"LastReadOnly", 0xB000 - n, n, kOk, kReadOnly},
      {"LastReadOnlyBeforeHole", 0xE000 - n, n, kOk, kReadOnly},
      {"LastReadOnlyPlusOne", 0xE001 - n, n, kOut, kOut},
      {"LastOfTop", kTop + 0x1000 - n, n, kOk, kOk},
      {"BehindTop", kTop + 0x1000, n, kOut, kOut},
      {"EndsAtWrap", 0 - n, n, kOut, kOut},
      {"LastAddress", ~std::uint64_t{0}, n, kOut, kOut},
  };
  if (n >= 2) {
    table.insert(table.end(), {
                                  {"StraddlingPage", 0x2000 - half, n, kOk, kOk},
                                  {"StraddlingRows", 0x3000 - half, n, kOk, kOk},
                                  {"StraddlingIntoHole", 0x4000 - half, n, kOut, kOut},
                                  {"StraddlingIntoReadOnly", 0xA000 - half, n, kOk, kReadOnly},
                                  {"StraddlingOutOfReadOnly", 0xB000 - half, n, kOk, kReadOnly},
                                  {"StraddlingReadOnlyAndHole", 0xE000 - half, n, kOut, kOut},
                                  {"WrappingAround", 0 - half, n, kOut, kOut},
                              });
  }
  if (n == 0) {
    for (BoundaryCase& row : table) row.read = row.write = kOk;  // no byte is addressed
  }
  return table;
}

}  // namespace guestlink::test
