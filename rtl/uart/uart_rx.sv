// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Characters from the line, each bit looked at in its middle. A break is one character of zeroes,
// however long it lasts.
module uart_rx (
  input  logic                    clk_i,
  input  logic                    rst_ni,
  /// One clock in 16 a bit.
  input  logic                    tick_i,
  input  uart_pkg::line_control_t line_i,
  /// The line, in step with the clock.
  input  logic                    rx_i,
  /// One clock a character.
  output logic                    valid_o,
  output uart_pkg::received_t     received_o,
  /// Nothing is on the line, or a break that has been told.
  output logic                    idle_o
);
  typedef enum logic [2:0] {StIdle, StStart, StData, StParity, StStop, StBreak} state_e;
  state_e state_q;
  logic [4:0] ticks_q;  // to the next look
  logic [2:0] bit_q;
  logic [7:0] data_q, aligned;
  logic parity_q, look, last_bit, is_break, parity_wrong, unused_line;

  assign unused_line = ^{line_i.divisor_latch, line_i.break_on, line_i.more_stop};

  // A break that lasts moves nothing either.
  assign idle_o   = rx_i ? state_q == StIdle : state_q == StBreak;
  assign look     = tick_i && ticks_q == 5'd1;
  assign last_bit = bit_q == {1'b0, line_i.length} + 3'd4;
  // Bits come in at the top.
  assign aligned  = data_q >> (2'd3 - line_i.length);

  assign valid_o             = state_q == StStop && look;
  assign is_break = !rx_i && aligned == '0 && (!line_i.parity_on || !parity_q);
  assign parity_wrong = line_i.parity_on && !is_break &&
      parity_q != uart_pkg::parity_of(line_i.stick_parity, line_i.even_parity, aligned);
  assign received_o = {is_break, !rx_i, parity_wrong, aligned};

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_state
    if (!rst_ni) begin
      state_q <= StIdle;
      ticks_q <= '0;
      bit_q   <= '0;
    end else begin
      if (tick_i && ticks_q != '0) ticks_q <= ticks_q - 1'b1;
      case (state_q)
        StIdle: if (!rx_i) begin
          state_q <= StStart;
          ticks_q <= 5'd8;
        end
        StStart: if (look) begin
          state_q <= rx_i ? StIdle : StData;  // else a spike
          ticks_q <= 5'd16;
          bit_q   <= '0;
        end
        StData: if (look) begin
          ticks_q <= 5'd16;
          bit_q   <= bit_q + 1'b1;
          if (last_bit) state_q <= line_i.parity_on ? StParity : StStop;
        end
        StParity: if (look) begin
          ticks_q <= 5'd16;
          state_q <= StStop;
        end
        StStop: if (look) state_q <= rx_i ? StIdle : StBreak;
        default: if (rx_i) state_q <= StIdle;  // StBreak: the line is low still
      endcase
    end
  end

  always_ff @(posedge clk_i) begin : proc_data
    if (look && state_q == StData) data_q <= {rx_i, data_q[7:1]};
    if (look && state_q == StStart) data_q <= '0;
    if (look && state_q == StParity) parity_q <= rx_i;
  end
endmodule
