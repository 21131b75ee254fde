// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What is tried with the engine, step by step.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "engine.h"

struct checks {
  struct page_source* source;
  struct engine engine;
  struct buffer from;
  struct buffer to;
  struct buffer huge;      // one huge page, or none (page_count 0)
  uint64_t random;         // state of the generator
  uint32_t random_copies;  // copies in the random batch
  bool corrupt;            // flip one byte before the check, to see that the check sees it
  uint64_t bytes;          // verified so far
  uint64_t interrupts;     // seen until the end
};

/// Runs every step and prints it; false at the first that fails.
bool checks_run(struct checks* checks);
