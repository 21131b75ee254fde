// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Guest RAM of QEMU's machine types with one memory backend and default options. The rows were
// measured on QEMU 7.2, 10.0 and 11.1 by writing through the file and reading by guest address;
// docs/memory.md.
#include <algorithm>
#include <array>
#include <stdexcept>

#include "guestlink/address_map.h"

namespace guestlink {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
constexpr std::uint64_t kTiB = std::uint64_t{1} << 40;

// Above this x86 RAM nears the HyperTransport hole below 1 TiB, round which QEMU >= 7.1 moves it.
constexpr std::uint64_t kX86Maximum = 512 * kGiB;
constexpr std::uint64_t kX86LowHole = 0xA0000;
constexpr std::uint64_t kX86LowHoleEnd = 0x100000;

struct Machine {
  std::string_view name;
  std::uint64_t base;     // guest address of file offset 0
  std::uint64_t maximum;  // bytes of RAM
  std::uint64_t minimum = kPageBytes;
  // A size of at least split_from leaves only low_limit bytes at base; the rest goes to high_base.
  std::uint64_t split_from = 0;
  std::uint64_t low_limit = 0;
  std::uint64_t high_base = 0;
  bool x86 = false;
};

constexpr std::array kMachines{
    Machine{.name = "pc",
            .base = 0,
            .maximum = kX86Maximum,
            .split_from = 3584 * kMiB,
            .low_limit = 3 * kGiB,
            .high_base = 4 * kGiB,
            .x86 = true},
    Machine{.name = "q35",
            .base = 0,
            .maximum = kX86Maximum,
            .split_from = 2816 * kMiB,
            .low_limit = 2 * kGiB,
            .high_base = 4 * kGiB,
            .x86 = true},
    Machine{.name = "microvm",
            .base = 0,
            .maximum = kX86Maximum,
            .split_from = 3584 * kMiB,
            .low_limit = 3 * kGiB,
            .high_base = 4 * kGiB,
            .x86 = true},
    Machine{.name = "arm-virt", .base = kGiB, .maximum = 255 * kGiB},
    Machine{.name = "riscv-virt", .base = 2 * kGiB, .maximum = 512 * kGiB},
    Machine{.name = "zynq", .base = 0, .maximum = 2 * kGiB},
    Machine{.name = "zcu102",
            .base = 0,
            .maximum = 34 * kGiB,
            .split_from = 2 * kGiB + kPageBytes,
            .low_limit = 2 * kGiB,
            .high_base = 32 * kGiB},
    Machine{.name = "versal",
            .base = 0,
            .maximum = 34 * kGiB,
            .split_from = 2 * kGiB + kPageBytes,
            .low_limit = 2 * kGiB,
            .high_base = 32 * kGiB},
    Machine{.name = "vexpress-a9", .base = 0x60000000, .maximum = kGiB},
    Machine{.name = "vexpress-a15", .base = 0x80000000, .maximum = 30 * kGiB},
    Machine{.name = "sabrelite", .base = 0x10000000, .maximum = 0xF0000000},
    Machine{.name = "mps2-an385", .base = 0x21000000, .maximum = 16 * kMiB, .minimum = 16 * kMiB},
    Machine{.name = "sbsa-ref", .base = kTiB, .maximum = 8 * kTiB},
    Machine{.name = "sifive_u", .base = 0x80000000, .maximum = 512 * kGiB},
    Machine{.name = "spike", .base = 0x80000000, .maximum = 512 * kGiB},
};

constexpr auto kNames = [] {
  std::array<std::string_view, kMachines.size()> names;
  std::transform(kMachines.begin(), kMachines.end(), names.begin(),
                 [](const Machine& machine) { return machine.name; });
  return names;
}();

const Machine& machine_named(std::string_view name) {
  for (const Machine& machine : kMachines) {
    if (machine.name == name) return machine;
  }
  std::string message = "machine '";
  message.append(name).append("' is not known; one of");
  for (const std::string_view known : kNames) message.append(" ").append(known);
  throw std::invalid_argument(message);
}

void check_size(const Machine& machine, std::uint64_t size) {
  if (size == 0 || size % kPageBytes != 0) {
    throw std::invalid_argument("size " + hex(size) + " is not a positive multiple of " +
                                hex(kPageBytes));
  }
  if (size < machine.minimum || size > machine.maximum) {
    throw std::invalid_argument("size " + hex(size) + " does not fit machine " +
                                std::string(machine.name) + ", which has " + hex(machine.minimum) +
                                " to " + hex(machine.maximum) + " bytes of RAM");
  }
}

void add_row(std::vector<MapRow>& rows, std::uint64_t address, std::uint64_t end,
             std::uint64_t file_offset) {
  if (address < end) {
    rows.push_back({.guest_address = address, .length = end - address, .file_offset = file_offset});
  }
}

}  // namespace

AddressMap AddressMap::for_machine(std::string_view name, std::uint64_t size) {
  const Machine& machine = machine_named(name);
  check_size(machine, size);
  const bool split = machine.split_from != 0 && size >= machine.split_from;
  const std::uint64_t low = split ? machine.low_limit : size;
  std::vector<MapRow> rows;
  if (machine.x86) {
    add_row(rows, 0, std::min(low, kX86LowHole), 0);
    add_row(rows, kX86LowHoleEnd, low, kX86LowHoleEnd);
  } else {
    add_row(rows, machine.base, machine.base + low, 0);
  }
  add_row(rows, machine.high_base, machine.high_base + (size - low), low);
  return AddressMap(std::move(rows));
}

std::span<const std::string_view> machine_names() noexcept { return kNames; }

}  // namespace guestlink
