// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The words of the command line: NAME or NAME=VALUE.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct word {
  const char* name;
  const char* value;  // "" if there is none
};

enum { kMostWords = 32 };

/// Splits `text`, which it changes. Returns how many words there are.
uint32_t split_words(char* text, struct word words[kMostWords]);
bool text_is(const char* text, const char* other);
/// Decimal, or 0x and hexadecimal. Anything else ends the program.
uint32_t text_number(const char* text);
/// VENDOR:DEVICE, four hexadecimal digits each.
void text_pci_id(const char* text, uint16_t* vendor, uint16_t* device);
