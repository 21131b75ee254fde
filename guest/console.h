// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What the program tells its user, and the few helpers every part needs.
#pragma once

#include <stdbool.h>
#include <stdint.h>

/// Prints one line `PROGRAM: ...` at once (a console may be all that anyone sees of us).
void say(const char* format, ...) __attribute__((format(printf, 1, 2)));

/// Keeps the first reason given until failure_reason(); returns false, to be returned on.
bool fail(const char* format, ...) __attribute__((format(printf, 1, 2)));

/// The reason of the first fail(), or "" when there was none.
const char* failure_reason(void);

/// Seconds on the monotonic clock.
double seconds_now(void);

/// Waits a little between two looks at a word: a short spin first, then sleeps of 50 us, so that
/// neither the vCPU nor a shared host core is eaten. `*looks` starts at 0.
void pause_between_looks(unsigned* looks);

/// The next number of a splitmix64 sequence: the same seed gives the same run everywhere.
uint64_t random_next(uint64_t* state);

/// A number from 0 to bound - 1; bound is not 0.
uint64_t random_below(uint64_t* state, uint64_t bound);

/// Not 0, and another at each start: it tells a page from one that an earlier guest left behind.
uint32_t random_session(void);
