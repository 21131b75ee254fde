// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What needs no DMA: configuration space and registers.
#include "check.h"
#include "console.h"
#include "io.h"
#include "random.h"

enum { kMmioRounds = 100 };

static const char* capability_name(uint8_t id) {
  switch (id) {
    case 0x01:
      return "power management";
    case kPciCapabilityMsi:
      return "MSI";
    case 0x09:
      return "vendor";
    case 0x10:
      return "PCI Express";
    case kPciCapabilityMsix:
      return "MSI-X";
    default:
      return "other";
  }
}

static void say_bars(const struct pci_device* device) {
  for (uint32_t i = 0; i < kPciBars; ++i) {
    const struct pci_bar* bar = &device->bars[i];
    if (bar->size == 0) {
      continue;
    }
    say("scan: BAR %u %s, %u bits, at 0x%llx, 0x%llx bytes", i, bar->io ? "ports" : "memory",
        bar->wide ? 64U : 32U, bar->base, bar->size);
    if (bar->base == 0 || (bar->base & (bar->size - 1)) != 0) {
      fail("the firmware gave BAR %u no address, or a crooked one", i);
    }
  }
}

static void say_capabilities(const struct pci_device* device) {
  (void)pci_capability(device, 0xFF);  // has the list an end?
  for (uint8_t at = 0; (at = pci_next_capability(device, at)) != 0;) {
    const uint8_t id = pci_read8(device, at);
    say("scan: capability 0x%02x at 0x%02x (%s)", id, at, capability_name(id));
  }
}

void check_scan(struct check* check) {
  struct pci_device* device = &check->device;
  const uint32_t class = pci_read32(device, kPciClass);
  say("scan: %02x:%02x.%u %04x:%04x, class 0x%06x, revision 0x%02x, header 0x%02x",
      device->address >> 16 & 0xFF, device->address >> 11 & 0x1F, device->address >> 8 & 7,
      device->vendor, device->device, class >> 8, class & 0xFF, pci_read8(device, kPciHeaderType));
  say("scan: interrupt pin %u, line %u", pci_read8(device, kPciInterruptPin),
      pci_read8(device, kPciInterruptLine));
  pci_size_bars(device);
  say_bars(device);
  say_capabilities(device);
}

static void write_and_compare(uintptr_t address, uint32_t value, const char* name) {
  write32(address, value);
  const uint32_t got = read32(address);
  if (got != value) {
    fail("%s: wrote 0x%08x, read 0x%08x", name, value, got);
  }
}

static void check_identity(uintptr_t registers) {
  const uint8_t channels = read8(registers + kIoatChancnt);
  const uint8_t cap = read8(registers + kIoatXfercap);
  if (channels != 1 || cap == 0 || cap > 31) {
    fail("CHANCNT 0x%02x, XFERCAP 0x%02x", channels, cap);
  }
  const uint32_t word = read32(registers + kIoatChancnt);
  if ((word & 0xFFFF) != (uint32_t)(cap << 8 | channels)) {
    fail("the word at 0 is 0x%08x, its bytes are 0x%02x 0x%02x", word, channels, cap);
  }
  say("mmio: 1 channel, transfers to 2^%u bytes, version 0x%02x", cap, read8(registers + kIoatVer));
}

/// CHANCTRL as a whole, then each of its bytes: the other byte must stay.
static void check_narrow(uintptr_t registers) {
  const uintptr_t control = registers + kIoatChanctrl;
  write16(control, 0x033C);
  const uint16_t whole = read16(control);
  write8(control, 0x14);
  const uint16_t low = read16(control);
  write8(control + 1, 0x02);
  const uint8_t high = read8(control + 1);
  write16(control, 0);
  if (whole != 0x033C || low != 0x0314 || high != 0x02 || read16(control) != 0) {
    fail("CHANCTRL by 16 and 8 bits: 0x%04x, 0x%04x, 0x%02x, 0x%04x", whole, low, high,
         read16(control));
  }
}

void check_mmio(struct check* check) {
  const uintptr_t registers = check->engine.registers;
  check_identity(registers);
  check_narrow(registers);
  for (int i = 0; i < kMmioRounds; ++i) {
    const uint32_t low = random_next(&check->random) & ~0x3FU;
    const uint32_t high = random_next(&check->random);
    write_and_compare(registers + kIoatChainaddr, low, "CHAINADDR low");
    write_and_compare(registers + kIoatChancmp + 4, high, "CHANCMP high");
    write_and_compare(registers + kIoatChainaddr + 4, ~high, "CHAINADDR high");
    write_and_compare(registers + kIoatChancmp, low ^ 0xFFFFFFC0U, "CHANCMP low");
    if (read32(registers + kIoatChainaddr) != low || read32(registers + kIoatChancmp + 4) != high) {
      fail("a write to one register changed another");
    }
  }
  say("mmio: %u rounds of four registers", (uint32_t)kMmioRounds);
}
