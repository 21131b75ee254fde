// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The page over which memory_order (guest) and tests/live/memory_order_host.cpp (host) test the
// order of their accesses. C11 and C++20. All words are 8 bytes; words of different writers that
// are under test lie in lines of their own.
//
// The host leads: it sets the words under test to 0 and writes the command of a step. The guest
// says that it has started, works until the host writes `stop`, leaves its result and says that it
// has finished.
#pragma once

#include <stdint.h>

#define ORDER_SIGNATURE_0 UINT64_C(0x4E494C5453455547)  // "GUESTLIN"
#define ORDER_SIGNATURE_1 UINT64_C(0x31524544524F2D4B)  // "K-ORDER1"

/// Byte offsets of the words.
enum {
  kOrderSignature0 = 0x000,  // guest, last of all: the page is complete
  kOrderSignature1 = 0x008,
  kOrderAddress = 0x010,    // guest: the page's own guest-physical address
  kOrderSession = 0x018,    // guest: random, not 0
  kOrderHeartbeat = 0x020,  // guest: moves until the host has attached
  kOrderAttached = 0x040,   // host: the session
  kOrderCommand = 0x080,    // host: step << 8 | kind
  kOrderStop = 0x0C0,       // host: the step that is to stop
  kOrderVerdict = 0x0C8,    // host, before the command kOrderEnd: 1 if the host saw nothing wrong
  kOrderStarted = 0x100,    // guest: step
  kOrderFinished = 0x140,   // guest: step; its result is complete
  kOrderCount = 0x148,      // guest: what it did
  kOrderChanges = 0x150,    // guest: how often it saw a new value
  kOrderWrong = 0x158,      // guest: how often one was wrong
  kOrderGot = 0x160,        // guest: the first wrong value
  kOrderWanted = 0x168,     // guest: what it should have been, or the least it should have been

  kOrderTested = 0x200,  // from here on to the end: set to 0 before each step
  kOrderSum = 0x200,
  kOrderLock = 0x240,
  kOrderCounter = 0x280,
  kOrderFlag = 0x2C0,
  kOrderPayload = 0x300,  // a line of eight words
  kOrderX = 0x340,        // the host's word of store buffering
  kOrderY = 0x380,        // the guest's
  kOrderRound = 0x3C0,    // host: the round that may begin
  kOrderSeen = 0x400,     // guest: what it read of X
  kOrderRoundDone = 0x408,
  kOrderPattern = 0x440,
  kOrderTestedEnd = 0x480,
};

enum { kOrderPayloadWords = 8, kOrderGuestsLock = 1, kOrderHostsLock = 2 };

/// Kinds of steps.
enum {
  kOrderEnd = 1,
  kOrderFetchAdd64,
  kOrderFetchAdd32,
  kOrderSpinLock,
  kOrderMessageToHost,
  kOrderMessageToGuest,
  kOrderStoreBuffering,
  kOrderStoreBufferingUnfenced,
  kOrderPatternToHost,
  kOrderPatternToGuest,
};

/// Two patterns that differ in every bit.
#define ORDER_PATTERN(n) \
  ((n) % 2 == 0 ? UINT64_C(0x5A5A5A5A5A5A5A5A) : UINT64_C(0xA5A5A5A5A5A5A5A5))
