// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace guestlink::launcher {

/// The machine= of an attach spec for a QEMU machine: `pc` for ("x86_64", "pc-i440fx-7.2"). Empty
/// if no layout is known for it. The machine is the versioned name, as QMP tells it.
[[nodiscard]] std::string layout_of(std::string_view target, std::string_view machine);

/// True if it is known to take -smp maxcpus=2, by the name given to -machine ("" for the default).
[[nodiscard]] bool takes_two_cpus(std::string_view target, std::string_view machine);

}  // namespace guestlink::launcher
