// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// AXI4-Lite to a device whose registers are single bytes, with effects of reading each: a read is
// of the byte at its address only; a write of several bytes is one of each, the lowest first.
module uart_bytes (
  input  logic        clk_i,
  input  logic        rst_ni,
  // AXI4-Lite subordinate
  input  logic        s_axil_awvalid,
  output logic        s_axil_awready,
  input  logic [2:0]  s_axil_awaddr,
  input  logic        s_axil_wvalid,
  output logic        s_axil_wready,
  input  logic [31:0] s_axil_wdata,
  input  logic [3:0]  s_axil_wstrb,
  output logic        s_axil_bvalid,
  input  logic        s_axil_bready,
  output logic [1:0]  s_axil_bresp,
  input  logic        s_axil_arvalid,
  output logic        s_axil_arready,
  input  logic [2:0]  s_axil_araddr,
  output logic        s_axil_rvalid,
  input  logic        s_axil_rready,
  output logic [31:0] s_axil_rdata,
  output logic [1:0]  s_axil_rresp,
  // Registers: at most one of read and write a clock
  output logic        write_o,
  output logic [2:0]  write_address_o,
  output logic [7:0]  write_data_o,
  output logic        read_o,
  output logic [2:0]  read_address_o,
  /// Of read_address_o, in the clock of read_o.
  input  logic [7:0]  read_data_i,
  /// No access under way.
  output logic        idle_o
);
  logic aw_full_q, w_full_q, b_valid_q, r_valid_q, upper_q;
  logic [31:0] w_data_q, r_data_q;
  logic [3:0] w_strb_q;
  logic [1:0] lane;
  logic both, write_done;

  assign s_axil_awready = !aw_full_q;
  assign s_axil_wready  = !w_full_q;
  assign s_axil_bvalid  = b_valid_q;
  assign s_axil_rvalid  = r_valid_q;
  assign s_axil_rdata   = r_data_q;
  assign s_axil_bresp   = 2'b00;
  assign s_axil_rresp   = 2'b00;
  assign idle_o = !(aw_full_q || w_full_q || b_valid_q || r_valid_q || s_axil_awvalid ||
                    s_axil_wvalid || s_axil_arvalid);

  // The lowest byte that is still to be written
  always_comb begin : proc_lane
    if (w_strb_q[0]) lane = 2'd0;
    else if (w_strb_q[1]) lane = 2'd1;
    else if (w_strb_q[2]) lane = 2'd2;
    else lane = 2'd3;
  end

  assign both            = aw_full_q && w_full_q && !b_valid_q;
  assign write_o         = both && w_strb_q != '0;
  assign write_done      = both && (w_strb_q & (w_strb_q - 1'b1)) == '0;
  assign write_address_o = {upper_q, lane};
  assign write_data_o    = w_data_q[8*lane +: 8];

  assign s_axil_arready = !r_valid_q && !both;
  assign read_o         = s_axil_arvalid && s_axil_arready;
  assign read_address_o = s_axil_araddr;
  logic unused_byte_address;
  assign unused_byte_address = ^s_axil_awaddr[1:0];

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_handshake
    if (!rst_ni) begin
      aw_full_q <= 1'b0;
      w_full_q  <= 1'b0;
      b_valid_q <= 1'b0;
      r_valid_q <= 1'b0;
    end else begin
      if (s_axil_awvalid && s_axil_awready) aw_full_q <= 1'b1;
      else if (write_done) aw_full_q <= 1'b0;
      if (s_axil_wvalid && s_axil_wready) w_full_q <= 1'b1;
      else if (write_done) w_full_q <= 1'b0;
      if (write_done) b_valid_q <= 1'b1;
      else if (s_axil_bready) b_valid_q <= 1'b0;
      if (read_o) r_valid_q <= 1'b1;
      else if (s_axil_rready) r_valid_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin : proc_payload
    if (s_axil_awvalid && s_axil_awready) upper_q <= s_axil_awaddr[2];
    if (s_axil_wvalid && s_axil_wready) {w_data_q, w_strb_q} <= {s_axil_wdata, s_axil_wstrb};
    else if (both) w_strb_q <= w_strb_q & (w_strb_q - 1'b1);
    // The byte in every lane: who reads takes his.
    if (read_o) r_data_q <= {4{read_data_i}};
  end
endmodule
