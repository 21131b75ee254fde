// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Constants of the I/OAT v3.4 programming model (docs/ioat.md) and of the engine's own buses.
package ioat_pkg;
  // CHANSTS[2:0]
  localparam logic [2:0] StatusActive    = 3'd0;
  localparam logic [2:0] StatusDone      = 3'd1;
  localparam logic [2:0] StatusSuspended = 3'd2;
  localparam logic [2:0] StatusHalted    = 3'd3;

  // CHANERR bit numbers
  localparam int unsigned ErrSource     = 0;
  localparam int unsigned ErrDest       = 1;
  localparam int unsigned ErrNext       = 2;
  localparam int unsigned ErrDescAlign  = 3;
  localparam int unsigned ErrChainAddr  = 4;
  localparam int unsigned ErrCommand    = 5;
  localparam int unsigned ErrReadData   = 8;
  localparam int unsigned ErrWriteData  = 9;
  localparam int unsigned ErrControl    = 10;
  localparam int unsigned ErrLength     = 11;
  localparam int unsigned ErrCompletion = 12;
  /// Bits of CHANERR that this engine can set: ErrBits-1 to 0.
  localparam int unsigned ErrBits = 13;

  // CHANCMD bit numbers
  localparam int unsigned CmdStart   = 0;
  // (bit 1, append, needs no action: DMACOUNT says what is valid)
  localparam int unsigned CmdSuspend = 2;
  localparam int unsigned CmdAbort   = 3;
  localparam int unsigned CmdResume  = 4;
  localparam int unsigned CmdReset   = 5;

  // CHANCTRL bit numbers
  localparam int unsigned CtrlRearm       = 0;
  localparam int unsigned CtrlErrorRecord = 2;
  localparam int unsigned CtrlErrorIrq    = 4;

  // Descriptor control bit numbers
  localparam int unsigned DescIrq    = 0;
  localparam int unsigned DescRecord = 3;
  localparam int unsigned DescFence  = 4;
  localparam int unsigned DescNull   = 5;
  /// Control bits that a copy-only engine refuses: page breaks, bundle, reserved, operations but
  /// copy.
  localparam logic [31:0] DescRefused = 32'hFFFF_FFC0;

  // What the fetch unit hands on: error flags, address, and the first 24 bytes of a descriptor.
  localparam int unsigned FetchedBits = 252;

  // AXI IDs: the two kinds of read and the two kinds of write
  localparam int unsigned IdData   = 0;
  localparam int unsigned IdFetch  = 1;
  localparam int unsigned IdRecord = 1;
endpackage
