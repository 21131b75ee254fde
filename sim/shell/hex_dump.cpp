// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "shell/hex_dump.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "shell/errors.h"

namespace guestlink::shell {
namespace {

constexpr std::size_t kFlushBytes = std::size_t{1} << 18;
constexpr std::size_t kLongestLine = 128;  // and what follows it
constexpr char kDigits[] = "0123456789abcdef";

// Each byte as its three columns, and as its character.
struct Tables {
  std::array<std::array<char, 4>, 256> columns{};
  std::array<char, 256> characters{};
};

constexpr Tables make_tables() {
  Tables tables;
  for (unsigned i = 0; i < 256; ++i) {
    tables.columns[i] = {kDigits[i >> 4], kDigits[i & 15], ' ', ' '};
    tables.characters[i] = i >= 0x20 && i < 0x7F ? static_cast<char>(i) : '.';
  }
  return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

HexDump::HexDump(std::uint64_t address, bool fold)
    : address_(address), fold_(fold), text_(kFlushBytes + kLongestLine) {}

void HexDump::put(std::string_view text) {
  std::memcpy(text_.data() + used_, text.data(), text.size());
  used_ += text.size();
}

void HexDump::put_address() {
  std::array<char, 16> digits;
  std::size_t count = 0;
  for (std::uint64_t rest = address_; count < 8 || rest != 0; rest >>= 4) {
    digits[digits.size() - ++count] = kDigits[rest & 15];
  }
  put({digits.data() + digits.size() - count, count});
}

void HexDump::put_line(std::span<const std::byte> data) {
  put_address();
  constexpr std::size_t kAscii = 2 + 3 * kLine + 2;
  char* const line = text_.data() + used_;
  std::memset(line, ' ', kAscii);
  line[kAscii] = '|';
  const auto put_byte = [&](std::size_t i) {
    const auto value = std::to_integer<unsigned>(data[i]);
    // One blank too many, where the next byte or a blank comes: four bytes are one store.
    std::memcpy(line + 2 + 3 * i + i / 8, kTables.columns[value].data(), 4);
    line[kAscii + 1 + i] = kTables.characters[value];
  };
  if (data.size() == kLine) [[likely]] {
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kLine; ++i) put_byte(i);
  } else {
    for (std::size_t i = 0; i < data.size(); ++i) put_byte(i);
  }
  line[kAscii + 1 + data.size()] = '|';
  line[kAscii + 2 + data.size()] = '\n';
  used_ += kAscii + 3 + data.size();
  if (used_ >= kFlushBytes) flush();
}

void HexDump::add_line(const std::byte* data) {
  if (fold_ && has_last_ && std::memcmp(data, last_.data(), kLine) == 0) {
    if (!folding_) put("*\n");
    folding_ = true;
  } else {
    // The guest may be writing: what is shown is what the next line is compared with.
    std::memcpy(last_.data(), data, kLine);
    has_last_ = true;
    folding_ = false;
    put_line(last_);
  }
  address_ += kLine;
}

void HexDump::add(std::span<const std::byte> data) {
  if (part_length_ > 0) {
    const std::size_t more = std::min(kLine - part_length_, data.size());
    std::memcpy(part_.data() + part_length_, data.data(), more);
    part_length_ += more;
    data = data.subspan(more);
    if (part_length_ < kLine) return;
    add_line(part_.data());
    part_length_ = 0;
  }
  for (; data.size() >= kLine; data = data.subspan(kLine)) add_line(data.data());
  if (data.empty()) return;
  std::memcpy(part_.data(), data.data(), data.size());
  part_length_ = data.size();
}

void HexDump::finish() {
  if (part_length_ > 0) put_line(std::span(part_).first(part_length_));
  address_ += part_length_;
  put_address();
  put("\n");
  flush();
}

void HexDump::flush() {
  if (std::fwrite(text_.data(), 1, used_, stdout) != used_) {
    throw Failure("the standard output cannot be written: " + reason(errno));
  }
  used_ = 0;
}

}  // namespace guestlink::shell
