// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Time by the processor's time stamp counter, whose rate the interval timer tells.
#pragma once

#include <stdbool.h>
#include <stdint.h>

void clock_open(void);
/// Nanoseconds, at most 2^32 - 1.
uint32_t clock_nanoseconds(uint64_t ticks);
/// The time stamp that is so far away.
uint64_t clock_after(uint32_t milliseconds);
/// The same for the time that anything may take, 20 s or what `clock_set_patience` said.
uint64_t clock_patience(void);
void clock_set_patience(uint32_t seconds);
bool clock_is_past(uint64_t end);
void clock_wait(uint32_t milliseconds);
