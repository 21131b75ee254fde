// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The DMA engine on guest memory, and the same on a SystemVerilog array.
-F ../../rtl/ioat/ioat.f
-F ../../dpi/sv/dpi_sv.f
axi_array_ram.sv
bench_top.sv
