// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci/uart_model.h"

#include "Vuart_pci_top.h"

namespace guestlink::sim {

std::unique_ptr<PciModel> make_uart_model(const PciModel::Options& options) {
  if (!options.trace_file.empty()) return make_traced_uart_model(options);
  return std::make_unique<UartModel<Vuart_pci_top, false>>(options);
}

}  // namespace guestlink::sim
