// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Descriptor prefetch. Reads ahead on the guess that the next descriptor lies 64 bytes on, at most
// as many as DMACOUNT has made valid and not beyond the 4 KiB page of an address that is known:
// what lies there may be no RAM. Drops what a guess got wrong once `next` is known; how far it
// guesses then shrinks to nothing and doubles with every guess that is right, so that a chain which
// is not laid out in a row is read once and not over and over.
module ioat_fetch #(
  parameter int unsigned DataWidthBits = 512,
  /// Longest burst in beats, at least those of a descriptor.
  parameter int unsigned MaxBurstBeats = 256,
  /// Descriptors held or in flight: a power of two, 2 to 256.
  parameter int unsigned Depth = 64
) (
  input  logic                             clk_i,
  input  logic                             rst_ni,
  /// Forget everything; nothing may be in flight.
  input  logic                             clear_i,
  /// May ask for more.
  input  logic                             enable_i,
  /// Drop what arrives.
  input  logic                             kill_i,
  /// Begin at chain_addr_i.
  input  logic                             start_i,
  input  logic [63:6]                      chain_addr_i,
  /// Descriptors made valid since the reset, modulo 2^16.
  input  logic [15:0]                      dmacount_i,
  // Read requests
  output logic                             ar_valid_o,
  input  logic                             ar_ready_i,
  output logic [63:0]                      ar_addr_o,
  output logic [7:0]                       ar_len_o,
  // Read data with the fetch ID: never refused
  input  logic                             r_valid_i,
  input  logic [DataWidthBits-1:0]         r_data_i,
  input  logic                             r_error_i,
  // Descriptors in chain order: {misaligned, bus error, address[63:6], bytes 23 to 0}
  output logic                             desc_valid_o,
  input  logic                             desc_ready_i,
  output logic [ioat_pkg::FetchedBits-1:0] desc_o,
  /// Nothing in flight.
  output logic                             idle_o
);
  localparam int unsigned Beats      = 512 / DataWidthBits;
  localparam int unsigned UseBits    = $clog2(Depth + 1);
  // Descriptors in one burst
  localparam int unsigned DepthLimit = (Depth < 16) ? Depth : 16;
  localparam int unsigned BurstLimit =
      (MaxBurstBeats / Beats < DepthLimit) ? MaxBurstBeats / Beats : DepthLimit;
  localparam int unsigned BeatBits   = (Beats > 1) ? $clog2(Beats) : 1;

  // Descriptors accepted since the start; in flight; of those, to be dropped
  logic [15:0] accepted_q;
  logic [UseBits-1:0] flight_q, drop_q, held;
  // Descriptors that may be in flight and not to be dropped, at least 1
  logic [UseBits-1:0] window_q, window_left;
  // Next address to ask for, and the address of the next descriptor to arrive that is not dropped
  logic [63:6] ask_q, arrive_q;
  logic misaligned_q, stopped_q;
  // Descriptor assembled from beats, looked at one clock later
  logic [BeatBits-1:0] beat_q;
  logic [255:0] content_q;
  logic content_valid_q, content_error_q, beat_error_q;
  logic last_beat;

  logic [15:0] valid_left;
  logic [UseBits-1:0] room, ask_count;
  logic [6:0] to_page;
  logic ask, take, accept, next_is_guess, page_is_guess, report_misaligned;
  logic wrong_guess;
  logic [63:0] next;
  logic push, unused_ready;

  if (Depth > 256) begin : gen_bad_depth
    $fatal(1, "Depth must be at most 256");
  end

  // How many descriptors to ask for
  assign valid_left = dmacount_i - accepted_q - 16'(flight_q) + 16'(drop_q);
  assign room       = UseBits'(Depth) - held - flight_q;
  assign to_page    = 7'd64 - {1'b0, ask_q[11:6]};
  assign window_left = (window_q > flight_q - drop_q) ? window_q - (flight_q - drop_q) : '0;

  always_comb begin : proc_ask_count
    ask_count = room;
    if (ask_count > UseBits'(BurstLimit)) ask_count = UseBits'(BurstLimit);
    if (valid_left < 16'(ask_count)) ask_count = UseBits'(valid_left);
    if (16'(to_page) < 16'(ask_count)) ask_count = UseBits'(to_page);
    if (window_left < ask_count) ask_count = window_left;
  end

  // A page's first descriptor is asked for only when the one before it has named it
  assign page_is_guess = ask_q[11:6] == '0 && ask_q != arrive_q;

  assign ar_valid_o = enable_i && !stopped_q && !misaligned_q && !page_is_guess &&
                      ask_count != '0;
  assign ar_addr_o  = {ask_q, 6'd0};
  assign ar_len_o   = 8'(32'(ask_count) * Beats - 1);
  assign ask        = ar_valid_o && ar_ready_i;

  // Beats to descriptors: the first 32 bytes are kept
  if (Beats == 1) begin : gen_one_beat
    logic unused_tail;
    assign unused_tail = ^{r_data_i[DataWidthBits-1:256], beat_q, beat_error_q};
    assign last_beat   = 1'b1;
    always_ff @(posedge clk_i) begin : proc_content
      if (r_valid_i) content_q <= r_data_i[255:0];
    end
    always_ff @(posedge clk_i or negedge rst_ni) begin : proc_beat
      if (!rst_ni) begin
        beat_q       <= '0;
        beat_error_q <= 1'b0;
        content_error_q <= 1'b0;
      end else if (r_valid_i) begin
        content_error_q <= r_error_i;
      end
    end
  end else begin : gen_beats
    assign last_beat = beat_q == BeatBits'(Beats - 1);
    always_ff @(posedge clk_i) begin : proc_content
      if (r_valid_i && beat_q < BeatBits'(Beats / 2)) begin
        content_q[32'(beat_q) * DataWidthBits +: DataWidthBits] <= r_data_i;
      end
    end
    always_ff @(posedge clk_i or negedge rst_ni) begin : proc_beat
      if (!rst_ni) begin
        beat_q          <= '0;
        beat_error_q    <= 1'b0;
        content_error_q <= 1'b0;
      end else if (r_valid_i) begin
        beat_q          <= beat_q + 1'b1;
        beat_error_q    <= !last_beat && (beat_error_q || r_error_i);
        content_error_q <= beat_error_q || r_error_i;
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_content_valid
    if (!rst_ni) content_valid_q <= 1'b0;
    else content_valid_q <= r_valid_i && last_beat;
  end

  // A whole descriptor is there: keep it, or drop it as a wrong guess
  assign take          = content_valid_q;
  assign accept        = take && drop_q == '0 && !kill_i && !stopped_q;
  assign next          = content_q[255:192];
  assign next_is_guess = next == {arrive_q + 58'd1, 6'd0};
  // Every descriptor before the misaligned one is in, and DMACOUNT says that it is valid
  assign report_misaligned = misaligned_q && !stopped_q && enable_i && valid_left != '0 &&
                             flight_q == drop_q && !take && held != UseBits'(Depth);

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_flight
    if (!rst_ni) begin
      flight_q <= '0;
      drop_q   <= '0;
    end else if (clear_i) begin
      flight_q <= '0;
      drop_q   <= '0;
    end else begin
      flight_q <= flight_q + (ask ? ask_count : '0) - UseBits'(take);
      if (accept && (!next_is_guess || content_error_q)) begin
        drop_q <= flight_q + (ask ? ask_count : '0) - UseBits'(1);
      end else if (take && drop_q != '0) begin
        drop_q <= drop_q - UseBits'(1);
      end
    end
  end

  // Something was asked for behind a descriptor that names another one
  assign wrong_guess = accept && !next_is_guess && flight_q - drop_q > UseBits'(1);

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_window
    if (!rst_ni) window_q <= UseBits'(Depth);
    else if (start_i) window_q <= UseBits'(Depth);
    else if (wrong_guess) window_q <= UseBits'(1);
    else if (accept && next_is_guess && window_q < UseBits'(Depth)) window_q <= window_q << 1;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_address
    if (!rst_ni) begin
      ask_q        <= '0;
      arrive_q     <= '0;
      misaligned_q <= 1'b0;
    end else if (start_i) begin
      ask_q        <= chain_addr_i;
      arrive_q     <= chain_addr_i;
      misaligned_q <= 1'b0;
    end else begin
      if (accept) arrive_q <= next[63:6];
      if (accept) misaligned_q <= next[5:0] != '0;
      if (accept && !next_is_guess) ask_q <= next[63:6];
      else if (ask) ask_q <= ask_q + 58'(ask_count);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_accepted
    if (!rst_ni) begin
      accepted_q <= '0;
      stopped_q  <= 1'b0;
    end else if (clear_i || start_i) begin
      accepted_q <= '0;
      stopped_q  <= 1'b0;
    end else begin
      if (accept) accepted_q <= accepted_q + 16'd1;
      if ((accept && content_error_q) || report_misaligned) stopped_q <= 1'b1;
    end
  end

  assign push   = accept || report_misaligned;
  assign idle_o = flight_q == '0;

  stream_fifo #(
    .WidthBits(ioat_pkg::FetchedBits),
    .Depth    (Depth)
  ) u_fifo (
    .clk_i,
    .rst_ni,
    .clear_i,
    .valid_i(push),
    .ready_o(unused_ready),
    .data_i ({report_misaligned, accept && content_error_q, arrive_q, content_q[191:0]}),
    .valid_o(desc_valid_o),
    .ready_i(desc_ready_i),
    .data_o (desc_o),
    .usage_o(held)
  );
endmodule
