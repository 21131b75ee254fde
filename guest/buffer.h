// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// A list of pages with a private copy of what they must hold: every byte is known, so every byte,
// those between and round the copies included, can be checked.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "page_source.h"

struct buffer {
  const char* name;
  struct guest_page* pages;  // of equal size, in any order in memory
  size_t page_count;
  size_t page_bytes;
  uint8_t* expected;  // page_count * page_bytes
};

/// Takes `page_count` pages of `page_bytes` and shuffles their order with `random`.
bool buffer_open(struct buffer* buffer, const char* name, struct page_source* source,
                 size_t page_bytes, size_t page_count, uint64_t* random);

size_t buffer_bytes(const struct buffer* buffer);

/// New random contents, written to the pages and kept as expected.
void buffer_fill(struct buffer* buffer, uint64_t* random);

/// Guest-physical address of the byte at `offset`.
uint64_t buffer_address(const struct buffer* buffer, size_t offset);

/// Bytes from `offset` to the end of its page.
size_t buffer_page_rest(const struct buffer* buffer, size_t offset);

/// Expects at `offset` the `length` bytes that `source` has at `source_offset`.
void buffer_expect_copy(struct buffer* buffer, size_t offset, const struct buffer* source,
                        size_t source_offset, size_t length);

/// Takes what is now in the page of `offset` as expected: for bytes that a failed copy leaves open.
void buffer_accept(struct buffer* buffer, size_t offset, size_t length);

/// Compares every byte; the failure names the first wrong one.
bool buffer_check(const struct buffer* buffer);

/// Whether all pages are still where they were.
bool buffer_check_pages(const struct buffer* buffer, struct page_source* source);
