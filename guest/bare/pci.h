// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// PCI by configuration mechanism 1 (ports 0xCF8 and 0xCFC): the first 256 bytes of each function.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
  kPciCommand = 0x04,
  kPciStatus = 0x06,
  kPciClass = 0x08,  // and the revision, in the low byte
  kPciHeaderType = 0x0E,
  kPciBar0 = 0x10,
  kPciCapabilities = 0x34,
  kPciInterruptLine = 0x3C,
  kPciInterruptPin = 0x3D,
};

enum {
  kPciCommandIo = 1 << 0,
  kPciCommandMemory = 1 << 1,
  kPciCommandMaster = 1 << 2,
  kPciCommandIntxOff = 1 << 10,
  kPciStatusInterrupt = 1 << 3,
  kPciStatusCapabilities = 1 << 4,
};

enum { kPciCapabilityMsi = 0x05, kPciCapabilityMsix = 0x11, kPciBars = 6 };

struct pci_bar {
  bool io;
  bool wide;      // 64 bits: takes the next BAR as well
  uint64_t base;  // 0: not assigned
  uint64_t size;  // 0: none; known after pci_size_bars
};

struct pci_device {
  uint32_t address;  // as 0xCF8 wants it: bus, device, function
  uint16_t vendor;
  uint16_t device;
  struct pci_bar bars[kPciBars];
};

uint8_t pci_read8(const struct pci_device* device, uint32_t offset);
uint16_t pci_read16(const struct pci_device* device, uint32_t offset);
uint32_t pci_read32(const struct pci_device* device, uint32_t offset);
void pci_write16(const struct pci_device* device, uint32_t offset, uint16_t value);
void pci_write32(const struct pci_device* device, uint32_t offset, uint32_t value);

/// Finds the first with these ids on any bus and reads where the firmware put its BARs.
bool pci_find(struct pci_device* device, uint16_t vendor, uint16_t id);
/// Writes ones to each BAR, reads back, restores; nothing is decoded meanwhile.
void pci_size_bars(struct pci_device* device);
void pci_set_command(const struct pci_device* device, uint16_t set, uint16_t clear);
/// The first capability with this id, or 0.
uint8_t pci_capability(const struct pci_device* device, uint8_t id);
/// The capability after the one at `at`, the first for 0; 0 at the end.
uint8_t pci_next_capability(const struct pci_device* device, uint8_t at);
