// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Interrupt enable and identification of the 16550, by priority: line status, received data,
// character time-out, transmitter empty, modem status.
module uart_irq (
  input  logic       clk_i,
  input  logic       rst_ni,
  /// Interrupt enable register.
  input  logic [3:0] enable_i,
  // Sources; the first, second, third and last are levels
  input  logic       line_status_i,
  input  logic       data_i,
  input  logic       timeout_i,
  input  logic       modem_i,
  /// The transmitter holds nothing.
  input  logic       tx_empty_i,
  // What the guest does
  input  logic       read_iir_i,
  input  logic       write_thr_i,
  /// Bits 3 to 0 of the interrupt identification register.
  output logic [3:0] id_o,
  output logic       irq_o
);
  // Transmitter empty is an event: it becomes so, or is so when it is enabled; reading it as the
  // source ends it.
  logic tx_pending_q, tx_empty_q, tx_enable_q, tx_event, tx_is_source;

  assign tx_event     = tx_empty_i && (!tx_empty_q || (enable_i[1] && !tx_enable_q));
  assign tx_is_source = id_o == 4'b0010;

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_tx
    if (!rst_ni) begin
      tx_pending_q <= 1'b0;
      tx_empty_q   <= 1'b1;
      tx_enable_q  <= 1'b0;
    end else begin
      tx_empty_q  <= tx_empty_i;
      tx_enable_q <= enable_i[1];
      if (tx_event) tx_pending_q <= 1'b1;
      else if (write_thr_i || (read_iir_i && tx_is_source)) tx_pending_q <= 1'b0;
    end
  end

  always_comb begin : proc_id
    if (enable_i[2] && line_status_i) id_o = 4'b0110;
    else if (enable_i[0] && data_i) id_o = 4'b0100;
    else if (enable_i[0] && timeout_i) id_o = 4'b1100;
    else if (enable_i[1] && tx_pending_q) id_o = 4'b0010;
    else if (enable_i[3] && modem_i) id_o = 4'b0000;
    else id_o = 4'b0001;
  end

  assign irq_o = !id_o[0];
endmodule
