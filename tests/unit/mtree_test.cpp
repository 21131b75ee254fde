// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "attach/mtree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include "attach/qmp_guest.h"
#include "support/seed.h"
#include "support/temporary_directory.h"

namespace guestlink::detail {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
constexpr Permission kReadWrite = Permission::kReadWrite;

std::string recorded(const std::string& name) {
  std::string text =
      test::content_of(std::string(GUESTLINK_TEST_SOURCES) + "/mtree/" + name + ".mtree");
  EXPECT_FALSE(text.empty()) << name;
  return text;
}

std::string with_rows(const std::string& rows) {
  return "FlatView #0\r\n AS \"I/O\", root: io\r\n Root memory region: io\r\n"
         "  0000000000000000-000000000000ffff (prio 0, i/o): io\r\n\r\n"
         "FlatView #1\r\n AS \"memory\", root: system\r\n AS \"cpu-memory-0\", root: system\r\n"
         " Root memory region: system\r\n" +
         rows + "\r\n";
}

std::string message_of(const std::string& text) {
  try {
    (void)parse_mtree(text);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing was thrown";
}

Backend backend_of(const std::string& id, std::uint64_t size, std::uint64_t offset = 0) {
  return {.id = id,
          .type = "memory-backend-file",
          .path = "/dev/shm/" + id,
          .size = size,
          .offset = offset,
          .share = true,
          .read_only = false};
}

TEST(MtreeTest, RowsOfEveryForm) {
  const std::string text = with_rows(
      "  0000000000000000-000000000009ffff (prio 0, ram): mem KVM\r\n"
      "  00000000000a0000-00000000000bffff (prio 1, i/o): vga-lowmem\r\n"
      "  00000000000c0000-00000000000dffff (prio 1, rom): pc.rom\r\n"
      "  00000000000f0000-00000000000fffff (prio 0, rom): mem @00000000000f0000\r\n"
      "  0000000000100000-00000000001fffff (ram): /objects/d.0-x_y @0000000000100000 KVM\r\n"
      "  00000000e0000000-00000000e00000ff (prio -1000, i/o): a device's own name\r\n"
      "  00000000f0000000-00000000f0000fff (prio 0, romd): flash\r\n"
      "  00000000f1000000-00000000f1000fff (prio 0, ramd): vfio bar\r\n"
      "  00000000f2000000-00000000f2ffffff (prio 0, container): window @0000000000001000\r\n"
      "  0000000100000000-0000000107ffffff (prio 0, nv-ram): nv\r\n"
      "  fffffffffffff000-ffffffffffffffff (prio 0, ram): top\r\n");
  const std::vector<MtreeRow> expected = {
      {0, 0x9FFFF, MtreeType::kRam, "mem", 0},
      {0xA0000, 0xBFFFF, MtreeType::kIo, "vga-lowmem", 0},
      {0xC0000, 0xDFFFF, MtreeType::kRom, "pc.rom", 0},
      {0xF0000, 0xFFFFF, MtreeType::kRom, "mem", 0xF0000},
      {0x100000, 0x1FFFFF, MtreeType::kRam, "d.0-x_y", 0x100000},
      {0xE0000000, 0xE00000FF, MtreeType::kIo, "a device's own name", 0},
      {0xF0000000, 0xF0000FFF, MtreeType::kRomDevice, "flash", 0},
      {0xF1000000, 0xF1000FFF, MtreeType::kRamDevice, "vfio bar", 0},
      {0xF2000000, 0xF2FFFFFF, MtreeType::kIo, "window", 0x1000},
      {0x100000000, 0x107FFFFFF, MtreeType::kRam, "nv", 0},
      {0xFFFFFFFFFFFFF000, std::numeric_limits<std::uint64_t>::max(), MtreeType::kRam, "top", 0},
  };
  EXPECT_EQ(parse_mtree(text), expected);
}

TEST(MtreeTest, LinesMayEndWithoutCarriageReturn) {
  std::string text = recorded("pc-512M");
  const auto rows = parse_mtree(text);
  std::erase(text, '\r');
  EXPECT_EQ(parse_mtree(text), rows);
  EXPECT_EQ(rows.size(), 8U);
}

TEST(MtreeTest, ViewWithoutRowsHasNone) {
  EXPECT_TRUE(parse_mtree("FlatView #0\n AS \"memory\", root: system\n"
                          " Root memory region: (none)\n  No rendered FlatView\n")
                  .empty());
}

TEST(MtreeTest, WhatIsNotUnderstoodIsRefusedWithItsText) {
  const std::pair<const char*, const char*> table[] = {
      {"  rubbish", "row '  rubbish' of 'info mtree -f' has no range of addresses"},
      {"  0000-00ff", "has no range of addresses"},
      {"  -00ff (prio 0, ram): mem", "has no range of addresses"},
      {"  00fg-00ff (prio 0, ram): mem", "has no range of addresses"},
      {"  0x00-0xff (prio 0, ram): mem", "has no range of addresses"},
      {"  00000000000000000-1ffffffffffffffff (prio 0, ram): mem", "has no range of addresses"},
      {"  0100-00ff (prio 0, ram): mem", "ends before it begins"},
      {"  0000-00ff (prio , ram): mem", "has no number as its priority"},
      {"  0000-00ff (prio 0x1, ram): mem", "has no number as its priority"},
      {"  0000-00ff (prio 0", "has no number as its priority"},
      {"  0000-00ff (prio 0, ram) mem", "has a type other than"},
      {"  0000-00ff (prio 0, RAM): mem", "has a type other than"},
      {"  0000-00ff (prio 0, nv-nv-ram): mem", "has a type other than"},
      {"  0000-00ff (prio 0, alias): mem", "has a type other than"},
      {"  0000-00ff (prio 0, ram): ", "has no name"},
      {"  0000-00ff (prio 0, ram):  KVM", "has no name"},
      {"  0000-00ff (prio 0, ram): mem @", "no number behind its '@'"},
      {"  0000-00ff (prio 0, ram): mem @xyz", "no number behind its '@'"},
      {"  0000-00ff (prio 0, ram): mem @0000 HVF", "no number behind its '@'"},
      {"  0000-00ff (prio 0, ram): mem @00000000000000001f", ""},
      {"  0000-00ff (prio 0, ram): a\n  00ff-01ff (prio 0, ram): b",
       "begins before the end of the row above it"},
      {"  0100-01ff (prio 0, ram): a\n  0000-00ff (prio 0, ram): b",
       "begins before the end of the row above it"},
      {"  0000-00ff (prio 0, ram): \x01\x02\xFF KVM KVM\n  \x1B[2J", "row '  ?[2J'"},
  };
  for (const auto& [row, part] : table) {
    const std::string message = message_of(with_rows(row));
    if (*part == '\0') continue;  // understood
    EXPECT_NE(message.find(part), std::string::npos) << row << "\n  gave: " << message;
  }
  EXPECT_EQ(message_of(""), "'info mtree -f' has no address space 'memory'");
  EXPECT_EQ(message_of("unknown command: 'info mtree'\r\n"),
            "'info mtree -f' has no address space 'memory'");
  EXPECT_EQ(message_of(" AS \"memory\", root: system\n  0000-00ff (prio 0, ram): mem\n"),
            "'info mtree -f' has no address space 'memory'");
  EXPECT_EQ(message_of(with_rows("") + with_rows("")),
            "'info mtree -f' has the address space 'memory' twice");
  const std::string long_row = "  0000-00ff (prio 0, " + std::string(100000, 'x') + "): mem";
  EXPECT_LT(message_of(with_rows(long_row)).size(), 300U);
}

TEST(MtreeTest, RecordedMachinesGiveTheirRows) {
  struct Case {
    const char* name;
    std::vector<Backend> backends;
    bool x86;
    std::vector<MapRow> rows;
  };
  const Case cases[] = {
      {"pc-512M",
       {backend_of("mem", 512 * kMiB)},
       true,
       {{0, 0xA0000, 0, 0, kReadWrite}, {0x100000, 511 * kMiB, 0, 0x100000, kReadWrite}}},
      {"pc-2.12",
       {backend_of("mem", 512 * kMiB, 4 * kMiB)},
       true,
       {{0, 0xA0000, 0, 4 * kMiB, kReadWrite}, {0x100000, 511 * kMiB, 0, 5 * kMiB, kReadWrite}}},
      {"pc-4G-kvm",
       {backend_of("mem", 4 * kGiB)},
       true,
       {{0, 0xA0000, 0, 0, kReadWrite},
        {0x100000, 3071 * kMiB, 0, 0x100000, kReadWrite},
        {4 * kGiB, kGiB, 0, 3 * kGiB, kReadWrite}}},
      {"q35-numa-6G",
       {backend_of("m0", kGiB), backend_of("m1", 5 * kGiB)},
       true,
       {{0, 0xA0000, 0, 0, kReadWrite},
        {0x100000, 1023 * kMiB, 0, 0x100000, kReadWrite},
        {kGiB, kGiB, 1, 0, kReadWrite},
        {4 * kGiB, 4 * kGiB, 1, kGiB, kReadWrite}}},
      {"pc-dimm",
       {backend_of("d.0-x_y", 512 * kMiB), backend_of("mem", kGiB)},
       true,
       {{0, 0xA0000, 1, 0, kReadWrite},
        {0x100000, 1023 * kMiB, 1, 0x100000, kReadWrite},
        {4 * kGiB, 512 * kMiB, 0, 0, kReadWrite}}},
      {"pc-nvdimm",
       {backend_of("nv", 128 * kMiB)},
       true,
       {{4 * kGiB, 128 * kMiB, 0, 0, kReadWrite}}},
      {"microvm-4G",
       {backend_of("mem", 4 * kGiB)},
       true,
       {{0, 0xA0000, 0, 0, kReadWrite},
        {0x100000, 3071 * kMiB, 0, 0x100000, kReadWrite},
        {4 * kGiB, kGiB, 0, 3 * kGiB, kReadWrite}}},
      {"arm-virt-512M",
       {backend_of("mem", 512 * kMiB)},
       false,
       {{kGiB, 512 * kMiB, 0, 0, kReadWrite}}},
      {"riscv-virt-512M",
       {backend_of("mem", 512 * kMiB)},
       false,
       {{2 * kGiB, 512 * kMiB, 0, 0, kReadWrite}}},
      {"arm-virt-512M-qemu10",
       {backend_of("mem", 512 * kMiB)},
       false,
       {{kGiB, 512 * kMiB, 0, 0, kReadWrite}}},
      {"arm-virt-512M-qemu11",
       {backend_of("mem", 512 * kMiB)},
       false,
       {{kGiB, 512 * kMiB, 0, 0, kReadWrite}}},
      {"riscv-virt-512M-qemu11",
       {backend_of("mem", 512 * kMiB)},
       false,
       {{2 * kGiB, 512 * kMiB, 0, 0, kReadWrite}}},
      {"q35-4G-qemu10",
       {backend_of("mem", 4 * kGiB)},
       true,
       {{0, 0xA0000, 0, 0, kReadWrite},
        {0x100000, 2047 * kMiB, 0, 0x100000, kReadWrite},
        {4 * kGiB, 2 * kGiB, 0, 2 * kGiB, kReadWrite}}},
      {"q35-4G-qemu11",
       {backend_of("mem", 4 * kGiB)},
       true,
       {{0, 0xA0000, 0, 0, kReadWrite},
        {0x100000, 2047 * kMiB, 0, 0x100000, kReadWrite},
        {4 * kGiB, 2 * kGiB, 0, 2 * kGiB, kReadWrite}}},
      {"zcu102-4G",
       {backend_of("mem", 4 * kGiB)},
       false,
       {{0, 2 * kGiB, 0, 0, kReadWrite}, {32 * kGiB, 2 * kGiB, 0, 2 * kGiB, kReadWrite}}},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(guest_rows(parse_mtree(recorded(one.name)), one.backends, one.x86), one.rows)
        << one.name;
  }
}

TEST(MtreeTest, RaspberryPiRowsBeginWithinPagesAndMakeAMap) {
  const std::vector<Backend> backends = {backend_of("ram", kGiB)};
  const auto rows = guest_rows(parse_mtree(recorded("raspi3b")), backends, false);
  const auto within_page = [](const MapRow& row) { return row.guest_address % kPageBytes != 0; };
  EXPECT_GT(rows.size(), 20U);
  EXPECT_GT(std::count_if(rows.begin(), rows.end(), within_page), 10);
  const AddressMap map(rows);  // throws for a row that is not congruent to its offset
  ASSERT_NE(map.find(0x3F003020), nullptr);
  EXPECT_EQ(map.find(0x3F003020)->file_offset, 0x3F003020U);
  EXPECT_EQ(map.find(0x3F00301F), nullptr);
}

TEST(GuestRowsTest, OnlyRamMayBeWritten) {
  const auto view =
      parse_mtree(with_rows("  00100000-001fffff (prio 0, ram): mem @00100000\n"
                            "  00200000-002fffff (prio 0, rom): mem @00200000\n"
                            "  00300000-003fffff (prio 0, romd): mem @00300000\n"
                            "  00400000-004fffff (prio 0, i/o): mem @00400000\n"
                            "  00500000-005fffff (prio 0, ramd): mem @00500000\n"
                            "  00600000-006fffff (prio 0, ram): other\n"));
  std::vector<Backend> backends = {backend_of("mem", 16 * kMiB)};
  const std::vector<MapRow> expected = {
      {0x100000, kMiB, 0, 0x100000, Permission::kReadWrite},
      {0x200000, kMiB, 0, 0x200000, Permission::kReadOnly},
  };
  EXPECT_EQ(guest_rows(view, backends, true), expected);
  backends[0].read_only = true;
  EXPECT_EQ(guest_rows(view, backends, true)[0].permission, Permission::kReadOnly);
  backends[0].share = false;
  EXPECT_TRUE(guest_rows(view, backends, true).empty());
}

TEST(GuestRowsTest, LowHoleOfX86IsCutOutOfAnyRow) {
  const auto rows_of = [](const std::string& row, bool x86) {
    return guest_rows(parse_mtree(with_rows(row)), {backend_of("mem", 16 * kMiB)}, x86);
  };
  const std::string whole = "  00000000-00ffffff (prio 0, ram): mem\n";
  EXPECT_EQ(rows_of(whole, true),
            (std::vector<MapRow>{{0, 0xA0000, 0, 0, kReadWrite},
                                 {0x100000, 15 * kMiB, 0, 0x100000, kReadWrite}}));
  EXPECT_EQ(rows_of(whole, false), (std::vector<MapRow>{{0, 16 * kMiB, 0, 0, kReadWrite}}));
  EXPECT_TRUE(rows_of("  000a0000-000fffff (prio 0, ram): mem\n", true).empty());
  EXPECT_EQ(rows_of("  000b0000-00100000 (prio 0, ram): mem\n", true),
            (std::vector<MapRow>{{0x100000, 1, 0, 0x50000, kReadWrite}}));
  EXPECT_EQ(rows_of("  0009ffff-000a0000 (prio 0, ram): mem\n", true),
            (std::vector<MapRow>{{0x9FFFF, 1, 0, 0, kReadWrite}}));
}

TEST(GuestRowsTest, RowBeyondItsBackendIsRefused) {
  const auto refused = [](const std::string& row, const Backend& backend) {
    EXPECT_THROW((void)guest_rows(parse_mtree(with_rows(row)), {backend}, false),
                 std::runtime_error)
        << row;
  };
  refused("  0000-1fff (prio 0, ram): mem\n", backend_of("mem", 0x1000));
  refused("  0000-0fff (prio 0, ram): mem @1000\n", backend_of("mem", 0x1000));
  refused("  0000-0fff (prio 0, ram): mem @fffffffffffff000\n", backend_of("mem", 0x1000));
  refused("  0000-ffffffffffffffff (prio 0, ram): mem\n",
          backend_of("mem", std::numeric_limits<std::uint64_t>::max()));
  refused("  0000-0fff (prio 0, ram): mem\n", backend_of("mem", 0x1000, ~std::uint64_t{0xFFF}));
  std::string many;
  for (int i = 1; i <= 1025; ++i) {
    char row[64];
    std::snprintf(row, sizeof row, "  %x000-%x0ff (prio 0, ram): mem\n", i, i);
    many += row;
  }
  refused(many, backend_of("mem", kGiB));
}

// What a parser must not do with any text: crash, hang or read outside of it (under ASan).
TEST(MtreeTest, DamagedTextIsParsedOrRefused) {
  std::mt19937_64 random(test::random_seed());
  const std::string original = recorded("raspi3b") + recorded("pc-4G-kvm");
  int refused = 0;
  for (int round = 0; round < 400; ++round) {
    std::string text = original;
    for (int i = 0; i < 5 && !text.empty(); ++i) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, random() % 40);
          break;
        case 2:
          text.insert(at, text.substr(random() % text.size(), random() % 40));
          break;
        default:
          text.resize(std::max<std::size_t>(at, 1));
      }
    }
    try {
      (void)parse_mtree(text);
    } catch (const std::invalid_argument&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace guestlink::detail
