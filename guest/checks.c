// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "checks.h"

#include <inttypes.h>
#include <string.h>

#include "console.h"

// Makes what is queued valid and waits until all is done.
static bool flush(struct checks* checks) {
  engine_ring(&checks->engine);
  return engine_outstanding(&checks->engine) == 0 || engine_wait(&checks->engine);
}

// Queues one descriptor, after a flush if the ring is full.
static bool queue(struct checks* checks, uint32_t control, size_t size, uint64_t source,
                  uint64_t destination) {
  if (engine_outstanding(&checks->engine) >= kRingDescriptors - 1 && !flush(checks)) {
    return false;
  }
  engine_fill(&checks->engine, control, (uint32_t)size, source, destination);
  return true;
}

// Copies `length` bytes of `from` to `to` with as many descriptors as page boundaries ask for.
static bool copy(struct checks* checks, size_t from, size_t to, size_t length) {
  buffer_expect_copy(&checks->to, to, &checks->from, from, length);
  checks->bytes += length;
  while (length > 0) {
    size_t part = length;
    const size_t from_rest = buffer_page_rest(&checks->from, from);
    const size_t to_rest = buffer_page_rest(&checks->to, to);
    part = part < from_rest ? part : from_rest;
    part = part < to_rest ? part : to_rest;
    if (!queue(checks, 0, part, buffer_address(&checks->from, from),
               buffer_address(&checks->to, to))) {
      return false;
    }
    from += part;
    to += part;
    length -= part;
  }
  return true;
}

static bool null_descriptor(struct checks* checks) {
  return queue(checks, kIoatControlNull, 1, 0, 0);
}

static bool whole_pages(struct checks* checks) {
  const size_t pages = checks->to.page_count < 8 ? checks->to.page_count : 8;
  for (size_t i = 0; i < pages; ++i) {
    if (!copy(checks, (pages - 1 - i) * kPageBytes, i * kPageBytes, kPageBytes)) {
      return false;
    }
  }
  return true;
}

// 16 x 16 pairs of source and destination alignment over a 64-byte line, each in a slot of its own.
static bool alignments(struct checks* checks) {
  const size_t slot = buffer_bytes(&checks->to) / 256;
  for (size_t i = 0; i < 256; ++i) {
    const size_t from = i / 16 * 4 + random_below(&checks->random, 4);
    const size_t to = i % 16 * 4 + random_below(&checks->random, 4);
    const size_t length = 1 + random_below(&checks->random, slot - 64 < 400 ? slot - 64 : 400);
    if (!copy(checks, (255 - i) * slot + from, i * slot + to, length)) {
      return false;
    }
  }
  return true;
}

// Every size to 66 bytes and those round powers of two, one after the other with small gaps.
static bool sizes(struct checks* checks) {
  static const uint16_t large[] = {127,  128,  129,  255,  256,  257,  511, 512,
                                   1023, 1024, 1025, 2047, 2048, 4095, 4096};
  size_t to = 1;
  for (size_t i = 0; i < 66 + sizeof large / sizeof *large; ++i) {
    const size_t length = i < 66 ? i + 1 : large[i - 66];
    const size_t from = random_below(&checks->random, buffer_bytes(&checks->from) - length);
    if (!copy(checks, from, to, length)) {
      return false;
    }
    to += length + 1 + random_below(&checks->random, 16);
  }
  return true;
}

// One copy over all pages, misaligned on both sides: the scatter list of a driver.
static bool scatter_list(struct checks* checks) {
  return copy(checks, 5, 11, buffer_bytes(&checks->to) - 64);
}

// Random copies, made valid a few at a time while earlier ones are still being done.
static bool random_batch(struct checks* checks) {
  const size_t slot = buffer_bytes(&checks->to) / 64;
  for (uint32_t i = 0; i < checks->random_copies; ++i) {
    if (i % 64 == 0 && !flush(checks)) {
      return false;
    }
    const size_t length = 1 + random_below(&checks->random, slot - 1);
    const size_t from = random_below(&checks->random, buffer_bytes(&checks->from) - length);
    const size_t to = i % 64 * slot + random_below(&checks->random, slot - length);
    if (!copy(checks, from, to, length)) {
      return false;
    }
    if (random_below(&checks->random, 4) == 0) {
      engine_ring(&checks->engine);
    }
  }
  return true;
}

// One descriptor for a large copy from the upper half of a huge page to its lower half.
static bool large_copy(struct checks* checks) {
  const size_t half = kHugePageBytes / 2;
  const size_t most =
      checks->engine.largest_transfer < half ? checks->engine.largest_transfer : half;
  const size_t length = most - 128;
  struct buffer* huge = &checks->huge;
  if (huge->page_count == 0) {
    return true;
  }
  buffer_fill(huge, &checks->random);
  buffer_expect_copy(huge, 3, huge, half + 67, length);
  checks->bytes += length;
  return queue(checks, 0, length, buffer_address(huge, half + 67), buffer_address(huge, 3)) &&
         flush(checks) && buffer_check(huge);
}

static bool wait_interrupt(struct checks* checks, uint64_t before) {
  struct doorbell* bell = checks->engine.bell;
  const double end = seconds_now() + bell->timeout;
  for (unsigned looks = 0; doorbell_interrupts(bell) == before;) {
    if (seconds_now() > end) {
      return fail("no interrupt within %.0f s of the completion", bell->timeout);
    }
    pause_between_looks(&looks);
  }
  return true;
}

// The driver's single-vector handler: INTRCTRL must show enable and status, ATTNSTATUS the channel.
static bool interrupt(struct checks* checks) {
  struct doorbell* bell = checks->engine.bell;
  const uint64_t before = doorbell_interrupts(bell);
  uint32_t control = 0;
  uint32_t attention = 0;
  buffer_expect_copy(&checks->to, 0, &checks->from, 0, 100);
  checks->bytes += 100;
  if (!doorbell_write(bell, kIoatIntrctrl, 1, kIoatIntrMasterEnable) ||
      !queue(checks, kIoatControlInterrupt, 100, buffer_address(&checks->from, 0),
             buffer_address(&checks->to, 0)) ||
      !flush(checks) || !wait_interrupt(checks, before) ||
      !doorbell_read(bell, kIoatIntrctrl, 1, &control) ||
      !doorbell_read(bell, kIoatAttnstatus, 4, &attention)) {
    return false;
  }
  if ((control & 3) != (kIoatIntrMasterEnable | kIoatIntrStatus) || attention != 1) {
    return fail("after the interrupt INTRCTRL is 0x%x and ATTNSTATUS 0x%x, not 0x3 and 0x1",
                control, attention);
  }
  return doorbell_write(bell, kIoatIntrctrl, 1, 0) &&
         doorbell_write(bell, kIoatChanctrl, 2, kIoatChanctrlRun);
}

struct bad_descriptor {
  const char* what;
  uint32_t control;
  uint32_t size;
  bool from_hole;
  bool to_hole;
  uint32_t error;  // the CHANERR bit to be set
};

static bool check_error(struct checks* checks, const struct bad_descriptor* bad, uint64_t last) {
  struct doorbell* bell = checks->engine.bell;
  uint64_t record = 0;
  uint64_t status = 0;
  uint32_t errors = 0;
  if (!engine_wait_halted(&checks->engine, &record) ||
      !doorbell_read64(bell, kIoatChansts, &status) ||
      !doorbell_read(bell, kIoatChanerr, 4, &errors)) {
    return false;
  }
  if (errors != bad->error || (status & kIoatStatusMask) != kIoatHalted) {
    return fail("%s CHANERR 0x%x and CHANSTS 0x%" PRIx64 ", not 0x%x and halted", bad->what, errors,
                status, bad->error);
  }
  if ((record & IOAT_ADDRESS_MASK) != last || (status & IOAT_ADDRESS_MASK) != last) {
    return fail("%s record 0x%" PRIx64 " and CHANSTS 0x%" PRIx64 " do not name 0x%" PRIx64,
                bad->what, record, status, last);
  }
  say("    %-36s CHANERR 0x%03x, last completed 0x%" PRIx64, bad->what, errors, last);
  return true;
}

// Good copies (enough that an engine has fetched far ahead), the bad descriptor, a good one that
// must not be done any more; then a reset.
static bool one_error(struct checks* checks, const struct bad_descriptor* bad) {
  const uint64_t hole = checks->source->hole;
  const size_t open_page = 2 * kPageBytes;  // the bad copy's own destination; may be half written
  for (size_t i = 0; i < 8; ++i) {
    if (!copy(checks, 9 + 100 * i, 17 + 400 * i, 300)) {
      return false;
    }
  }
  engine_mark_last(&checks->engine);
  const uint64_t last = engine_address(&checks->engine, 0);
  engine_fill(&checks->engine, bad->control | kIoatControlCompletion, bad->size,
              bad->from_hole ? hole : buffer_address(&checks->from, kPageBytes),
              bad->to_hole ? hole : buffer_address(&checks->to, open_page));
  engine_fill(&checks->engine, kIoatControlCompletion, 200, buffer_address(&checks->from, 0),
              buffer_address(&checks->to, 4 * kPageBytes));
  engine_ring(&checks->engine);
  checks->engine.completed -= 2;
  if (!check_error(checks, bad, last)) {
    return false;
  }
  buffer_accept(&checks->to, open_page, bad->from_hole ? bad->size : 0);
  return buffer_check(&checks->to) && engine_reset(&checks->engine);
}

static bool errors(struct checks* checks) {
  // A refused write shows only in its response, and by then an engine may have written the next
  // descriptor's data as well: the fence holds that back.
  const struct bad_descriptor bad[] = {
      {"size 0:", 0, 0, false, false, kIoatErrorLength},
      {"size above the limit:", 0, checks->engine.largest_transfer + 1, false, false,
       kIoatErrorLength},
      {"an operation it does not have:", IOAT_OPERATION(kIoatOperationXor), 256, false, false,
       kIoatErrorControl},
      {"source where there is no RAM:", 0, 256, true, false, kIoatErrorReadData},
      {"destination where there is no RAM:", kIoatControlFence, 256, false, true,
       kIoatErrorWriteData},
  };
  say("  errors, made on purpose; the engine has to refuse each:");
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    if (!one_error(checks, &bad[i])) {
      return false;
    }
  }
  return true;
}

struct step {
  const char* name;
  bool (*run)(struct checks* checks);
};

static bool run_step(struct checks* checks, const struct step* step) {
  const uint64_t descriptors = checks->engine.completed;
  const uint64_t bytes = checks->bytes;
  const double start = seconds_now();
  buffer_fill(&checks->from, &checks->random);
  buffer_fill(&checks->to, &checks->random);
  if (!step->run(checks) || !flush(checks)) {
    return false;
  }
  const double copied = seconds_now();
  if (checks->corrupt && step->run == whole_pages) {
    checks->to.pages[0].bytes[kPageBytes / 2] ^= 1;
  }
  if (!buffer_check(&checks->from) || !buffer_check(&checks->to) ||
      !engine_check_ring(&checks->engine)) {
    return false;
  }
  say("  %-28s %5" PRIu64 " descriptors %8" PRIu64 " bytes verified, copied in %.3f s", step->name,
      checks->engine.completed - descriptors, checks->bytes - bytes, copied - start);
  return true;
}

bool checks_run(struct checks* checks) {
  static const struct step steps[] = {
      {"null descriptor", null_descriptor},
      {"whole pages", whole_pages},
      {"alignments 16 x 16", alignments},
      {"sizes 1 to 4096", sizes},
      {"scatter list", scatter_list},
      {"random batch", random_batch},
      {"one large copy", large_copy},
      {"interrupt", interrupt},
      {"errors", errors},
      {"whole pages after the errors", whole_pages},
  };
  if (!engine_reset(&checks->engine)) {
    return false;
  }
  for (size_t i = 0; i < sizeof steps / sizeof *steps; ++i) {
    if (!run_step(checks, &steps[i])) {
      return false;
    }
  }
  checks->interrupts = doorbell_interrupts(checks->engine.bell);
  return buffer_check_pages(&checks->from, checks->source) &&
         buffer_check_pages(&checks->to, checks->source) &&
         buffer_check_pages(&checks->huge, checks->source) &&
         engine_check_pages(&checks->engine, checks->source);
}
