// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "doorbell.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "console.h"

static uint64_t load(const _Atomic uint64_t* word) {
  return atomic_load_explicit(word, memory_order_acquire);
}

static void store(_Atomic uint64_t* word, uint64_t value) {
  atomic_store_explicit(word, value, memory_order_release);
}

// One half of the signature, made from its complement: the bytes must stand in no program image,
// or the host's scan of guest RAM would stop at every cached copy of this file.
static uint64_t signature_half(unsigned half) {
  static const volatile uint8_t complement[kDoorbellSignatureBytes] = {
      0xB8, 0xAA, 0xBA, 0xAC, 0xAB, 0xB3, 0xB6, 0xB1,
      0xB4, 0xD2, 0xBB, 0xBD, 0xBA, 0xB3, 0xB3, 0xCE};
  uint64_t word = 0;
  for (unsigned i = 0; i < 8; ++i) {
    word |= (uint64_t)(uint8_t)~complement[8 * half + i] << (8 * i);
  }
  return word;
}

void doorbell_publish(struct doorbell* bell, struct guest_page memory, double timeout) {
  *bell = (struct doorbell){.memory = memory, .timeout = timeout, .session = random_session()};
  bell->page = (struct doorbell_page*)(void*)memory.bytes;
  store(&bell->page->address, memory.address);
  store(&bell->page->version, (uint64_t)bell->session << 32 | kDoorbellVersion);
  store(&bell->page->session, bell->session);
  store(&bell->page->state, kDoorbellOpen);
  store(&bell->page->signature[1], signature_half(1));
  store(&bell->page->signature[0], signature_half(0));
}

bool doorbell_wait_attached(struct doorbell* bell) {
  const struct timespec one_millisecond = {.tv_nsec = 1000 * 1000};
  const double end = seconds_now() + bell->timeout;
  for (uint64_t beat = 1; load(&bell->page->attached) != bell->session; ++beat) {
    store(&bell->page->heartbeat, beat);
    if (seconds_now() > end) {
      return fail("no RTL attached within %.0f s", bell->timeout);
    }
    nanosleep(&one_millisecond, NULL);
  }
  return true;
}

bool doorbell_check_attached(const struct doorbell* bell) {
  const uint64_t attached = load(&bell->page->attached);
  if (attached != bell->session) {
    return fail("the RTL let go of the page (attached word 0x%llx, session 0x%x)",
                (unsigned long long)attached, bell->session);
  }
  return true;
}

static bool access_register(struct doorbell* bell, bool write, uint32_t strobes, uint32_t offset,
                            uint32_t* data) {
  bell->sequence = bell->sequence % kDoorbellLastSequence + 1;
  store(&bell->page->command, doorbell_command(bell->sequence, write, strobes, offset, *data));
  const double end = seconds_now() + bell->timeout;
  uint64_t reply = load(&bell->page->reply);
  for (unsigned looks = 0; doorbell_reply_sequence(reply) != bell->sequence;) {
    if (!doorbell_check_attached(bell)) {
      return false;
    }
    if (seconds_now() > end) {
      return fail("no reply to the %s of register word 0x%x within %.0f s",
                  write ? "write" : "read", offset, bell->timeout);
    }
    pause_between_looks(&looks);
    reply = load(&bell->page->reply);
  }
  *data = doorbell_reply_data(reply);
  if (doorbell_reply_response(reply) != 0) {
    return fail("the %s of register word 0x%x was answered with AXI response %u",
                write ? "write" : "read", offset, doorbell_reply_response(reply));
  }
  return true;
}

bool doorbell_read(struct doorbell* bell, uint32_t offset, unsigned bytes, uint32_t* data) {
  uint32_t word = 0;
  if (!access_register(bell, false, 0, offset & ~3U, &word)) {
    return false;
  }
  *data = (uint32_t)((word >> (8 * (offset & 3U))) & ((UINT64_C(1) << (8 * bytes)) - 1));
  return true;
}

bool doorbell_write(struct doorbell* bell, uint32_t offset, unsigned bytes, uint32_t data) {
  uint32_t word = data << (8 * (offset & 3U));
  return access_register(bell, true, ((1U << bytes) - 1) << (offset & 3U), offset & ~3U, &word);
}

bool doorbell_read64(struct doorbell* bell, uint32_t offset, uint64_t* data) {
  uint32_t low = 0;
  uint32_t high = 0;
  const bool read =
      doorbell_read(bell, offset, 4, &low) && doorbell_read(bell, offset + 4, 4, &high);
  *data = (uint64_t)high << 32 | low;
  return read;
}

bool doorbell_write64(struct doorbell* bell, uint32_t offset, uint64_t data) {
  return doorbell_write(bell, offset, 4, (uint32_t)data) &&
         doorbell_write(bell, offset + 4, 4, (uint32_t)(data >> 32));
}

void doorbell_ring(struct doorbell* bell, uint16_t dmacount) {
  store(&bell->page->doorbell, dmacount);
}

uint64_t doorbell_interrupts(const struct doorbell* bell) { return load(&bell->page->interrupts); }

bool doorbell_close(struct doorbell* bell, bool passed) {
  store(&bell->page->state, passed ? kDoorbellPassed : kDoorbellFailed);
  const double end = seconds_now() + bell->timeout;
  for (unsigned looks = 0; load(&bell->page->attached) != 0;) {
    if (seconds_now() > end) {
      return fail("the RTL did not let go of the page within %.0f s", bell->timeout);
    }
    pause_between_looks(&looks);
  }
  memset(bell->memory.bytes, 0, bell->memory.size);
  return true;
}
