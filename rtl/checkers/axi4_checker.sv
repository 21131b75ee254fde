// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Passive AXI4 checker: every rule is a named assertion. Bind it to either side of a bus, or
// instantiate it beside one. It tracks bursts in flight, so responses may come out of order between
// IDs, and write data may run ahead of its address. The assertions are immediate ones on the clock
// edge, so that simulators, Verilator and yosys all read this file; drive the bus with nonblocking
// assignments.
module axi4_checker #(
  /// Width of the data bus in bits, 8 to 1024, a power of two.
  parameter int unsigned DataWidthBits = 64,
  /// Width of the transaction IDs, from 1.
  parameter int unsigned IdWidthBits = 4,
  /// Width of addresses, 12 to 64.
  parameter int unsigned AddrWidthBits = 64,
  /// Bursts in flight that can be tracked, for each direction.
  parameter int unsigned MaxOutstanding = 64
) (
  input logic clk_i,
  input logic rst_ni,

  input logic [IdWidthBits-1:0]     awid_i,
  input logic [AddrWidthBits-1:0]   awaddr_i,
  input logic [7:0]                 awlen_i,
  input logic [2:0]                 awsize_i,
  input logic [1:0]                 awburst_i,
  input logic                       awlock_i,
  input logic [3:0]                 awcache_i,
  input logic [2:0]                 awprot_i,
  input logic [3:0]                 awqos_i,
  input logic                       awvalid_i,
  input logic                       awready_i,
  input logic [DataWidthBits-1:0]   wdata_i,
  input logic [DataWidthBits/8-1:0] wstrb_i,
  input logic                       wlast_i,
  input logic                       wvalid_i,
  input logic                       wready_i,
  input logic [IdWidthBits-1:0]     bid_i,
  input logic [1:0]                 bresp_i,
  input logic                       bvalid_i,
  input logic                       bready_i,
  input logic [IdWidthBits-1:0]     arid_i,
  input logic [AddrWidthBits-1:0]   araddr_i,
  input logic [7:0]                 arlen_i,
  input logic [2:0]                 arsize_i,
  input logic [1:0]                 arburst_i,
  input logic                       arlock_i,
  input logic [3:0]                 arcache_i,
  input logic [2:0]                 arprot_i,
  input logic [3:0]                 arqos_i,
  input logic                       arvalid_i,
  input logic                       arready_i,
  input logic [IdWidthBits-1:0]     rid_i,
  input logic [DataWidthBits-1:0]   rdata_i,
  input logic [1:0]                 rresp_i,
  input logic                       rlast_i,
  input logic                       rvalid_i,
  input logic                       rready_i
);

  localparam int unsigned Lanes = DataWidthBits / 8;
  localparam int unsigned LaneBits = $clog2(Lanes);
  localparam int unsigned AddressBits = IdWidthBits + AddrWidthBits + 25;
  localparam logic [1:0] BurstFixed = 2'b00;
  localparam logic [1:0] BurstIncr = 2'b01;
  localparam logic [1:0] BurstWrap = 2'b10;
  localparam logic [1:0] RespExOkay = 2'b01;

  // Low in reset and at the first clock edge after it, when no VALID may be high yet.
  logic live_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_live
    if (!rst_ni) live_q <= 1'b0;
    else live_q <= 1'b1;
  end

  function automatic logic wrap_is_legal(
      input logic [11:0] address, input logic [7:0] len, input logic [2:0] size);
    logic [11:0] low_mask;
    low_mask = (12'd1 << size) - 12'd1;
    wrap_is_legal = (len == 8'd1 || len == 8'd3 || len == 8'd7 || len == 8'd15) &&
                    (address & low_mask) == 12'd0;
  endfunction

  function automatic logic stays_in_page(
      input logic [11:0] address, input logic [7:0] len, input logic [2:0] size);
    logic [16:0] start, bytes;
    start = {5'd0, address} & ~((17'd1 << size) - 17'd1);
    bytes = ({9'd0, len} + 17'd1) << size;
    stays_in_page = start + bytes <= 17'd4096;
  endfunction

  /// Byte lanes that beat `beat` of a burst may use.
  function automatic logic [Lanes-1:0] beat_lanes(
      input logic [11:0] address, input logic [7:0] len, input logic [2:0] size,
      input logic [1:0] burst, input logic [7:0] beat);
    logic [11:0] step, aligned, wrap_mask, start, first, last;
    step = 12'd1 << size;
    aligned = address & ~(step - 12'd1);
    wrap_mask = (({4'd0, len} + 12'd1) << size) - 12'd1;
    start = address;
    if (beat != 8'd0 && burst == BurstIncr) start = aligned + ({4'd0, beat} << size);
    if (beat != 8'd0 && burst == BurstWrap) begin
      start = (address & ~wrap_mask) | ((aligned + ({4'd0, beat} << size)) & wrap_mask);
    end
    first = start & 12'(Lanes - 1);
    last = (start & ~(step - 12'd1) & 12'(Lanes - 1)) + step - 12'd1;
    for (int unsigned lane = 0; lane < Lanes; lane++) begin
      beat_lanes[lane] = 12'(lane) >= first && 12'(lane) <= last;
    end
  endfunction

  // ---------------------------------------------------------------- handshakes: hold until taken
  logic aw_held_q, w_held_q, b_held_q, ar_held_q, r_held_q;
  logic [AddressBits-1:0] aw_now, aw_was_q, ar_now, ar_was_q;
  logic [DataWidthBits+Lanes:0] w_was_q;
  logic [IdWidthBits+1:0] b_was_q;
  logic [DataWidthBits+IdWidthBits+2:0] r_was_q;
  assign aw_now = {awid_i, awaddr_i, awlen_i, awsize_i, awburst_i, awlock_i, awcache_i, awprot_i,
                   awqos_i};
  assign ar_now = {arid_i, araddr_i, arlen_i, arsize_i, arburst_i, arlock_i, arcache_i, arprot_i,
                   arqos_i};

  always_ff @(posedge clk_i) begin : proc_hold
    aw_held_q <= live_q && awvalid_i && !awready_i;
    w_held_q <= live_q && wvalid_i && !wready_i;
    b_held_q <= live_q && bvalid_i && !bready_i;
    ar_held_q <= live_q && arvalid_i && !arready_i;
    r_held_q <= live_q && rvalid_i && !rready_i;
    if (awvalid_i && !awready_i) aw_was_q <= aw_now;
    if (wvalid_i && !wready_i) w_was_q <= {wdata_i, wstrb_i, wlast_i};
    if (bvalid_i && !bready_i) b_was_q <= {bid_i, bresp_i};
    if (arvalid_i && !arready_i) ar_was_q <= ar_now;
    if (rvalid_i && !rready_i) r_was_q <= {rdata_i, rid_i, rresp_i, rlast_i};
  end

  always_ff @(posedge clk_i) begin : proc_handshake
    if (live_q && aw_held_q) AwValidHeld : assert (awvalid_i);
    if (live_q && aw_held_q) AwStable : assert (aw_now == aw_was_q);
    if (live_q && w_held_q) WValidHeld : assert (wvalid_i);
    if (live_q && w_held_q) WStable : assert ({wdata_i, wstrb_i, wlast_i} == w_was_q);
    if (live_q && b_held_q) BValidHeld : assert (bvalid_i);
    if (live_q && b_held_q) BStable : assert ({bid_i, bresp_i} == b_was_q);
    if (live_q && ar_held_q) ArValidHeld : assert (arvalid_i);
    if (live_q && ar_held_q) ArStable : assert (ar_now == ar_was_q);
    if (live_q && r_held_q) RValidHeld : assert (rvalid_i);
    if (live_q && r_held_q) RStable : assert ({rdata_i, rid_i, rresp_i, rlast_i} == r_was_q);
  end

  always_ff @(posedge clk_i) begin : proc_reset
    if (!live_q) AwValidLowInReset : assert (!awvalid_i);
    if (!live_q) WValidLowInReset : assert (!wvalid_i);
    if (!live_q) BValidLowInReset : assert (!bvalid_i);
    if (!live_q) ArValidLowInReset : assert (!arvalid_i);
    if (!live_q) RValidLowInReset : assert (!rvalid_i);
  end

  // ---------------------------------------------------------------------------- bursts: legality
  logic aw_take, w_take, b_take, ar_take, r_take;
  assign aw_take = live_q && awvalid_i && awready_i;
  assign w_take = live_q && wvalid_i && wready_i;
  assign b_take = live_q && bvalid_i && bready_i;
  assign ar_take = live_q && arvalid_i && arready_i;
  assign r_take = live_q && rvalid_i && rready_i;

  always_ff @(posedge clk_i) begin : proc_burst
    if (aw_take) AwBurstNotReserved : assert (awburst_i != 2'b11);
    if (aw_take) AwSizeFitsBus : assert ({29'd0, awsize_i} <= LaneBits);
    if (aw_take && awburst_i == BurstWrap)
      AwWrapLegal : assert (wrap_is_legal(awaddr_i[11:0], awlen_i, awsize_i));
    if (aw_take && awburst_i == BurstFixed) AwFixedShort : assert (awlen_i <= 8'd15);
    if (aw_take && awburst_i == BurstIncr)
      AwWithin4KiB : assert (stays_in_page(awaddr_i[11:0], awlen_i, awsize_i));
    if (ar_take) ArBurstNotReserved : assert (arburst_i != 2'b11);
    if (ar_take) ArSizeFitsBus : assert ({29'd0, arsize_i} <= LaneBits);
    if (ar_take && arburst_i == BurstWrap)
      ArWrapLegal : assert (wrap_is_legal(araddr_i[11:0], arlen_i, arsize_i));
    if (ar_take && arburst_i == BurstFixed) ArFixedShort : assert (arlen_i <= 8'd15);
    if (ar_take && arburst_i == BurstIncr)
      ArWithin4KiB : assert (stays_in_page(araddr_i[11:0], arlen_i, arsize_i));
  end

  // ----------------------------------------------------------------------------- reads in flight
  // Oldest first; R belongs to the oldest burst of its ID.
  logic [IdWidthBits-1:0] ar_id_q [MaxOutstanding];
  logic [7:0] ar_left_q [MaxOutstanding];
  logic ar_lock_q [MaxOutstanding];
  logic [31:0] ar_count_q;

  logic [31:0] r_found;       // index of the burst that R belongs to; MaxOutstanding is none
  logic r_done;
  always_comb begin : proc_find_read
    r_found = MaxOutstanding;
    if (live_q && rvalid_i) begin
      for (int unsigned n = 0; n < MaxOutstanding; n++) begin
        if (r_found == MaxOutstanding && n < ar_count_q && ar_id_q[n] == rid_i) r_found = n;
      end
    end
  end
  assign r_done = r_take && rlast_i && r_found < MaxOutstanding;

  always_ff @(posedge clk_i) begin : proc_reads
    if (live_q && rvalid_i) RHasRequest : assert (r_found < MaxOutstanding);
    if (r_found < MaxOutstanding) begin
      RLastPosition : assert (rlast_i == (ar_left_q[r_found] == 8'd0));
      RNoExOkay : assert (rresp_i != RespExOkay || ar_lock_q[r_found]);
    end
    if (ar_take) ArTableFits : assert (ar_count_q < MaxOutstanding);
    // One assignment to an element in a clock, whatever happens: simulators have been seen to
    // disagree on the last of several when some have a variable index.
    for (int unsigned n = 0; n < MaxOutstanding; n++) begin
      if (ar_take && n == ar_count_q - {31'd0, r_done}) begin
        ar_id_q[n] <= arid_i;
        ar_left_q[n] <= arlen_i;
        ar_lock_q[n] <= arlock_i;
      end else if (r_done && n >= r_found) begin
        ar_id_q[n] <= ar_id_q[(n+1)%MaxOutstanding];
        ar_left_q[n] <= ar_left_q[(n+1)%MaxOutstanding];
        ar_lock_q[n] <= ar_lock_q[(n+1)%MaxOutstanding];
      end else if (r_take && n == r_found) begin
        ar_left_q[n] <= ar_left_q[n] - 8'd1;
      end
    end
    ar_count_q <= live_q ? ar_count_q + {31'd0, ar_take} - {31'd0, r_done} : 32'd0;
  end

  // ---------------------------------------------------------------------------- writes in flight
  // Oldest first. W comes in the order of AW, so the first `w_done_q` bursts have all their data.
  // Lengths of W bursts that ran ahead of their AW wait in early_len_q.
  logic [IdWidthBits-1:0] aw_id_q [MaxOutstanding];
  logic [11:0] aw_addr_q [MaxOutstanding];
  logic [7:0] aw_len_q [MaxOutstanding];
  logic [2:0] aw_size_q [MaxOutstanding];
  logic [1:0] aw_burst_q [MaxOutstanding];
  logic aw_lock_q [MaxOutstanding];
  logic [7:0] early_len_q [MaxOutstanding];
  logic [7:0] w_beat_q;
  logic [31:0] aw_count_q, w_done_q, early_count_q;

  logic early_match;    // the AW taken now has had all its data before
  logic w_known;        // the W beat's AW was taken before
  logic w_joins;        // the W beat's AW is taken now
  logic w_end;          // the last W beat of a burst whose AW is known
  assign early_match = aw_take && early_count_q != 32'd0;
  assign w_known = aw_count_q > w_done_q;
  assign w_joins = !w_known && aw_take && early_count_q == 32'd0;
  assign w_end = w_take && wlast_i && (w_known || w_joins);

  logic [Lanes-1:0] w_lanes;  // lanes the W beat may use
  always_comb begin : proc_lanes
    w_lanes = '1;
    if (w_take && w_known) begin
      w_lanes = beat_lanes(aw_addr_q[w_done_q], aw_len_q[w_done_q], aw_size_q[w_done_q],
                           aw_burst_q[w_done_q], w_beat_q);
    end
  end

  always_ff @(posedge clk_i) begin : proc_write_data
    if (w_take && w_known) begin
      WLastPosition : assert (wlast_i == (w_beat_q == aw_len_q[w_done_q]));
      WStrobeLanes : assert ((wstrb_i & ~w_lanes) == '0);
    end
    if (w_take && w_joins) WLastPositionWithAw : assert (wlast_i == (w_beat_q == awlen_i));
    if (early_match) WLastPositionBeforeAw : assert (early_len_q[0] == awlen_i);
    if (aw_take && !early_match && !w_known) WNotPastAw : assert (w_beat_q <= awlen_i);
    if (w_take) w_beat_q <= wlast_i ? 8'd0 : w_beat_q + 8'd1;
    if (!live_q) w_beat_q <= 8'd0;
  end

  logic early_push;           // the last W beat of a burst whose AW is not known
  assign early_push = w_take && wlast_i && !w_end;
  always_ff @(posedge clk_i) begin : proc_early
    if (early_push) WTableFits : assert (early_count_q < MaxOutstanding);
    for (int unsigned n = 0; n < MaxOutstanding; n++) begin
      if (early_push && n == early_count_q - {31'd0, early_match}) early_len_q[n] <= w_beat_q;
      else if (early_match) early_len_q[n] <= early_len_q[(n+1)%MaxOutstanding];
    end
    early_count_q <= live_q ? early_count_q + {31'd0, early_push} - {31'd0, early_match} : 32'd0;
  end

  logic [31:0] b_found;       // index of the burst that B belongs to; MaxOutstanding is none
  logic b_done;
  always_comb begin : proc_find_write
    b_found = MaxOutstanding;
    if (live_q && bvalid_i) begin
      for (int unsigned n = 0; n < MaxOutstanding; n++) begin
        if (b_found == MaxOutstanding && n < w_done_q && aw_id_q[n] == bid_i) b_found = n;
      end
    end
  end
  assign b_done = b_take && b_found < MaxOutstanding;

  always_ff @(posedge clk_i) begin : proc_writes
    if (live_q && bvalid_i) BHasRequest : assert (b_found < MaxOutstanding);
    if (b_found < MaxOutstanding) BNoExOkay : assert (bresp_i != RespExOkay || aw_lock_q[b_found]);
    if (aw_take) AwTableFits : assert (aw_count_q < MaxOutstanding);
    for (int unsigned n = 0; n < MaxOutstanding; n++) begin
      if (aw_take && n == aw_count_q - {31'd0, b_done}) begin
        aw_id_q[n] <= awid_i;
        aw_addr_q[n] <= awaddr_i[11:0];
        aw_len_q[n] <= awlen_i;
        aw_size_q[n] <= awsize_i;
        aw_burst_q[n] <= awburst_i;
        aw_lock_q[n] <= awlock_i;
      end else if (b_done && n >= b_found) begin
        aw_id_q[n] <= aw_id_q[(n+1)%MaxOutstanding];
        aw_addr_q[n] <= aw_addr_q[(n+1)%MaxOutstanding];
        aw_len_q[n] <= aw_len_q[(n+1)%MaxOutstanding];
        aw_size_q[n] <= aw_size_q[(n+1)%MaxOutstanding];
        aw_burst_q[n] <= aw_burst_q[(n+1)%MaxOutstanding];
        aw_lock_q[n] <= aw_lock_q[(n+1)%MaxOutstanding];
      end
    end
    aw_count_q <= live_q ? aw_count_q + {31'd0, aw_take} - {31'd0, b_done} : 32'd0;
    w_done_q <= live_q ? w_done_q + {31'd0, w_end} + {31'd0, early_match} - {31'd0, b_done} : 32'd0;
  end

endmodule
