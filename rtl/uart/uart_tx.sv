// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Characters onto the line: start bit, data with the lowest bit first, parity, stop bits.
module uart_tx (
  input  logic                    clk_i,
  input  logic                    rst_ni,
  /// One clock in 16 a bit.
  input  logic                    tick_i,
  input  uart_pkg::line_control_t line_i,
  // The next character
  input  logic                    valid_i,
  output logic                    ready_o,
  input  logic [7:0]              data_i,
  output logic                    tx_o,
  /// Nothing is on the line.
  output logic                    idle_o
);
  typedef enum logic [2:0] {StIdle, StStart, StData, StParity, StStop} state_e;
  state_e state_q;
  logic [5:0] ticks_q;  // left of this bit
  logic [2:0] bit_q;
  logic [7:0] data_q, masked;
  logic parity_q, level_q, bit_done, last_bit, unused_divisor_latch;

  assign unused_divisor_latch = line_i.divisor_latch;

  assign masked   = data_i & uart_pkg::data_mask(line_i.length);
  assign ready_o  = state_q == StIdle && tick_i;
  assign idle_o   = state_q == StIdle && !valid_i;
  assign tx_o     = level_q && !line_i.break_on;
  assign bit_done = tick_i && ticks_q == 6'd1;
  assign last_bit = bit_q == {1'b0, line_i.length} + 3'd4;

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_state
    if (!rst_ni) begin
      state_q <= StIdle;
      level_q <= 1'b1;
      ticks_q <= '0;
      bit_q   <= '0;
    end else begin
      if (tick_i && ticks_q != '0) ticks_q <= ticks_q - 1'b1;
      case (state_q)
        StIdle: if (valid_i && ready_o) begin
          state_q <= StStart;
          level_q <= 1'b0;
          ticks_q <= 6'd16;
        end
        StStart: if (bit_done) begin
          state_q <= StData;
          level_q <= data_q[0];
          bit_q   <= '0;
          ticks_q <= 6'd16;
        end
        StData: if (bit_done) begin
          ticks_q <= 6'd16;
          bit_q   <= bit_q + 1'b1;
          if (!last_bit) begin
            level_q <= data_q[1];
          end else if (line_i.parity_on) begin
            state_q <= StParity;
            level_q <= parity_q;
          end else begin
            state_q <= StStop;
            level_q <= 1'b1;
            ticks_q <= uart_pkg::stop_ticks(line_i.more_stop, line_i.length);
          end
        end
        StParity: if (bit_done) begin
          state_q <= StStop;
          level_q <= 1'b1;
          ticks_q <= uart_pkg::stop_ticks(line_i.more_stop, line_i.length);
        end
        default: if (bit_done) state_q <= StIdle;  // StStop
      endcase
    end
  end

  always_ff @(posedge clk_i) begin : proc_data
    if (valid_i && ready_o) begin
      data_q   <= masked;
      parity_q <= uart_pkg::parity_of(line_i.stick_parity, line_i.even_parity, masked);
    end else if (state_q == StData && bit_done) begin
      data_q <= data_q >> 1;
    end
  end
endmodule
