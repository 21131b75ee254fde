// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The reference engine as a PCI function: registers from the guest, DMA in its memory, an
// interrupt to it. Flat ports; every timing is an input, so one Verilated model serves all of them.

`default_nettype none

module ioat_pci_top #(
    /// Width of the engine's data bus: 64, 128, 256 or 512.
    parameter int unsigned DataWidthBits = 512
) (
    input  wire logic              clk_i,
    input  wire logic              rst_ni,

    /// guestlink_pci_id() and guestlink_id() of the endpoint and its memory; stable outside reset.
    input  var longint unsigned   endpoint_id_i,
    input  var longint unsigned   memory_id_i,
    /// See axil_guest_mmio.
    input  wire logic              lock_step_i,

    // Timing of guest memory, see axi_guest_ram_core
    input  wire logic [15:0]       read_latency_i,
    input  wire logic [15:0]       write_latency_i,
    input  wire logic [31:0]       accept_stall_i,
    input  wire logic [31:0]       beat_stall_i,

    /// Nothing is pending: only the guest can change anything.
    output logic                   idle_o,
    /// The interrupt wire.
    output logic                   irq_o,

    // Counters since rst_ni
    /// Bytes the engine moved over its bus, descriptors and completion records included.
    output logic [63:0]            bytes_read_o,
    output logic [63:0]            bytes_written_o,
    output logic [63:0]            descriptors_o,
    /// Rising edges of irq_o.
    output logic [63:0]            interrupts_o,
    /// Resets by the guest.
    output logic [31:0]            guest_resets_o,
    /// Register accesses that were answered with an error, or not in time.
    output logic [31:0]            mmio_errors_o,
    output logic [31:0]            mmio_timeouts_o,
    /// Beats of the engine that guest memory refused since the last reset, status and address of
    /// the last.
    output logic [31:0]            error_count_o,
    output logic [31:0]            error_status_o,
    output logic [63:0]            error_address_o
);

  localparam int unsigned IdWidthBits = 4;
  localparam int unsigned BusBytes = DataWidthBits / 8;

  logic [IdWidthBits-1:0] dma_awid, dma_bid, dma_arid, dma_rid;
  logic [63:0] dma_awaddr, dma_araddr;
  logic [7:0] dma_awlen, dma_arlen;
  logic [2:0] dma_awsize, dma_awprot, dma_arsize, dma_arprot;
  logic [1:0] dma_awburst, dma_bresp, dma_arburst, dma_rresp;
  logic dma_awlock, dma_awvalid, dma_awready, dma_wlast, dma_wvalid, dma_wready, dma_bvalid,
      dma_bready, dma_arlock, dma_arvalid, dma_arready, dma_rlast, dma_rvalid, dma_rready;
  logic [3:0] dma_awcache, dma_awqos, dma_arcache, dma_arqos;
  logic [DataWidthBits-1:0] dma_wdata, dma_rdata;
  logic [BusBytes-1:0] dma_wstrb;
  logic [13:0] regs_awaddr, regs_araddr;
  logic [2:0] regs_awprot, regs_arprot;
  logic regs_awvalid, regs_awready, regs_wvalid, regs_wready, regs_bvalid, regs_bready,
      regs_arvalid, regs_arready, regs_rvalid, regs_rready;
  logic [31:0] regs_wdata, regs_rdata;
  logic [3:0] regs_wstrb;
  logic [1:0] regs_bresp, regs_rresp;
  logic descriptor_done;
  logic [31:0] unused_chanerr;
  logic [63:0] unused_chansts;

  // ---------------------------------------------------------------- registers and interrupt
  logic device_rst_n, mmio_idle, irq_idle, engine_idle, irq;

  axil_guest_mmio #(
      .Bar             (0),
      .AddressWidthBits(14)
  ) u_mmio (
      .clk_i(clk_i),
      .rst_ni(rst_ni),
      .endpoint_id_i(endpoint_id_i),
      .lock_step_i(lock_step_i),
      .device_idle_i(engine_idle && irq_idle),
      .device_rst_no(device_rst_n),
      .device_rst_ni(device_rst_n),
      .idle_o(mmio_idle),
      .error_count_o(mmio_errors_o),
      .timeout_count_o(mmio_timeouts_o),
      .m_axil_awaddr(regs_awaddr),
      .m_axil_awprot(regs_awprot),
      .m_axil_awvalid(regs_awvalid),
      .m_axil_awready(regs_awready),
      .m_axil_wdata(regs_wdata),
      .m_axil_wstrb(regs_wstrb),
      .m_axil_wvalid(regs_wvalid),
      .m_axil_wready(regs_wready),
      .m_axil_bresp(regs_bresp),
      .m_axil_bvalid(regs_bvalid),
      .m_axil_bready(regs_bready),
      .m_axil_araddr(regs_araddr),
      .m_axil_arprot(regs_arprot),
      .m_axil_arvalid(regs_arvalid),
      .m_axil_arready(regs_arready),
      .m_axil_rdata(regs_rdata),
      .m_axil_rresp(regs_rresp),
      .m_axil_rvalid(regs_rvalid),
      .m_axil_rready(regs_rready)
  );

  guest_irq u_irq (
      .clk_i(clk_i),
      .rst_ni(device_rst_n),
      .endpoint_id_i(endpoint_id_i),
      .irq_i(irq),
      .idle_o(irq_idle)
  );

  assign irq_o  = irq;
  assign idle_o = mmio_idle && irq_idle && engine_idle;

  // ---------------------------------------------------------------- engine on guest memory
  ioat_dma #(
      .DataWidthBits(DataWidthBits),
      .IdWidthBits  (IdWidthBits)
  ) u_dma (
      .clk_i(clk_i),
      .rst_ni(device_rst_n),
      .s_axil_awaddr(regs_awaddr),
      .s_axil_awprot(regs_awprot),
      .s_axil_awvalid(regs_awvalid),
      .s_axil_awready(regs_awready),
      .s_axil_wdata(regs_wdata),
      .s_axil_wstrb(regs_wstrb),
      .s_axil_wvalid(regs_wvalid),
      .s_axil_wready(regs_wready),
      .s_axil_bresp(regs_bresp),
      .s_axil_bvalid(regs_bvalid),
      .s_axil_bready(regs_bready),
      .s_axil_araddr(regs_araddr),
      .s_axil_arprot(regs_arprot),
      .s_axil_arvalid(regs_arvalid),
      .s_axil_arready(regs_arready),
      .s_axil_rdata(regs_rdata),
      .s_axil_rresp(regs_rresp),
      .s_axil_rvalid(regs_rvalid),
      .s_axil_rready(regs_rready),
      .m_axi_awid(dma_awid),
      .m_axi_awaddr(dma_awaddr),
      .m_axi_awlen(dma_awlen),
      .m_axi_awsize(dma_awsize),
      .m_axi_awburst(dma_awburst),
      .m_axi_awlock(dma_awlock),
      .m_axi_awcache(dma_awcache),
      .m_axi_awprot(dma_awprot),
      .m_axi_awqos(dma_awqos),
      .m_axi_awvalid(dma_awvalid),
      .m_axi_awready(dma_awready),
      .m_axi_wdata(dma_wdata),
      .m_axi_wstrb(dma_wstrb),
      .m_axi_wlast(dma_wlast),
      .m_axi_wvalid(dma_wvalid),
      .m_axi_wready(dma_wready),
      .m_axi_bid(dma_bid),
      .m_axi_bresp(dma_bresp),
      .m_axi_bvalid(dma_bvalid),
      .m_axi_bready(dma_bready),
      .m_axi_arid(dma_arid),
      .m_axi_araddr(dma_araddr),
      .m_axi_arlen(dma_arlen),
      .m_axi_arsize(dma_arsize),
      .m_axi_arburst(dma_arburst),
      .m_axi_arlock(dma_arlock),
      .m_axi_arcache(dma_arcache),
      .m_axi_arprot(dma_arprot),
      .m_axi_arqos(dma_arqos),
      .m_axi_arvalid(dma_arvalid),
      .m_axi_arready(dma_arready),
      .m_axi_rid(dma_rid),
      .m_axi_rdata(dma_rdata),
      .m_axi_rresp(dma_rresp),
      .m_axi_rlast(dma_rlast),
      .m_axi_rvalid(dma_rvalid),
      .m_axi_rready(dma_rready),
      .irq_o(irq),
      .idle_o(engine_idle),
      .descriptor_done_o(descriptor_done),
      .chanerr_o(unused_chanerr),
      .chansts_o(unused_chansts)
  );

  logic unused_dma_error;
  axi_guest_ram_core #(
      .DataWidthBits(DataWidthBits),
      .IdWidthBits  (IdWidthBits)
  ) u_dma_ram (
      .clk_i(clk_i),
      .rst_ni(device_rst_n),
      .memory_id_i(memory_id_i),
      .read_latency_i(read_latency_i),
      .write_latency_i(write_latency_i),
      .accept_stall_i(accept_stall_i),
      .beat_stall_i(beat_stall_i),
      .s_axi_awid(dma_awid),
      .s_axi_awaddr(dma_awaddr),
      .s_axi_awlen(dma_awlen),
      .s_axi_awsize(dma_awsize),
      .s_axi_awburst(dma_awburst),
      .s_axi_awlock(dma_awlock),
      .s_axi_awcache(dma_awcache),
      .s_axi_awprot(dma_awprot),
      .s_axi_awqos(dma_awqos),
      .s_axi_awvalid(dma_awvalid),
      .s_axi_awready(dma_awready),
      .s_axi_wdata(dma_wdata),
      .s_axi_wstrb(dma_wstrb),
      .s_axi_wlast(dma_wlast),
      .s_axi_wvalid(dma_wvalid),
      .s_axi_wready(dma_wready),
      .s_axi_bid(dma_bid),
      .s_axi_bresp(dma_bresp),
      .s_axi_bvalid(dma_bvalid),
      .s_axi_bready(dma_bready),
      .s_axi_arid(dma_arid),
      .s_axi_araddr(dma_araddr),
      .s_axi_arlen(dma_arlen),
      .s_axi_arsize(dma_arsize),
      .s_axi_arburst(dma_arburst),
      .s_axi_arlock(dma_arlock),
      .s_axi_arcache(dma_arcache),
      .s_axi_arprot(dma_arprot),
      .s_axi_arqos(dma_arqos),
      .s_axi_arvalid(dma_arvalid),
      .s_axi_arready(dma_arready),
      .s_axi_rid(dma_rid),
      .s_axi_rdata(dma_rdata),
      .s_axi_rresp(dma_rresp),
      .s_axi_rlast(dma_rlast),
      .s_axi_rvalid(dma_rvalid),
      .s_axi_rready(dma_rready),
      .error_o(unused_dma_error),
      .error_status_o(error_status_o),
      .error_address_o(error_address_o),
      .error_count_o(error_count_o)
  );

  // ---------------------------------------------------------------- counters
  logic irq_q, device_rst_nq;

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_counters
    if (!rst_ni) begin
      bytes_read_o    <= '0;
      bytes_written_o <= '0;
      descriptors_o   <= '0;
      interrupts_o    <= '0;
      guest_resets_o  <= '0;
      irq_q           <= 1'b0;
      device_rst_nq   <= 1'b0;
    end else begin
      irq_q         <= irq;
      device_rst_nq <= device_rst_n;
      if (dma_rvalid && dma_rready) bytes_read_o <= bytes_read_o + 64'(BusBytes);
      if (dma_wvalid && dma_wready) bytes_written_o <= bytes_written_o + 64'($countones(dma_wstrb));
      if (descriptor_done) descriptors_o <= descriptors_o + 1'b1;
      if (irq && !irq_q) interrupts_o <= interrupts_o + 1'b1;
      if (device_rst_nq && !device_rst_n) guest_resets_o <= guest_resets_o + 1'b1;
    end
  end

endmodule

`default_nettype wire
