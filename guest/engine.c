// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "engine.h"

#include <stdatomic.h>
#include <string.h>

#include "console.h"

static struct ioat_descriptor* descriptor_at(const struct engine* engine, uint32_t index) {
  const uint32_t slot = index % kRingDescriptors;
  struct ioat_descriptor* page =
      (struct ioat_descriptor*)(void*)engine->ring[slot / kDescriptorsPerPage].bytes;
  return page + slot % kDescriptorsPerPage;
}

static uint64_t address_at(const struct engine* engine, uint32_t index) {
  const uint32_t slot = index % kRingDescriptors;
  return engine->ring[slot / kDescriptorsPerPage].address +
         slot % kDescriptorsPerPage * sizeof(struct ioat_descriptor);
}

static _Atomic uint64_t* record_word(const struct engine* engine) {
  return (_Atomic uint64_t*)(void*)engine->record.bytes;
}

static uint64_t read_record(const struct engine* engine) {
  return atomic_load_explicit(record_word(engine), memory_order_acquire);
}

static void write_descriptor(struct engine* engine, uint32_t index, struct ioat_descriptor value) {
  *descriptor_at(engine, index) = value;
  engine->written[index % kRingDescriptors] = value;
}

static void link_ring(struct engine* engine) {
  for (uint32_t i = 0; i < kRingDescriptors; ++i) {
    write_descriptor(engine, i, (struct ioat_descriptor){.next = address_at(engine, i + 1)});
  }
}

static bool identify(struct engine* engine) {
  uint32_t version = 0;
  uint32_t channels = 0;
  uint32_t transfer_log2 = 0;
  if (!doorbell_read(engine->bell, kIoatVer, 1, &version) ||
      !doorbell_read(engine->bell, kIoatChancnt, 1, &channels) ||
      !doorbell_read(engine->bell, kIoatXfercap, 1, &transfer_log2)) {
    return false;
  }
  if (version != kIoatVersion34 || (channels & 0x1F) == 0) {
    return fail("not the engine we know: version 0x%02x, %u channels", version, channels & 0x1F);
  }
  if ((transfer_log2 & 0x1F) < 12) {
    return fail("the largest transfer is 2^%u bytes, less than a page", transfer_log2 & 0x1F);
  }
  engine->largest_transfer = UINT32_C(1) << (transfer_log2 & 0x1F);
  say("engine: I/OAT version %u.%u, %u channel(s), largest transfer %u bytes", version >> 4,
      version & 0xF, channels & 0x1F, engine->largest_transfer);
  return true;
}

bool engine_open(struct engine* engine, struct page_source* source, struct doorbell* bell) {
  memset(engine, 0, sizeof *engine);
  engine->bell = bell;
  if (!source->take(source, kPageBytes, &engine->record)) {
    return false;
  }
  // Filled from the last, so that the ring does not lie in memory in the order it is walked.
  for (int i = kRingPages - 1; i >= 0; --i) {
    if (!source->take(source, kPageBytes, &engine->ring[i])) {
      return false;
    }
  }
  link_ring(engine);
  return identify(engine);
}

static bool wait_reset_done(struct engine* engine) {
  const double end = seconds_now() + engine->bell->timeout;
  uint32_t command = kIoatChancmdReset;
  do {
    if (!doorbell_read(engine->bell, kIoatChancmd, 1, &command)) {
      return false;
    }
  } while ((command & kIoatChancmdReset) != 0 && seconds_now() < end);
  if ((command & kIoatChancmdReset) != 0) {
    return fail("the channel's reset did not end within %.0f s", engine->bell->timeout);
  }
  return true;
}

bool engine_reset(struct engine* engine) {
  struct doorbell* bell = engine->bell;
  if (!doorbell_write(bell, kIoatChancmd, 1, kIoatChancmdReset) || !wait_reset_done(engine)) {
    return false;
  }
  // Only a change of the doorbell word rings, and the count starts again at 0: so the word does
  // too. The register access after it proves that the RTL has seen it.
  doorbell_ring(bell, 0);
  engine->filled = 0;
  engine->rung = 0;
  engine->done = 0;
  uint32_t errors = 0;
  if (!doorbell_read(bell, kIoatChanerr, 4, &errors) ||
      !doorbell_write(bell, kIoatChanerr, 4, errors) ||
      !doorbell_read(bell, kIoatChanerr, 4, &errors)) {
    return false;
  }
  if (errors != 0) {
    return fail("CHANERR is 0x%x after it was cleared", errors);
  }
  return doorbell_write(bell, kIoatChanctrl, 2, kIoatChanctrlRun) &&
         doorbell_write64(bell, kIoatChancmp, engine->record.address) &&
         doorbell_write64(bell, kIoatChainaddr, address_at(engine, 0));
}

void engine_fill(struct engine* engine, uint32_t control, uint32_t size, uint64_t source,
                 uint64_t destination) {
  const uint32_t index = engine->filled++;
  write_descriptor(engine, index,
                   (struct ioat_descriptor){.size = size,
                                            .control = control,
                                            .source = source,
                                            .destination = destination,
                                            .next = address_at(engine, index + 1),
                                            .software = {index, ~(uint64_t)index}});
}

uint32_t engine_outstanding(const struct engine* engine) { return engine->filled - engine->done; }

uint64_t engine_address(const struct engine* engine, uint32_t back) {
  return address_at(engine, engine->filled - 1 - back);
}

void engine_mark_last(struct engine* engine) {
  const uint32_t index = engine->filled - 1;
  struct ioat_descriptor value = *descriptor_at(engine, index);
  value.control |= kIoatControlCompletion;
  write_descriptor(engine, index, value);
}

void engine_ring(struct engine* engine) {
  if (engine->rung == engine->filled) {
    return;
  }
  engine_mark_last(engine);
  engine->completed += engine->filled - engine->rung;
  engine->rung = engine->filled;
  doorbell_ring(engine->bell, (uint16_t)engine->rung);
}

static bool fail_halted(struct engine* engine, uint64_t record) {
  uint32_t errors = 0;
  if (!doorbell_read(engine->bell, kIoatChanerr, 4, &errors)) {
    return false;
  }
  return fail("the channel halted, CHANERR 0x%x, last completed descriptor at 0x%llx", errors,
              (unsigned long long)(record & IOAT_ADDRESS_MASK));
}

bool engine_wait(struct engine* engine) {
  const uint64_t last = address_at(engine, engine->rung - 1);
  const double end = seconds_now() + engine->bell->timeout;
  uint64_t record = read_record(engine);
  for (unsigned looks = 0; (record & IOAT_ADDRESS_MASK) != last;) {
    if ((record & kIoatStatusMask) == kIoatHalted) {
      return fail_halted(engine, record);
    }
    if (!doorbell_check_attached(engine->bell)) {
      return false;
    }
    if (seconds_now() > end) {
      return fail("no completion of the descriptor at 0x%llx within %.0f s (record 0x%llx)",
                  (unsigned long long)last, engine->bell->timeout, (unsigned long long)record);
    }
    pause_between_looks(&looks);
    record = read_record(engine);
  }
  engine->done = engine->rung;
  // The next batch may end in the same slot: its record must not be taken for this one.
  atomic_store_explicit(record_word(engine), 0, memory_order_release);
  return true;
}

bool engine_wait_halted(struct engine* engine, uint64_t* record) {
  const double end = seconds_now() + engine->bell->timeout;
  *record = read_record(engine);
  for (unsigned looks = 0; (*record & kIoatStatusMask) != kIoatHalted;) {
    if (!doorbell_check_attached(engine->bell)) {
      return false;
    }
    if (seconds_now() > end) {
      return fail("the channel did not halt within %.0f s (record 0x%llx)", engine->bell->timeout,
                  (unsigned long long)*record);
    }
    pause_between_looks(&looks);
    *record = read_record(engine);
  }
  atomic_store_explicit(record_word(engine), 0, memory_order_release);
  return true;
}

bool engine_check_ring(const struct engine* engine) {
  for (uint32_t i = 0; i < kRingDescriptors; ++i) {
    if (memcmp(descriptor_at(engine, i), &engine->written[i], sizeof engine->written[i]) != 0) {
      return fail("the descriptor at 0x%llx was changed",
                  (unsigned long long)address_at(engine, i));
    }
  }
  return true;
}

bool engine_check_pages(const struct engine* engine, struct page_source* source) {
  for (uint32_t i = 0; i < kRingPages; ++i) {
    if (!source->check(source, &engine->ring[i])) {
      return false;
    }
  }
  return source->check(source, &engine->record);
}
