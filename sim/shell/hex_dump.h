// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace guestlink::shell {

/// Writes bytes as `hexdump -C` does: address, 16 bytes in hexadecimal, the same as ASCII; a run
/// of lines that equal the one before is one `*`. Text goes to the standard output in large pieces.
class HexDump {
 public:
  HexDump(std::uint64_t address, bool fold);
  /// The bytes behind those of the call before.
  void add(std::span<const std::byte> data);
  /// What is left, and the address behind the last byte.
  void finish();

 private:
  static constexpr std::size_t kLine = 16;
  using Line = std::array<std::byte, kLine>;

  void add_line(const std::byte* data);
  void put(std::string_view text);
  void put_line(std::span<const std::byte> data);
  void put_address();
  void flush();

  std::uint64_t address_;
  bool fold_;
  bool has_last_ = false;
  bool folding_ = false;
  Line last_{};
  Line part_{};  // the start of a line whose end is still to come
  std::size_t part_length_ = 0;
  std::vector<char> text_;  // used_ of it is to be written
  std::size_t used_ = 0;
};

}  // namespace guestlink::shell
