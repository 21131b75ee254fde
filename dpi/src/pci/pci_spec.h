// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "pci/pci_function.h"

namespace guestlink::detail {

/// A device spec taken apart (docs/pci.md has the grammar).
struct PciSpec {
  std::string path;
  PciIdentity identity;
};

/// Throws std::invalid_argument naming the part that is wrong: no transport, an unknown key, one
/// given twice, a missing or malformed value, no vendor or device.
PciSpec parse_pci_spec(std::string_view text);

}  // namespace guestlink::detail
