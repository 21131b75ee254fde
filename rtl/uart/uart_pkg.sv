// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Registers of the 16550 and what they share (National Semiconductor PC16550D data sheet).
package uart_pkg;

  /// Register addresses. With LCR's divisor latch bit, 0 and 1 are the divisor.
  localparam logic [2:0] RegData    = 3'd0;
  localparam logic [2:0] RegIer     = 3'd1;
  localparam logic [2:0] RegIirFcr  = 3'd2;
  localparam logic [2:0] RegLcr     = 3'd3;
  localparam logic [2:0] RegMcr     = 3'd4;
  localparam logic [2:0] RegLsr     = 3'd5;
  localparam logic [2:0] RegMsr     = 3'd6;
  localparam logic [2:0] RegScratch = 3'd7;

  /// Line control register.
  typedef struct packed {
    logic       divisor_latch;
    logic       break_on;
    logic       stick_parity;
    logic       even_parity;
    logic       parity_on;
    logic       more_stop;  ///< 2 stop bits, 1.5 with 5 data bits
    logic [1:0] length;     ///< data bits less 5
  } line_control_t;

  /// A character and what was wrong with it, in so many bits.
  localparam int unsigned ReceivedBits = 11;
  typedef struct packed {
    logic       is_break;
    logic       framing;
    logic       parity;
    logic [7:0] data;
  } received_t;

  /// Ticks, 16 a bit, of the stop bits.
  function automatic logic [5:0] stop_ticks(input logic more_stop, input logic [1:0] length);
    stop_ticks = !more_stop ? 6'd16 : length == 2'd0 ? 6'd24 : 6'd32;
  endfunction

  /// The parity bit of `data`, of which the bits above the length are 0.
  function automatic logic parity_of(input logic stick, input logic even, input logic [7:0] data);
    parity_of = stick ? !even : even ? ^data : !(^data);
  endfunction

  /// The data bits of a character.
  function automatic logic [7:0] data_mask(input logic [1:0] length);
    data_mask = 8'hFF >> (2'd3 - length);
  endfunction

endpackage
