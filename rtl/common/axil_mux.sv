// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Two AXI4-Lite managers share one subordinate. Reads and writes are granted apart; a grant holds
// from the request to the response, and then goes to the other side if it asks: neither can starve.

`default_nettype none

module axil_mux #(
    /// Width of the byte address.
    parameter int unsigned AddressWidthBits = 14
) (
    input  wire logic                        clk_i,
    input  wire logic                        rst_ni,

    // From manager 0
    input  wire logic [AddressWidthBits-1:0] s0_axil_awaddr,
    input  wire logic [2:0]                  s0_axil_awprot,
    input  wire logic                        s0_axil_awvalid,
    output logic                             s0_axil_awready,
    input  wire logic [31:0]                 s0_axil_wdata,
    input  wire logic [3:0]                  s0_axil_wstrb,
    input  wire logic                        s0_axil_wvalid,
    output logic                             s0_axil_wready,
    output logic [1:0]                       s0_axil_bresp,
    output logic                             s0_axil_bvalid,
    input  wire logic                        s0_axil_bready,
    input  wire logic [AddressWidthBits-1:0] s0_axil_araddr,
    input  wire logic [2:0]                  s0_axil_arprot,
    input  wire logic                        s0_axil_arvalid,
    output logic                             s0_axil_arready,
    output logic [31:0]                      s0_axil_rdata,
    output logic [1:0]                       s0_axil_rresp,
    output logic                             s0_axil_rvalid,
    input  wire logic                        s0_axil_rready,

    // From manager 1
    input  wire logic [AddressWidthBits-1:0] s1_axil_awaddr,
    input  wire logic [2:0]                  s1_axil_awprot,
    input  wire logic                        s1_axil_awvalid,
    output logic                             s1_axil_awready,
    input  wire logic [31:0]                 s1_axil_wdata,
    input  wire logic [3:0]                  s1_axil_wstrb,
    input  wire logic                        s1_axil_wvalid,
    output logic                             s1_axil_wready,
    output logic [1:0]                       s1_axil_bresp,
    output logic                             s1_axil_bvalid,
    input  wire logic                        s1_axil_bready,
    input  wire logic [AddressWidthBits-1:0] s1_axil_araddr,
    input  wire logic [2:0]                  s1_axil_arprot,
    input  wire logic                        s1_axil_arvalid,
    output logic                             s1_axil_arready,
    output logic [31:0]                      s1_axil_rdata,
    output logic [1:0]                       s1_axil_rresp,
    output logic                             s1_axil_rvalid,
    input  wire logic                        s1_axil_rready,

    // To the subordinate
    output logic [AddressWidthBits-1:0]      m_axil_awaddr,
    output logic [2:0]                       m_axil_awprot,
    output logic                             m_axil_awvalid,
    input  wire logic                        m_axil_awready,
    output logic [31:0]                      m_axil_wdata,
    output logic [3:0]                       m_axil_wstrb,
    output logic                             m_axil_wvalid,
    input  wire logic                        m_axil_wready,
    input  wire logic [1:0]                  m_axil_bresp,
    input  wire logic                        m_axil_bvalid,
    output logic                             m_axil_bready,
    output logic [AddressWidthBits-1:0]      m_axil_araddr,
    output logic [2:0]                       m_axil_arprot,
    output logic                             m_axil_arvalid,
    input  wire logic                        m_axil_arready,
    input  wire logic [31:0]                 m_axil_rdata,
    input  wire logic [1:0]                  m_axil_rresp,
    input  wire logic                        m_axil_rvalid,
    output logic                             m_axil_rready
);

  // ---------------------------------------------------------------- writes
  // A write asks with its address. aw_gone_q and w_gone_q keep a manager that sends its next
  // address early from slipping it into the transaction under way.
  logic write_busy_q, write_select_q, aw_gone_q, w_gone_q;
  wire logic write_done = m_axil_bvalid & m_axil_bready;

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_write_grant
    if (!rst_ni) begin
      write_busy_q   <= 1'b0;
      write_select_q <= 1'b0;
      aw_gone_q      <= 1'b0;
      w_gone_q       <= 1'b0;
    end else if (!write_busy_q) begin
      write_busy_q <= s0_axil_awvalid | s1_axil_awvalid;
      if (write_select_q ? s0_axil_awvalid : s1_axil_awvalid) write_select_q <= ~write_select_q;
      aw_gone_q <= 1'b0;
      w_gone_q  <= 1'b0;
    end else begin
      write_busy_q <= ~write_done;
      if (m_axil_awvalid && m_axil_awready) aw_gone_q <= 1'b1;
      if (m_axil_wvalid && m_axil_wready) w_gone_q <= 1'b1;
    end
  end

  wire logic aw_open = write_busy_q & ~aw_gone_q;
  wire logic w_open = write_busy_q & ~w_gone_q;

  assign m_axil_awaddr   = write_select_q ? s1_axil_awaddr : s0_axil_awaddr;
  assign m_axil_awprot   = write_select_q ? s1_axil_awprot : s0_axil_awprot;
  assign m_axil_awvalid  = aw_open & (write_select_q ? s1_axil_awvalid : s0_axil_awvalid);
  assign m_axil_wdata    = write_select_q ? s1_axil_wdata : s0_axil_wdata;
  assign m_axil_wstrb    = write_select_q ? s1_axil_wstrb : s0_axil_wstrb;
  assign m_axil_wvalid   = w_open & (write_select_q ? s1_axil_wvalid : s0_axil_wvalid);
  assign m_axil_bready   = write_busy_q & (write_select_q ? s1_axil_bready : s0_axil_bready);
  assign s0_axil_awready = aw_open & ~write_select_q & m_axil_awready;
  assign s1_axil_awready = aw_open & write_select_q & m_axil_awready;
  assign s0_axil_wready  = w_open & ~write_select_q & m_axil_wready;
  assign s1_axil_wready  = w_open & write_select_q & m_axil_wready;
  assign s0_axil_bvalid  = write_busy_q & ~write_select_q & m_axil_bvalid;
  assign s1_axil_bvalid  = write_busy_q & write_select_q & m_axil_bvalid;
  assign s0_axil_bresp   = m_axil_bresp;
  assign s1_axil_bresp   = m_axil_bresp;

  // ---------------------------------------------------------------- reads
  logic read_busy_q, read_select_q, ar_gone_q;
  wire logic read_done = m_axil_rvalid & m_axil_rready;

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_read_grant
    if (!rst_ni) begin
      read_busy_q   <= 1'b0;
      read_select_q <= 1'b0;
      ar_gone_q     <= 1'b0;
    end else if (!read_busy_q) begin
      read_busy_q <= s0_axil_arvalid | s1_axil_arvalid;
      if (read_select_q ? s0_axil_arvalid : s1_axil_arvalid) read_select_q <= ~read_select_q;
      ar_gone_q <= 1'b0;
    end else begin
      read_busy_q <= ~read_done;
      if (m_axil_arvalid && m_axil_arready) ar_gone_q <= 1'b1;
    end
  end

  wire logic ar_open = read_busy_q & ~ar_gone_q;

  assign m_axil_araddr   = read_select_q ? s1_axil_araddr : s0_axil_araddr;
  assign m_axil_arprot   = read_select_q ? s1_axil_arprot : s0_axil_arprot;
  assign m_axil_arvalid  = ar_open & (read_select_q ? s1_axil_arvalid : s0_axil_arvalid);
  assign m_axil_rready   = read_busy_q & (read_select_q ? s1_axil_rready : s0_axil_rready);
  assign s0_axil_arready = ar_open & ~read_select_q & m_axil_arready;
  assign s1_axil_arready = ar_open & read_select_q & m_axil_arready;
  assign s0_axil_rvalid  = read_busy_q & ~read_select_q & m_axil_rvalid;
  assign s1_axil_rvalid  = read_busy_q & read_select_q & m_axil_rvalid;
  assign s0_axil_rdata   = m_axil_rdata;
  assign s1_axil_rdata   = m_axil_rdata;
  assign s0_axil_rresp   = m_axil_rresp;
  assign s1_axil_rresp   = m_axil_rresp;

endmodule

`default_nettype wire
