// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "launcher/layout.h"

#include <algorithm>
#include <array>

namespace guestlink::launcher {
namespace {

struct Family {
  std::string_view machine;  // as QEMU names it; a family of versions ends with '-'
  std::string_view layout;
  std::string_view target;  // the start of QEMU's target
  CpuRoom cpus = CpuRoom::kOne;
};

constexpr std::array kFamilies{
    Family{"pc-i440fx-", "pc", ""},
    Family{"pc-q35-", "q35", ""},
    Family{"microvm", "microvm", ""},
    Family{"virt-", "arm-virt", "a"},
    Family{"virt", "riscv-virt", "riscv"},
    Family{"xilinx-zynq-a9", "zynq", "", CpuRoom::kUnknown},
    Family{"xlnx-zcu102", "zcu102", "", CpuRoom::kSeveral},
    Family{"amd-versal-virt", "versal", "", CpuRoom::kSeveral},
    Family{"xlnx-versal-virt", "versal", "", CpuRoom::kSeveral},
    Family{"vexpress-a9", "vexpress-a9", ""},
    Family{"vexpress-a15", "vexpress-a15", ""},
    Family{"sabrelite", "sabrelite", ""},
    Family{"mps2-an385", "mps2-an385", "", CpuRoom::kUnknown},
    Family{"sbsa-ref", "sbsa-ref", "", CpuRoom::kSeveral},
    Family{"sifive_u", "sifive_u", "", CpuRoom::kSeveral},
    Family{"spike", "spike", ""},
};

// Machine types before 2.0 split RAM elsewhere.
bool is_ancient(std::string_view machine) { return machine.starts_with("pc-i440fx-1."); }

bool matches(const Family& family, std::string_view target, std::string_view machine) {
  if (!target.starts_with(family.target)) return false;
  return family.machine.ends_with('-') ? machine.starts_with(family.machine)
                                       : machine == family.machine;
}

bool is_x86(std::string_view target) { return target == "x86_64" || target == "i386"; }

// The versioned machine that QEMU means; which version does not matter here.
std::string versioned(std::string_view target, std::string_view machine) {
  if (machine == "pc" || (machine.empty() && is_x86(target))) return "pc-i440fx-";
  if (machine == "q35") return "pc-q35-";
  if (machine == "virt" && target.starts_with("a")) return "virt-";
  return std::string(machine);
}

const Family* find_family(std::string_view target, std::string_view machine) {
  const auto* found = std::find_if(kFamilies.begin(), kFamilies.end(), [&](const Family& family) {
    return matches(family, target, machine);
  });
  return found == kFamilies.end() ? nullptr : found;
}

}  // namespace

std::string layout_of(std::string_view target, std::string_view machine) {
  const Family* family = is_ancient(machine) ? nullptr : find_family(target, machine);
  return family == nullptr ? std::string() : std::string(family->layout);
}

CpuRoom cpu_room_of(std::string_view target, std::string_view machine) {
  const Family* family = find_family(target, versioned(target, machine));
  return family == nullptr ? CpuRoom::kUnknown : family->cpus;
}

}  // namespace guestlink::launcher
