// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Splits a run of bus beats into INCR bursts: at 4 KiB boundaries, and at MaxBurstBeats. One burst
// a clock.
module ioat_burst_split #(
  /// Bus width: 64, 128, 256 or 512.
  parameter int unsigned DataWidthBits = 512,
  /// Longest burst: 1 to 256 beats.
  parameter int unsigned MaxBurstBeats = 256,
  /// Width of a run's beat count.
  parameter int unsigned CountBits = 16,
  /// Width of what travels with a run to each of its bursts.
  parameter int unsigned UserBits = 1
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 clear_i,
  // Run in: address of the first beat in beats (the address over the beat size), count at least 1
  input  logic                 run_valid_i,
  output logic                 run_ready_o,
  input  logic [63:0]          run_addr_i,
  input  logic [CountBits-1:0] run_beats_i,
  input  logic [UserBits-1:0]  run_user_i,
  // Burst out: byte address, beats 1 to 256, and whether it is the run's last
  output logic                 burst_valid_o,
  input  logic                 burst_ready_i,
  output logic [63:0]          burst_addr_o,
  output logic [8:0]           burst_beats_o,
  output logic                 burst_last_o,
  output logic [UserBits-1:0]  burst_user_o
);
  localparam int unsigned OffsetBits = $clog2(DataWidthBits / 8);
  localparam int unsigned PageBits   = 12 - OffsetBits;

  logic run_valid_q, burst_valid_q, burst_last_q;
  logic [63:OffsetBits] addr_q, burst_addr_q;
  logic [CountBits-1:0] left_q;
  logic [UserBits-1:0] user_q, burst_user_q;
  logic [8:0] burst_beats_q;

  logic advance, last, take_run;
  logic [PageBits:0] to_page;
  logic [9:0] limit;
  logic unused_offset;

  assign unused_offset = ^run_addr_i[OffsetBits-1:0];
  assign to_page  = (PageBits+1)'(1 << PageBits) - {1'b0, addr_q[11:OffsetBits]};
  assign limit    = (10'(to_page) > 10'(MaxBurstBeats)) ? 10'(MaxBurstBeats) : 10'(to_page);
  assign last     = left_q <= CountBits'(limit);
  assign advance  = !burst_valid_q || burst_ready_i;
  assign take_run = run_valid_i && run_ready_o;

  assign run_ready_o   = !run_valid_q || (advance && last);
  assign burst_valid_o = burst_valid_q;
  assign burst_addr_o  = {burst_addr_q, OffsetBits'(0)};
  assign burst_beats_o = burst_beats_q;
  assign burst_last_o  = burst_last_q;
  assign burst_user_o  = burst_user_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_valid
    if (!rst_ni) begin
      run_valid_q   <= 1'b0;
      burst_valid_q <= 1'b0;
    end else if (clear_i) begin
      run_valid_q   <= 1'b0;
      burst_valid_q <= 1'b0;
    end else begin
      if (take_run) run_valid_q <= 1'b1;
      else if (advance && last) run_valid_q <= 1'b0;
      if (advance) burst_valid_q <= run_valid_q;
    end
  end

  always_ff @(posedge clk_i) begin : proc_run
    if (take_run) begin
      addr_q <= run_addr_i[63:OffsetBits];
      left_q <= run_beats_i;
      user_q <= run_user_i;
    end else if (advance && run_valid_q) begin
      addr_q <= addr_q + (64-OffsetBits)'(limit);
      left_q <= left_q - CountBits'(limit);
    end
  end

  always_ff @(posedge clk_i) begin : proc_burst
    if (advance && run_valid_q) begin
      burst_addr_q  <= addr_q;
      burst_beats_q <= last ? 9'(left_q) : 9'(limit);
      burst_last_q  <= last;
      burst_user_q  <= user_q;
    end
  end
endmodule
