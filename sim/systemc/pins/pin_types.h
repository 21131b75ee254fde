// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The one place that knows which C++ type a pin has: the types that `verilator --sc` gives the
// ports of a top (5.006 to 5.04x, without options about pins), so that pins connect by a plain
// bind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <systemc>
#include <type_traits>

namespace guestlink::pins {

namespace detail {

template <unsigned kWidth>
struct PinOf {
  static_assert(kWidth >= 1, "a pin has at least one bit");
  using Narrow = std::conditional_t<(kWidth <= 32), std::uint32_t, std::uint64_t>;
  using Word = std::conditional_t<kWidth == 1, bool, Narrow>;
  using Type = std::conditional_t<(kWidth <= 64), Word, sc_dt::sc_bv<static_cast<int>(kWidth)>>;
};

}  // namespace detail

/// The value of a pin of `kWidth` bits: bool, uint32_t to 32 bits, uint64_t to 64, else sc_bv.
template <unsigned kWidth>
using Pin = typename detail::PinOf<kWidth>::Type;

/// A number as a pin of at most 64 bits. Bits beyond the pin are the caller's mistake.
template <unsigned kWidth>
Pin<kWidth> pin_of(std::uint64_t value) {
  static_assert(kWidth <= 64, "a number has at most 64 bits");
  return static_cast<Pin<kWidth>>(value);
}

/// A pin of 8 bits and more, or of strobes, from its bytes: lane 0 first, bit 0 of a byte first.
template <unsigned kWidth>
Pin<kWidth> pin_from_bytes(const void* bytes) {
  Pin<kWidth> pin{};
  const auto* from = static_cast<const unsigned char*>(bytes);
  if constexpr (kWidth <= 64) {
    std::memcpy(&pin, from, (kWidth + 7) / 8);
  } else {
    static_assert(kWidth % 32 == 0, "a wide pin is whole 32-bit words");
    for (int word = 0; word < static_cast<int>(kWidth / 32); ++word) {
      std::uint32_t value = 0;
      std::memcpy(&value, from + std::size_t{4} * static_cast<std::size_t>(word), 4);
      pin.set_word(word, value);
    }
  }
  return pin;
}

/// The inverse of pin_from_bytes(): writes (kWidth + 7) / 8 bytes.
template <unsigned kWidth>
void bytes_from_pin(const Pin<kWidth>& pin, void* bytes) {
  auto* to = static_cast<unsigned char*>(bytes);
  if constexpr (kWidth <= 64) {
    std::memcpy(to, &pin, (kWidth + 7) / 8);
  } else {
    static_assert(kWidth % 32 == 0, "a wide pin is whole 32-bit words");
    for (int word = 0; word < static_cast<int>(kWidth / 32); ++word) {
      const std::uint32_t value = pin.get_word(word);
      std::memcpy(to + std::size_t{4} * static_cast<std::size_t>(word), &value, 4);
    }
  }
}

}  // namespace guestlink::pins
