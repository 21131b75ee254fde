// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci/pci_function.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>

#include "guestlink/address_map.h"

namespace guestlink::detail {
namespace {

using Kind = PciBar::Kind;

// Offsets and bits of the header (include/uapi/linux/pci_regs.h has the same names).
constexpr std::size_t kVendorId = 0x00;
constexpr std::size_t kDeviceId = 0x02;
constexpr std::size_t kCommand = 0x04;
constexpr std::size_t kStatus = 0x06;
constexpr std::size_t kRevision = 0x08;
constexpr std::size_t kClass = 0x09;
constexpr std::size_t kCacheLineSize = 0x0C;
constexpr std::size_t kBar0 = 0x10;
constexpr std::size_t kSubsystemVendorId = 0x2C;
constexpr std::size_t kSubsystemId = 0x2E;
constexpr std::size_t kCapabilities = 0x34;
constexpr std::size_t kInterruptLine = 0x3C;
constexpr std::size_t kInterruptPin = 0x3D;

constexpr std::uint32_t kCommandBusMaster = 0x0004;
constexpr std::uint32_t kCommandIntxDisable = 0x0400;
/// I/O, memory, bus master, parity, SERR, INTx disable: what QEMU and drivers switch.
constexpr std::uint32_t kCommandWritable = 0x0547;
constexpr std::uint32_t kStatusInterrupt = 0x0008;
constexpr std::uint32_t kStatusCapabilities = 0x0010;

constexpr std::uint32_t kBarIo = 0x1;
constexpr std::uint32_t kBar64 = 0x4;
constexpr std::uint32_t kBarPrefetchable = 0x8;

// The MSI-X capability stands alone, right behind the header.
constexpr std::size_t kMsix = 0x40;
constexpr std::uint32_t kMsixCapability = 0x11;
constexpr std::uint32_t kMsixControlWritable = 0xC000;  // enable, function mask
constexpr std::uint64_t kMsixEntryBytes = 16;
constexpr std::uint64_t kLeastMsixHalf = 0x800;

std::string name_of(std::size_t bar) { return "bar" + std::to_string(bar); }

}  // namespace

PciFunction::PciFunction(const PciIdentity& identity) : identity_(identity) {
  for (std::size_t index = 0; index < identity_.bars.size(); ++index) check_bar(index);
  if (identity_.class_code > 0xFFFFFF) {
    throw std::invalid_argument("class " + hex(identity_.class_code) + " has more than 24 bits");
  }
  if (identity_.msix_vectors != 0) place_msix();
  config_.set(kVendorId, 2, identity_.vendor);
  config_.set(kDeviceId, 2, identity_.device);
  config_.make_writable(kCommand, 2, kCommandWritable);
  config_.set(kRevision, 1, identity_.revision);
  config_.set(kClass, 1, identity_.class_code & 0xFF);
  config_.set(kClass + 1, 2, identity_.class_code >> 8);
  config_.make_writable(kCacheLineSize, 1, 0xFF);
  config_.set(kSubsystemVendorId, 2, identity_.subsystem_vendor);
  config_.set(kSubsystemId, 2, identity_.subsystem);
  config_.make_writable(kInterruptLine, 1, 0xFF);
  if (identity_.intx) config_.set(kInterruptPin, 1, 1);
  set_bars();
  if (msix_bar_) set_msix_capability();
}

void PciFunction::check_bar(std::size_t index) const {
  const PciBar& bar = identity_.bars[index];
  if (bar.kind == Kind::kNone) {
    if (bar.size != 0) throw std::invalid_argument(name_of(index) + " has a size and no kind");
    return;
  }
  const bool io = bar.kind == Kind::kIo;
  const std::uint64_t least = io ? 4 : 16;
  const std::uint64_t most = io                            ? 256
                             : bar.kind == Kind::kMemory32 ? std::uint64_t{1} << 31
                                                           : std::uint64_t{1} << 40;
  if (!std::has_single_bit(bar.size) || bar.size < least || bar.size > most) {
    throw std::invalid_argument(name_of(index) + " has size " + hex(bar.size) +
                                ", expected a power of two from " + hex(least) + " to " +
                                hex(most));
  }
  if (bar.kind == Kind::kMemory64 &&
      (index + 1 == identity_.bars.size() || identity_.bars[index + 1].kind != Kind::kNone)) {
    throw std::invalid_argument(name_of(index) + " has 64 bits and needs " + name_of(index + 1) +
                                " for its upper half");
  }
}

// Table in the lower half of its BAR, pending bits in the upper.
void PciFunction::place_msix() {
  if (identity_.msix_vectors > PciIdentity::kMostVectors) {
    throw std::invalid_argument(std::to_string(identity_.msix_vectors) +
                                " MSI-X vectors, expected at most " +
                                std::to_string(PciIdentity::kMostVectors));
  }
  for (std::size_t index = 0; index < identity_.bars.size(); ++index) {
    const bool upper_half = index > 0 && identity_.bars[index - 1].kind == Kind::kMemory64;
    if (identity_.bars[index].kind != Kind::kNone || upper_half) continue;
    msix_bar_ = index;
    pba_offset_ = std::max(kLeastMsixHalf, std::bit_ceil(identity_.msix_vectors * kMsixEntryBytes));
    identity_.bars[index] = {.kind = Kind::kMemory32, .size = 2 * pba_offset_};
    return;
  }
  throw std::invalid_argument("no BAR is left for the MSI-X table");
}

void PciFunction::set_bars() noexcept {
  for (std::size_t index = 0; index < identity_.bars.size(); ++index) {
    const PciBar& bar = identity_.bars[index];
    if (bar.kind == Kind::kNone) continue;
    const std::size_t offset = kBar0 + 4 * index;
    const std::uint64_t address_bits = ~(bar.size - 1);
    const bool wide = bar.kind == Kind::kMemory64;
    config_.set(offset, 4,
                bar.kind == Kind::kIo
                    ? kBarIo
                    : (wide ? kBar64 : 0) | (bar.prefetchable ? kBarPrefetchable : 0));
    config_.make_writable(offset, 4, static_cast<std::uint32_t>(address_bits));
    if (wide) {
      config_.make_writable(offset + 4, 4, static_cast<std::uint32_t>(address_bits >> 32));
    }
  }
}

void PciFunction::set_msix_capability() noexcept {
  const auto bar = static_cast<std::uint32_t>(*msix_bar_);
  config_.set(kStatus, 2, kStatusCapabilities);
  config_.set(kCapabilities, 1, kMsix);
  config_.set(kMsix, 1, kMsixCapability);
  config_.set(kMsix + 2, 2, identity_.msix_vectors - 1);
  config_.make_writable(kMsix + 2, 2, kMsixControlWritable);
  config_.set(kMsix + 4, 4, bar);
  config_.set(kMsix + 8, 4, static_cast<std::uint32_t>(pba_offset_) | bar);
}

bool PciFunction::bus_master() const noexcept {
  return (config_.get(kCommand, 2) & kCommandBusMaster) != 0;
}

bool PciFunction::intx_disabled() const noexcept {
  return (config_.get(kCommand, 2) & kCommandIntxDisable) != 0;
}

void PciFunction::show_intx(bool asserted) noexcept {
  const std::uint32_t others = config_.get(kStatus, 2) & ~kStatusInterrupt;
  config_.drive(kStatus, 2, others | (asserted ? kStatusInterrupt : 0));
}

}  // namespace guestlink::detail
