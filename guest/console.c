// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "console.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

static char reason[512];

void say(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  printf("%s: ", program_invocation_short_name);
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

uint32_t random_session(void) {
  // Needs no secrecy, so it does not wait for the kernel's generator, which takes 1 s after boot.
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  uint64_t state = 0;
  if (getrandom(&state, sizeof state, GRND_INSECURE) != (ssize_t)sizeof state) {
    state = 0;
  }
  state ^= (uint64_t)now.tv_sec * 1000000007U + (uint64_t)now.tv_nsec;
  return 1U + (uint32_t)random_below(&state, UINT32_MAX);
}
