// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What the compiler calls for by itself, where there is no C library.
#include <stddef.h>

void* memcpy(void* restrict to, const void* restrict from, size_t length);
void* memset(void* to, int value, size_t length);

void* memcpy(void* restrict to, const void* restrict from, size_t length) {
  void* at = to;
  __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(length) : : "memory");
  return to;
}

void* memset(void* to, int value, size_t length) {
  void* at = to;
  __asm__ volatile("rep stosb" : "+D"(at), "+c"(length) : "a"(value) : "memory");
  return to;
}
