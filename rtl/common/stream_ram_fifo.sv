// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Deep, wide queue: a memory with a clocked read, so that it maps to block RAM, and an output
// register. The writer must know that there is room (it holds credit): there is no ready towards
// it.
module stream_ram_fifo #(
  /// Width of a word.
  parameter int unsigned WidthBits = 512,
  /// Words held in the memory (one more in the output register): a power of two, at least 2.
  parameter int unsigned Depth = 256
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  /// Empties the queue; stronger than a push.
  input  logic                 clear_i,
  // Input: never refused
  input  logic                 valid_i,
  input  logic [WidthBits-1:0] data_i,
  // Output
  output logic                 valid_o,
  input  logic                 ready_i,
  output logic [WidthBits-1:0] data_o
);
  localparam int unsigned PtrBits = $clog2(Depth);
  localparam int unsigned UseBits = $clog2(Depth + 1);

  logic [WidthBits-1:0] mem [Depth];
  logic [WidthBits-1:0] data_q;
  logic [PtrBits-1:0] write_q, read_q;
  logic [UseBits-1:0] usage_q;
  logic valid_q, load;

  if (Depth < 2 || (1 << PtrBits) != Depth) begin : gen_bad_depth
    $fatal(1, "Depth must be a power of two, at least 2");
  end

  assign load    = usage_q != '0 && (!valid_q || ready_i);
  assign valid_o = valid_q;
  assign data_o  = data_q;

  always_ff @(posedge clk_i) begin : proc_mem
    if (valid_i) mem[write_q] <= data_i;
  end

  always_ff @(posedge clk_i) begin : proc_output
    if (load) data_q <= mem[read_q];
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_pointers
    if (!rst_ni) begin
      write_q <= '0;
      read_q  <= '0;
      usage_q <= '0;
      valid_q <= 1'b0;
    end else if (clear_i) begin
      write_q <= '0;
      read_q  <= '0;
      usage_q <= '0;
      valid_q <= 1'b0;
    end else begin
      if (valid_i) write_q <= write_q + 1'b1;
      if (load) read_q <= read_q + 1'b1;
      if (valid_i && !load) usage_q <= usage_q + 1'b1;
      if (load && !valid_i) usage_q <= usage_q - 1'b1;
      if (load) valid_q <= 1'b1;
      else if (ready_i) valid_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin : proc_assert
    if (valid_i && !clear_i) NoOverflow : assert (usage_q != UseBits'(Depth) || load);
  end
endmodule
