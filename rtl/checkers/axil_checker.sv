// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Passive AXI4-Lite checker: every rule is a named assertion. Bind it to either side of a bus, or
// instantiate it beside one; drive the bus with nonblocking assignments.
module axil_checker #(
  /// Width of the data bus in bits: 32 or 64.
  parameter int unsigned DataWidthBits = 32,
  /// Width of addresses in bits.
  parameter int unsigned AddrWidthBits = 32
) (
  input logic clk_i,
  input logic rst_ni,

  input logic [AddrWidthBits-1:0]   awaddr_i,
  input logic [2:0]                 awprot_i,
  input logic                       awvalid_i,
  input logic                       awready_i,
  input logic [DataWidthBits-1:0]   wdata_i,
  input logic [DataWidthBits/8-1:0] wstrb_i,
  input logic                       wvalid_i,
  input logic                       wready_i,
  input logic [1:0]                 bresp_i,
  input logic                       bvalid_i,
  input logic                       bready_i,
  input logic [AddrWidthBits-1:0]   araddr_i,
  input logic [2:0]                 arprot_i,
  input logic                       arvalid_i,
  input logic                       arready_i,
  input logic [DataWidthBits-1:0]   rdata_i,
  input logic [1:0]                 rresp_i,
  input logic                       rvalid_i,
  input logic                       rready_i
);

  localparam int unsigned Lanes = DataWidthBits / 8;
  localparam logic [1:0] RespExOkay = 2'b01;

  // Low in reset and at the first clock edge after it, when no VALID may be high yet.
  logic live_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_live
    if (!rst_ni) live_q <= 1'b0;
    else live_q <= 1'b1;
  end

  // ---------------------------------------------------------------- handshakes: hold until taken
  logic aw_held_q, w_held_q, b_held_q, ar_held_q, r_held_q;
  logic [AddrWidthBits+2:0] aw_was_q, ar_was_q;
  logic [DataWidthBits+Lanes-1:0] w_was_q;
  logic [1:0] b_was_q;
  logic [DataWidthBits+1:0] r_was_q;

  always_ff @(posedge clk_i) begin : proc_hold
    aw_held_q <= live_q && awvalid_i && !awready_i;
    w_held_q <= live_q && wvalid_i && !wready_i;
    b_held_q <= live_q && bvalid_i && !bready_i;
    ar_held_q <= live_q && arvalid_i && !arready_i;
    r_held_q <= live_q && rvalid_i && !rready_i;
    aw_was_q <= {awaddr_i, awprot_i};
    w_was_q <= {wdata_i, wstrb_i};
    b_was_q <= bresp_i;
    ar_was_q <= {araddr_i, arprot_i};
    r_was_q <= {rdata_i, rresp_i};
  end

  always_ff @(posedge clk_i) begin : proc_handshake
    if (live_q && aw_held_q) AwValidHeld : assert (awvalid_i);
    if (live_q && aw_held_q) AwStable : assert ({awaddr_i, awprot_i} == aw_was_q);
    if (live_q && w_held_q) WValidHeld : assert (wvalid_i);
    if (live_q && w_held_q) WStable : assert ({wdata_i, wstrb_i} == w_was_q);
    if (live_q && b_held_q) BValidHeld : assert (bvalid_i);
    if (live_q && b_held_q) BStable : assert (bresp_i == b_was_q);
    if (live_q && ar_held_q) ArValidHeld : assert (arvalid_i);
    if (live_q && ar_held_q) ArStable : assert ({araddr_i, arprot_i} == ar_was_q);
    if (live_q && r_held_q) RValidHeld : assert (rvalid_i);
    if (live_q && r_held_q) RStable : assert ({rdata_i, rresp_i} == r_was_q);
  end

  always_ff @(posedge clk_i) begin : proc_reset
    if (!live_q) AwValidLowInReset : assert (!awvalid_i);
    if (!live_q) WValidLowInReset : assert (!wvalid_i);
    if (!live_q) BValidLowInReset : assert (!bvalid_i);
    if (!live_q) ArValidLowInReset : assert (!arvalid_i);
    if (!live_q) RValidLowInReset : assert (!rvalid_i);
  end

  // ----------------------------------------------------- responses: never more than the requests
  logic [31:0] aw_ahead_q;    // addresses without their B
  logic [31:0] w_ahead_q;     // data without their B
  logic [31:0] ar_ahead_q;    // addresses without their R
  logic aw_take, w_take, b_take, ar_take, r_take;
  assign aw_take = live_q && awvalid_i && awready_i;
  assign w_take = live_q && wvalid_i && wready_i;
  assign b_take = live_q && bvalid_i && bready_i;
  assign ar_take = live_q && arvalid_i && arready_i;
  assign r_take = live_q && rvalid_i && rready_i;

  always_ff @(posedge clk_i) begin : proc_count
    if (live_q && bvalid_i) BHasAddress : assert (aw_ahead_q != 32'd0);
    if (live_q && bvalid_i) BHasData : assert (w_ahead_q != 32'd0);
    if (live_q && rvalid_i) RHasRequest : assert (ar_ahead_q != 32'd0);
    if (live_q && bvalid_i) BNoExOkay : assert (bresp_i != RespExOkay);
    if (live_q && rvalid_i) RNoExOkay : assert (rresp_i != RespExOkay);
    aw_ahead_q <= live_q ? aw_ahead_q + {31'd0, aw_take} - {31'd0, b_take} : 32'd0;
    w_ahead_q <= live_q ? w_ahead_q + {31'd0, w_take} - {31'd0, b_take} : 32'd0;
    ar_ahead_q <= live_q ? ar_ahead_q + {31'd0, ar_take} - {31'd0, r_take} : 32'd0;
  end

endmodule
