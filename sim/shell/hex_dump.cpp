// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "shell/hex_dump.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "shell/errors.h"

namespace guestlink::shell {
namespace {

constexpr std::size_t kFlushBytes = std::size_t{1} << 18;
constexpr std::size_t kLongestLine = 96;
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

HexDump::HexDump(std::uint64_t address, bool fold) : address_(address), fold_(fold) {
  text_.reserve(kFlushBytes + kLongestLine);
}

void HexDump::put_address() {
  char digits[16];
  int count = 0;
  for (std::uint64_t rest = address_; count < 8 || rest != 0; rest >>= 4) {
    digits[15 - count++] = kDigits[rest & 15];
  }
  text_.append(digits + 16 - count, static_cast<std::size_t>(count));
}

void HexDump::put_line(const std::byte* data, std::size_t length) {
  put_address();
  char line[kLongestLine];
  std::memset(line, ' ', sizeof line);
  char* hex = line + 2;
  char* ascii = line + 2 + 3 * kLine + 2;
  *ascii++ = '|';
  for (std::size_t i = 0; i < length; ++i) {
    const auto value = std::to_integer<unsigned>(data[i]);
    std::memcpy(hex + 3 * i + (i >= 8 ? 1 : 0), kTables.columns[value].data(), 3);
    ascii[i] = kTables.characters[value];
  }
  ascii += length;
  *ascii++ = '|';
  *ascii++ = '\n';
  text_.append(line, static_cast<std::size_t>(ascii - line));
  if (text_.size() >= kFlushBytes) flush();
}

void HexDump::add_line(const std::byte* data) {
  if (fold_ && has_last_ && std::memcmp(data, last_.data(), kLine) == 0) {
    if (!folding_) text_ += "*\n";
    folding_ = true;
  } else {
    // The guest may be writing: what is shown is what the next line is compared with.
    std::memcpy(last_.data(), data, kLine);
    has_last_ = true;
    folding_ = false;
    put_line(last_.data(), kLine);
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
  if (part_length_ > 0) put_line(part_.data(), part_length_);
  address_ += part_length_;
  put_address();
  text_ += '\n';
  flush();
}

void HexDump::flush() {
  if (std::fwrite(text_.data(), 1, text_.size(), stdout) != text_.size()) {
    throw Failure("the standard output cannot be written: " + reason(errno));
  }
  text_.clear();
}

}  // namespace guestlink::shell
