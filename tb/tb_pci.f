// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The engine as a PCI device, in SystemVerilog alone; top module tb_pci.
-F ../sim/pci/ioat_pci_top.f
tb_pci.sv
