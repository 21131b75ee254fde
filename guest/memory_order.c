// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// memory_order: the guest's half of the memory-order tests. Publishes a page and does what the host
// (tests/live/memory_order_host.cpp) says over it. Runs as root in a guest (a locked page), or on
// the host on a mock RAM file (--ram).
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "console.h"
#include "order_page.h"
#include "page_source.h"

struct order {
  uint8_t* bytes;
  uint64_t step;
  double limit;  // seconds, of every wait and step
  double end;    // of the step
  uint64_t looks;
  uint64_t count;
  uint64_t changes;
  uint64_t wrong;
  uint64_t got;
  uint64_t wanted;
};

static _Atomic uint64_t* word(const struct order* order, unsigned offset) {
  return (_Atomic uint64_t*)(void*)(order->bytes + offset);
}

static uint64_t load(const struct order* order, unsigned offset) {
  return atomic_load_explicit(word(order, offset), memory_order_acquire);
}

static uint64_t load_relaxed(const struct order* order, unsigned offset) {
  return atomic_load_explicit(word(order, offset), memory_order_relaxed);
}

static void store(struct order* order, unsigned offset, uint64_t value) {
  atomic_store_explicit(word(order, offset), value, memory_order_release);
}

static void store_relaxed(struct order* order, unsigned offset, uint64_t value) {
  atomic_store_explicit(word(order, offset), value, memory_order_relaxed);
}

// Whether the step goes on: the host has not stopped it, and it has not run into its limit.
static bool goes_on(struct order* order) {
  enum { kLooksPerTime = 1 << 16 };
  if (load_relaxed(order, kOrderStop) == order->step) {
    return false;
  }
  if (++order->looks % kLooksPerTime == 0 && seconds_now() > order->end) {
    return fail("step %" PRIu64 ": the host did not stop it within %.0f s", order->step,
                order->limit);
  }
  return true;
}

static void note_wrong(struct order* order, uint64_t got, uint64_t wanted) {
  if (order->wrong++ == 0) {
    order->got = got;
    order->wanted = wanted;
  }
}

// What an addition finds must grow from one to the next: nobody takes anything away.
static void fetch_add_64(struct order* order) {
  enum { kBatch = 64 };
  _Atomic uint64_t* const sum = word(order, kOrderSum);
  uint64_t least = 0;
  while (goes_on(order)) {
    for (unsigned i = 0; i < kBatch; ++i) {
      const uint64_t previous = atomic_fetch_add(sum, 1);
      if (previous < least) {
        note_wrong(order, previous, least);
      }
      least = previous + 1;
    }
    order->count += kBatch;
  }
}

// Nobody looks at the result: on x86 another instruction than above.
static void fetch_add_32(struct order* order) {
  enum { kBatch = 64 };
  _Atomic uint32_t* const sum = (_Atomic uint32_t*)(void*)(order->bytes + kOrderSum);
  while (goes_on(order)) {
    for (unsigned i = 0; i < kBatch; ++i) {
      atomic_fetch_add(sum, 1);
    }
    order->count += kBatch;
  }
}

static bool take_lock(struct order* order) {
  uint64_t expected = 0;
  while (!atomic_compare_exchange_strong(word(order, kOrderLock), &expected, kOrderGuestsLock)) {
    if (!goes_on(order)) {
      return false;
    }
    expected = 0;
  }
  return true;
}

static void spin_lock(struct order* order) {
  while (goes_on(order) && take_lock(order)) {
    store_relaxed(order, kOrderCounter, load_relaxed(order, kOrderCounter) + 1);
    const uint64_t owner = load_relaxed(order, kOrderLock);
    if (owner != kOrderGuestsLock) {
      note_wrong(order, owner, kOrderGuestsLock);
    }
    store(order, kOrderLock, 0);
    ++order->count;
  }
}

static void message_to_host(struct order* order) {
  while (goes_on(order)) {
    const uint64_t number = ++order->count;
    for (unsigned i = 0; i < kOrderPayloadWords; ++i) {
      store_relaxed(order, kOrderPayload + 8 * i, number);
    }
    store(order, kOrderFlag, number);
  }
}

static void message_to_guest(struct order* order) {
  uint64_t last = 0;
  for (; goes_on(order); ++order->count) {
    const uint64_t flag = load(order, kOrderFlag);
    uint64_t oldest = UINT64_MAX;
    for (unsigned i = 0; i < kOrderPayloadWords; ++i) {
      const uint64_t payload = load_relaxed(order, kOrderPayload + 8 * i);
      oldest = payload < oldest ? payload : oldest;
    }
    if (oldest < flag) {
      note_wrong(order, oldest, flag);
    }
    order->changes += flag != last;
    last = flag;
  }
}

static void store_buffering(struct order* order, bool fenced) {
  uint64_t round = 1;
  while (goes_on(order)) {
    if (load(order, kOrderRound) != round) {
      continue;
    }
    store_relaxed(order, kOrderY, round);
    if (fenced) {
      atomic_thread_fence(memory_order_seq_cst);
    }
    store(order, kOrderSeen, load_relaxed(order, kOrderX));
    store(order, kOrderRoundDone, round);
    order->count = round++;
  }
}

static void pattern_to_host(struct order* order) {
  while (goes_on(order)) {
    const uint64_t number = ++order->count;
    store_relaxed(order, kOrderPattern, ORDER_PATTERN(number));
  }
}

static void pattern_to_guest(struct order* order) {
  uint64_t last = 0;
  for (; goes_on(order); ++order->count) {
    const uint64_t found = load_relaxed(order, kOrderPattern);
    if (found != ORDER_PATTERN(0) && found != ORDER_PATTERN(1) && found != 0) {
      note_wrong(order, found, ORDER_PATTERN(0));
    }
    order->changes += found != last;
    last = found;
  }
}

static bool do_step(struct order* order, unsigned kind) {
  switch (kind) {
    case kOrderFetchAdd64:
      fetch_add_64(order);
      return true;
    case kOrderFetchAdd32:
      fetch_add_32(order);
      return true;
    case kOrderSpinLock:
      spin_lock(order);
      return true;
    case kOrderMessageToHost:
      message_to_host(order);
      return true;
    case kOrderMessageToGuest:
      message_to_guest(order);
      return true;
    case kOrderStoreBuffering:
    case kOrderStoreBufferingUnfenced:
      store_buffering(order, kind == kOrderStoreBuffering);
      return true;
    case kOrderPatternToHost:
      pattern_to_host(order);
      return true;
    case kOrderPatternToGuest:
      pattern_to_guest(order);
      return true;
    default:
      return fail("step %" PRIu64 ": the host asks for a step of kind %u", order->step, kind);
  }
}

static void leave_result(struct order* order) {
  store(order, kOrderCount, order->count);
  store(order, kOrderChanges, order->changes);
  store(order, kOrderWrong, order->wrong);
  store(order, kOrderGot, order->got);
  store(order, kOrderWanted, order->wanted);
  store(order, kOrderFinished, order->step);
}

// The host's next command; its kind, or 0 after a failure.
static unsigned next_command(struct order* order) {
  const double end = seconds_now() + order->limit;
  const uint64_t next = order->step + 1;
  uint64_t command = 0;
  for (unsigned looks = 0; command >> 8 != next;) {
    if (seconds_now() > end) {
      fail("step %" PRIu64 ": no command from the host within %.0f s", next, order->limit);
      return 0;
    }
    pause_between_looks(&looks);
    command = load(order, kOrderCommand);
  }
  *order = (struct order){.bytes = order->bytes, .step = next, .limit = order->limit};
  order->end = seconds_now() + order->limit;
  return command & 0xFF;
}

// Steps until the host says that it was the last. What a step finds wrong ends none of the others.
static bool run_steps(struct order* order) {
  while (true) {
    const unsigned kind = next_command(order);
    if (kind == 0) {
      return false;
    }
    if (kind == kOrderEnd) {
      return load(order, kOrderVerdict) == 1 || fail("the host saw what is wrong");
    }
    store(order, kOrderStarted, order->step);
    if (!do_step(order, kind)) {
      return false;
    }
    if (order->wrong != 0) {
      fail("step %" PRIu64 ": %" PRIu64 " of %" PRIu64 " wrong, the first 0x%" PRIx64
           " instead of 0x%" PRIx64,
           order->step, order->wrong, order->count, order->got, order->wanted);
    }
    leave_result(order);
  }
}

static bool wait_attached(struct order* order, uint64_t session) {
  const struct timespec one_millisecond = {.tv_nsec = 1000 * 1000};
  const double end = seconds_now() + order->limit;
  for (uint64_t beat = 1; load(order, kOrderAttached) != session; ++beat) {
    store(order, kOrderHeartbeat, beat);
    if (seconds_now() > end) {
      return fail("no host attached within %.0f s", order->limit);
    }
    nanosleep(&one_millisecond, NULL);
  }
  return true;
}

static bool run(struct order* order, struct page_source* source) {
  struct guest_page page;
  if (!source->take(source, kPageBytes, &page)) {
    return false;
  }
  const uint32_t session = random_session();
  order->bytes = page.bytes;
  store(order, kOrderAddress, page.address);
  store(order, kOrderSession, session);
  store(order, kOrderSignature1, ORDER_SIGNATURE_1);
  store(order, kOrderSignature0, ORDER_SIGNATURE_0);
  say("page at 0x%" PRIx64 ", session 0x%08" PRIx32 "; waiting for the host", page.address,
      session);
  return wait_attached(order, session) && run_steps(order) && source->check(source, &page);
}

static bool parse_limit(const char* text, double* limit) {
  char* end = NULL;
  *limit = strtod(text, &end);
  return end != text && *end == '\0' && *limit > 0 && *limit <= 86400;
}

// The host takes the end of the last step for the guest's end, so it comes behind the last line.
static int give_verdict(struct order* order, bool passed) {
  passed = passed && failure_reason()[0] == '\0';
  if (passed) {
    printf("GUESTLINK-GUEST: PASS steps=%" PRIu64 "\n", order->step - 1);
  } else {
    printf("GUESTLINK-GUEST: FAIL %s\n", failure_reason());
  }
  fflush(stdout);
  if (order->bytes != NULL) {
    order->wrong = !passed;
    store(order, kOrderSignature0, 0);
    leave_result(order);
  }
  return passed ? 0 : 1;
}

int main(int argc, char** argv) {
  const char* ram = NULL;
  struct order order = {.limit = 30};
  bool usable = argc % 2 == 1;
  for (int i = 1; i + 1 < argc && usable; i += 2) {
    if (strcmp(argv[i], "--ram") == 0) {
      ram = argv[i + 1];
    } else {
      usable = strcmp(argv[i], "--timeout") == 0 && parse_limit(argv[i + 1], &order.limit);
    }
  }
  if (!usable) {
    puts(
        "usage: memory_order [--ram FILE[,base=ADDRESS]] [--timeout SECONDS]\n"
        "GUESTLINK-GUEST: FAIL wrong options");
    return 2;
  }
  struct page_source source;
  const bool opened =
      ram != NULL ? ramfile_open(&source, ram, order.limit) : pagemap_open(&source, 0);
  return give_verdict(&order, opened && run(&order, &source));
}
