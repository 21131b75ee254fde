// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Drives channel 0 of the I/OAT engine through the doorbell page: descriptor ring, completion
// record, reset.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "doorbell.h"
#include "ioat.h"
#include "page_source.h"

enum {
  kRingPages = 4,
  kDescriptorsPerPage = kPageBytes / (int)sizeof(struct ioat_descriptor),
  kRingDescriptors = kRingPages * kDescriptorsPerPage,
};

struct engine {
  struct doorbell* bell;
  struct guest_page record;                          // the completion record is its first word
  struct guest_page ring[kRingPages];                // not neighbours in memory
  struct ioat_descriptor written[kRingDescriptors];  // what we wrote, to see that nobody else did
  uint32_t filled;            // descriptors since the last reset; slot = filled modulo ring
  uint32_t rung;              // descriptors made valid since the last reset
  uint32_t done;              // descriptors known to be done since the last reset
  uint32_t largest_transfer;  // bytes
  uint64_t completed;         // descriptors over all resets
};

/// Takes its pages, links the ring, reads the engine's identity.
bool engine_open(struct engine* engine, struct page_source* source, struct doorbell* bell);

/// Resets the channel and starts again at the first descriptor of the ring.
bool engine_reset(struct engine* engine);

/// Fills the next descriptor; the caller keeps engine_outstanding() below kRingDescriptors.
/// Not valid for the engine before engine_ring().
void engine_fill(struct engine* engine, uint32_t control, uint32_t size, uint64_t source,
                 uint64_t destination);

/// Descriptors filled and not known to be done.
uint32_t engine_outstanding(const struct engine* engine);

/// Guest-physical address of the descriptor filled `back` descriptors ago (0: the last).
uint64_t engine_address(const struct engine* engine, uint32_t back);

/// Asks for a completion record after the last descriptor filled, which is not yet rung.
void engine_mark_last(struct engine* engine);

/// Makes all filled descriptors valid by writing DMACOUNT; the last of them is marked.
void engine_ring(struct engine* engine);

/// Waits for the completion record of the last descriptor rung; fails if the channel halts.
bool engine_wait(struct engine* engine);

/// Waits until the channel halts; gives the record, which names the last completed descriptor.
bool engine_wait_halted(struct engine* engine, uint64_t* record);

/// Whether every descriptor is still as it was written.
bool engine_check_ring(const struct engine* engine);

/// Whether the pages are still where they were; `source` gave them.
bool engine_check_pages(const struct engine* engine, struct page_source* source);
