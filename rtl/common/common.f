// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Building blocks that rtl/ shares. Paths are relative to this list.
stream_fifo.sv
stream_ram_fifo.sv
