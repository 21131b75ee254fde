// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "console.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static char reason[512];

void say(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("dma_check: ", stdout);
  vprintf(format, arguments);
  putchar('\n');
  fflush(stdout);
  va_end(arguments);
}

bool fail(const char* format, ...) {
  if (reason[0] == '\0') {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
  }
  return false;
}

const char* failure_reason(void) { return reason; }

double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void pause_between_looks(unsigned* looks) {
  enum { kSpins = 500 };
  const struct timespec fifty_microseconds = {.tv_nsec = 50 * 1000};
  if (++*looks > kSpins) {
    nanosleep(&fifty_microseconds, NULL);
  }
}

uint64_t random_next(uint64_t* state) {
  uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

uint64_t random_below(uint64_t* state, uint64_t bound) { return random_next(state) % bound; }
