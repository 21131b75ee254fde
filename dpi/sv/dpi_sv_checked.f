// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// dpi_sv.f with a protocol checker on each AXI4 front end, for simulations that are not timed.
-F dpi_sv.f
-F ../../rtl/checkers/checkers.f
axi_ram_frontend_bind.sv
