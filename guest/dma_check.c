// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// dma_check: lets the RTL copy this program's own memory and checks every byte. Runs as root in a
// guest (locked pages), or on the host beside a simulator on a mock RAM file (--ram).
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "console.h"
#include "doorbell.h"

struct options {
  const char* ram;
  uint64_t seed;
  uint64_t count;
  uint64_t size;
  uint64_t timeout;
  uint64_t lowest;
  uint64_t hole;  // UINT64_MAX: the page source knows one
  bool no_huge;
  bool corrupt;
  bool help;
};

static const char kUsage[] =
    "usage: dma_check [--OPTION VALUE | --OPTION=VALUE | --FLAG]...\n"
    "  --ram FILE[,base=ADDRESS]  use a mock RAM file; without it, locked pages of this process\n"
    "  --seed N       seed of all patterns and copies (default 1)\n"
    "  --count N      copies of the random batch (default 256)\n"
    "  --size BYTES   bytes of each buffer, a multiple of 4096 from 65536 to 16777216\n"
    "                 (default 262144)\n"
    "  --timeout S    limit of every single wait, in seconds (default 30)\n"
    "  --above ADDR   use only pages at or above this guest-physical address\n"
    "  --hole ADDR    an address without RAM (default 0xA0000, or the end of the RAM file)\n"
    "  --no-huge      leave out the large copy, which needs a 2 MiB page\n"
    "  --corrupt      flip one byte before the check: the verdict must be FAIL\n"
    "  --help         this list\n"
    "Ends with one line `GUESTLINK-GUEST: PASS ...` (exit 0) or `GUESTLINK-GUEST: FAIL reason`\n"
    "(exit 1). A wrong option exits with 2.\n";

static bool parse_number(const char* text, uint64_t* value) {
  char* end = NULL;
  errno = 0;
  *value = strtoull(text, &end, 0);
  return errno == 0 && end != text && *end == '\0' && text[0] != '-';
}

static const struct {
  const char* name;
  size_t offset;  // of its uint64_t in struct options
  uint64_t least;
  uint64_t most;
  uint64_t step;
} kNumbers[] = {
    {"seed", offsetof(struct options, seed), 0, UINT64_MAX, 1},
    {"count", offsetof(struct options, count), 1, 1000000, 1},
    {"size", offsetof(struct options, size), 65536, 16777216, kPageBytes},
    {"timeout", offsetof(struct options, timeout), 1, 86400, 1},
    {"above", offsetof(struct options, lowest), 0, UINT64_MAX, 1},
    {"hole", offsetof(struct options, hole), 0, UINT64_MAX, 1},
};

static const struct {
  const char* name;
  size_t offset;  // of its bool in struct options
} kFlags[] = {
    {"no-huge", offsetof(struct options, no_huge)},
    {"corrupt", offsetof(struct options, corrupt)},
    {"help", offsetof(struct options, help)},
};

static bool set_flag(struct options* options, const char* name) {
  for (size_t i = 0; i < sizeof kFlags / sizeof *kFlags; ++i) {
    if (strcmp(name, kFlags[i].name) == 0) {
      *(bool*)((char*)options + kFlags[i].offset) = true;
      return true;
    }
  }
  return false;
}

static bool set_value(struct options* options, const char* name, size_t length, const char* text) {
  if (length == 3 && strncmp(name, "ram", length) == 0) {
    options->ram = text;
    return true;
  }
  for (size_t i = 0; i < sizeof kNumbers / sizeof *kNumbers; ++i) {
    if (strlen(kNumbers[i].name) != length || strncmp(name, kNumbers[i].name, length) != 0) {
      continue;
    }
    uint64_t number = 0;
    if (!parse_number(text, &number) || number < kNumbers[i].least || number > kNumbers[i].most ||
        number % kNumbers[i].step != 0) {
      return fail("--%s: '%s' is not a value for it", kNumbers[i].name, text);
    }
    memcpy((char*)options + kNumbers[i].offset, &number, sizeof number);
    return true;
  }
  return fail("no option --%.*s", (int)length, name);
}

static bool parse_options(int argc, char** argv, struct options* options) {
  for (int i = 1; i < argc; ++i) {
    if (strncmp(argv[i], "--", 2) != 0) {
      return fail("unexpected argument '%s'", argv[i]);
    }
    const char* name = argv[i] + 2;
    const char* equals = strchr(name, '=');
    if (set_flag(options, name)) {
      continue;
    }
    if (equals == NULL && i + 1 == argc) {
      return fail("%s is no flag, and no value follows it", argv[i]);
    }
    const size_t length = equals != NULL ? (size_t)(equals - name) : strlen(name);
    if (!set_value(options, name, length, equals != NULL ? equals + 1 : argv[++i])) {
      return false;
    }
  }
  return true;
}

static bool open_memory(struct checks* checks, struct page_source* source,
                        const struct options* options) {
  const size_t pages = options->size / kPageBytes;
  checks->source = source;
  checks->random = options->seed;
  checks->random_copies = (uint32_t)options->count;
  checks->corrupt = options->corrupt;
  if (!(options->ram != NULL ? ramfile_open(source, options->ram, (double)options->timeout)
                             : pagemap_open(source, options->lowest))) {
    return false;
  }
  if (options->hole != UINT64_MAX) {
    source->hole = options->hole;
  }
  if (!buffer_open(&checks->from, "source", source, kPageBytes, pages, &checks->random) ||
      !buffer_open(&checks->to, "destination", source, kPageBytes, pages, &checks->random)) {
    return false;
  }
  return options->no_huge ||
         buffer_open(&checks->huge, "huge page", source, kHugePageBytes, 1, &checks->random);
}

static void say_memory(const struct checks* checks) {
  uint64_t lowest = UINT64_MAX;
  uint64_t highest = 0;
  for (size_t i = 0; i < checks->from.page_count; ++i) {
    const uint64_t both[] = {checks->from.pages[i].address, checks->to.pages[i].address};
    for (size_t j = 0; j < 2; ++j) {
      lowest = both[j] < lowest ? both[j] : lowest;
      highest = both[j] > highest ? both[j] : highest;
    }
  }
  say("%s: 2 x %zu pages at 0x%" PRIx64 " to 0x%" PRIx64, checks->source->name,
      checks->from.page_count, lowest, highest + kPageBytes - 1);
  if (checks->huge.page_count != 0) {
    say("one huge page at 0x%" PRIx64, checks->huge.pages[0].address);
  }
}

static bool run(struct checks* checks, struct doorbell* bell, double timeout) {
  struct guest_page memory;
  if (!checks->source->take(checks->source, kPageBytes, &memory)) {
    return false;
  }
  doorbell_publish(bell, memory, timeout);
  say("doorbell page at 0x%" PRIx64 ", session 0x%08" PRIx32 "; waiting for the RTL",
      memory.address, bell->session);
  const double start = seconds_now();
  bool passed = doorbell_wait_attached(bell);
  if (passed) {
    say("RTL attached after %.2f s", seconds_now() - start);
    passed = engine_open(&checks->engine, checks->source, bell) && checks_run(checks) &&
             checks->source->check(checks->source, &memory);
  }
  return doorbell_close(bell, passed) && passed;
}

int main(int argc, char** argv) {
  static struct checks checks;
  static struct doorbell bell;
  struct page_source source;
  struct options options = {
      .seed = 1, .count = 256, .size = 262144, .timeout = 30, .hole = UINT64_MAX};
  if (!parse_options(argc, argv, &options)) {
    printf("%sGUESTLINK-GUEST: FAIL %s\n", kUsage, failure_reason());
    return 2;
  }
  if (options.help) {
    fputs(kUsage, stdout);
    return 0;
  }
  say("seed %" PRIu64, options.seed);
  bool passed = open_memory(&checks, &source, &options);
  if (passed) {
    say_memory(&checks);
    passed = run(&checks, &bell, (double)options.timeout);
  }
  if (passed) {
    printf("GUESTLINK-GUEST: PASS descriptors=%" PRIu64 " bytes=%" PRIu64 " interrupts=%" PRIu64
           " seed=%" PRIu64 "\n",
           checks.engine.completed, checks.bytes, checks.interrupts, options.seed);
  } else {
    printf("GUESTLINK-GUEST: FAIL %s\n", failure_reason());
  }
  return passed ? 0 : 1;
}
