// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The checks that words of the command line name. Each ends the program with FAIL, or returns.
#pragma once

#include <stdint.h>

#include "engine.h"
#include "pci.h"

struct check {
  struct pci_device device;
  struct engine engine;
  uint32_t random;      // state of the random numbers
  uint32_t copies;      // for check_dma
  uint32_t interrupts;  // for check_msix and check_intx
  const char* value;    // what stands after '=' in the check's own word, or ""
};

void check_scan(struct check* check);
void check_mmio(struct check* check);
void check_dma(struct check* check);
void check_bad_dma(struct check* check);
void check_msix(struct check* check);
void check_intx(struct check* check);
void check_latency(struct check* check);
void check_reboot(struct check* check);
void check_hang(struct check* check);
void check_crash(struct check* check);

/// Queues one random copy into slot `slot` of `kCopySlots`, and verifies it later, with the bytes
/// round it.
enum { kCopySlots = 8 };
void copy_queue(struct check* check, uint32_t slot, uint32_t control);
void copy_verify(uint32_t slot);
/// Verifies that no byte of the slot was written since copy_queue.
void copy_verify_untouched(uint32_t slot);
