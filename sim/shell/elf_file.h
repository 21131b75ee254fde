// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shell/input_file.h"

namespace guestlink::shell {

/// A PT_LOAD segment: where its bytes are in the file and where in the guest. Behind the bytes of
/// the file come zeroes.
struct ElfSegment {
  std::uint64_t guest_address = 0;  ///< p_paddr
  std::uint64_t file_offset = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t memory_bytes = 0;  ///< at least file_bytes, and at least 1
};

struct ElfFile {
  unsigned bits = 0;  ///< 32 or 64
  std::uint64_t entry = 0;
  std::vector<ElfSegment> segments;  ///< ascending, apart from each other
};

/// Reads the headers, trusting none of them. Throws Failure naming the field, its value and what
/// was expected: not a little-endian ELF file, headers or bytes outside the file, segments that
/// wrap, overlap or take less memory than they have bytes, none at all.
ElfFile read_elf(const InputFile& file);

}  // namespace guestlink::shell
