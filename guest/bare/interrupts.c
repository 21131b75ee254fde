// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "interrupts.h"

#include <stdbool.h>

#include "console.h"
#include "io.h"

struct gate {
  uint16_t low;
  uint16_t selector;
  uint16_t kind;
  uint16_t high;
};

/// What boot.S leaves on the stack.
struct interrupt_frame {
  uint32_t registers[8];
  uint32_t vector;
  uint32_t error;
  uint32_t instruction;
};

enum {
  kVectors = 256,
  kEntryBytes = 16,
  kExceptions = 32,
  kCodeSelector = 0x08,
  kInterruptGate = 0x8E00,
  kPic1 = 0x20,
  kPic2 = 0xA0,
  kPicEnd = 0x20,
  kPicCascade = 2,
  kApicEnd = 0xB0,
  kApicSpurious = 0xF0,
  kApicOn = 1 << 8,
  kApicLine0 = 0x350,
  kApicExternal = 0x700,  // LINT0 takes the 8259's interrupts
};
#define APIC 0xFEE00000U

extern const char interrupt_entries[];
void interrupt_take(const struct interrupt_frame* frame);

static struct gate gates[kVectors];
static interrupt_handler handlers[kVectors];

static void load_gates(uint16_t limit) {
  const struct {
    uint16_t limit;
    const struct gate* base;
  } __attribute__((packed)) pointer = {limit, gates};
  __asm__ volatile("lidt %0" : : "m"(pointer));
}

noreturn void interrupts_triple_fault(void) {
  load_gates(0);
  for (;;) {
    __asm__ volatile("ud2");
  }
}

/// The firmware leaves the 8259s on vectors that are the processor's exceptions.
static void move_pics(void) {
  static const struct {
    uint16_t port;
    uint8_t value;
  } words[] = {
      {kPic1, 0x11},
      {kPic2, 0x11},  // initialise, four words
      {kPic1 + 1, kVectorPic},
      {kPic2 + 1, kVectorPic + 8},
      {kPic1 + 1, 1 << kPicCascade},
      {kPic2 + 1, kPicCascade},
      {kPic1 + 1, 0x01},
      {kPic2 + 1, 0x01},
  };
  for (unsigned i = 0; i < sizeof words / sizeof *words; ++i) {
    out8(words[i].port, words[i].value);
  }
}

void interrupts_select_line(uint8_t line) {
  const uint16_t open = line == 0 ? 0 : (uint16_t)(1U << line | 1U << kPicCascade);
  out8(kPic1 + 1, (uint8_t)~open);
  out8(kPic2 + 1, (uint8_t) ~(open >> 8));
}

static void open_apic(void) {
  write32(APIC + kApicLine0, kApicExternal);
  write32(APIC + kApicSpurious, kApicOn | kVectorSpurious);
}

void interrupts_open(void) {
  for (uint32_t i = 0; i < kVectors; ++i) {
    const uint32_t entry = (uint32_t)interrupt_entries + i * kEntryBytes;
    gates[i] =
        (struct gate){(uint16_t)entry, kCodeSelector, kInterruptGate, (uint16_t)(entry >> 16)};
  }
  load_gates(sizeof gates - 1);
  move_pics();
  interrupts_select_line(0);
  open_apic();
  interrupts_on();
}

void interrupts_set_handler(uint8_t vector, interrupt_handler handler) {
  handlers[vector] = handler;
}

uint32_t interrupts_message_address(void) { return APIC; }

static void end_pic(uint32_t vector) {
  if (vector >= kVectorPic + 8) {
    out8(kPic2, kPicEnd);
  }
  out8(kPic1, kPicEnd);
}

/// The 8259 says 7 of its 8 lines when the line that asked is no longer there: no end for those.
static bool is_spurious(uint32_t vector) {
  if (vector != kVectorPic + 7 && vector != kVectorPic + 15) {
    return vector == kVectorSpurious;
  }
  const uint16_t port = vector == kVectorPic + 7 ? kPic1 : kPic2;
  out8(port, 0x0B);  // read what is in service
  if ((in8(port) & 0x80) != 0) {
    return false;
  }
  if (port == kPic2) {
    out8(kPic1, kPicEnd);  // the cascade was real
  }
  return true;
}

void interrupt_take(const struct interrupt_frame* frame) {
  const uint32_t vector = frame->vector;
  if (vector < kExceptions) {
    fail("processor exception %u, error code 0x%x, at 0x%x", vector, frame->error,
         frame->instruction);
  }
  if (is_spurious(vector)) {
    return;
  }
  if (handlers[vector] == 0) {
    fail("an interrupt that nobody asked for, vector 0x%x", vector);
  }
  handlers[vector]();
  if (vector < kVectorPic + 16) {
    end_pic(vector);
  } else {
    write32(APIC + kApicEnd, 0);
  }
}
