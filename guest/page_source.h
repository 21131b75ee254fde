// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Where DMA-able pages come from: locked pages of this process (pagemap.c, inside a guest), or a
// mock RAM file shared with the simulator (ramfile.c, on the host). The checks know no difference.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { kPageBytes = 4096, kHugePageBytes = 2 * 1024 * 1024 };

/// `size` contiguous bytes at guest-physical `address`, seen by this program at `bytes`.
struct guest_page {
  uint8_t* bytes;
  uint64_t address;
  size_t size;
};

struct page_source {
  const char* name;
  uint64_t hole;  // a guest-physical address at which there is no RAM
  /// Takes zeroed memory of kPageBytes or kHugePageBytes. Never given back before exit.
  bool (*take)(struct page_source* source, size_t size, struct guest_page* page);
  /// Whether the page still has its address: a kernel may move even a locked page.
  bool (*check)(struct page_source* source, const struct guest_page* page);
  int fd;
  uint64_t lowest;  // pagemap: pages below this address are not used
  uint8_t* ram;     // ramfile: the mapping, its length, the address of its first byte
  uint64_t ram_bytes;
  uint64_t base;
  uint64_t next_page;  // ramfile: counters of what was handed out
  uint64_t next_huge_page;
};

/// Pages of this process; needs root, for the kernel shows physical addresses to root alone.
bool pagemap_open(struct page_source* source, uint64_t lowest);

/// Pages of the file in `spec`, which is PATH[,base=ADDRESS]. Waits up to `timeout` seconds for
/// the file, which the simulator may be creating.
bool ramfile_open(struct page_source* source, const char* spec, double timeout);
