// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "msix.h"

#include "console.h"
#include "interrupts.h"
#include "io.h"

enum {
  kControl = 2,
  kTable = 4,
  kPending = 8,
  kEnable = 1 << 15,
  kMaskAll = 1 << 14,
  kBarIndex = 7,
  kEntryAddress = 0,
  kEntryAddressHigh = 4,
  kEntryData = 8,
  kEntryControl = 12,
  kEntryMasked = 1,
};

static uintptr_t place(const struct pci_device* device, uint32_t offset, const char* what) {
  const uint32_t word = pci_read32(device, offset);
  const uint32_t index = word & kBarIndex;
  const struct pci_bar* bar = index < kPciBars ? &device->bars[index] : 0;
  if (bar == 0 || bar->io || bar->base == 0 || bar->base >> 32 != 0) {
    fail("the MSI-X %s is in BAR %u, which has no memory below 4 GiB", what, index);
  }
  return (uintptr_t)bar->base + (word & ~(uint32_t)kBarIndex);
}

bool msix_find(struct msix* msix, const struct pci_device* device) {
  *msix = (struct msix){.device = device};
  msix->capability = pci_capability(device, kPciCapabilityMsix);
  if (msix->capability == 0) {
    return false;
  }
  msix->table = place(device, msix->capability + kTable, "table");
  msix->pending = place(device, msix->capability + kPending, "pending array");
  return true;
}

static void set_control(const struct msix* msix, uint16_t set, uint16_t clear) {
  const uint32_t offset = msix->capability + kControl;
  const uint16_t now = pci_read16(msix->device, offset);
  pci_write16(msix->device, offset, (uint16_t)((now | set) & ~clear));
}

void msix_enable(const struct msix* msix) {
  set_control(msix, kEnable | kMaskAll, 0);
  write32(msix->table + kEntryAddress, interrupts_message_address());
  write32(msix->table + kEntryAddressHigh, 0);
  write32(msix->table + kEntryData, kVectorMsix);
  write32(msix->table + kEntryControl, 0);
  if (read32(msix->table + kEntryData) != kVectorMsix) {
    fail("the MSI-X table does not hold what is written: 0x%x", read32(msix->table + kEntryData));
  }
  set_control(msix, 0, kMaskAll);
}

void msix_disable(const struct msix* msix) { set_control(msix, 0, kEnable); }

void msix_set_mask(const struct msix* msix, bool masked) {
  write32(msix->table + kEntryControl, masked ? kEntryMasked : 0);
}

bool msix_is_pending(const struct msix* msix) { return (read32(msix->pending) & 1) != 0; }
