// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "shell/elf_file.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "guestlink/address_map.h"
#include "guestlink/range.h"
#include "shell/errors.h"

namespace guestlink::shell {
namespace {

[[noreturn]] void refuse(const InputFile& file, const std::string& what) {
  throw Failure("ELF file " + in_quotes(file.path()) + ": " + what);
}

template <typename Header>
Header read_header(const InputFile& file, std::uint64_t offset) {
  Header header;
  std::array<std::byte, sizeof header> bytes{};
  file.read(offset, bytes);
  std::memcpy(&header, bytes.data(), sizeof header);
  return header;
}

template <typename Program>
void check_segment(const InputFile& file, const std::string& name, const Program& program) {
  if (program.p_filesz > program.p_memsz) {
    refuse(file, name + " has p_filesz " + hex(program.p_filesz) + ", more than its p_memsz " +
                     hex(program.p_memsz));
  }
  if (!range_fits(program.p_offset, program.p_filesz, file.size())) {
    refuse(file, name + " has p_offset " + hex(program.p_offset) + " and p_filesz " +
                     hex(program.p_filesz) + ", but the file has only " + hex(file.size()) +
                     " bytes");
  }
  if (!range_fits(program.p_paddr, program.p_memsz, std::numeric_limits<std::uint64_t>::max())) {
    refuse(file, name + " has p_paddr " + hex(program.p_paddr) + " and p_memsz " +
                     hex(program.p_memsz) + ", which ends above 2^64 - 1");
  }
}

template <typename Header, typename Program>
ElfFile read_segments(const InputFile& file, unsigned bits) {
  if (file.size() < sizeof(Header)) {
    refuse(file,
           "has " + hex(file.size()) + " bytes, fewer than its header of " + hex(sizeof(Header)));
  }
  const auto header = read_header<Header>(file, 0);
  if (header.e_phnum == PN_XNUM) {
    refuse(file, "e_phnum is 0xffff, expected fewer program headers");
  }
  if (header.e_phnum != 0 && header.e_phentsize != sizeof(Program)) {
    refuse(file,
           "e_phentsize is " + hex(header.e_phentsize) + ", expected " + hex(sizeof(Program)));
  }
  if (!range_fits(header.e_phoff, header.e_phnum * sizeof(Program), file.size())) {
    refuse(file, "e_phoff is " + hex(header.e_phoff) + " and e_phnum " +
                     std::to_string(header.e_phnum) + ", but the file has only " +
                     hex(file.size()) + " bytes");
  }
  ElfFile elf{bits, header.e_entry, {}};
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    const auto program = read_header<Program>(file, header.e_phoff + i * sizeof(Program));
    if (program.p_type != PT_LOAD || program.p_memsz == 0) continue;
    check_segment(file, "program header " + std::to_string(i), program);
    elf.segments.push_back({program.p_paddr, program.p_offset, program.p_filesz, program.p_memsz});
  }
  return elf;
}

void check_apart(const InputFile& file, std::vector<ElfSegment>& segments) {
  if (segments.empty()) refuse(file, "has no PT_LOAD segment, so there is nothing to load");
  std::sort(segments.begin(), segments.end(), [](const ElfSegment& a, const ElfSegment& b) {
    return a.guest_address < b.guest_address;
  });
  for (std::size_t i = 1; i < segments.size(); ++i) {
    const ElfSegment& before = segments[i - 1];
    if (segments[i].guest_address - before.guest_address >= before.memory_bytes) continue;
    refuse(file, "the segment at p_paddr " + hex(segments[i].guest_address) +
                     " overlaps the one at " + hex(before.guest_address));
  }
}

}  // namespace

ElfFile read_elf(const InputFile& file) {
  std::array<std::byte, EI_NIDENT> bytes{};
  if (file.size() < bytes.size()) refuse(file, "is too short for an ELF file");
  file.read(0, bytes);
  std::array<unsigned char, EI_NIDENT> ident{};
  std::memcpy(ident.data(), bytes.data(), bytes.size());
  if (std::memcmp(ident.data(), ELFMAG, SELFMAG) != 0) {
    refuse(file, "does not start with \\x7fELF; without --elf, ADDRESS says where its bytes go");
  }
  if (ident[EI_DATA] != ELFDATA2LSB) {
    refuse(file, "EI_DATA is " + std::to_string(ident[EI_DATA]) + ", expected 1 (little-endian)");
  }
  const unsigned kind = ident[EI_CLASS];
  if (kind != ELFCLASS32 && kind != ELFCLASS64) {
    refuse(file, "EI_CLASS is " + std::to_string(kind) + ", expected 1 (32 bits) or 2 (64 bits)");
  }
  ElfFile elf = kind == ELFCLASS32 ? read_segments<Elf32_Ehdr, Elf32_Phdr>(file, 32)
                                   : read_segments<Elf64_Ehdr, Elf64_Phdr>(file, 64);
  check_apart(file, elf.segments);
  return elf;
}

}  // namespace guestlink::shell
