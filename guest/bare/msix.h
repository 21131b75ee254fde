// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// MSI-X with one vector.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pci.h"

struct msix {
  const struct pci_device* device;
  uint8_t capability;
  uintptr_t table;
  uintptr_t pending;
};

/// False if the device has no MSI-X. Fails if its table is nowhere.
bool msix_find(struct msix* msix, const struct pci_device* device);
/// Points vector 0 at this processor, `kVectorMsix`, and lets it through.
void msix_enable(const struct msix* msix);
void msix_disable(const struct msix* msix);
void msix_set_mask(const struct msix* msix, bool masked);
bool msix_is_pending(const struct msix* msix);
