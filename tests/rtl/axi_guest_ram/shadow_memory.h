// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What guest memory should hold: a copy of every region, kept by the bench and compared at the end.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "guestlink_dpi.h"

namespace guestlink::test {

class ShadowMemory {
 public:
  struct Region {
    std::uint64_t base;
    std::uint64_t length;
    bool writable;
    std::vector<std::uint8_t> bytes;
  };

  explicit ShadowMemory(void* handle) : handle_(handle) {
    unsigned long long base = 0;
    unsigned long long length = 0;
    int writable = 0;
    for (unsigned n = 0; guestlink_region(handle, n, &base, &length, &writable) == 0; ++n) {
      Region region{base, length, writable != 0, std::vector<std::uint8_t>(length)};
      for (std::uint64_t at = 0; at < length; at += 8) load(base + at, &region.bytes[at]);
      regions_.push_back(std::move(region));
    }
  }

  const std::vector<Region>& regions() const { return regions_; }

  // The region that holds all of [address, address + length), or null.
  Region* find(std::uint64_t address, std::uint64_t length) {
    for (Region& region : regions_) {
      const std::uint64_t offset = address - region.base;
      if (length <= region.length && offset <= region.length - length) return &region;
    }
    return nullptr;
  }

  std::uint8_t& at(std::uint64_t address) {
    Region* region = find(address, 1);
    return region->bytes[address - region->base];
  }

  // Empty when guest memory holds what it should, else where it first does not.
  std::string difference() const {
    for (const Region& region : regions_) {
      for (std::uint64_t at = 0; at < region.length; at += 8) {
        std::uint8_t found[8];
        load(region.base + at, found);
        if (std::memcmp(found, &region.bytes[at], 8) == 0) continue;
        return "memory differs within 8 bytes of guest address " + std::to_string(region.base + at);
      }
    }
    return {};
  }

 private:
  void load(std::uint64_t address, std::uint8_t* bytes) const {
    unsigned long long word = 0;
    if (guestlink_read64(handle_, address, &word) != GUESTLINK_OK) word = 0;
    std::memcpy(bytes, &word, 8);
  }

  void* handle_;
  std::vector<Region> regions_;
};

}  // namespace guestlink::test
