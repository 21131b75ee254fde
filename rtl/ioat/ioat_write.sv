// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Destination side: owns AW, W and B. A data burst is announced when all source beats it needs have
// been received, so W never waits for the read channel. Completion records go between data bursts.
module ioat_write #(
  parameter int unsigned DataWidthBits = 512,
  parameter int unsigned IdWidthBits = 4,
  parameter int unsigned MaxBurstBeats = 256,
  parameter int unsigned CountBits = 16,
  /// Jobs waiting: a power of two.
  parameter int unsigned MaxJobs = 128,
  /// Data bursts in flight: a power of two.
  parameter int unsigned MaxBursts = 64,
  parameter int unsigned TagBits = 7,
  /// Width of the running count of beats received: more than twice buffer and burst together.
  parameter int unsigned TotalBits = 12,
  localparam int unsigned BusBytes = DataWidthBits / 8,
  localparam int unsigned OffsetBits = $clog2(BusBytes)
) (
  input  logic                     clk_i,
  input  logic                     rst_ni,
  input  logic                     clear_i,
  /// Announce no more; fill what is announced with beats that write nothing.
  input  logic                     kill_i,
  // Jobs
  input  logic                     job_valid_i,
  output logic                     job_ready_o,
  input  logic [63:0]              job_dest_i,
  input  logic                     job_prime_i,
  input  logic [CountBits-1:0]     job_in_beats_i,
  input  logic [CountBits-1:0]     job_out_beats_i,
  input  logic [TagBits-1:0]       job_tag_i,
  /// Source beats received since the last clear, modulo 2^TotalBits.
  input  logic [TotalBits-1:0]     total_i,
  // Destination beats
  input  logic                     beat_valid_i,
  output logic                     beat_ready_o,
  input  logic [DataWidthBits-1:0] beat_data_i,
  input  logic [BusBytes-1:0]      beat_strb_i,
  // Completion record: address and value are held until record_done_o
  input  logic                     record_valid_i,
  output logic                     record_ready_o,
  input  logic [63:3]              record_addr_i,
  input  logic [63:0]              record_data_i,
  output logic                     record_done_o,
  output logic                     record_error_o,
  /// A data job's last byte has arrived.
  output logic                     job_done_o,
  /// Job error_tag_o met a write error (held until clear).
  output logic                     error_o,
  output logic [TagBits-1:0]       error_tag_o,
  /// Nothing in flight, records aside.
  output logic                     idle_o,
  // AXI4 write channels
  output logic                     m_axi_awvalid,
  input  logic                     m_axi_awready,
  output logic [IdWidthBits-1:0]   m_axi_awid,
  output logic [63:0]              m_axi_awaddr,
  output logic [7:0]               m_axi_awlen,
  output logic                     m_axi_wvalid,
  input  logic                     m_axi_wready,
  output logic [DataWidthBits-1:0] m_axi_wdata,
  output logic [BusBytes-1:0]      m_axi_wstrb,
  output logic                     m_axi_wlast,
  input  logic                     m_axi_bvalid,
  output logic                     m_axi_bready,
  input  logic [IdWidthBits-1:0]   m_axi_bid,
  input  logic [1:0]               m_axi_bresp
);
  localparam int unsigned UserBits   = TagBits + 1 + CountBits;
  localparam int unsigned JobBits    = UserBits + 64 - OffsetBits + CountBits;
  localparam int unsigned OrderDepth = 16;

  // Jobs to bursts
  logic next_valid, next_ready;
  logic [63:OffsetBits] next_dest;
  logic [CountBits-1:0] next_out;
  logic [UserBits-1:0] next_user;
  logic burst_valid, burst_last, burst_prime;
  logic [8:0] burst_beats;
  logic [63:0] burst_addr;
  logic [CountBits-1:0] burst_in;
  logic [TagBits-1:0] burst_tag;
  logic [$clog2(MaxJobs+1)-1:0] unused_job_usage;

  stream_fifo #(
    .WidthBits(JobBits),
    .Depth    (MaxJobs)
  ) u_jobs (
    .clk_i,
    .rst_ni,
    .clear_i,
    .valid_i(job_valid_i),
    .ready_o(job_ready_o),
    .data_i ({job_tag_i, job_prime_i, job_in_beats_i, job_dest_i[63:OffsetBits], job_out_beats_i}),
    .valid_o(next_valid),
    .ready_i(next_ready),
    .data_o ({next_user, next_dest, next_out}),
    .usage_o(unused_job_usage)
  );
  logic unused_bits;
  assign unused_bits = ^{job_dest_i[OffsetBits-1:0], burst_in, burst_beats[8], m_axi_bresp[0]};

  logic issue_data;
  ioat_burst_split #(
    .DataWidthBits(DataWidthBits),
    .MaxBurstBeats(MaxBurstBeats),
    .CountBits    (CountBits),
    .UserBits     (UserBits)
  ) u_split (
    .clk_i,
    .rst_ni,
    .clear_i,
    .run_valid_i  (next_valid),
    .run_ready_o  (next_ready),
    .run_addr_i   ({next_dest, OffsetBits'(0)}),
    .run_beats_i  (next_out),
    .run_user_i   (next_user),
    .burst_valid_o(burst_valid),
    .burst_ready_i(issue_data),
    .burst_addr_o (burst_addr),
    .burst_beats_o(burst_beats),
    .burst_last_o (burst_last),
    .burst_user_o ({burst_tag, burst_prime, burst_in})
  );

  // Has every source beat of this burst arrived? Counts are modulo 2^TotalBits: compare by sign.
  logic [TotalBits-1:0] base_q, announced_q, needed, surplus;
  logic data_there;
  assign needed     = base_q + (burst_last ? TotalBits'(burst_in)
                                : announced_q + TotalBits'(burst_beats) + TotalBits'(burst_prime));
  assign surplus    = total_i - needed;
  assign data_there = !surplus[TotalBits-1];

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_announced
    if (!rst_ni) begin
      base_q      <= '0;
      announced_q <= '0;
    end else if (clear_i) begin
      base_q      <= '0;
      announced_q <= '0;
    end else if (issue_data) begin
      if (burst_last) base_q <= needed;
      announced_q <= burst_last ? '0 : announced_q + TotalBits'(burst_beats);
    end
  end

  // AW: one register, records before data
  logic aw_valid_q, aw_free, aw_record_q, issue_record;
  logic [63:0] aw_addr_q;
  logic [7:0] aw_len_q, issue_len;
  logic order_ready, flight_ready, flight_valid;

  assign aw_free        = !aw_valid_q || m_axi_awready;
  assign issue_record   = record_valid_i && aw_free && order_ready;
  assign issue_data     = burst_valid && data_there && !kill_i && !record_valid_i && aw_free &&
                          order_ready && flight_ready;
  assign issue_len      = issue_record ? 8'd0 : burst_beats[7:0] - 8'd1;
  assign record_ready_o = issue_record;

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_aw_valid
    if (!rst_ni) aw_valid_q <= 1'b0;
    else if (aw_free) aw_valid_q <= issue_record || issue_data;
  end

  always_ff @(posedge clk_i) begin : proc_aw
    if (issue_record || issue_data) begin
      aw_record_q <= issue_record;
      aw_addr_q   <= issue_record ? {record_addr_i[63:OffsetBits], OffsetBits'(0)} : burst_addr;
      aw_len_q    <= issue_len;
    end
  end

  assign m_axi_awvalid = aw_valid_q;
  assign m_axi_awid    = aw_record_q ? IdWidthBits'(ioat_pkg::IdRecord)
                                     : IdWidthBits'(ioat_pkg::IdData);
  assign m_axi_awaddr  = aw_addr_q;
  assign m_axi_awlen   = aw_len_q;

  // W: bursts in the order of AW
  logic order_valid, order_record, w_load, w_last;
  logic [7:0] order_len, w_count_q;
  logic w_valid_q, w_last_q;
  logic [DataWidthBits-1:0] w_data_q;
  logic [BusBytes-1:0] w_strb_q, record_strb;
  logic [$clog2(OrderDepth+1)-1:0] unused_order_usage;

  stream_fifo #(
    .WidthBits(9),
    .Depth    (OrderDepth)
  ) u_order (
    .clk_i,
    .rst_ni,
    .clear_i(1'b0),
    .valid_i(issue_record || issue_data),
    .ready_o(order_ready),
    .data_i ({issue_record, issue_len}),
    .valid_o(order_valid),
    .ready_i(w_load && w_last),
    .data_o ({order_record, order_len}),
    .usage_o(unused_order_usage)
  );

  assign w_load       = order_valid && (!w_valid_q || m_axi_wready) &&
                        (order_record || kill_i || beat_valid_i);
  assign w_last       = w_count_q == order_len;
  assign beat_ready_o = w_load && !order_record && !kill_i;

  if (OffsetBits == 3) begin : gen_record_lane
    assign record_strb = '1;
  end else begin : gen_record_lanes
    assign record_strb = BusBytes'(8'hFF) << {record_addr_i[OffsetBits-1:3], 3'd0};
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_w_valid
    if (!rst_ni) begin
      w_valid_q <= 1'b0;
      w_count_q <= '0;
    end else if (w_load) begin
      w_valid_q <= 1'b1;
      w_count_q <= w_last ? 8'd0 : w_count_q + 8'd1;
    end else if (m_axi_wready) begin
      w_valid_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin : proc_w
    if (w_load) begin
      w_last_q <= w_last;
      if (order_record) begin
        w_data_q <= {(BusBytes / 8){record_data_i}};
        w_strb_q <= record_strb;
      end else if (kill_i) begin
        w_strb_q <= '0;
      end else begin
        w_data_q <= beat_data_i;
        w_strb_q <= beat_strb_i;
      end
    end
  end

  assign m_axi_wvalid = w_valid_q;
  assign m_axi_wdata  = w_data_q;
  assign m_axi_wstrb  = w_strb_q;
  assign m_axi_wlast  = w_last_q;

  // B: data bursts come back in order, as they share an ID
  logic data_b, record_b, flight_last, error_q;
  logic [TagBits-1:0] flight_tag, error_tag_q;
  logic [$clog2(MaxBursts+1)-1:0] unused_flight_usage;

  assign record_b = m_axi_bvalid && m_axi_bid == IdWidthBits'(ioat_pkg::IdRecord);
  assign data_b   = m_axi_bvalid && m_axi_bid != IdWidthBits'(ioat_pkg::IdRecord);

  stream_fifo #(
    .WidthBits(TagBits + 1),
    .Depth    (MaxBursts)
  ) u_flight (
    .clk_i,
    .rst_ni,
    .clear_i(1'b0),
    .valid_i(issue_data),
    .ready_o(flight_ready),
    .data_i ({burst_tag, burst_last}),
    .valid_o(flight_valid),
    .ready_i(data_b),
    .data_o ({flight_tag, flight_last}),
    .usage_o(unused_flight_usage)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_error
    if (!rst_ni) begin
      error_q     <= 1'b0;
      error_tag_q <= '0;
    end else if (clear_i) begin
      error_q <= 1'b0;
    end else if (data_b && m_axi_bresp[1] && !error_q) begin
      error_q     <= 1'b1;
      error_tag_q <= flight_tag;
    end
  end

  assign m_axi_bready   = 1'b1;
  assign record_done_o  = record_b;
  assign record_error_o = record_b && m_axi_bresp[1];
  assign job_done_o     = data_b && flight_last && !m_axi_bresp[1] && !error_q;
  assign error_o        = error_q;
  assign error_tag_o    = error_tag_q;
  assign idle_o         = !aw_valid_q && !order_valid && !w_valid_q && !flight_valid;
endmodule
