// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Moves bytes from their source lanes to their destination lanes, one destination beat a clock, and
// makes the strobes. Stops for good at a beat that carries a read error; the channel then clears
// it.
module ioat_align #(
  parameter int unsigned DataWidthBits = 512,
  parameter int unsigned CountBits = 16,
  /// Jobs waiting: a power of two.
  parameter int unsigned MaxJobs = 128,
  parameter int unsigned TagBits = 7,
  localparam int unsigned BusBytes = DataWidthBits / 8,
  localparam int unsigned OffsetBits = $clog2(BusBytes)
) (
  input  logic                     clk_i,
  input  logic                     rst_ni,
  input  logic                     clear_i,
  // Jobs
  input  logic                     job_valid_i,
  output logic                     job_ready_o,
  input  logic [OffsetBits-1:0]    job_source_i,
  input  logic [OffsetBits-1:0]    job_dest_i,
  input  logic [CountBits-1:0]     job_in_beats_i,
  input  logic [CountBits-1:0]     job_out_beats_i,
  input  logic [OffsetBits:0]      job_tail_i,
  input  logic [TagBits-1:0]       job_tag_i,
  // Source beats
  input  logic                     beat_valid_i,
  output logic                     beat_ready_o,
  input  logic [DataWidthBits-1:0] beat_data_i,
  input  logic                     beat_error_i,
  // Destination beats
  output logic                     out_valid_o,
  input  logic                     out_ready_i,
  output logic [DataWidthBits-1:0] out_data_o,
  output logic [BusBytes-1:0]      out_strb_o,
  /// Job error_tag_o met a read error.
  output logic                     error_o,
  output logic [TagBits-1:0]       error_tag_o
);
  localparam int unsigned JobBits = TagBits + 3 * OffsetBits + 1 + 2 * CountBits;

  logic next_valid, next_ready;
  logic [OffsetBits-1:0] next_source, next_dest;
  logic [OffsetBits:0] next_tail;
  logic [CountBits-1:0] next_in, next_out;
  logic [TagBits-1:0] next_tag;

  // The job at work. shift is how many bytes of the pair {current beat, beat before} to drop, 1 to
  // BusBytes; prime: the first beat fills the pair and gives no output yet.
  logic busy_q, prime_q, first_q;
  logic [OffsetBits:0] shift_q, tail_q;
  logic [OffsetBits-1:0] dest_q;
  logic [CountBits-1:0] in_left_q, out_left_q;
  logic [TagBits-1:0] tag_q;

  logic [DataWidthBits-1:0] before_q, out_data_q;
  logic [BusBytes-1:0] out_strb_q;
  logic out_valid_q;
  logic consume, may_step, step, emit, last, straight;
  logic [$clog2(MaxJobs+1)-1:0] unused_usage;

  stream_fifo #(
    .WidthBits(JobBits),
    .Depth    (MaxJobs)
  ) u_jobs (
    .clk_i,
    .rst_ni,
    .clear_i,
    .valid_i(job_valid_i),
    .ready_o(job_ready_o),
    .data_i ({job_tag_i, job_source_i, job_dest_i, job_tail_i, job_in_beats_i, job_out_beats_i}),
    .valid_o(next_valid),
    .ready_i(next_ready),
    .data_o ({next_tag, next_source, next_dest, next_tail, next_in, next_out}),
    .usage_o(unused_usage)
  );

  assign consume  = in_left_q != '0;
  assign last     = out_left_q == CountBits'(1);
  assign straight = shift_q == (OffsetBits+1)'(BusBytes);
  assign may_step = busy_q && (!consume || (beat_valid_i && !beat_error_i));
  assign step     = may_step && (prime_q || !out_valid_q || out_ready_i);
  assign emit     = step && !prime_q;

  assign next_ready   = !busy_q || (emit && last);
  assign beat_ready_o = step && consume;
  assign out_valid_o  = out_valid_q;
  assign out_data_o   = out_data_q;
  assign out_strb_o   = out_strb_q;
  assign error_o      = busy_q && consume && beat_valid_i && beat_error_i;
  assign error_tag_o  = tag_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_valid
    if (!rst_ni) begin
      busy_q      <= 1'b0;
      out_valid_q <= 1'b0;
    end else if (clear_i) begin
      busy_q      <= 1'b0;
      out_valid_q <= 1'b0;
    end else begin
      if (next_ready) busy_q <= next_valid;
      if (emit) out_valid_q <= 1'b1;
      else if (out_ready_i) out_valid_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin : proc_job
    if (next_ready && next_valid) begin
      prime_q    <= next_source > next_dest;
      first_q    <= 1'b1;
      // BusBytes + source - dest, but 1 to BusBytes: a primed pair starts one beat later
      shift_q    <= (next_source > next_dest) ? {1'b0, next_source - next_dest}
                                              : {1'b1, next_source} - {1'b0, next_dest};
      dest_q     <= next_dest;
      tail_q     <= next_tail;
      in_left_q  <= next_in;
      out_left_q <= next_out;
      tag_q      <= next_tag;
    end else if (step) begin
      prime_q <= 1'b0;
      if (consume) in_left_q <= in_left_q - 1'b1;
      if (emit) begin
        first_q    <= 1'b0;
        out_left_q <= out_left_q - 1'b1;
      end
    end
  end

  // Wide registers move only when they must: this is most of what the engine costs to simulate
  always_ff @(posedge clk_i) begin : proc_before
    if (step && consume && !straight) before_q <= beat_data_i;
  end

  always_ff @(posedge clk_i) begin : proc_out
    if (emit) begin
      if (straight) out_data_q <= beat_data_i;
      else out_data_q <= DataWidthBits'({beat_data_i, before_q} >> {shift_q, 3'd0});
      out_strb_q <= (first_q ? ({BusBytes{1'b1}} << dest_q) : {BusBytes{1'b1}}) &
                    (last ? ({BusBytes{1'b1}} >> ((OffsetBits+1)'(BusBytes) - tail_q))
                          : {BusBytes{1'b1}});
    end
  end
endmodule
