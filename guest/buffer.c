// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "buffer.h"

#include <stdlib.h>
#include <string.h>

#include "console.h"

static void shuffle(struct guest_page* pages, size_t count, uint64_t* random) {
  for (size_t i = count; i > 1; --i) {
    const size_t other = random_below(random, i);
    const struct guest_page page = pages[i - 1];
    pages[i - 1] = pages[other];
    pages[other] = page;
  }
}

bool buffer_open(struct buffer* buffer, const char* name, struct page_source* source,
                 size_t page_bytes, size_t page_count, uint64_t* random) {
  *buffer = (struct buffer){.name = name, .page_bytes = page_bytes, .page_count = page_count};
  buffer->pages = calloc(page_count, sizeof *buffer->pages);
  buffer->expected = malloc(page_count * page_bytes);
  if (buffer->pages == NULL || buffer->expected == NULL) {
    return fail("no memory for the %s buffer of %zu bytes", name, page_count * page_bytes);
  }
  for (size_t i = 0; i < page_count; ++i) {
    if (!source->take(source, page_bytes, &buffer->pages[i])) {
      return false;
    }
  }
  shuffle(buffer->pages, page_count, random);
  return true;
}

size_t buffer_bytes(const struct buffer* buffer) { return buffer->page_count * buffer->page_bytes; }

void buffer_fill(struct buffer* buffer, uint64_t* random) {
  for (size_t i = 0; i < buffer_bytes(buffer); i += sizeof(uint64_t)) {
    const uint64_t word = random_next(random);
    memcpy(buffer->expected + i, &word, sizeof word);
  }
  for (size_t i = 0; i < buffer->page_count; ++i) {
    memcpy(buffer->pages[i].bytes, buffer->expected + i * buffer->page_bytes, buffer->page_bytes);
  }
}

uint64_t buffer_address(const struct buffer* buffer, size_t offset) {
  return buffer->pages[offset / buffer->page_bytes].address + offset % buffer->page_bytes;
}

size_t buffer_page_rest(const struct buffer* buffer, size_t offset) {
  return buffer->page_bytes - offset % buffer->page_bytes;
}

void buffer_expect_copy(struct buffer* buffer, size_t offset, const struct buffer* source,
                        size_t source_offset, size_t length) {
  memcpy(buffer->expected + offset, source->expected + source_offset, length);
}

void buffer_accept(struct buffer* buffer, size_t offset, size_t length) {
  const struct guest_page* page = &buffer->pages[offset / buffer->page_bytes];
  memcpy(buffer->expected + offset, page->bytes + offset % buffer->page_bytes, length);
}

static bool fail_page(const struct buffer* buffer, size_t index) {
  const uint8_t* expected = buffer->expected + index * buffer->page_bytes;
  const struct guest_page* page = &buffer->pages[index];
  size_t first = page->size;
  size_t wrong = 0;
  for (size_t i = 0; i < page->size; ++i) {
    if (page->bytes[i] != expected[i]) {
      first = wrong == 0 ? i : first;
      ++wrong;
    }
  }
  if (wrong == 0) {
    return fail("the %s page at 0x%llx changed while it was compared", buffer->name,
                (unsigned long long)page->address);
  }
  return fail("%s: %zu wrong bytes in the page at 0x%llx, the first at 0x%llx: 0x%02x, not 0x%02x",
              buffer->name, wrong, (unsigned long long)page->address,
              (unsigned long long)(page->address + first), page->bytes[first], expected[first]);
}

bool buffer_check(const struct buffer* buffer) {
  for (size_t i = 0; i < buffer->page_count; ++i) {
    const uint8_t* expected = buffer->expected + i * buffer->page_bytes;
    if (memcmp(buffer->pages[i].bytes, expected, buffer->page_bytes) != 0) {
      return fail_page(buffer, i);
    }
  }
  return true;
}

bool buffer_check_pages(const struct buffer* buffer, struct page_source* source) {
  for (size_t i = 0; i < buffer->page_count; ++i) {
    if (!source->check(source, &buffer->pages[i])) {
      return false;
    }
  }
  return true;
}
