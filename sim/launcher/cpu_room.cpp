// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "launcher/cpu_room.h"

#include <algorithm>
#include <array>
#include <string>

namespace guestlink::launcher {
namespace {

struct Machine {
  std::string_view name;    // as QEMU has it; a family of versions ends with '-'
  std::string_view target;  // the start of QEMU's target
  CpuRoom cpus = CpuRoom::kOne;
};

constexpr std::array kMachines{
    Machine{"pc-i440fx-", ""},
    Machine{"pc-q35-", ""},
    Machine{"microvm", ""},
    Machine{"virt-", "a"},
    Machine{"virt", "riscv"},
    Machine{"xlnx-zcu102", "", CpuRoom::kSeveral},
    Machine{"amd-versal-virt", "", CpuRoom::kSeveral},
    Machine{"xlnx-versal-virt", "", CpuRoom::kSeveral},
    Machine{"vexpress-a9", ""},
    Machine{"vexpress-a15", ""},
    Machine{"sabrelite", ""},
    Machine{"sbsa-ref", "", CpuRoom::kSeveral},
    Machine{"sifive_u", "", CpuRoom::kSeveral},
    Machine{"spike", ""},
};

bool matches(const Machine& known, std::string_view target, std::string_view machine) {
  if (!target.starts_with(known.target)) return false;
  return known.name.ends_with('-') ? machine.starts_with(known.name) : machine == known.name;
}

bool is_x86(std::string_view target) { return target == "x86_64" || target == "i386"; }

// The versioned machine that QEMU means; which version does not matter here.
std::string versioned(std::string_view target, std::string_view machine) {
  if (machine == "pc" || (machine.empty() && is_x86(target))) return "pc-i440fx-";
  if (machine == "q35") return "pc-q35-";
  if (machine == "virt" && target.starts_with("a")) return "virt-";
  return std::string(machine);
}

}  // namespace

CpuRoom cpu_room_of(std::string_view target, std::string_view machine) {
  const std::string wanted = versioned(target, machine);
  const auto* found = std::find_if(kMachines.begin(), kMachines.end(), [&](const Machine& known) {
    return matches(known, target, wanted);
  });
  return found == kMachines.end() ? CpuRoom::kUnknown : found->cpus;
}

}  // namespace guestlink::launcher
