// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci/ioat_model.h"

#include "Vioat_pci_top.h"

namespace guestlink::sim {

std::unique_ptr<PciModel> make_ioat_model(const PciModel::Options& options) {
  if (!options.trace_file.empty()) return make_traced_ioat_model(options);
  return std::make_unique<IoatModel<Vioat_pci_top, false>>(options);
}

}  // namespace guestlink::sim
