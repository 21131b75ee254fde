// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Small first-in first-out queue whose output shows the oldest word without a clock of delay.
module stream_fifo #(
  /// Width of a word.
  parameter int unsigned WidthBits = 32,
  /// Words held: a power of two, at least 2.
  parameter int unsigned Depth = 4
) (
  input  logic                       clk_i,
  input  logic                       rst_ni,
  /// Empties the queue; stronger than a push.
  input  logic                       clear_i,
  // Input
  input  logic                       valid_i,
  output logic                       ready_o,
  input  logic [WidthBits-1:0]       data_i,
  // Output
  output logic                       valid_o,
  input  logic                       ready_i,
  output logic [WidthBits-1:0]       data_o,
  /// Words held now.
  output logic [$clog2(Depth+1)-1:0] usage_o
);
  localparam int unsigned PtrBits = $clog2(Depth);
  localparam int unsigned UseBits = $clog2(Depth + 1);

  logic [WidthBits-1:0] mem [Depth];
  logic [PtrBits-1:0] write_q, read_q;
  logic [UseBits-1:0] usage_q;
  logic push, pop;

  if (Depth < 2 || (1 << PtrBits) != Depth) begin : gen_bad_depth
    $fatal(1, "Depth must be a power of two, at least 2");
  end

  assign ready_o = usage_q != UseBits'(Depth);
  assign valid_o = usage_q != '0;
  assign usage_o = usage_q;
  assign data_o  = mem[read_q];
  assign push    = valid_i && ready_o;
  assign pop     = valid_o && ready_i;

  always_ff @(posedge clk_i) begin : proc_mem
    if (push) mem[write_q] <= data_i;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_pointers
    if (!rst_ni) begin
      write_q <= '0;
      read_q  <= '0;
      usage_q <= '0;
    end else if (clear_i) begin
      write_q <= '0;
      read_q  <= '0;
      usage_q <= '0;
    end else begin
      if (push) write_q <= write_q + 1'b1;
      if (pop) read_q <= read_q + 1'b1;
      if (push && !pop) usage_q <= usage_q + 1'b1;
      if (pop && !push) usage_q <= usage_q - 1'b1;
    end
  end
endmodule
