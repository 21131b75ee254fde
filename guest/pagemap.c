// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "console.h"
#include "page_source.h"

// Bits of an entry: Documentation/admin-guide/mm/pagemap.rst of the kernel.
#define PAGEMAP_PRESENT (UINT64_C(1) << 63)
#define PAGEMAP_FRAME ((UINT64_C(1) << 55) - 1)

static bool look_up(int fd, const void* bytes, uint64_t* address) {
  uint64_t entry = 0;
  const off_t offset = (off_t)((uintptr_t)bytes / kPageBytes * sizeof entry);
  if (pread(fd, &entry, sizeof entry, offset) != (ssize_t)sizeof entry) {
    return fail("/proc/self/pagemap: cannot read the entry of %p: %s", bytes, strerror(errno));
  }
  if ((entry & PAGEMAP_PRESENT) == 0) {
    return fail("/proc/self/pagemap: the page at %p is not in memory (mlock refused?)", bytes);
  }
  if ((entry & PAGEMAP_FRAME) == 0) {
    return fail("/proc/self/pagemap: frame numbers are hidden; run as root (CAP_SYS_ADMIN)");
  }
  *address = (entry & PAGEMAP_FRAME) * kPageBytes;
  return true;
}

// Locked memory of one size. Huge pages are not merged into 4 KiB areas: a merge would move them.
static uint8_t* map_locked(size_t size) {
  const int huge = size == kHugePageBytes ? MAP_HUGETLB : 0;
  void* bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE | huge, -1, 0);
  if (bytes == MAP_FAILED) {
    fail("cannot map %zu locked bytes: %s%s", size, strerror(errno),
         huge ? " (write 1 to /proc/sys/vm/nr_hugepages, or use --no-huge)" : "");
    return NULL;
  }
  if (mlock(bytes, size) != 0) {
    fail("cannot lock %zu bytes: %s (ulimit -l, or run as root)", size, strerror(errno));
    munmap(bytes, size);
    return NULL;
  }
  if (!huge) {
    madvise(bytes, size, MADV_NOHUGEPAGE);
  }
  memset(bytes, 0, size);
  return bytes;
}

static bool pagemap_take(struct page_source* source, size_t size, struct guest_page* page) {
  // A page below `lowest` stays mapped, or the kernel would hand out the same one again.
  enum { kMostRefused = 1 << 18 };
  for (unsigned refused = 0; refused < kMostRefused; ++refused) {
    page->size = size;
    page->bytes = map_locked(size);
    if (page->bytes == NULL || !look_up(source->fd, page->bytes, &page->address)) {
      return false;
    }
    if (page->address >= source->lowest) {
      return true;
    }
  }
  return fail("no page at or above 0x%llx among %d", (unsigned long long)source->lowest,
              kMostRefused);
}

static bool pagemap_check(struct page_source* source, const struct guest_page* page) {
  uint64_t now = 0;
  if (!look_up(source->fd, page->bytes, &now)) {
    return false;
  }
  if (now != page->address) {
    return fail("the kernel moved a locked page from 0x%llx to 0x%llx",
                (unsigned long long)page->address, (unsigned long long)now);
  }
  return true;
}

bool pagemap_open(struct page_source* source, uint64_t lowest) {
  // 0xA0000 is the VGA window of every PC: never RAM that a device may reach.
  *source = (struct page_source){
      .name = "locked pages", .take = pagemap_take, .check = pagemap_check, .lowest = lowest};
  source->hole = 0xA0000;
  source->fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (source->fd < 0) {
    return fail("/proc/self/pagemap: %s (is /proc mounted?)", strerror(errno));
  }
  if (sysconf(_SC_PAGESIZE) != kPageBytes) {
    return fail("pages of %ld bytes; only %d is supported", sysconf(_SC_PAGESIZE), kPageBytes);
  }
  return true;
}
