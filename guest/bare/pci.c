// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci.h"

#include "console.h"
#include "io.h"

enum {
  kAddressPort = 0xCF8,
  kDataPort = 0xCFC,
  kFunctions = 256 * 32 * 8,
  kNobody = 0xFFFF,
  kBarIo = 1 << 0,
  kBar64 = 2 << 1,
  kBarKind = 3 << 1,
  kSeveralFunctions = 0x80,
};
#define ENABLE 0x80000000U

static uint16_t select(const struct pci_device* device, uint32_t offset) {
  out32(kAddressPort, device->address | (offset & 0xFC));
  return (uint16_t)(kDataPort + (offset & 3));
}

uint32_t pci_read32(const struct pci_device* device, uint32_t offset) {
  return in32(select(device, offset));
}

uint16_t pci_read16(const struct pci_device* device, uint32_t offset) {
  return in16(select(device, offset));
}

uint8_t pci_read8(const struct pci_device* device, uint32_t offset) {
  return in8(select(device, offset));
}

void pci_write32(const struct pci_device* device, uint32_t offset, uint32_t value) {
  out32(select(device, offset), value);
}

void pci_write16(const struct pci_device* device, uint32_t offset, uint16_t value) {
  out16(select(device, offset), value);
}

static bool is_wide(uint32_t low) { return (low & (kBarIo | kBarKind)) == kBar64; }

static uint32_t bar_offset(uint32_t index) { return kPciBar0 + 4 * index; }

/// What a BAR holds, without the bits that say its kind.
static uint64_t read_bar(const struct pci_device* device, uint32_t index, bool wide) {
  const uint32_t low = pci_read32(device, bar_offset(index));
  const uint32_t high = wide ? pci_read32(device, bar_offset(index + 1)) : 0;
  return (uint64_t)high << 32 | (low & ~((low & kBarIo) != 0 ? 3U : 15U));
}

static void read_bars(struct pci_device* device) {
  for (uint32_t i = 0; i < kPciBars; ++i) {
    const uint32_t low = pci_read32(device, bar_offset(i));
    struct pci_bar* bar = &device->bars[i];
    *bar = (struct pci_bar){.io = (low & kBarIo) != 0, .wide = i + 1 < kPciBars && is_wide(low)};
    bar->base = read_bar(device, i, bar->wide);
    if (bar->wide) {
      device->bars[++i] = (struct pci_bar){0};
    }
  }
}

static bool is_it(const struct pci_device* device) {
  return pci_read16(device, 0) == device->vendor && pci_read16(device, 2) == device->device;
}

bool pci_find(struct pci_device* device, uint16_t vendor, uint16_t id) {
  *device = (struct pci_device){.vendor = vendor, .device = id};
  for (uint32_t i = 0; i < kFunctions; ++i) {
    device->address = ENABLE | i << 8;
    if (is_it(device)) {
      read_bars(device);
      return true;
    }
    // A device with function 0 only may answer for the others as well.
    if (i % 8 == 0 && (pci_read16(device, 0) == kNobody ||
                       (pci_read8(device, kPciHeaderType) & kSeveralFunctions) == 0)) {
      i += 7;
    }
  }
  return false;
}

static uint64_t size_bar(const struct pci_device* device, uint32_t index,
                         const struct pci_bar* bar) {
  const uint32_t low = pci_read32(device, bar_offset(index));
  const uint32_t high = bar->wide ? pci_read32(device, bar_offset(index + 1)) : 0;
  pci_write32(device, bar_offset(index), UINT32_MAX);
  if (bar->wide) {
    pci_write32(device, bar_offset(index + 1), UINT32_MAX);
  }
  uint64_t mask = read_bar(device, index, bar->wide);
  if (!bar->wide && mask != 0) {
    mask |= UINT64_MAX << 32;
  }
  if (bar->io && mask != 0) {
    mask |= UINT64_MAX << 16;  // a port BAR may hold 16 bits only
  }
  pci_write32(device, bar_offset(index), low);
  if (bar->wide) {
    pci_write32(device, bar_offset(index + 1), high);
  }
  if (read_bar(device, index, bar->wide) != bar->base) {
    fail("BAR %u does not hold its address: 0x%llx, was 0x%llx", index,
         read_bar(device, index, bar->wide), bar->base);
  }
  return ~mask + 1;
}

void pci_size_bars(struct pci_device* device) {
  const uint16_t command = pci_read16(device, kPciCommand);
  pci_set_command(device, 0, kPciCommandIo | kPciCommandMemory);
  for (uint32_t i = 0; i < kPciBars; ++i) {
    struct pci_bar* bar = &device->bars[i];
    bar->size = size_bar(device, i, bar);
    if (bar->wide) {
      ++i;
    }
  }
  pci_write16(device, kPciCommand, command);
}

void pci_set_command(const struct pci_device* device, uint16_t set, uint16_t clear) {
  const uint16_t now = pci_read16(device, kPciCommand);
  pci_write16(device, kPciCommand, (uint16_t)((now | set) & ~clear));
}

uint8_t pci_next_capability(const struct pci_device* device, uint8_t at) {
  if (at != 0) {
    return pci_read8(device, at + 1U) & 0xFC;
  }
  const bool any = (pci_read16(device, kPciStatus) & kPciStatusCapabilities) != 0;
  return any ? pci_read8(device, kPciCapabilities) & 0xFC : 0;
}

uint8_t pci_capability(const struct pci_device* device, uint8_t id) {
  uint8_t at = 0;
  for (int i = 0; i < 48; ++i) {  // as many as there is room for: a list may be a ring
    at = pci_next_capability(device, at);
    if (at == 0 || pci_read8(device, at) == id) {
      return at;
    }
  }
  fail("the capability list has no end");
}
