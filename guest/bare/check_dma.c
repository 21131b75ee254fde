// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Copies, and what must happen when an address or the bus is not there.
#include "check.h"
#include "console.h"
#include "io.h"
#include "random.h"

/// No RAM and no device there, on a machine with so little memory.
#define HOLE UINT64_C(0xF0000000000)
/// The firmware, which nobody may write.
#define ROM UINT64_C(0xFFFC0000)
enum { kErrorNextAddress = 1 << 2, kErrorRecordAddress = 1 << 12, kRomBytes = 64 };

static void copy_some(struct check* check, uint32_t count) {
  for (uint32_t slot = 0; slot < count; ++slot) {
    copy_queue(check, slot, 0);
  }
  engine_clear_record();
  engine_ring(&check->engine);
  engine_wait(&check->engine);
  for (uint32_t slot = 0; slot < count; ++slot) {
    copy_verify(slot);
  }
}

void check_dma(struct check* check) {
  engine_reset(&check->engine);
  for (uint32_t left = check->copies; left > 0;) {
    uint32_t count = 1 + random_below(&check->random, kCopySlots);
    count = count < left ? count : left;
    copy_some(check, count);
    left -= count;
  }
  say("dma: %u copies", check->copies);
}

static void expect_halted_record(void) {
  if ((engine_record() & kIoatStatusMask) != kIoatHalted) {
    fail("the channel halted, the record says 0x%llx", engine_record());
  }
}

/// A copy that must stop with this error, and a good one after a reset.
static void check_bad_address(struct check* check, uint64_t source, uint64_t destination,
                              uint32_t wanted, const char* what) {
  engine_reset(&check->engine);
  engine_fill(&check->engine, 0, kRomBytes, source, destination);
  engine_ring(&check->engine);
  const uint32_t errors = engine_wait_halted(&check->engine);
  if (errors != wanted) {
    fail("%s: CHANERR is 0x%x, not 0x%x", what, errors, wanted);
  }
  expect_halted_record();
  say("baddma: %s: CHANERR 0x%x", what, errors);
  engine_reset(&check->engine);
  copy_some(check, 1);
}

static void check_no_master(struct check* check) {
  engine_reset(&check->engine);
  pci_set_command(&check->device, 0, kPciCommandMaster);
  copy_queue(check, 0, 0);
  engine_ring(&check->engine);
  const uint32_t errors = engine_wait_halted(&check->engine);
  // The descriptor cannot be read, nor the record of that be written.
  const uint32_t first = errors & ~(uint32_t)kErrorRecordAddress;
  if (first != kErrorNextAddress && first != kIoatErrorReadData) {
    fail("bus master off: CHANERR is 0x%x, not 0x4 or 0x100 (with 0x1000 or without)", errors);
  }
  if (engine_record() != 0) {
    fail("bus master off: the record was written all the same: 0x%llx", engine_record());
  }
  copy_verify_untouched(0);
  say("baddma: bus master off: CHANERR 0x%x, nothing written", errors);
  pci_set_command(&check->device, kPciCommandMaster, 0);
  engine_reset(&check->engine);
  copy_some(check, 1);
}

void check_bad_dma(struct check* check) {
  static _Alignas(64) uint8_t buffer[kRomBytes];
  uint8_t rom[kRomBytes];
  for (uint32_t i = 0; i < kRomBytes; ++i) {
    rom[i] = read8((uintptr_t)(ROM + i));
    buffer[i] = (uint8_t)~rom[i];
  }
  check_bad_address(check, HOLE, (uintptr_t)buffer, kIoatErrorReadData, "source in a hole");
  check_bad_address(check, (uintptr_t)buffer, ROM, kIoatErrorWriteData, "destination in ROM");
  check_bad_address(check, (uintptr_t)buffer, HOLE, kIoatErrorWriteData, "destination in a hole");
  for (uint32_t i = 0; i < kRomBytes; ++i) {
    const uint8_t byte = read8((uintptr_t)(ROM + i));
    if (byte != rom[i]) {
      fail("ROM was written: byte %u is 0x%02x, was 0x%02x", i, byte, rom[i]);
    }
  }
  check_no_master(check);
}
