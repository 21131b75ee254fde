// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The guest's side of the doorbell page.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "doorbell_page.h"
#include "page_source.h"

struct doorbell {
  struct guest_page memory;
  struct doorbell_page* page;
  uint32_t session;
  uint32_t sequence;
  double timeout;  // seconds, of every wait
};

/// Makes `memory` (zeroed) the doorbell page of a new random session. The page is complete before
/// its signature appears.
void doorbell_publish(struct doorbell* bell, struct guest_page memory, double timeout);

/// Moves the heartbeat until the RTL has attached.
bool doorbell_wait_attached(struct doorbell* bell);

/// Whether the RTL is still attached; false is a failure with its reason.
bool doorbell_check_attached(const struct doorbell* bell);

/// Reads `bytes` (1, 2 or 4) of the register at BAR0 `offset` (naturally aligned).
bool doorbell_read(struct doorbell* bell, uint32_t offset, unsigned bytes, uint32_t* data);

/// Writes `bytes` (1, 2 or 4) to the register at BAR0 `offset`; returns when it was answered.
bool doorbell_write(struct doorbell* bell, uint32_t offset, unsigned bytes, uint32_t data);

/// 64-bit registers go as two accesses, low half first.
bool doorbell_read64(struct doorbell* bell, uint32_t offset, uint64_t* data);
bool doorbell_write64(struct doorbell* bell, uint32_t offset, uint64_t data);

/// Tells the RTL a new DMACOUNT. Everything written before is visible to it first.
void doorbell_ring(struct doorbell* bell, uint16_t dmacount);

/// Interrupts since the RTL attached.
uint64_t doorbell_interrupts(const struct doorbell* bell);

/// Closes the page with a verdict, waits until the RTL has let go of it, then wipes it.
bool doorbell_close(struct doorbell* bell, bool passed);
