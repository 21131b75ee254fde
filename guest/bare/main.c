// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// A guest without an operating system that checks the PCI device 8086:0b00, Intel I/OAT v3.4:
//   qemu-system-x86_64 -M q35 -kernel pci_check -append "WORDS" -serial stdio -display none
//     -nodefaults -no-reboot -device isa-debug-exit,iobase=0xf4,iosize=4 ...
// Words that are checks, run in their order (scan mmio dma msix if there is none):
//   scan, mmio, dma, baddma, msix, intx
//   latency=N            times N accesses of each kind (1000)
//   reboot[=cf9|fault]   resets the machine; the second boot carries on. Not with -no-reboot
//   hang                 says READY, reads a register for ever
//   crash                triple fault
// Words that are settings: id=VENDOR:DEVICE, seed=N, copies=N (32), interrupts=N (16),
// timeout=SECONDS (20) for anything that is waited for.
// The last line is PCI-CHECK: PASS or PCI-CHECK: FAIL why; QEMU's exit status is 33 or 35.
#include "check.h"
#include "clock.h"
#include "console.h"
#include "interrupts.h"
#include "io.h"
#include "options.h"

enum { kLoaderMagic = 0x2BADB002, kHasCommandLine = 1 << 2, kMostCommandLine = 1024 };

struct loader_information {
  uint32_t flags;
  uint32_t memory[2];
  uint32_t boot_device;
  uint32_t command_line;
};

static const struct {
  const char* name;
  void (*run)(struct check* check);
  bool needs_engine;
} kChecks[] = {
    {"scan", check_scan, false},      {"mmio", check_mmio, true},      {"dma", check_dma, true},
    {"baddma", check_bad_dma, true},  {"msix", check_msix, true},      {"intx", check_intx, true},
    {"latency", check_latency, true}, {"reboot", check_reboot, false}, {"hang", check_hang, true},
    {"crash", check_crash, false},
};
enum { kCheckCount = sizeof kChecks / sizeof *kChecks };

static char command_line[kMostCommandLine];

void main(uint32_t magic, const struct loader_information* information);

/// What follows the program's own name.
static char* copy_command_line(uint32_t magic, const struct loader_information* information) {
  if (magic != kLoaderMagic || (information->flags & kHasCommandLine) == 0) {
    fail("not started by a Multiboot loader");
  }
  const char* from = (const char*)(uintptr_t)information->command_line;
  while (*from != '\0' && *from != ' ') {
    ++from;
  }
  for (uint32_t i = 0; (command_line[i] = from[i]) != '\0'; ++i) {
    if (i + 2 == kMostCommandLine) {
      fail("the command line is too long");
    }
  }
  return command_line;
}

static uint32_t find_check(const char* name) {
  uint32_t i = 0;
  while (i < kCheckCount && !text_is(name, kChecks[i].name)) {
    ++i;
  }
  return i;
}

static void set(struct check* check, const struct word* word) {
  if (text_is(word->name, "id")) {
    text_pci_id(word->value, &check->device.vendor, &check->device.device);
  } else if (text_is(word->name, "seed")) {
    check->random = text_number(word->value);
  } else if (text_is(word->name, "copies")) {
    check->copies = text_number(word->value);
  } else if (text_is(word->name, "interrupts")) {
    check->interrupts = text_number(word->value);
  } else if (text_is(word->name, "timeout")) {
    clock_set_patience(text_number(word->value));
  } else {
    fail("what is the word '%s'?", word->name);
  }
}

/// Settings are taken; what is left in `words` are checks.
static uint32_t take_settings(struct check* check, struct word* words, uint32_t count) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count; ++i) {
    if (find_check(words[i].name) < kCheckCount) {
      words[kept++] = words[i];
    } else {
      set(check, &words[i]);
    }
  }
  return kept;
}

static void find_device(struct check* check) {
  struct pci_device* device = &check->device;
  const uint16_t vendor = device->vendor;
  const uint16_t id = device->device;
  if (!pci_find(device, vendor, id)) {
    fail("no PCI device %04x:%04x", vendor, id);
  }
  pci_set_command(device, kPciCommandMemory | kPciCommandMaster, 0);
}

static void run(struct check* check, const struct word* word) {
  const uint32_t index = find_check(word->name);
  check->value = word->value;
  if (kChecks[index].needs_engine && check->engine.registers == 0) {
    engine_open(&check->engine, &check->device);
  }
  kChecks[index].run(check);
}

void main(uint32_t magic, const struct loader_information* information) {
  static struct word words[kMostWords];
  static char standard[] = "scan mmio dma msix";
  console_open();
  interrupts_open();
  clock_open();
  struct check check = {.device = {.vendor = 0x8086, .device = 0x0B00},
                        .copies = 32,
                        .interrupts = 16,
                        .random = (uint32_t)time_stamp()};
  uint32_t count = split_words(copy_command_line(magic, information), words);
  count = take_settings(&check, words, count);
  if (count == 0) {
    count = split_words(standard, words);
  }
  check.random = check.random == 0 ? 1 : check.random;  // 0 stays 0
  say("pci_check: seed=%u", check.random);
  find_device(&check);
  for (uint32_t i = 0; i < count; ++i) {
    run(&check, &words[i]);
  }
  say_part("PCI-CHECK: PASS");
  for (uint32_t i = 0; i < count; ++i) {
    say_part(" %s", words[i].name);
  }
  finish(kExitPass);
}
