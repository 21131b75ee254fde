// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "console.h"
#include "page_source.h"

// Below 1 MiB a PC layout has windows that are not RAM, so nothing is taken from there. Single
// pages come from the bottom, huge ones from the top; the two meet never in a file of this size.
enum { kFirstPage = 256, kLeastBytes = 8 * 1024 * 1024 };

static bool ramfile_take(struct page_source* source, size_t size, struct guest_page* page) {
  uint64_t offset = 0;
  if (size == kHugePageBytes) {
    offset = source->ram_bytes / kHugePageBytes * kHugePageBytes -
             ++source->next_huge_page * kHugePageBytes;
  } else {
    // Every third page: neighbours in a list must not be neighbours in memory.
    offset = (kFirstPage + 3 * source->next_page++) * kPageBytes;
  }
  const uint64_t huge_bytes = (source->next_huge_page + 1) * kHugePageBytes;
  if ((kFirstPage + 3 * source->next_page) * kPageBytes + huge_bytes > source->ram_bytes) {
    return fail("the RAM file is too small: %llu bytes", (unsigned long long)source->ram_bytes);
  }
  *page = (struct guest_page){
      .bytes = source->ram + offset, .address = source->base + offset, .size = size};
  memset(page->bytes, 0, size);
  return true;
}

static bool ramfile_check(struct page_source* source, const struct guest_page* page) {
  return page->address == source->base + (uint64_t)(page->bytes - source->ram);
}

static bool wait_for_file(int* fd, const char* path, double timeout, uint64_t* bytes) {
  const double end = seconds_now() + timeout;
  const struct timespec ten_milliseconds = {.tv_nsec = 10 * 1000 * 1000};
  for (;;) {
    struct stat status;
    *fd = open(path, O_RDWR | O_CLOEXEC);
    if (*fd >= 0 && fstat(*fd, &status) == 0 && status.st_size > 0) {
      *bytes = (uint64_t)status.st_size;
      return true;
    }
    const char* why = *fd < 0 ? strerror(errno) : "it is empty";
    if (*fd >= 0) {
      close(*fd);
    }
    if (seconds_now() > end) {
      return fail("no RAM file %s within %.0f s: %s", path, timeout, why);
    }
    nanosleep(&ten_milliseconds, NULL);
  }
}

static bool read_spec(const char* spec, char* path, size_t path_bytes, uint64_t* base) {
  const char* comma = strchr(spec, ',');
  const size_t length = comma != NULL ? (size_t)(comma - spec) : strlen(spec);
  if (length == 0 || length >= path_bytes) {
    return fail("--ram %s: the path is empty or too long", spec);
  }
  memcpy(path, spec, length);
  path[length] = '\0';
  *base = 0;
  if (comma == NULL) {
    return true;
  }
  char* end = NULL;
  errno = 0;
  if (strncmp(comma, ",base=", 6) == 0) {
    *base = strtoull(comma + 6, &end, 0);
  }
  if (end == NULL || end == comma + 6 || *end != '\0' || errno != 0 || *base % kPageBytes != 0) {
    return fail("--ram %s: expected ,base=ADDRESS (a multiple of 4096) after the path", spec);
  }
  return true;
}

bool ramfile_open(struct page_source* source, const char* spec, double timeout) {
  char path[1024];
  *source = (struct page_source){.name = "RAM file", .take = ramfile_take, .check = ramfile_check};
  if (!read_spec(spec, path, sizeof path, &source->base) ||
      !wait_for_file(&source->fd, path, timeout, &source->ram_bytes)) {
    return false;
  }
  if (source->ram_bytes < kLeastBytes) {
    return fail("%s has %llu bytes, at least %d are needed", path,
                (unsigned long long)source->ram_bytes, kLeastBytes);
  }
  void* ram = mmap(NULL, source->ram_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, source->fd, 0);
  if (ram == MAP_FAILED) {
    return fail("cannot map %s: %s", path, strerror(errno));
  }
  source->ram = ram;
  source->hole = (source->base + source->ram_bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
  return true;
}
