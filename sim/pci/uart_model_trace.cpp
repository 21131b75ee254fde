// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "Vuart_pci_top_trace.h"
#include "pci/uart_model.h"

namespace guestlink::sim {

std::unique_ptr<PciModel> make_traced_uart_model(const PciModel::Options& options) {
  return std::make_unique<UartModel<Vuart_pci_top_trace, true>>(options);
}

}  // namespace guestlink::sim
