// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// An interrupt for each completion, by MSI-X and by INTx.
#include "check.h"
#include "clock.h"
#include "console.h"
#include "interrupts.h"
#include "io.h"
#include "msix.h"

enum { kMsixControl = kIoatIntrMasterEnable | kIoatIntrVectorControl, kQuietMilliseconds = 20 };

static const struct engine* handled;
static volatile uint32_t taken;
static volatile uint32_t not_ours;
static volatile uint64_t record_seen;

static void take_msix(void) {
  record_seen = engine_record();
  ++taken;
}

/// As the stock driver's handler for a line that devices share.
static void take_intx(void) {
  const uint8_t control = read8(handled->registers + kIoatIntrctrl);
  if ((control & (kIoatIntrMasterEnable | kIoatIntrStatus)) !=
      (kIoatIntrMasterEnable | kIoatIntrStatus)) {
    ++not_ours;
    return;
  }
  record_seen = engine_record();
  if (read32(handled->registers + kIoatAttnstatus) != 1) {
    fail("an interrupt without attention of channel 0");
  }
  engine_set_interrupts(handled, control);
  ++taken;
}

static void wait_taken(uint32_t wanted, const char* how) {
  const uint64_t end = clock_patience();
  while (taken < wanted) {
    if (clock_is_past(end)) {
      fail("%s: interrupt %u does not come: record 0x%llx, INTRCTRL 0x%02x", how, wanted,
           engine_record(), read8(handled->registers + kIoatIntrctrl));
    }
    pause();
  }
}

static void queue_one(struct check* check) {
  engine_clear_record();
  copy_queue(check, 0, kIoatControlInterrupt);
  engine_ring(&check->engine);
}

/// Data and record are there when the interrupt is.
static void check_order(const struct check* check, const char* how) {
  if (!engine_is_done(&check->engine) || record_seen != engine_record()) {
    fail("%s: the interrupt came before the record: 0x%llx then, 0x%llx now", how, record_seen,
         engine_record());
  }
  copy_verify(0);
}

static void check_quiet(uint32_t wanted, const char* how) {
  clock_wait(kQuietMilliseconds);
  if (taken != wanted) {
    fail("%s: %u interrupts for %u completions", how, taken, wanted);
  }
}

static void start(struct check* check, uint8_t control) {
  handled = &check->engine;
  taken = 0;
  not_ours = 0;
  engine_reset(&check->engine);
  engine_set_interrupts(&check->engine, control);
}

static void take_all(struct check* check, const char* how) {
  for (uint32_t i = 1; i <= check->interrupts; ++i) {
    queue_one(check);
    wait_taken(i, how);
    check_order(check, how);
    engine_rearm(&check->engine);
  }
  check_quiet(check->interrupts, how);
}

/// Returns the pending bit that was read while the vector was masked. QEMU (11.1) keeps the masks
/// of a vfio-user device to itself and asks the device for the bit, which can therefore not know
/// it: 0.
static bool check_masked(struct check* check, const struct msix* msix) {
  const uint32_t before = taken;
  msix_set_mask(msix, true);
  queue_one(check);
  engine_wait(&check->engine);
  check_quiet(before, "msix, masked");
  const bool pending = msix_is_pending(msix);
  msix_set_mask(msix, false);
  wait_taken(before + 1, "msix, unmasked");
  check_order(check, "msix, unmasked");
  engine_rearm(&check->engine);
  check_quiet(before + 1, "msix, unmasked");
  if (msix_is_pending(msix)) {
    fail("msix: the pending bit stays after the interrupt");
  }
  return pending;
}

void check_msix(struct check* check) {
  struct msix msix;
  if (!msix_find(&msix, &check->device)) {
    fail("the device has no MSI-X");
  }
  interrupts_set_handler(kVectorMsix, take_msix);
  pci_set_command(&check->device, kPciCommandIntxOff, 0);
  msix_enable(&msix);
  start(check, kMsixControl);
  take_all(check, "msix");
  const bool pending = check_masked(check, &msix);
  engine_set_interrupts(&check->engine, 0);
  msix_disable(&msix);
  say("msix: %u interrupts, and one after unmasking (pending bit while masked: %u)",
      check->interrupts, (uint32_t)pending);
}

void check_intx(struct check* check) {
  const uint8_t line = pci_read8(&check->device, kPciInterruptLine);
  if (pci_read8(&check->device, kPciInterruptPin) == 0 || line == 0 || line > 15) {
    fail("intx: no interrupt pin, or line %u", line);
  }
  interrupts_set_handler((uint8_t)(kVectorPic + line), take_intx);
  pci_set_command(&check->device, 0, kPciCommandIntxOff);
  start(check, kIoatIntrMasterEnable);
  interrupts_select_line(line);
  take_all(check, "intx");
  interrupts_select_line(0);
  engine_set_interrupts(&check->engine, 0);
  say("intx: %u interrupts on line %u, %u of others", check->interrupts, line, not_ours);
}
