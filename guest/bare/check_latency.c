// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// How long a register read, a write, both, and an interrupt take.
#include "check.h"
#include "clock.h"
#include "console.h"
#include "interrupts.h"
#include "io.h"
#include "msix.h"
#include "options.h"

enum { kMostSamples = 65536, kDefaultSamples = 1000 };

static uint32_t samples[kMostSamples];
static volatile uint64_t handler_time;

static void sort(uint32_t count) {  // Shell's
  for (uint32_t gap = count / 2; gap > 0; gap /= 2) {
    for (uint32_t i = gap; i < count; ++i) {
      const uint32_t value = samples[i];
      uint32_t to = i;
      for (; to >= gap && samples[to - gap] > value; to -= gap) {
        samples[to] = samples[to - gap];
      }
      samples[to] = value;
    }
  }
}

static void report(const char* what, uint32_t count) {
  sort(count);
  say("latency %s min=%u median=%u p99=%u ns (%u samples)", what, samples[0], samples[count / 2],
      samples[count - 1 - count / 100], count);
}

typedef void (*access_fn)(uintptr_t registers, uint32_t value);

static void read_one(uintptr_t registers, uint32_t value) {
  (void)value;
  (void)read8(registers + kIoatVer);
}

static void write_one(uintptr_t registers, uint32_t value) {
  write32(registers + kIoatChancmp, value);
}

static void write_and_read(uintptr_t registers, uint32_t value) {
  write32(registers + kIoatChancmp, value);
  if (read32(registers + kIoatChancmp) != value) {
    fail("latency: CHANCMP does not hold 0x%x", value);
  }
}

static void measure(const struct check* check, const char* what, access_fn access, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t start = time_stamp();
    access(check->engine.registers, i << 3);
    samples[i] = clock_nanoseconds(time_stamp() - start);
  }
  // Posted writes may still be on their way: a read comes after them.
  (void)read8(check->engine.registers + kIoatVer);
  report(what, count);
}

static void take_time(void) { handler_time = time_stamp(); }

static uint32_t interrupt_nanoseconds(struct check* check) {
  const uint64_t end = clock_patience();
  handler_time = 0;
  engine_clear_record();
  engine_fill(&check->engine, kIoatControlNull | kIoatControlInterrupt, 1, 0, 0);
  const uint64_t start = time_stamp();
  engine_ring(&check->engine);
  while (handler_time == 0) {
    if (clock_is_past(end)) {
      fail("latency: an interrupt does not come");
    }
    pause();
  }
  engine_rearm(&check->engine);
  return clock_nanoseconds(handler_time - start);
}

static void measure_interrupts(struct check* check, const struct msix* msix, uint32_t count) {
  interrupts_set_handler(kVectorMsix, take_time);
  msix_enable(msix);
  engine_reset(&check->engine);
  engine_set_interrupts(&check->engine, kIoatIntrMasterEnable | kIoatIntrVectorControl);
  for (uint32_t i = 0; i < count; ++i) {
    samples[i] = interrupt_nanoseconds(check);
  }
  engine_set_interrupts(&check->engine, 0);
  msix_disable(msix);
  report("msix", count);
}

void check_latency(struct check* check) {
  const uint32_t count = *check->value == '\0' ? kDefaultSamples : text_number(check->value);
  if (count == 0 || count > kMostSamples) {
    fail("latency=%s: a number from 1 to %u", check->value, (uint32_t)kMostSamples);
  }
  measure(check, "read", read_one, count);
  measure(check, "write", write_one, count);
  measure(check, "write+read", write_and_read, count);
  struct msix msix;
  if (msix_find(&msix, &check->device)) {
    measure_interrupts(check, &msix, count);
  }
}
