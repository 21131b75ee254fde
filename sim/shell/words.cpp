// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "shell/words.h"

#include <bit>
#include <cinttypes>
#include <cstdio>

#include "shell/command.h"
#include "shell/ranges.h"

namespace guestlink::shell {
namespace {

template <typename T>
std::uint64_t load_as(const GuestMemory& memory, std::uint64_t address) {
  T value = 0;
  require_ok(memory, memory.load(address, value), {address, sizeof value});
  return value;
}

template <typename T>
void store_as(GuestMemory& memory, std::uint64_t address, std::uint64_t value) {
  require_ok(memory, memory.store(address, static_cast<T>(value)), {address, sizeof(T)});
}

}  // namespace

std::uint64_t load_word(const GuestMemory& memory, std::uint64_t address, unsigned width) {
  switch (width) {
    case 8:
      return load_as<std::uint8_t>(memory, address);
    case 16:
      return load_as<std::uint16_t>(memory, address);
    case 32:
      return load_as<std::uint32_t>(memory, address);
    default:
      return load_as<std::uint64_t>(memory, address);
  }
}

void store_word(GuestMemory& memory, std::uint64_t address, std::uint64_t value, unsigned width) {
  switch (width) {
    case 8:
      return store_as<std::uint8_t>(memory, address, value);
    case 16:
      return store_as<std::uint16_t>(memory, address, value);
    case 32:
      return store_as<std::uint32_t>(memory, address, value);
    default:
      return store_as<std::uint64_t>(memory, address, value);
  }
}

std::string word_text(std::uint64_t value, unsigned width) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%0*" PRIx64, static_cast<int>(width / 4), value);
  return text;
}

std::uint64_t word_of(const std::string& name, const std::string& text, unsigned width) {
  const std::uint64_t value = number_of(name, text, "a number such as 0x1f, 31 or 4K");
  if (width < 64 && value >> width != 0) {
    throw UsageError(name + " is " + in_quotes(text) + ", which does not fit in " +
                     std::to_string(width) + " bits; give a larger --width");
  }
  return value;
}

std::array<std::byte, 8> bytes_of(std::uint64_t value) {
  return std::bit_cast<std::array<std::byte, 8>>(value);
}

}  // namespace guestlink::shell
