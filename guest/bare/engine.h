// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Channel 0 of the DMA engine behind BAR0, and its ring of descriptors in this program's RAM.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../ioat.h"
#include "pci.h"

enum { kRingDescriptors = 64 };

struct engine {
  uintptr_t registers;
  uint32_t filled;  // descriptors since the reset
  uint32_t rung;    // of them, those made valid
};

/// Checks the ids of the engine; registers must be below 4 GiB.
void engine_open(struct engine* engine, const struct pci_device* device);
/// Resets the channel, clears its errors and gives it ring and completion record.
void engine_reset(struct engine* engine);
void engine_fill(struct engine* engine, uint32_t control, uint32_t size, uint64_t source,
                 uint64_t destination);
/// Makes what was filled valid; the last one writes the completion record. At most
/// `kRingDescriptors` - 1 may be on their way.
void engine_ring(struct engine* engine);
/// The record, or the channel itself, says that all that was made valid is done.
bool engine_is_done(const struct engine* engine);
void engine_wait(const struct engine* engine);
/// Waits for an error; returns CHANERR.
uint32_t engine_wait_halted(const struct engine* engine);
uint64_t engine_record(void);
void engine_clear_record(void);
uint64_t engine_status(const struct engine* engine);
uint32_t engine_errors(const struct engine* engine);
/// Lets the next interrupt through.
void engine_rearm(const struct engine* engine);
void engine_set_interrupts(const struct engine* engine, uint8_t control);
