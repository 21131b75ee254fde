// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The DMA engine on one of two memories behind the same AXI front end: guest memory through DPI, or
// a SystemVerilog array. All else is equal, so a difference in speed is what DPI and the map cost.
module bench_top #(
  /// 1: axi_guest_ram_core on memory_id_i; 0: axi_array_ram, loaded from the file +memory=FILE.
  parameter bit GuestMemory = 1'b1,
  parameter int unsigned DataWidthBits = 512
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  longint unsigned memory_id_i,
  input  logic [15:0] read_latency_i,
  input  logic [15:0] write_latency_i,

  // Registers of the engine
  input  logic [13:0] s_axil_awaddr,
  input  logic        s_axil_awvalid,
  output logic        s_axil_awready,
  input  logic [31:0] s_axil_wdata,
  input  logic [3:0]  s_axil_wstrb,
  input  logic        s_axil_wvalid,
  output logic        s_axil_wready,
  output logic [1:0]  s_axil_bresp,
  output logic        s_axil_bvalid,
  input  logic        s_axil_bready,

  output logic        idle_o,
  output logic        descriptor_done_o
);

  localparam int unsigned IdWidthBits = 4;
  // Deep enough for a memory latency of 100 clocks with bursts of one beat.
  localparam int unsigned OutstandingDepth = 128;

  logic [IdWidthBits-1:0] awid;
  logic [63:0] awaddr;
  logic [7:0] awlen;
  logic [2:0] awsize;
  logic [1:0] awburst;
  logic awlock;
  logic [3:0] awcache;
  logic [2:0] awprot;
  logic [3:0] awqos;
  logic awvalid;
  logic awready;
  logic [DataWidthBits-1:0] wdata;
  logic [DataWidthBits/8-1:0] wstrb;
  logic wlast;
  logic wvalid;
  logic wready;
  logic [IdWidthBits-1:0] bid;
  logic [1:0] bresp;
  logic bvalid;
  logic bready;
  logic [IdWidthBits-1:0] arid;
  logic [63:0] araddr;
  logic [7:0] arlen;
  logic [2:0] arsize;
  logic [1:0] arburst;
  logic arlock;
  logic [3:0] arcache;
  logic [2:0] arprot;
  logic [3:0] arqos;
  logic arvalid;
  logic arready;
  logic [IdWidthBits-1:0] rid;
  logic [DataWidthBits-1:0] rdata;
  logic [1:0] rresp;
  logic rlast;
  logic rvalid;
  logic rready;

  logic unused_arready, unused_rvalid, unused_irq;
  logic [31:0] unused_rdata, unused_chanerr;
  logic [63:0] unused_chansts;
  logic [1:0] unused_rresp;

  ioat_dma #(
    .DataWidthBits(DataWidthBits),
    .IdWidthBits(IdWidthBits)
  ) u_dma (
    .clk_i(clk_i),
    .rst_ni(rst_ni),
    .s_axil_awaddr(s_axil_awaddr),
    .s_axil_awvalid(s_axil_awvalid),
    .s_axil_awready(s_axil_awready),
    .s_axil_wdata(s_axil_wdata),
    .s_axil_wstrb(s_axil_wstrb),
    .s_axil_wvalid(s_axil_wvalid),
    .s_axil_wready(s_axil_wready),
    .s_axil_bresp(s_axil_bresp),
    .s_axil_bvalid(s_axil_bvalid),
    .s_axil_bready(s_axil_bready),
    .s_axil_awprot('0),
    .s_axil_araddr('0),
    .s_axil_arprot('0),
    .s_axil_arvalid(1'b0),
    .s_axil_arready(unused_arready),
    .s_axil_rdata(unused_rdata),
    .s_axil_rresp(unused_rresp),
    .s_axil_rvalid(unused_rvalid),
    .s_axil_rready(1'b1),
    .m_axi_awid(awid),
    .m_axi_awaddr(awaddr),
    .m_axi_awlen(awlen),
    .m_axi_awsize(awsize),
    .m_axi_awburst(awburst),
    .m_axi_awlock(awlock),
    .m_axi_awcache(awcache),
    .m_axi_awprot(awprot),
    .m_axi_awqos(awqos),
    .m_axi_awvalid(awvalid),
    .m_axi_awready(awready),
    .m_axi_wdata(wdata),
    .m_axi_wstrb(wstrb),
    .m_axi_wlast(wlast),
    .m_axi_wvalid(wvalid),
    .m_axi_wready(wready),
    .m_axi_bid(bid),
    .m_axi_bresp(bresp),
    .m_axi_bvalid(bvalid),
    .m_axi_bready(bready),
    .m_axi_arid(arid),
    .m_axi_araddr(araddr),
    .m_axi_arlen(arlen),
    .m_axi_arsize(arsize),
    .m_axi_arburst(arburst),
    .m_axi_arlock(arlock),
    .m_axi_arcache(arcache),
    .m_axi_arprot(arprot),
    .m_axi_arqos(arqos),
    .m_axi_arvalid(arvalid),
    .m_axi_arready(arready),
    .m_axi_rid(rid),
    .m_axi_rdata(rdata),
    .m_axi_rresp(rresp),
    .m_axi_rlast(rlast),
    .m_axi_rvalid(rvalid),
    .m_axi_rready(rready),
    .irq_o(unused_irq),
    .idle_o(idle_o),
    .descriptor_done_o(descriptor_done_o),
    .chanerr_o(unused_chanerr),
    .chansts_o(unused_chansts)
  );

  if (GuestMemory) begin : gen_guest
    logic unused_error;
    logic [31:0] unused_status, unused_count;
    logic [63:0] unused_address;
    axi_guest_ram_core #(
      .DataWidthBits(DataWidthBits),
      .IdWidthBits(IdWidthBits),
      .OutstandingDepth(OutstandingDepth)
    ) u_ram (
      .clk_i(clk_i),
      .rst_ni(rst_ni),
      .read_latency_i(read_latency_i),
      .write_latency_i(write_latency_i),
      .accept_stall_i('0),
      .beat_stall_i('0),
      .s_axi_awid(awid),
      .s_axi_awaddr(awaddr),
      .s_axi_awlen(awlen),
      .s_axi_awsize(awsize),
      .s_axi_awburst(awburst),
      .s_axi_awlock(awlock),
      .s_axi_awcache(awcache),
      .s_axi_awprot(awprot),
      .s_axi_awqos(awqos),
      .s_axi_awvalid(awvalid),
      .s_axi_awready(awready),
      .s_axi_wdata(wdata),
      .s_axi_wstrb(wstrb),
      .s_axi_wlast(wlast),
      .s_axi_wvalid(wvalid),
      .s_axi_wready(wready),
      .s_axi_bid(bid),
      .s_axi_bresp(bresp),
      .s_axi_bvalid(bvalid),
      .s_axi_bready(bready),
      .s_axi_arid(arid),
      .s_axi_araddr(araddr),
      .s_axi_arlen(arlen),
      .s_axi_arsize(arsize),
      .s_axi_arburst(arburst),
      .s_axi_arlock(arlock),
      .s_axi_arcache(arcache),
      .s_axi_arprot(arprot),
      .s_axi_arqos(arqos),
      .s_axi_arvalid(arvalid),
      .s_axi_arready(arready),
      .s_axi_rid(rid),
      .s_axi_rdata(rdata),
      .s_axi_rresp(rresp),
      .s_axi_rlast(rlast),
      .s_axi_rvalid(rvalid),
      .s_axi_rready(rready),
      .memory_id_i(memory_id_i),
      .error_o(unused_error),
      .error_status_o(unused_status),
      .error_address_o(unused_address),
      .error_count_o(unused_count)
    );
  end else begin : gen_array
    longint unsigned unused_memory_id;
    assign unused_memory_id = memory_id_i;
    axi_array_ram #(
      .DataWidthBits(DataWidthBits),
      .IdWidthBits(IdWidthBits),
      .SizeKib(4096),
      .OutstandingDepth(OutstandingDepth)
    ) u_ram (
      .clk_i(clk_i),
      .rst_ni(rst_ni),
      .read_latency_i(read_latency_i),
      .write_latency_i(write_latency_i),
      .accept_stall_i('0),
      .beat_stall_i('0),
      .s_axi_awid(awid),
      .s_axi_awaddr(awaddr),
      .s_axi_awlen(awlen),
      .s_axi_awsize(awsize),
      .s_axi_awburst(awburst),
      .s_axi_awlock(awlock),
      .s_axi_awcache(awcache),
      .s_axi_awprot(awprot),
      .s_axi_awqos(awqos),
      .s_axi_awvalid(awvalid),
      .s_axi_awready(awready),
      .s_axi_wdata(wdata),
      .s_axi_wstrb(wstrb),
      .s_axi_wlast(wlast),
      .s_axi_wvalid(wvalid),
      .s_axi_wready(wready),
      .s_axi_bid(bid),
      .s_axi_bresp(bresp),
      .s_axi_bvalid(bvalid),
      .s_axi_bready(bready),
      .s_axi_arid(arid),
      .s_axi_araddr(araddr),
      .s_axi_arlen(arlen),
      .s_axi_arsize(arsize),
      .s_axi_arburst(arburst),
      .s_axi_arlock(arlock),
      .s_axi_arcache(arcache),
      .s_axi_arprot(arprot),
      .s_axi_arqos(arqos),
      .s_axi_arvalid(arvalid),
      .s_axi_arready(arready),
      .s_axi_rid(rid),
      .s_axi_rdata(rdata),
      .s_axi_rresp(rresp),
      .s_axi_rlast(rlast),
      .s_axi_rvalid(rvalid),
      .s_axi_rready(rready)
    );

    initial begin : proc_load
      string path;
      if ($value$plusargs("memory=%s", path)) $readmemh(path, u_ram.memory_q);
    end
  end

endmodule
