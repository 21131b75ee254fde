// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// xorshift: the same numbers for the same seed on every machine.
#pragma once

#include <stdint.h>

static inline uint32_t random_next(uint32_t* state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

static inline uint32_t random_below(uint32_t* state, uint32_t limit) {
  return random_next(state) % limit;
}
