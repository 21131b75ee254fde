// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci/ioat_model.h"
#include "pci/pci_model.h"
#include "pci/uart_model.h"

namespace guestlink::sim {
namespace {

// Identities that stock drivers of Linux bind to; docs/pci.md says which.
constexpr PciDeviceKind kKinds[] = {
    {"ioat", "the DMA engine, driven by ioatdma",
     "vendor=0x8086,device=0x0b00,class=0x088000,bar0=mem:16K,msix=1,intx", false, make_ioat_model},
    {"uart", "a 16550, driven by 8250_pci",
     "vendor=0x1234,device=0x16c5,class=0x070002,bar0=io:8,intx", true, make_uart_model},
};

}  // namespace

std::span<const PciDeviceKind> pci_device_kinds() noexcept { return kKinds; }

}  // namespace guestlink::sim
