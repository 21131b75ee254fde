// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
-F ../../dpi/sv/dpi_sv.f
-F ../../rtl/uart/uart.f
uart_pci_top.sv
