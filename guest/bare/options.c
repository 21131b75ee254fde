// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include "console.h"

uint32_t split_words(char* text, struct word words[kMostWords]) {
  uint32_t count = 0;
  for (;;) {
    while (*text == ' ') {
      *text++ = '\0';
    }
    if (*text == '\0') {
      return count;
    }
    if (count == kMostWords) {
      fail("more than %u words", (uint32_t)kMostWords);
    }
    struct word* word = &words[count++];
    *word = (struct word){.name = text, .value = ""};
    for (; *text != '\0' && *text != ' '; ++text) {
      if (*text == '=' && *word->value == '\0') {
        *text = '\0';
        word->value = text + 1;
      }
    }
  }
}

bool text_is(const char* text, const char* other) {
  while (*text != '\0' && *text == *other) {
    ++text;
    ++other;
  }
  return *text == *other;
}

static uint32_t digit_value(char digit) {
  if (digit >= '0' && digit <= '9') {
    return (uint32_t)(digit - '0');
  }
  const char small = (char)(digit | 0x20);
  return small >= 'a' && small <= 'f' ? (uint32_t)(small - 'a') + 10 : 16;
}

/// Reads digits up to `end`, of which there must be 1 to `most`.
static uint32_t read_digits(const char* text, char end, uint32_t base, uint32_t most) {
  uint32_t value = 0;
  uint32_t count = 0;
  for (; text[count] != end; ++count) {
    const uint32_t digit = digit_value(text[count]);
    if (digit >= base || count == most) {
      fail("\"%s\" is not what is wanted there", text);
    }
    value = value * base + digit;
  }
  if (count == 0) {
    fail("a number is missing");
  }
  return value;
}

uint32_t text_number(const char* text) {
  const bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';
  return hex ? read_digits(text + 2, '\0', 16, 8) : read_digits(text, '\0', 10, 9);
}

void text_pci_id(const char* text, uint16_t* vendor, uint16_t* device) {
  *vendor = (uint16_t)read_digits(text, ':', 16, 4);
  while (*text++ != ':') {
  }
  *device = (uint16_t)read_digits(text, '\0', 16, 4);
}
