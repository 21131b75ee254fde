// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The bench in SystemVerilog alone; top module tb_guestlink.
-F ../dpi/sv/dpi_sv.f
-F ../rtl/ioat/ioat.f
tb_guestlink.sv
