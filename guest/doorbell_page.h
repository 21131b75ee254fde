// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The doorbell page: how a guest program that shares only RAM with the RTL reaches the engine's
// registers. docs/architecture.md, "The doorbell page", is the contract; this is its layout in C.
#pragma once

#include <stdint.h>

enum {
  kDoorbellPageBytes = 4096,
  kDoorbellVersion = 1,
  kDoorbellSignatureBytes = 16,
  kDoorbellLastSequence = 2047,  // the sequence goes 1, 2 ... 2047, 1 ...; 0 is "no command yet"
};

/// Values of the state word.
enum doorbell_state {
  kDoorbellOpen = 1,
  kDoorbellPassed = 2,
  kDoorbellFailed = 3,
};

/// One 64-bit little-endian word each; every word has one writer and is read and written whole.
struct doorbell_page {
  _Atomic uint64_t signature[2];  // guest: "GUESTLINK-DBELL1"
  _Atomic uint64_t address;       // guest: guest-physical address of this page
  _Atomic uint64_t version;       // guest: [31:0] kDoorbellVersion, [63:32] session, not 0
  _Atomic uint64_t heartbeat;     // guest: moves at least every 10 ms until attached
  uint64_t unused_0[3];
  _Atomic uint64_t command;   // guest: see doorbell_command()
  _Atomic uint64_t doorbell;  // guest: [15:0] DMACOUNT of channel 0
  _Atomic uint64_t state;     // guest: enum doorbell_state
  _Atomic uint64_t session;   // guest: the session again, polled: tells this page from a later one
  uint64_t unused_1[4];
  _Atomic uint64_t reply;       // device: [31:0] data, [33:32] AXI response, [63:53] sequence
  _Atomic uint64_t attached;    // device: the session while attached, else 0
  _Atomic uint64_t interrupts;  // device: rising edges of the interrupt line since attach
};

_Static_assert(sizeof(_Atomic uint64_t) == 8, "a word of the page is 8 bytes");
_Static_assert(__builtin_offsetof(struct doorbell_page, heartbeat) == 0x20, "heartbeat");
_Static_assert(__builtin_offsetof(struct doorbell_page, command) == 0x40, "command");
_Static_assert(__builtin_offsetof(struct doorbell_page, state) == 0x50, "state");
_Static_assert(__builtin_offsetof(struct doorbell_page, reply) == 0x80, "reply");
_Static_assert(__builtin_offsetof(struct doorbell_page, interrupts) == 0x90, "interrupts");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the page is little-endian");

/// The command word for one access to the 32-bit register word at the 4-aligned BAR0 `offset`.
/// `strobes` has a bit a byte of the word and counts for writes only.
static inline uint64_t doorbell_command(uint32_t sequence, int write, uint32_t strobes,
                                        uint32_t offset, uint32_t data) {
  return (uint64_t)data | ((uint64_t)(offset & 0xFFFFU) << 32) |
         ((uint64_t)(strobes & 0xFU) << 48) | ((uint64_t)(write != 0) << 52) |
         ((uint64_t)sequence << 53);
}

static inline uint32_t doorbell_reply_data(uint64_t reply) { return (uint32_t)reply; }
static inline uint32_t doorbell_reply_response(uint64_t reply) {
  return (uint32_t)(reply >> 32) & 3U;
}
static inline uint32_t doorbell_reply_sequence(uint64_t reply) { return (uint32_t)(reply >> 53); }
