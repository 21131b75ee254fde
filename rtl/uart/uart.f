// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The 16550 UART; top module uart_16550. Paths are relative to this list.
-F ../common/common.f
uart_pkg.sv
uart_bytes.sv
uart_tx.sv
uart_rx.sv
uart_irq.sv
uart_16550.sv
