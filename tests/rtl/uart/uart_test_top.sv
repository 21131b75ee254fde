// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The UART with the protocol checker beside it.
module uart_test_top (
  input  logic        clk_i,
  input  logic        rst_ni,
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
  input  logic        rx_i,
  output logic        tx_o,
  output logic        irq_o,
  output logic        idle_o
);
  uart_16550 u_uart (
    .s_axil_awprot(3'b010),
    .s_axil_arprot(3'b010),
    .*
  );

  axil_checker #(.DataWidthBits(32), .AddrWidthBits(3)) u_checker (
    .clk_i, .rst_ni,
    .awaddr_i(s_axil_awaddr), .awprot_i(3'b010), .awvalid_i(s_axil_awvalid),
    .awready_i(s_axil_awready),
    .wdata_i(s_axil_wdata), .wstrb_i(s_axil_wstrb), .wvalid_i(s_axil_wvalid),
    .wready_i(s_axil_wready),
    .bresp_i(s_axil_bresp), .bvalid_i(s_axil_bvalid), .bready_i(s_axil_bready),
    .araddr_i(s_axil_araddr), .arprot_i(3'b010), .arvalid_i(s_axil_arvalid),
    .arready_i(s_axil_arready),
    .rdata_i(s_axil_rdata), .rresp_i(s_axil_rresp), .rvalid_i(s_axil_rvalid),
    .rready_i(s_axil_rready)
  );
endmodule
