// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Ends of the machine: a reset that the second boot carries on from, a loop, a crash.
#include "check.h"
#include "console.h"
#include "interrupts.h"
#include "io.h"
#include "options.h"

/// RAM that neither the firmware nor this program uses, and that a reset leaves alone.
enum { kBootWord = 0x800000, kBootMagic = 0x47554553, kResetPort = 0xCF9, kResetHard = 0x0E };

static noreturn void stop(void) {
  for (;;) {
    __asm__ volatile("hlt");
  }
}

void check_reboot(struct check* check) {
  const bool fault = text_is(check->value, "fault");
  if (!fault && *check->value != '\0' && !text_is(check->value, "cf9")) {
    fail("reboot=%s: cf9 or fault", check->value);
  }
  if (read32(kBootWord) == kBootMagic) {
    write32(kBootWord, 0);
    say("reboot: this is the second boot");
    return;
  }
  write32(kBootWord, kBootMagic);
  say("reboot: by %s", fault ? "triple fault" : "port 0xCF9");
  if (fault) {
    interrupts_triple_fault();
  }
  out8(kResetPort, kResetHard);
  stop();
}

void check_hang(struct check* check) {
  say("READY");
  for (;;) {
    (void)read8(check->engine.registers + kIoatVer);
  }
}

void check_crash(struct check* check) {
  (void)check;
  say("crash: by triple fault");
  interrupts_triple_fault();
}
