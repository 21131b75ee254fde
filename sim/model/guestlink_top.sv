// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What guestlink-sim runs: the reference engine on guest memory, with two ways to its registers,
// the doorbell page (polled by its own AXI manager) and an AXI4-Lite port for the host. Flat ports;
// every timing is an input, so one Verilated model serves all of them.

`default_nettype none

module guestlink_top #(
    /// Width of the engine's data bus: 64, 128, 256 or 512.
    parameter int unsigned DataWidthBits = 512,
    /// Cycles from one poll of the doorbell page to the next.
    parameter int unsigned PollIntervalCycles = 32
) (
    input  wire logic              clk_i,
    input  wire logic              rst_ni,

    // Guest memory and its timing, see axi_guest_ram_core
    /// guestlink_id() of the memory; stable outside reset.
    input  var longint unsigned   memory_id_i,
    input  wire logic [15:0]       read_latency_i,
    input  wire logic [15:0]       write_latency_i,
    input  wire logic [31:0]       accept_stall_i,
    input  wire logic [31:0]       beat_stall_i,

    // The doorbell page, see doorbell_page
    input  wire logic [63:0]       page_address_i,
    input  wire logic [31:0]       page_session_i,
    input  wire logic              page_enable_i,
    output logic [1:0]             page_state_o,
    output logic                   page_attached_o,
    output logic                   page_error_o,

    // Registers, for the host
    input  wire logic [13:0]  s_axil_awaddr,
    input  wire logic [2:0]   s_axil_awprot,
    input  wire logic         s_axil_awvalid,
    output logic              s_axil_awready,
    input  wire logic [31:0]  s_axil_wdata,
    input  wire logic [3:0]   s_axil_wstrb,
    input  wire logic         s_axil_wvalid,
    output logic              s_axil_wready,
    output logic      [1:0]   s_axil_bresp,
    output logic              s_axil_bvalid,
    input  wire logic         s_axil_bready,
    input  wire logic [13:0]  s_axil_araddr,
    input  wire logic [2:0]   s_axil_arprot,
    input  wire logic         s_axil_arvalid,
    output logic              s_axil_arready,
    output logic      [31:0]  s_axil_rdata,
    output logic      [1:0]   s_axil_rresp,
    output logic              s_axil_rvalid,
    input  wire logic         s_axil_rready,

    // The engine
    output logic                   irq_o,
    /// Nothing is pending in the engine.
    output logic                   idle_o,

    // Counters since reset
    /// Bytes the engine moved over its bus, descriptors and completion records included.
    output logic [63:0]            bytes_read_o,
    output logic [63:0]            bytes_written_o,
    output logic [63:0]            descriptors_o,
    /// Rising edges of irq_o.
    output logic [63:0]            interrupts_o,
    /// Register accesses by the doorbell page, descriptor counts included.
    output logic [31:0]            page_accesses_o,
    /// Beats of the engine that guest memory refused, and status and address of the last.
    output logic [31:0]            error_count_o,
    output logic [31:0]            error_status_o,
    output logic [63:0]            error_address_o,
    /// Times that CHANERR left 0; what it became, and what CHANSTS was, the last time.
    output logic [31:0]            fault_count_o,
    output logic [31:0]            fault_chanerr_o,
    output logic [63:0]            fault_chansts_o
);

  localparam int unsigned IdWidthBits = 4;
  localparam int unsigned BusBytes = DataWidthBits / 8;

  // ---------------------------------------------------------------- engine on guest memory
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
  logic descriptor_done, faulty_q;
  logic [31:0] chanerr;
  logic [63:0] chansts;

  ioat_dma #(
      .DataWidthBits(DataWidthBits),
      .IdWidthBits  (IdWidthBits)
  ) u_dma (
      .clk_i(clk_i),
      .rst_ni(rst_ni),
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
      .irq_o(irq_o),
      .idle_o(idle_o),
      .descriptor_done_o(descriptor_done),
      .chanerr_o(chanerr),
      .chansts_o(chansts)
  );

  logic unused_dma_error;
  axi_guest_ram_core #(
      .DataWidthBits(DataWidthBits),
      .IdWidthBits  (IdWidthBits)
  ) u_dma_ram (
      .clk_i(clk_i),
      .rst_ni(rst_ni),
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

  // ---------------------------------------------------------------- doorbell page on guest memory
  // Its memory answers as fast as it can: the page is a way to the registers, not the device.
  logic [IdWidthBits-1:0] page_awid, page_bid, page_arid, page_rid;
  logic [63:0] page_awaddr, page_wdata, page_araddr, page_rdata;
  logic [7:0] page_awlen, page_wstrb, page_arlen;
  logic [2:0] page_awsize, page_awprot, page_arsize, page_arprot;
  logic [1:0] page_awburst, page_bresp, page_arburst, page_rresp;
  logic page_awlock, page_awvalid, page_awready, page_wlast, page_wvalid, page_wready, page_bvalid,
      page_bready, page_arlock, page_arvalid, page_arready, page_rlast, page_rvalid, page_rready;
  logic [3:0] page_awcache, page_awqos, page_arcache, page_arqos;
  logic [13:0] page_regs_awaddr, page_regs_araddr;
  logic [2:0] page_regs_awprot, page_regs_arprot;
  logic page_regs_awvalid, page_regs_awready, page_regs_wvalid, page_regs_wready, page_regs_bvalid,
      page_regs_bready, page_regs_arvalid, page_regs_arready, page_regs_rvalid, page_regs_rready;
  logic [31:0] page_regs_wdata, page_regs_rdata;
  logic [3:0] page_regs_wstrb;
  logic [1:0] page_regs_bresp, page_regs_rresp;

  doorbell_page #(
      .PollIntervalCycles(PollIntervalCycles),
      .IdWidthBits       (IdWidthBits)
  ) u_page (
      .clk_i(clk_i),
      .rst_ni(rst_ni),
      .page_address_i(page_address_i),
      .page_session_i(page_session_i),
      .page_enable_i(page_enable_i),
      .page_state_o(page_state_o),
      .page_attached_o(page_attached_o),
      .page_error_o(page_error_o),
      .irq_i(irq_o),
      .m_axi_awid(page_awid),
      .m_axi_awaddr(page_awaddr),
      .m_axi_awlen(page_awlen),
      .m_axi_awsize(page_awsize),
      .m_axi_awburst(page_awburst),
      .m_axi_awlock(page_awlock),
      .m_axi_awcache(page_awcache),
      .m_axi_awprot(page_awprot),
      .m_axi_awqos(page_awqos),
      .m_axi_awvalid(page_awvalid),
      .m_axi_awready(page_awready),
      .m_axi_wdata(page_wdata),
      .m_axi_wstrb(page_wstrb),
      .m_axi_wlast(page_wlast),
      .m_axi_wvalid(page_wvalid),
      .m_axi_wready(page_wready),
      .m_axi_bid(page_bid),
      .m_axi_bresp(page_bresp),
      .m_axi_bvalid(page_bvalid),
      .m_axi_bready(page_bready),
      .m_axi_arid(page_arid),
      .m_axi_araddr(page_araddr),
      .m_axi_arlen(page_arlen),
      .m_axi_arsize(page_arsize),
      .m_axi_arburst(page_arburst),
      .m_axi_arlock(page_arlock),
      .m_axi_arcache(page_arcache),
      .m_axi_arprot(page_arprot),
      .m_axi_arqos(page_arqos),
      .m_axi_arvalid(page_arvalid),
      .m_axi_arready(page_arready),
      .m_axi_rid(page_rid),
      .m_axi_rdata(page_rdata),
      .m_axi_rresp(page_rresp),
      .m_axi_rlast(page_rlast),
      .m_axi_rvalid(page_rvalid),
      .m_axi_rready(page_rready),
      .m_axil_awaddr(page_regs_awaddr),
      .m_axil_awprot(page_regs_awprot),
      .m_axil_awvalid(page_regs_awvalid),
      .m_axil_awready(page_regs_awready),
      .m_axil_wdata(page_regs_wdata),
      .m_axil_wstrb(page_regs_wstrb),
      .m_axil_wvalid(page_regs_wvalid),
      .m_axil_wready(page_regs_wready),
      .m_axil_bresp(page_regs_bresp),
      .m_axil_bvalid(page_regs_bvalid),
      .m_axil_bready(page_regs_bready),
      .m_axil_araddr(page_regs_araddr),
      .m_axil_arprot(page_regs_arprot),
      .m_axil_arvalid(page_regs_arvalid),
      .m_axil_arready(page_regs_arready),
      .m_axil_rdata(page_regs_rdata),
      .m_axil_rresp(page_regs_rresp),
      .m_axil_rvalid(page_regs_rvalid),
      .m_axil_rready(page_regs_rready)
  );

  logic        unused_page_error;
  logic [31:0] unused_page_error_status, unused_page_error_count;
  logic [63:0] unused_page_error_address;
  axi_guest_ram_core #(
      .DataWidthBits(64),
      .IdWidthBits  (IdWidthBits)
  ) u_page_ram (
      .clk_i(clk_i),
      .rst_ni(rst_ni),
      .memory_id_i(memory_id_i),
      .read_latency_i(16'd1),
      .write_latency_i(16'd1),
      .accept_stall_i(32'd0),
      .beat_stall_i(32'd0),
      .s_axi_awid(page_awid),
      .s_axi_awaddr(page_awaddr),
      .s_axi_awlen(page_awlen),
      .s_axi_awsize(page_awsize),
      .s_axi_awburst(page_awburst),
      .s_axi_awlock(page_awlock),
      .s_axi_awcache(page_awcache),
      .s_axi_awprot(page_awprot),
      .s_axi_awqos(page_awqos),
      .s_axi_awvalid(page_awvalid),
      .s_axi_awready(page_awready),
      .s_axi_wdata(page_wdata),
      .s_axi_wstrb(page_wstrb),
      .s_axi_wlast(page_wlast),
      .s_axi_wvalid(page_wvalid),
      .s_axi_wready(page_wready),
      .s_axi_bid(page_bid),
      .s_axi_bresp(page_bresp),
      .s_axi_bvalid(page_bvalid),
      .s_axi_bready(page_bready),
      .s_axi_arid(page_arid),
      .s_axi_araddr(page_araddr),
      .s_axi_arlen(page_arlen),
      .s_axi_arsize(page_arsize),
      .s_axi_arburst(page_arburst),
      .s_axi_arlock(page_arlock),
      .s_axi_arcache(page_arcache),
      .s_axi_arprot(page_arprot),
      .s_axi_arqos(page_arqos),
      .s_axi_arvalid(page_arvalid),
      .s_axi_arready(page_arready),
      .s_axi_rid(page_rid),
      .s_axi_rdata(page_rdata),
      .s_axi_rresp(page_rresp),
      .s_axi_rlast(page_rlast),
      .s_axi_rvalid(page_rvalid),
      .s_axi_rready(page_rready),
      .error_o(unused_page_error),
      .error_status_o(unused_page_error_status),
      .error_address_o(unused_page_error_address),
      .error_count_o(unused_page_error_count)
  );

  axil_mux #(
      .AddressWidthBits(14)
  ) u_registers (
      .clk_i(clk_i),
      .rst_ni(rst_ni),
      .s0_axil_awaddr(s_axil_awaddr),
      .s0_axil_awprot(s_axil_awprot),
      .s0_axil_awvalid(s_axil_awvalid),
      .s0_axil_awready(s_axil_awready),
      .s0_axil_wdata(s_axil_wdata),
      .s0_axil_wstrb(s_axil_wstrb),
      .s0_axil_wvalid(s_axil_wvalid),
      .s0_axil_wready(s_axil_wready),
      .s0_axil_bresp(s_axil_bresp),
      .s0_axil_bvalid(s_axil_bvalid),
      .s0_axil_bready(s_axil_bready),
      .s0_axil_araddr(s_axil_araddr),
      .s0_axil_arprot(s_axil_arprot),
      .s0_axil_arvalid(s_axil_arvalid),
      .s0_axil_arready(s_axil_arready),
      .s0_axil_rdata(s_axil_rdata),
      .s0_axil_rresp(s_axil_rresp),
      .s0_axil_rvalid(s_axil_rvalid),
      .s0_axil_rready(s_axil_rready),
      .s1_axil_awaddr(page_regs_awaddr),
      .s1_axil_awprot(page_regs_awprot),
      .s1_axil_awvalid(page_regs_awvalid),
      .s1_axil_awready(page_regs_awready),
      .s1_axil_wdata(page_regs_wdata),
      .s1_axil_wstrb(page_regs_wstrb),
      .s1_axil_wvalid(page_regs_wvalid),
      .s1_axil_wready(page_regs_wready),
      .s1_axil_bresp(page_regs_bresp),
      .s1_axil_bvalid(page_regs_bvalid),
      .s1_axil_bready(page_regs_bready),
      .s1_axil_araddr(page_regs_araddr),
      .s1_axil_arprot(page_regs_arprot),
      .s1_axil_arvalid(page_regs_arvalid),
      .s1_axil_arready(page_regs_arready),
      .s1_axil_rdata(page_regs_rdata),
      .s1_axil_rresp(page_regs_rresp),
      .s1_axil_rvalid(page_regs_rvalid),
      .s1_axil_rready(page_regs_rready),
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

  // ---------------------------------------------------------------- counters
  logic irq_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_counters
    if (!rst_ni) begin
      bytes_read_o    <= '0;
      bytes_written_o <= '0;
      descriptors_o   <= '0;
      interrupts_o    <= '0;
      page_accesses_o <= '0;
      irq_q           <= 1'b0;
    end else begin
      irq_q <= irq_o;
      if (dma_rvalid && dma_rready) bytes_read_o <= bytes_read_o + 64'(BusBytes);
      if (dma_wvalid && dma_wready) bytes_written_o <= bytes_written_o + 64'($countones(dma_wstrb));
      if (descriptor_done) descriptors_o <= descriptors_o + 1'b1;
      if (irq_o && !irq_q) interrupts_o <= interrupts_o + 1'b1;
      if ((page_regs_bvalid && page_regs_bready) || (page_regs_rvalid && page_regs_rready)) begin
        page_accesses_o <= page_accesses_o + 1'b1;
      end
    end
  end

  // A guest may clear CHANERR between two looks of the host: what it was is held here.
  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_faults
    if (!rst_ni) begin
      faulty_q        <= 1'b0;
      fault_count_o   <= '0;
      fault_chanerr_o <= '0;
      fault_chansts_o <= '0;
    end else begin
      faulty_q <= chanerr != '0;
      if (chanerr != '0) fault_chanerr_o <= chanerr;
      if (chanerr != '0 && !faulty_q) begin
        fault_count_o   <= fault_count_o + 1'b1;
        fault_chansts_o <= chansts;
      end
    end
  end

endmodule

`default_nettype wire
