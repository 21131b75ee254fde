// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Two BARs and two interrupt wires of an endpoint, with the protocol checkers beside them; the
// device is the C++ bench.
module mmio_test_top (
  input  logic clk_i,
  input  logic rst_ni,
  input  var longint unsigned endpoint_id_i,
  input  logic lock_step_i,
  input  logic device_idle_i,
  output logic device_rst_no,
  input  logic level_irq_i,
  input  logic edge_irq_i,
  output logic irq_idle_o,
  output logic idle0_o,
  output logic idle2_o,
  output logic [31:0] error_count0_o,
  output logic [31:0] timeout_count0_o,
  output logic [31:0] error_count2_o,
  output logic [31:0] timeout_count2_o,
  output logic [11:0]   m0_axil_awaddr,
  output logic [2:0]    m0_axil_awprot,
  output logic          m0_axil_awvalid,
  input  logic          m0_axil_awready,
  output logic [31:0]   m0_axil_wdata,
  output logic [3:0]    m0_axil_wstrb,
  output logic          m0_axil_wvalid,
  input  logic          m0_axil_wready,
  input  logic [1:0]    m0_axil_bresp,
  input  logic          m0_axil_bvalid,
  output logic          m0_axil_bready,
  output logic [11:0]   m0_axil_araddr,
  output logic [2:0]    m0_axil_arprot,
  output logic          m0_axil_arvalid,
  input  logic          m0_axil_arready,
  input  logic [31:0]   m0_axil_rdata,
  input  logic [1:0]    m0_axil_rresp,
  input  logic          m0_axil_rvalid,
  output logic          m0_axil_rready,
  output logic [11:0]   m2_axil_awaddr,
  output logic [2:0]    m2_axil_awprot,
  output logic          m2_axil_awvalid,
  input  logic          m2_axil_awready,
  output logic [31:0]   m2_axil_wdata,
  output logic [3:0]    m2_axil_wstrb,
  output logic          m2_axil_wvalid,
  input  logic          m2_axil_wready,
  input  logic [1:0]    m2_axil_bresp,
  input  logic          m2_axil_bvalid,
  output logic          m2_axil_bready,
  output logic [11:0]   m2_axil_araddr,
  output logic [2:0]    m2_axil_arprot,
  output logic          m2_axil_arvalid,
  input  logic          m2_axil_arready,
  input  logic [31:0]   m2_axil_rdata,
  input  logic [1:0]    m2_axil_rresp,
  input  logic          m2_axil_rvalid,
  output logic          m2_axil_rready
);
  logic device_rst_0_n, device_rst_2_n, device_rst_n, level_idle, edge_idle, unused_rst;
  // BAR 0's adapter takes the guest's resets.
  assign device_rst_n  = device_rst_0_n;
  assign device_rst_no = device_rst_0_n;
  assign unused_rst    = device_rst_2_n;
  assign irq_idle_o    = level_idle && edge_idle;

  axil_guest_mmio #(
    .Bar(0), .TakesResets(1'b1), .AddressWidthBits(12), .TimeoutCycles(200),
    .ResetCycles(16), .LockStepCycles(2000)
  ) u_mmio0 (
    .clk_i, .rst_ni, .endpoint_id_i, .lock_step_i, .device_idle_i,
    .device_rst_no(device_rst_0_n), .device_rst_ni(device_rst_n), .idle_o(idle0_o),
    .error_count_o(error_count0_o), .timeout_count_o(timeout_count0_o),
    .m_axil_awaddr(m0_axil_awaddr),
    .m_axil_awprot(m0_axil_awprot),
    .m_axil_awvalid(m0_axil_awvalid),
    .m_axil_awready(m0_axil_awready),
    .m_axil_wdata(m0_axil_wdata),
    .m_axil_wstrb(m0_axil_wstrb),
    .m_axil_wvalid(m0_axil_wvalid),
    .m_axil_wready(m0_axil_wready),
    .m_axil_bresp(m0_axil_bresp),
    .m_axil_bvalid(m0_axil_bvalid),
    .m_axil_bready(m0_axil_bready),
    .m_axil_araddr(m0_axil_araddr),
    .m_axil_arprot(m0_axil_arprot),
    .m_axil_arvalid(m0_axil_arvalid),
    .m_axil_arready(m0_axil_arready),
    .m_axil_rdata(m0_axil_rdata),
    .m_axil_rresp(m0_axil_rresp),
    .m_axil_rvalid(m0_axil_rvalid),
    .m_axil_rready(m0_axil_rready)
  );
  axil_checker #(.DataWidthBits(32), .AddrWidthBits(12)) u_checker0 (
    .clk_i, .rst_ni(device_rst_n),
    .awaddr_i(m0_axil_awaddr),
    .awprot_i(m0_axil_awprot),
    .awvalid_i(m0_axil_awvalid),
    .awready_i(m0_axil_awready),
    .wdata_i(m0_axil_wdata),
    .wstrb_i(m0_axil_wstrb),
    .wvalid_i(m0_axil_wvalid),
    .wready_i(m0_axil_wready),
    .bresp_i(m0_axil_bresp),
    .bvalid_i(m0_axil_bvalid),
    .bready_i(m0_axil_bready),
    .araddr_i(m0_axil_araddr),
    .arprot_i(m0_axil_arprot),
    .arvalid_i(m0_axil_arvalid),
    .arready_i(m0_axil_arready),
    .rdata_i(m0_axil_rdata),
    .rresp_i(m0_axil_rresp),
    .rvalid_i(m0_axil_rvalid),
    .rready_i(m0_axil_rready)
  );

  axil_guest_mmio #(
    .Bar(2), .TakesResets(1'b0), .AddressWidthBits(12), .TimeoutCycles(200),
    .ResetCycles(16), .LockStepCycles(2000)
  ) u_mmio2 (
    .clk_i, .rst_ni, .endpoint_id_i, .lock_step_i, .device_idle_i,
    .device_rst_no(device_rst_2_n), .device_rst_ni(device_rst_n), .idle_o(idle2_o),
    .error_count_o(error_count2_o), .timeout_count_o(timeout_count2_o),
    .m_axil_awaddr(m2_axil_awaddr),
    .m_axil_awprot(m2_axil_awprot),
    .m_axil_awvalid(m2_axil_awvalid),
    .m_axil_awready(m2_axil_awready),
    .m_axil_wdata(m2_axil_wdata),
    .m_axil_wstrb(m2_axil_wstrb),
    .m_axil_wvalid(m2_axil_wvalid),
    .m_axil_wready(m2_axil_wready),
    .m_axil_bresp(m2_axil_bresp),
    .m_axil_bvalid(m2_axil_bvalid),
    .m_axil_bready(m2_axil_bready),
    .m_axil_araddr(m2_axil_araddr),
    .m_axil_arprot(m2_axil_arprot),
    .m_axil_arvalid(m2_axil_arvalid),
    .m_axil_arready(m2_axil_arready),
    .m_axil_rdata(m2_axil_rdata),
    .m_axil_rresp(m2_axil_rresp),
    .m_axil_rvalid(m2_axil_rvalid),
    .m_axil_rready(m2_axil_rready)
  );
  axil_checker #(.DataWidthBits(32), .AddrWidthBits(12)) u_checker2 (
    .clk_i, .rst_ni(device_rst_n),
    .awaddr_i(m2_axil_awaddr),
    .awprot_i(m2_axil_awprot),
    .awvalid_i(m2_axil_awvalid),
    .awready_i(m2_axil_awready),
    .wdata_i(m2_axil_wdata),
    .wstrb_i(m2_axil_wstrb),
    .wvalid_i(m2_axil_wvalid),
    .wready_i(m2_axil_wready),
    .bresp_i(m2_axil_bresp),
    .bvalid_i(m2_axil_bvalid),
    .bready_i(m2_axil_bready),
    .araddr_i(m2_axil_araddr),
    .arprot_i(m2_axil_arprot),
    .arvalid_i(m2_axil_arvalid),
    .arready_i(m2_axil_arready),
    .rdata_i(m2_axil_rdata),
    .rresp_i(m2_axil_rresp),
    .rvalid_i(m2_axil_rvalid),
    .rready_i(m2_axil_rready)
  );

  guest_irq #(.Vector(0), .Level(1'b1)) u_level (
    .clk_i, .rst_ni(device_rst_n), .endpoint_id_i, .irq_i(level_irq_i), .idle_o(level_idle)
  );
  guest_irq #(.Vector(1), .Level(1'b0)) u_edge (
    .clk_i, .rst_ni(device_rst_n), .endpoint_id_i, .irq_i(edge_irq_i), .idle_o(edge_idle)
  );
endmodule
