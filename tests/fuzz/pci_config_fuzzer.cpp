// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "pci/pci_function.h"

namespace {

using guestlink::detail::ConfigSpace;
using guestlink::detail::PciBar;
using guestlink::detail::PciFunction;
using guestlink::detail::PciIdentity;

using Image = std::array<std::byte, ConfigSpace::kBytes>;

PciIdentity identity() {
  PciIdentity result;
  result.vendor = 0x1234;
  result.device = 1;
  result.bars[0] = {PciBar::Kind::kMemory32, 16384, false};
  result.bars[2] = {PciBar::Kind::kMemory64, std::uint64_t{1} << 33, true};
  result.bars[4] = {PciBar::Kind::kIo, 8, false};
  result.msix_vectors = 3;
  result.intx = true;
  return result;
}

Image image_of(const PciFunction& function) {
  Image image;
  if (!function.read_config(0, image)) std::abort();
  return image;
}

// The bits that a guest can change, found out by changing all.
Image writable_bits() {
  PciFunction function(identity());
  Image ones;
  ones.fill(std::byte{0xFF});
  Image mask = image_of(function);
  if (!function.write_config(0, ones)) std::abort();
  const Image high = image_of(function);
  ones.fill(std::byte{0});
  if (!function.write_config(0, ones)) std::abort();
  const Image low = image_of(function);
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = high[i] ^ low[i];
  return mask;
}

}  // namespace

// Of any accesses: none outside of the space is made, and what is read-only stays as it was.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Image kWritable = writable_bits();
  PciFunction function(identity());
  const Image before = image_of(function);
  for (std::size_t at = 0; at + 4 <= size;) {
    std::uint16_t offset = 0;
    std::memcpy(&offset, data + at, sizeof offset);
    const std::size_t length = std::min<std::size_t>(data[at + 2], size - at - 4);
    const bool inside = offset <= before.size() && length <= before.size() - offset;
    std::vector<std::byte> bytes(length);
    if (length != 0) std::memcpy(bytes.data(), data + at + 4, length);
    if (data[at + 3] == 0xFF) function.reset();
    if (function.write_config(offset, bytes) != inside) std::abort();
    if (function.read_config(offset, bytes) != inside) std::abort();
    at += 4 + length;
  }
  const Image after = image_of(function);
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (((after[i] ^ before[i]) & ~kWritable[i]) != std::byte{0}) std::abort();
  }
  function.reset();
  if (image_of(function) != before) std::abort();
  return 0;
}
