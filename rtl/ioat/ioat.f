// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The I/OAT copy engine; top module ioat_dma. Paths are relative to this list.
-F ../common/common.f
ioat_pkg.sv
ioat_burst_split.sv
ioat_regs.sv
ioat_fetch.sv
ioat_dispatch.sv
ioat_read.sv
ioat_align.sv
ioat_write.sv
ioat_complete.sv
ioat_channel.sv
ioat_dma.sv
