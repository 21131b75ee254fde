// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// DPI package, the AXI4 subordinate on guest memory and the PCI endpoint's adapters.
guestlink_pkg.sv
axi_ram_frontend.sv
guest_beat_port.sv
axi_guest_ram_core.sv
axi_guest_ram.sv
axil_guest_mmio.sv
guest_irq.sv
