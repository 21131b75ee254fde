// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "Vioat_pci_top_trace.h"
#include "pci/ioat_model.h"

namespace guestlink::sim {

std::unique_ptr<PciModel> make_traced_ioat_model(const PciModel::Options& options) {
  return std::make_unique<IoatModel<Vioat_pci_top_trace, true>>(options);
}

}  // namespace guestlink::sim
