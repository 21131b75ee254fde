// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Source side: turns jobs into read bursts, as many in flight as the buffer has room for, so that
// read data is never refused. Data leaves in job order, each beat with its error flag.
module ioat_read #(
  parameter int unsigned DataWidthBits = 512,
  parameter int unsigned MaxBurstBeats = 256,
  parameter int unsigned CountBits = 16,
  /// Beats in flight or held: a power of two, at least two of the longest bursts.
  parameter int unsigned BufferBeats = 512,
  /// Bursts in flight.
  parameter int unsigned MaxBursts = 64,
  /// Width of the running count of beats received.
  parameter int unsigned TotalBits = 12
) (
  input  logic                     clk_i,
  input  logic                     rst_ni,
  input  logic                     clear_i,
  /// Ask for no more; what still arrives is held until clear_i.
  input  logic                     kill_i,
  // Jobs
  input  logic                     job_valid_i,
  output logic                     job_ready_o,
  input  logic [63:0]              job_source_i,
  input  logic [CountBits-1:0]     job_beats_i,
  // Read requests
  output logic                     ar_valid_o,
  input  logic                     ar_ready_i,
  output logic [63:0]              ar_addr_o,
  output logic [7:0]               ar_len_o,
  // Read data with the data ID: never refused
  input  logic                     r_valid_i,
  input  logic [DataWidthBits-1:0] r_data_i,
  input  logic                     r_error_i,
  input  logic                     r_last_i,
  // Beats out
  output logic                     beat_valid_o,
  input  logic                     beat_ready_i,
  output logic [DataWidthBits-1:0] beat_data_o,
  output logic                     beat_error_o,
  /// Beats received since the last clear, modulo 2^TotalBits.
  output logic [TotalBits-1:0]     total_o,
  /// Nothing in flight.
  output logic                     idle_o
);
  localparam int unsigned FreeBits  = $clog2(BufferBeats + 1);
  localparam int unsigned BurstBits = $clog2(MaxBursts + 1);

  logic burst_valid, burst_last, burst_user;
  logic [8:0] burst_beats;
  logic [63:0] burst_addr;
  logic [FreeBits-1:0] free_q;
  logic [BurstBits-1:0] flight_q;
  logic [TotalBits-1:0] total_q;
  logic issue, pop, unused_last;

  // A write burst may need beats up to the middle of a read burst, and that one is asked for as a
  // whole: with less than two bursts of room, each could wait for the other for ever.
  localparam int unsigned PageBeats    = 32768 / DataWidthBits;
  localparam int unsigned LongestBurst = (MaxBurstBeats < PageBeats) ? MaxBurstBeats : PageBeats;
  if (BufferBeats < 2 * LongestBurst) begin : gen_bad_buffer
    $fatal(1, "ReadBufferBeats must be at least two bursts");
  end

  ioat_burst_split #(
    .DataWidthBits(DataWidthBits),
    .MaxBurstBeats(MaxBurstBeats),
    .CountBits    (CountBits),
    .UserBits     (1)
  ) u_split (
    .clk_i,
    .rst_ni,
    .clear_i,
    .run_valid_i  (job_valid_i),
    .run_ready_o  (job_ready_o),
    .run_addr_i   (job_source_i),
    .run_beats_i  (job_beats_i),
    .run_user_i   (1'b0),
    .burst_valid_o(burst_valid),
    .burst_ready_i(issue),
    .burst_addr_o (burst_addr),
    .burst_beats_o(burst_beats),
    .burst_last_o (burst_last),
    .burst_user_o (burst_user)
  );

  assign unused_last = burst_last ^ burst_user ^ burst_beats[8];
  assign ar_valid_o  = burst_valid && !kill_i && free_q >= FreeBits'(burst_beats) &&
                       flight_q != BurstBits'(MaxBursts);
  assign ar_addr_o   = burst_addr;
  assign ar_len_o    = burst_beats[7:0] - 8'd1;
  assign issue       = ar_valid_o && ar_ready_i;
  assign pop         = beat_valid_o && beat_ready_i;
  assign total_o     = total_q;
  assign idle_o      = flight_q == '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_credit
    if (!rst_ni) free_q <= FreeBits'(BufferBeats);
    else if (clear_i) free_q <= FreeBits'(BufferBeats);
    else free_q <= free_q - (issue ? FreeBits'(burst_beats) : '0) + FreeBits'(pop);
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_flight
    if (!rst_ni) flight_q <= '0;
    else flight_q <= flight_q + BurstBits'(issue) - BurstBits'(r_valid_i && r_last_i);
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_total
    if (!rst_ni) total_q <= '0;
    else if (clear_i) total_q <= '0;
    else if (r_valid_i) total_q <= total_q + 1'b1;
  end

  stream_ram_fifo #(
    .WidthBits(DataWidthBits + 1),
    .Depth    (BufferBeats)
  ) u_buffer (
    .clk_i,
    .rst_ni,
    .clear_i,
    .valid_i(r_valid_i),
    .data_i ({r_error_i, r_data_i}),
    .valid_o(beat_valid_o),
    .ready_i(beat_ready_i),
    .data_o ({beat_error_o, beat_data_o})
  );
endmodule
