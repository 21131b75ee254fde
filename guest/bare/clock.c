// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "clock.h"

#include "console.h"
#include "io.h"

enum {
  kTimerHertz = 1193182,
  kTimerChannel2 = 0x42,
  kTimerMode = 0x43,
  kTimerGate = 0x61,
  kGateOn = 1 << 0,
  kSpeakerOn = 1 << 1,
  kTimerOut = 1 << 5,
  kCalibrationMilliseconds = 20,
};

static uint32_t ticks_per_millisecond;
static uint32_t patience_milliseconds = 20000;

/// The quotient must fit in 32 bits.
static uint32_t divide(uint64_t value, uint32_t by) {
  uint32_t quotient;
  uint32_t rest;
  __asm__("divl %4"
          : "=a"(quotient), "=d"(rest)
          : "a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "r"(by));
  return quotient;
}

static void start_timer(uint32_t milliseconds) {
  const uint32_t count = kTimerHertz / 1000 * milliseconds;
  out8(kTimerGate, (uint8_t)((in8(kTimerGate) & ~kSpeakerOn) | kGateOn));
  out8(kTimerMode, 0xB0);  // channel 2, both bytes, one shot
  out8(kTimerChannel2, (uint8_t)count);
  out8(kTimerChannel2, (uint8_t)(count >> 8));
}

void clock_open(void) {
  start_timer(kCalibrationMilliseconds);
  const uint64_t start = time_stamp();
  while ((in8(kTimerGate) & kTimerOut) == 0) {
    pause();
  }
  ticks_per_millisecond = divide(time_stamp() - start, kCalibrationMilliseconds);
  if (ticks_per_millisecond == 0) {
    fail("the time stamp counter stands still");
  }
}

uint32_t clock_nanoseconds(uint64_t ticks) {
  if (ticks >= (uint64_t)ticks_per_millisecond * 4000) {
    return UINT32_MAX;
  }
  // By parts: no product may overflow, no quotient either.
  const uint32_t milliseconds = divide(ticks, ticks_per_millisecond);
  const uint64_t rest = ticks - (uint64_t)milliseconds * ticks_per_millisecond;
  return milliseconds * 1000000 + divide(rest * 1000000, ticks_per_millisecond);
}

uint64_t clock_after(uint32_t milliseconds) {
  return time_stamp() + (uint64_t)milliseconds * ticks_per_millisecond;
}

uint64_t clock_patience(void) { return clock_after(patience_milliseconds); }

void clock_set_patience(uint32_t seconds) { patience_milliseconds = seconds * 1000; }

bool clock_is_past(uint64_t end) { return time_stamp() > end; }

void clock_wait(uint32_t milliseconds) {
  const uint64_t end = clock_after(milliseconds);
  while (!clock_is_past(end)) {
    pause();
  }
}
