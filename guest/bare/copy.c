// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Random copies between two arenas, and what must be in them after.
#include "check.h"
#include "console.h"
#include "random.h"

enum { kSlotBytes = 8192, kGuard = 64, kLongest = 4096 };

struct copy {
  uint32_t from;
  uint32_t to;
  uint32_t length;
};

static _Alignas(4096) volatile uint8_t source[kCopySlots][kSlotBytes];
static _Alignas(4096) volatile uint8_t destination[kCopySlots][kSlotBytes];
static struct copy copies[kCopySlots];

/// No random source byte is this one, so what was not written is seen.
static const uint8_t kUntouched = 0xA5;

static void fill_slot(struct check* check, uint32_t slot) {
  for (uint32_t i = 0; i < kSlotBytes; ++i) {
    const uint8_t byte = (uint8_t)random_next(&check->random);
    source[slot][i] = byte == kUntouched ? 0 : byte;
    destination[slot][i] = kUntouched;
  }
}

void copy_queue(struct check* check, uint32_t slot, uint32_t control) {
  fill_slot(check, slot);
  struct copy* copy = &copies[slot];
  copy->length = 1 + random_below(&check->random, kLongest);
  const uint32_t room = kSlotBytes - copy->length;
  copy->from = random_below(&check->random, room + 1);
  copy->to = kGuard + random_below(&check->random, room - 2 * kGuard + 1);
  engine_fill(&check->engine, control, copy->length, (uintptr_t)&source[slot][copy->from],
              (uintptr_t)&destination[slot][copy->to]);
}

static void verify(uint32_t slot, const struct copy* copy) {
  for (uint32_t i = 0; i < kSlotBytes; ++i) {
    const uint32_t at = i - copy->to;  // wraps for what lies before the copy
    const uint8_t wanted = at < copy->length ? source[slot][copy->from + at] : kUntouched;
    if (destination[slot][i] != wanted) {
      fail("%u bytes from +%u to +%u: byte %u of the slot is 0x%02x, not 0x%02x", copy->length,
           copy->from, copy->to, i, destination[slot][i], wanted);
    }
  }
}

void copy_verify(uint32_t slot) { verify(slot, &copies[slot]); }

void copy_verify_untouched(uint32_t slot) { verify(slot, &(struct copy){0}); }
