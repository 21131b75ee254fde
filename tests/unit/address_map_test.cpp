// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "guestlink/address_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "guestlink/range.h"

namespace guestlink {
namespace {

constexpr std::uint64_t kMaximum = ~std::uint64_t{0};
constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kGiB = 1 << 30;

template <typename Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(RangeFitsTest, AnswersAtEveryEdgeWithoutWrapping) {
  EXPECT_TRUE(range_fits(0, 0, 0));
  EXPECT_TRUE(range_fits(0, 8, 8));
  EXPECT_TRUE(range_fits(8, 0, 8));
  EXPECT_TRUE(range_fits(7, 1, 8));
  EXPECT_FALSE(range_fits(8, 1, 8));
  EXPECT_FALSE(range_fits(9, 0, 8));
  EXPECT_FALSE(range_fits(1, 8, 8));
  EXPECT_FALSE(range_fits(0, 9, 8));
  EXPECT_FALSE(range_fits(kMaximum, 2, 8));
  EXPECT_FALSE(range_fits(2, kMaximum, 8));
  EXPECT_FALSE(range_fits(kMaximum, kMaximum, kMaximum));
  EXPECT_TRUE(range_fits(0, kMaximum, kMaximum));
}

struct Piece {
  std::uint64_t guest_address;
  std::uint64_t end;  // exclusive
  std::uint64_t file_offset;
};

struct Layout {
  std::string machine;
  std::uint64_t size;
  std::vector<Piece> pieces;
};

void PrintTo(const Layout& layout, std::ostream* stream) {
  *stream << layout.machine << " " << layout.size / kMiB << "M";
}

// x86 RAM of `low` bytes below 4 GiB and `high` above.
std::vector<Piece> x86(std::uint64_t low, std::uint64_t high = 0) {
  std::vector<Piece> pieces{{0, 0xA0000, 0}, {0x100000, low, 0x100000}};
  if (high != 0) pieces.push_back({4 * kGiB, 4 * kGiB + high, low});
  return pieces;
}

class MachineLayoutTest : public testing::TestWithParam<Layout> {};

TEST_P(MachineLayoutTest, RowsAreThoseMeasuredOnQemu) {
  const Layout& layout = GetParam();
  std::vector<MapRow> expected;
  for (const Piece& piece : layout.pieces) {
    expected.push_back({.guest_address = piece.guest_address,
                        .length = piece.end - piece.guest_address,
                        .file_offset = piece.file_offset});
  }
  const AddressMap map = AddressMap::for_machine(layout.machine, layout.size);
  EXPECT_TRUE(std::ranges::equal(map.rows(), expected));
  for (const MapRow& row : map.rows()) {
    EXPECT_TRUE(range_fits(row.file_offset, row.length, layout.size));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Measured, MachineLayoutTest,
    testing::Values(
        Layout{"pc", 512 * kMiB, x86(512 * kMiB)}, Layout{"pc", 2 * kGiB, x86(2 * kGiB)},
        Layout{"pc", 3 * kGiB, x86(3 * kGiB)}, Layout{"pc", 3583 * kMiB, x86(3583 * kMiB)},
        Layout{"pc", 3584 * kMiB, x86(3 * kGiB, 512 * kMiB)},
        Layout{"pc", 4 * kGiB, x86(3 * kGiB, kGiB)},
        Layout{"pc", 6 * kGiB, x86(3 * kGiB, 3 * kGiB)}, Layout{"q35", 512 * kMiB, x86(512 * kMiB)},
        Layout{"q35", 2 * kGiB, x86(2 * kGiB)}, Layout{"q35", 2815 * kMiB, x86(2815 * kMiB)},
        Layout{"q35", 2816 * kMiB, x86(2 * kGiB, 768 * kMiB)},
        Layout{"q35", 3 * kGiB, x86(2 * kGiB, kGiB)},
        Layout{"q35", 4 * kGiB, x86(2 * kGiB, 2 * kGiB)},
        Layout{"q35", 6 * kGiB, x86(2 * kGiB, 4 * kGiB)},
        Layout{"microvm", 512 * kMiB, x86(512 * kMiB)},
        Layout{"microvm", 4 * kGiB, x86(3 * kGiB, kGiB)}, Layout{"pc", 0x1000, {{0, 0x1000, 0}}},
        Layout{"pc", 0xA0000, {{0, 0xA0000, 0}}}, Layout{"pc", 0x100000, {{0, 0xA0000, 0}}},
        Layout{"pc", 0x101000, {{0, 0xA0000, 0}, {0x100000, 0x101000, 0x100000}}},
        Layout{"arm-virt", 512 * kMiB, {{kGiB, kGiB + 512 * kMiB, 0}}},
        Layout{"arm-virt", 4 * kGiB, {{kGiB, 5 * kGiB, 0}}},
        Layout{"riscv-virt", 512 * kMiB, {{2 * kGiB, 2 * kGiB + 512 * kMiB, 0}}},
        Layout{"riscv-virt", 4 * kGiB, {{2 * kGiB, 6 * kGiB, 0}}},
        Layout{"zynq", 512 * kMiB, {{0, 512 * kMiB, 0}}},
        Layout{"zcu102", 2 * kGiB, {{0, 2 * kGiB, 0}}},
        Layout{"zcu102",
               4 * kGiB,
               {{0, 2 * kGiB, 0}, {0x800000000, 0x800000000 + 2 * kGiB, 2 * kGiB}}},
        Layout{"versal",
               4 * kGiB,
               {{0, 2 * kGiB, 0}, {0x800000000, 0x800000000 + 2 * kGiB, 2 * kGiB}}},
        Layout{"vexpress-a9", 128 * kMiB, {{0x60000000, 0x68000000, 0}}},
        Layout{"vexpress-a15", 128 * kMiB, {{0x80000000, 0x88000000, 0}}},
        Layout{"sabrelite", 512 * kMiB, {{0x10000000, 0x30000000, 0}}},
        Layout{"mps2-an385", 16 * kMiB, {{0x21000000, 0x22000000, 0}}},
        Layout{"sbsa-ref", kGiB, {{0x10000000000, 0x10040000000, 0}}},
        Layout{"sifive_u", 128 * kMiB, {{0x80000000, 0x88000000, 0}}},
        Layout{"spike", 128 * kMiB, {{0x80000000, 0x88000000, 0}}}));

TEST(AddressMapTest, EveryNamedMachineHasALayoutAndLimits) {
  for (const std::string_view name : machine_names()) {
    SCOPED_TRACE(name);
    const AddressMap map = AddressMap::for_machine(name, 16 * kMiB);
    EXPECT_EQ(map.rows().front().file_offset, 0U);
    EXPECT_THROW((void)AddressMap::for_machine(name, 0), std::invalid_argument);
    EXPECT_THROW((void)AddressMap::for_machine(name, 16 * kMiB + 1), std::invalid_argument);
    EXPECT_THROW((void)AddressMap::for_machine(name, kMaximum & ~(kPageBytes - 1)),
                 std::invalid_argument);
  }
}

TEST(AddressMapTest, SizesThatDoNotFitAreNamed) {
  const auto message = [](std::string_view machine, std::uint64_t size) {
    return message_of([&] { (void)AddressMap::for_machine(machine, size); });
  };
  EXPECT_EQ(
      message("zynq", 2 * kGiB + 4096),
      "size 0x80001000 does not fit machine zynq, which has 0x1000 to 0x80000000 bytes of RAM");
  EXPECT_EQ(message("mps2-an385", 8 * kMiB),
            "size 0x800000 does not fit machine mps2-an385, which has 0x1000000 to 0x1000000 bytes "
            "of RAM");
  for (const auto& [machine, maximum] : {std::pair{"pc", 512 * kGiB},
                                         {"arm-virt", 255 * kGiB},
                                         {"zcu102", 34 * kGiB},
                                         {"vexpress-a9", kGiB},
                                         {"vexpress-a15", 30 * kGiB},
                                         {"sabrelite", 0xF0000000UL}}) {
    EXPECT_NO_THROW((void)AddressMap::for_machine(machine, maximum));
    EXPECT_THROW((void)AddressMap::for_machine(machine, maximum + kPageBytes),
                 std::invalid_argument);
  }
  EXPECT_EQ(message("pc", 5000), "size 0x1388 is not a positive multiple of 0x1000");
  EXPECT_EQ(message("pc", 0), "size 0x0 is not a positive multiple of 0x1000");
  EXPECT_NE(message("beige", kGiB).find("machine 'beige' is not known; one of pc q35 microvm"),
            std::string::npos);
}

TEST(AddressMapTest, BaseIsOneRowAndIsChecked) {
  const AddressMap map = AddressMap::for_base(0x80000000, 0x2000);
  ASSERT_EQ(map.rows().size(), 1U);
  EXPECT_EQ(map.rows()[0], (MapRow{.guest_address = 0x80000000, .length = 0x2000}));
  const auto message = [](std::uint64_t base, std::uint64_t size) {
    return message_of([&] { (void)AddressMap::for_base(base, size); });
  };
  EXPECT_EQ(message(0x800, 0x1000), "base 0x800 is no multiple of 0x1000");
  EXPECT_EQ(message(0, 0), "size 0x0 is not a positive multiple of 0x1000");
  EXPECT_EQ(message(0xFFFFFFFFFFFFF000, 0x1000),
            "map row at 0xfffffffffffff000 of 0x1000 bytes ends above 2^64 - 1");
  EXPECT_EQ(message(0x1000, kMaximum & ~(kPageBytes - 1)),
            "map row at 0x1000 of 0xfffffffffffff000 bytes ends above 2^64 - 1");
}

TEST(AddressMapTest, RowsAreSortedAndFoundByBinarySearch) {
  std::vector<MapRow> rows;
  for (std::uint64_t i = 0; i < 26; ++i) {  // as many as raspi3b has
    rows.push_back({.guest_address = i * 0x3000, .length = 0x2000, .file_offset = i * 0x3000});
  }
  std::reverse(rows.begin(), rows.end());
  const AddressMap map(rows);
  for (std::uint64_t address = 0; address < std::uint64_t{26} * 0x3000; address += 0x400) {
    const MapRow* row = map.find(address);
    ASSERT_EQ(row != nullptr, address % 0x3000 < 0x2000) << hex(address);
    if (row != nullptr) {
      EXPECT_TRUE(range_fits(address - row->guest_address, 1, row->length));
    }
  }
  EXPECT_EQ(map.find(kMaximum), nullptr);
  EXPECT_EQ(AddressMap().find(0), nullptr);
}

TEST(AddressMapTest, BadRowsAreNamed) {
  const auto message = [](std::vector<MapRow> rows) {
    return message_of([&] { AddressMap map(std::move(rows)); });
  };
  EXPECT_EQ(message({{.guest_address = 0x2000, .length = 0}}), "map row at 0x2000 is empty");
  EXPECT_EQ(message({{.guest_address = 0x2000, .length = 0x1000, .file_offset = 0x2000},
                     {.guest_address = 0x1000, .length = 0x1001}}),
            "map row at 0x2000 overlaps the row at 0x1000");
  EXPECT_EQ(message({{.guest_address = 0x1000, .length = 0x1000, .file_offset = 8}}),
            "map row at 0x1000 and its file offset 0x8 differ modulo a page of 0x1000 bytes");
  EXPECT_EQ(message({{.guest_address = 0x1000, .length = 2, .file_offset = kMaximum}}),
            "map row at 0x1000 has file offset 0xffffffffffffffff, which ends above 2^64 - 1");
}

TEST(AddressMapTest, ReadOnlyChangesPermissionsAlone) {
  const AddressMap map = AddressMap::for_machine("pc", 4 * kGiB);
  const AddressMap read_only = map.read_only();
  ASSERT_EQ(read_only.rows().size(), map.rows().size());
  for (std::size_t i = 0; i < map.rows().size(); ++i) {
    MapRow expected = map.rows()[i];
    expected.permission = Permission::kReadOnly;
    EXPECT_EQ(read_only.rows()[i], expected);
  }
}

}  // namespace
}  // namespace guestlink
