// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// AXI4 subordinate in front of a memory that takes one beat a clock in each direction.
//
// The bus side takes every AXI4 burst: INCR, WRAP and FIXED, narrow and unaligned, reads and writes
// at once, in order per direction. A burst that AXI4 forbids (wider than the bus, a wrong WRAP,
// FIXED over 16 beats, the reserved type, crossing 4 KiB) is answered in full, and the backend is
// told to refuse its beats. AxLOCK is ignored, so an exclusive access gets OKAY: exclusives are not
// supported.
//
// The beat side: in a clock with rd_valid_o the backend loads its data and response registers from
// rd_address_o at the clock edge, and holds them until the next; likewise wr_valid_o. Addresses are
// those of the first byte of the beat; the backend aligns them to the bus. With *_refuse_o it
// touches nothing.
//
// Latency is a time stamp taken when a burst is accepted, so bursts in flight overlap: R of a burst
// is valid read_latency_i clocks after the AR handshake (or when the burst before it is done), B
// write_latency_i clocks after the last W handshake; 0 counts as 1.
module axi_ram_frontend #(
  /// Width of the data bus: 32, 64, 128, 256, 512 or 1024.
  parameter int unsigned DataWidthBits = 64,
  /// Width of the transaction IDs, from 1.
  parameter int unsigned IdWidthBits = 4,
  /// Width of AXI addresses, 12 to 64.
  parameter int unsigned AddrWidthBits = 64,
  /// Bursts accepted and not yet answered in full, for each direction, from 1.
  parameter int unsigned OutstandingDepth = 16
) (
  input  logic clk_i,
  input  logic rst_ni,
  /// Clocks from the AR handshake to the first R.
  input  logic [15:0] read_latency_i,
  /// Clocks from the last W handshake to B.
  input  logic [15:0] write_latency_i,
  /// Bit n set: no AR or AW is accepted in clock n of every 32.
  input  logic [31:0] accept_stall_i,
  /// Bit n set: no beat is read, and no W accepted, in clock n of every 32.
  input  logic [31:0] beat_stall_i,

  // AXI4 subordinate
  input  logic [IdWidthBits-1:0]     s_axi_awid,
  input  logic [AddrWidthBits-1:0]   s_axi_awaddr,
  input  logic [7:0]                 s_axi_awlen,
  input  logic [2:0]                 s_axi_awsize,
  input  logic [1:0]                 s_axi_awburst,
  input  logic                       s_axi_awlock,
  input  logic [3:0]                 s_axi_awcache,
  input  logic [2:0]                 s_axi_awprot,
  input  logic [3:0]                 s_axi_awqos,
  input  logic                       s_axi_awvalid,
  output logic                       s_axi_awready,
  input  logic [DataWidthBits-1:0]   s_axi_wdata,
  input  logic [DataWidthBits/8-1:0] s_axi_wstrb,
  input  logic                       s_axi_wlast,
  input  logic                       s_axi_wvalid,
  output logic                       s_axi_wready,
  output logic [IdWidthBits-1:0]     s_axi_bid,
  output logic [1:0]                 s_axi_bresp,
  output logic                       s_axi_bvalid,
  input  logic                       s_axi_bready,
  input  logic [IdWidthBits-1:0]     s_axi_arid,
  input  logic [AddrWidthBits-1:0]   s_axi_araddr,
  input  logic [7:0]                 s_axi_arlen,
  input  logic [2:0]                 s_axi_arsize,
  input  logic [1:0]                 s_axi_arburst,
  input  logic                       s_axi_arlock,
  input  logic [3:0]                 s_axi_arcache,
  input  logic [2:0]                 s_axi_arprot,
  input  logic [3:0]                 s_axi_arqos,
  input  logic                       s_axi_arvalid,
  output logic                       s_axi_arready,
  output logic [IdWidthBits-1:0]     s_axi_rid,
  output logic [DataWidthBits-1:0]   s_axi_rdata,
  output logic [1:0]                 s_axi_rresp,
  output logic                       s_axi_rlast,
  output logic                       s_axi_rvalid,
  input  logic                       s_axi_rready,

  // Beats read
  output logic                       rd_valid_o,
  output logic                       rd_refuse_o,
  output logic [63:0]                rd_address_o,
  input  logic [DataWidthBits-1:0]   rd_data_i,
  input  logic [1:0]                 rd_resp_i,

  // Beats written
  output logic                       wr_valid_o,
  output logic                       wr_refuse_o,
  output logic [63:0]                wr_address_o,
  output logic [DataWidthBits-1:0]   wr_data_o,
  output logic [DataWidthBits/8-1:0] wr_strobe_o,
  input  logic [1:0]                 wr_resp_i
);

  localparam int unsigned LaneBits = $clog2(DataWidthBits / 8);
  localparam int unsigned IndexBits = OutstandingDepth > 1 ? $clog2(OutstandingDepth) : 1;
  localparam int unsigned CountBits = $clog2(OutstandingDepth + 1);
  localparam logic [1:0] BurstFixed = 2'b00;
  localparam logic [1:0] BurstIncr = 2'b01;
  localparam logic [1:0] BurstWrap = 2'b10;
  typedef logic [IndexBits-1:0] index_t;
  typedef logic [CountBits-1:0] count_t;
  localparam index_t LastIndex = index_t'(OutstandingDepth - 1);
  localparam count_t FullCount = count_t'(OutstandingDepth);

  if (!(DataWidthBits inside {32, 64, 128, 256, 512, 1024})) begin : gen_bad_data
    $fatal(1, "DataWidthBits is %0d, not 32, 64, 128, 256, 512 or 1024", DataWidthBits);
  end
  if (AddrWidthBits < 12 || AddrWidthBits > 64) begin : gen_bad_address
    $fatal(1, "AddrWidthBits is %0d, not 12 to 64", AddrWidthBits);
  end
  if (IdWidthBits < 1 || OutstandingDepth < 1) begin : gen_bad_depth
    $fatal(1, "IdWidthBits is %0d and OutstandingDepth %0d; both start at 1",
           IdWidthBits, OutstandingDepth);
  end

  /// True for a burst that AXI4 forbids; only address bits within the 4 KiB page matter.
  function automatic logic is_illegal(
      input logic [11:0] address, input logic [7:0] len, input logic [2:0] size,
      input logic [1:0] burst);
    logic [15:0] bytes, offset, low_mask;
    low_mask = (16'd1 << size) - 16'd1;
    bytes = ({8'd0, len} + 16'd1) << size;
    offset = {4'd0, address} & ~low_mask;
    if (32'(size) > LaneBits) return 1'b1;
    case (burst)
      BurstIncr: return offset + bytes > 16'd4096;
      BurstWrap: return !(len inside {8'd1, 8'd3, 8'd7, 8'd15}) ||
                        ({4'd0, address} & low_mask) != 16'd0;
      BurstFixed: return len > 8'd15;
      default: return 1'b1;
    endcase
  endfunction

  /// Where the beat after the one at `address` starts; a legal burst never leaves its 4 KiB page.
  function automatic logic [11:0] next_address(
      input logic [11:0] address, input logic [7:0] len, input logic [2:0] size,
      input logic [1:0] burst);
    logic [11:0] step, wrap_mask;
    step = 12'd1 << size;
    wrap_mask = burst == BurstWrap ? (({4'd0, len} + 12'd1) << size) - 12'd1 : 12'hfff;
    if (burst == BurstFixed) return address;
    return (address & ~wrap_mask) | (((address & ~(step - 12'd1)) + step) & wrap_mask);
  endfunction

  function automatic index_t next_index(input index_t index);
    return index == LastIndex ? '0 : index + index_t'(1);
  endfunction

  // ----------------------------------------------------------------------------------------- time
  logic active_q;             // low until the first clock after reset
  logic [63:0] now_q;
  logic accept_open, beat_open;
  assign accept_open = active_q && !accept_stall_i[now_q[4:0]];
  assign beat_open = active_q && !beat_stall_i[now_q[4:0]];

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_time
    if (!rst_ni) begin
      active_q <= 1'b0;
      now_q <= '0;
    end else begin
      active_q <= 1'b1;
      now_q <= now_q + 64'd1;
    end
  end

  // ---------------------------------------------------------------------------------------- reads
  // A queue of accepted bursts. When it is empty the AR on the bus is its head, so that a latency
  // of one clock is possible; the entry is then written and, if its only beat was taken at once,
  // passed over.
  logic [IdWidthBits-1:0] rd_id_q      [OutstandingDepth];
  logic [63:0]            rd_address_q [OutstandingDepth];
  logic [7:0]             rd_len_q     [OutstandingDepth];
  logic [2:0]             rd_size_q    [OutstandingDepth];
  logic [1:0]             rd_burst_q   [OutstandingDepth];
  logic                   rd_illegal_q [OutstandingDepth];
  logic [63:0]            rd_due_q     [OutstandingDepth];
  index_t rd_head_q, rd_tail_q;
  count_t rd_count_q;
  logic [7:0] rd_beat_q;      // beats of the head burst already read
  logic [11:0] rd_next_q;     // where its next beat starts, from the second on
  logic r_valid_q, r_last_q;
  logic [IdWidthBits-1:0] r_id_q;

  logic ar_take, ar_illegal, rd_empty, rd_illegal, rd_due, rd_last;
  logic [IdWidthBits-1:0] rd_id;
  logic [63:0] rd_start;
  logic [7:0] rd_len;
  logic [2:0] rd_size;
  logic [1:0] rd_burst;
  logic [11:0] rd_low;

  assign s_axi_arready = accept_open && rd_count_q != FullCount;
  assign ar_take = s_axi_arvalid && s_axi_arready;
  assign rd_empty = rd_count_q == '0;
  assign rd_id = rd_empty ? s_axi_arid : rd_id_q[rd_head_q];
  assign rd_start = rd_empty ? 64'(s_axi_araddr) : rd_address_q[rd_head_q];
  assign rd_len = rd_empty ? s_axi_arlen : rd_len_q[rd_head_q];
  assign rd_size = rd_empty ? s_axi_arsize : rd_size_q[rd_head_q];
  assign rd_burst = rd_empty ? s_axi_arburst : rd_burst_q[rd_head_q];
  assign ar_illegal = is_illegal(s_axi_araddr[11:0], s_axi_arlen, s_axi_arsize, s_axi_arburst);
  assign rd_illegal = rd_empty ? ar_illegal : rd_illegal_q[rd_head_q];
  assign rd_due = rd_empty ? ar_take && read_latency_i <= 16'd1 : now_q >= rd_due_q[rd_head_q];
  assign rd_last = rd_beat_q == rd_len;
  assign rd_low = rd_beat_q == '0 ? rd_start[11:0] : rd_next_q;

  assign rd_valid_o = rd_due && beat_open && (!r_valid_q || s_axi_rready);
  assign rd_refuse_o = rd_illegal;
  assign rd_address_o = {rd_start[63:12], rd_low};
  assign s_axi_rvalid = r_valid_q;
  assign s_axi_rlast = r_last_q;
  assign s_axi_rid = r_id_q;
  assign s_axi_rdata = rd_data_i;
  assign s_axi_rresp = rd_resp_i;

  always_ff @(posedge clk_i) begin : proc_read_accept
    if (ar_take) begin
      rd_id_q[rd_tail_q] <= s_axi_arid;
      rd_address_q[rd_tail_q] <= 64'(s_axi_araddr);
      rd_len_q[rd_tail_q] <= s_axi_arlen;
      rd_size_q[rd_tail_q] <= s_axi_arsize;
      rd_burst_q[rd_tail_q] <= s_axi_arburst;
      rd_illegal_q[rd_tail_q] <= ar_illegal;
      rd_due_q[rd_tail_q] <= now_q + (read_latency_i == '0 ? 64'd0 : 64'(read_latency_i) - 64'd1);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_read_queue
    if (!rst_ni) begin
      rd_head_q <= '0;
      rd_tail_q <= '0;
      rd_count_q <= '0;
    end else begin
      if (ar_take) rd_tail_q <= next_index(rd_tail_q);
      if (rd_valid_o && rd_last) rd_head_q <= next_index(rd_head_q);
      rd_count_q <= rd_count_q + count_t'(ar_take) - count_t'(rd_valid_o && rd_last);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_read_beat
    if (!rst_ni) begin
      rd_beat_q <= '0;
      rd_next_q <= '0;
      r_valid_q <= 1'b0;
      r_last_q <= 1'b0;
      r_id_q <= '0;
    end else if (rd_valid_o) begin
      rd_beat_q <= rd_last ? '0 : rd_beat_q + 8'd1;
      rd_next_q <= next_address(rd_low, rd_len, rd_size, rd_burst);
      r_valid_q <= 1'b1;
      r_last_q <= rd_last;
      r_id_q <= rd_id;
    end else if (s_axi_rready) begin
      r_valid_q <= 1'b0;
    end
  end

  // --------------------------------------------------------------------------------------- writes
  // W is taken from the clock after its AW on, so no input reaches an output of the bus within a
  // clock.
  logic [IdWidthBits-1:0] wr_id_q      [OutstandingDepth];
  logic [63:0]            wr_address_q [OutstandingDepth];
  logic [7:0]             wr_len_q     [OutstandingDepth];
  logic [2:0]             wr_size_q    [OutstandingDepth];
  logic [1:0]             wr_burst_q   [OutstandingDepth];
  logic                   wr_illegal_q [OutstandingDepth];
  index_t wr_head_q, wr_tail_q;
  count_t wr_count_q;         // bursts with W beats to come
  count_t wr_open_q;          // bursts without B handshake
  logic [7:0] wr_beat_q;
  logic [11:0] wr_next_q;

  logic aw_take, wr_last, b_take;
  logic [11:0] wr_low;

  assign s_axi_awready = accept_open && wr_open_q != FullCount;
  assign aw_take = s_axi_awvalid && s_axi_awready;
  assign s_axi_wready = beat_open && wr_count_q != '0;
  assign wr_last = wr_beat_q == wr_len_q[wr_head_q];
  assign wr_low = wr_beat_q == '0 ? wr_address_q[wr_head_q][11:0] : wr_next_q;

  assign wr_valid_o = s_axi_wvalid && s_axi_wready;
  assign wr_refuse_o = wr_illegal_q[wr_head_q];
  assign wr_address_o = {wr_address_q[wr_head_q][63:12], wr_low};
  assign wr_data_o = s_axi_wdata;
  assign wr_strobe_o = s_axi_wstrb;

  always_ff @(posedge clk_i) begin : proc_write_accept
    if (aw_take) begin
      wr_id_q[wr_tail_q] <= s_axi_awid;
      wr_address_q[wr_tail_q] <= 64'(s_axi_awaddr);
      wr_len_q[wr_tail_q] <= s_axi_awlen;
      wr_size_q[wr_tail_q] <= s_axi_awsize;
      wr_burst_q[wr_tail_q] <= s_axi_awburst;
      wr_illegal_q[wr_tail_q] <=
          is_illegal(s_axi_awaddr[11:0], s_axi_awlen, s_axi_awsize, s_axi_awburst);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_write_queue
    if (!rst_ni) begin
      wr_head_q <= '0;
      wr_tail_q <= '0;
      wr_count_q <= '0;
      wr_open_q <= '0;
    end else begin
      if (aw_take) wr_tail_q <= next_index(wr_tail_q);
      if (wr_valid_o && wr_last) wr_head_q <= next_index(wr_head_q);
      wr_count_q <= wr_count_q + count_t'(aw_take) - count_t'(wr_valid_o && wr_last);
      wr_open_q <= wr_open_q + count_t'(aw_take) - count_t'(b_take);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_write_beat
    if (!rst_ni) begin
      wr_beat_q <= '0;
      wr_next_q <= '0;
    end else if (wr_valid_o) begin
      wr_beat_q <= wr_last ? '0 : wr_beat_q + 8'd1;
      wr_next_q <= next_address(wr_low, wr_len_q[wr_head_q], wr_size_q[wr_head_q],
                                wr_burst_q[wr_head_q]);
    end
  end

  // ------------------------------------------------------------------------------ write responses
  // The backend's response comes one clock after the beat. The worst of a burst is the OR of its
  // beats' (OKAY 00, SLVERR 10, DECERR 11). A finished burst is `fresh` for one clock, then waits
  // in a queue.
  logic [IdWidthBits-1:0] b_id_q   [OutstandingDepth];
  logic [1:0]             b_resp_q [OutstandingDepth];
  logic [63:0]            b_due_q  [OutstandingDepth];
  index_t b_head_q, b_tail_q;
  count_t b_count_q;
  logic beat_done_q, beat_first_q, fresh_q;
  logic [1:0] worst_q, worst;
  logic [IdWidthBits-1:0] fresh_id_q;
  logic [63:0] fresh_due_q;
  logic b_empty, b_push, b_pop;

  assign worst = beat_first_q ? wr_resp_i : worst_q | wr_resp_i;
  assign b_empty = b_count_q == '0;
  assign s_axi_bvalid = b_empty ? fresh_q && now_q >= fresh_due_q : now_q >= b_due_q[b_head_q];
  assign s_axi_bid = b_empty ? fresh_id_q : b_id_q[b_head_q];
  assign s_axi_bresp = b_empty ? worst : b_resp_q[b_head_q];
  assign b_take = s_axi_bvalid && s_axi_bready;
  assign b_pop = b_take && !b_empty;
  assign b_push = fresh_q && !(b_take && b_empty);

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_write_worst
    if (!rst_ni) begin
      beat_done_q <= 1'b0;
      beat_first_q <= 1'b0;
      fresh_q <= 1'b0;
      worst_q <= '0;
      fresh_id_q <= '0;
      fresh_due_q <= '0;
    end else begin
      beat_done_q <= wr_valid_o;
      fresh_q <= wr_valid_o && wr_last;
      if (beat_done_q) worst_q <= worst;
      if (wr_valid_o) begin
        beat_first_q <= wr_beat_q == '0;
        fresh_id_q <= wr_id_q[wr_head_q];
        fresh_due_q <= now_q + (write_latency_i == '0 ? 64'd1 : 64'(write_latency_i));
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_response_queue
    if (!rst_ni) begin
      b_head_q <= '0;
      b_tail_q <= '0;
      b_count_q <= '0;
    end else begin
      if (b_push) b_tail_q <= next_index(b_tail_q);
      if (b_pop) b_head_q <= next_index(b_head_q);
      b_count_q <= b_count_q + count_t'(b_push) - count_t'(b_pop);
    end
  end

  always_ff @(posedge clk_i) begin : proc_response_push
    if (b_push) begin
      b_id_q[b_tail_q] <= fresh_id_q;
      b_resp_q[b_tail_q] <= worst;
      b_due_q[b_tail_q] <= fresh_due_q;
    end
  end

  // A burst's length is AWLEN's, so WLAST says nothing new; axi4_checker proves that they agree.
  logic unused_inputs;
  assign unused_inputs = ^{s_axi_awlock, s_axi_awcache, s_axi_awprot, s_axi_awqos, s_axi_wlast,
                           s_axi_arlock, s_axi_arcache, s_axi_arprot, s_axi_arqos};

endmodule
