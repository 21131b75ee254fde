// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// AXI4 subordinate on guest RAM with its timing as parameters: axi_guest_ram_core with constants.
module axi_guest_ram #(
  /// Width of the data bus: 32, 64, 128, 256, 512 or 1024.
  parameter int unsigned DataWidthBits = 64,
  /// Width of the transaction IDs, from 1.
  parameter int unsigned IdWidthBits = 4,
  /// Width of AXI addresses, 12 to 64.
  parameter int unsigned AddrWidthBits = 64,
  /// Bursts accepted and not yet answered in full, for each direction, from 1.
  parameter int unsigned OutstandingDepth = 16,
  /// Clocks from the AR handshake to the first R, 0 to 65535; 0 counts as 1.
  parameter int unsigned ReadLatency = 1,
  /// Clocks from the last W handshake to B, 0 to 65535; 0 counts as 1.
  parameter int unsigned WriteLatency = 1,
  /// Bit n set: no AR or AW is accepted in clock n of every 32; not all ones.
  parameter bit [31:0] AcceptStallPattern = 32'h0,
  /// Bit n set: no beat is read, and no W accepted, in clock n of every 32; not all ones.
  parameter bit [31:0] BeatStallPattern = 32'h0
) (
  input  logic clk_i,
  input  logic rst_ni,
  /// The memory, from guestlink_id(); 0 is none, and everything is answered SLVERR.
  input  var longint unsigned memory_id_i,

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

  // Failed beats
  /// High for one clock after a beat failed.
  output logic        error_o,
  /// guestlink_status_e of the last failed beat, 0 before; a write is after a read of its clock.
  output logic [31:0] error_status_o,
  /// Guest address of the last failed beat.
  output logic [63:0] error_address_o,
  /// Beats failed since reset, read and written.
  output logic [31:0] error_count_o
);

  if (ReadLatency > 65535 || WriteLatency > 65535) begin : gen_bad_latency
    $fatal(1, "ReadLatency (%0d) and WriteLatency (%0d) end at 65535", ReadLatency, WriteLatency);
  end
  if (AcceptStallPattern == '1 || BeatStallPattern == '1) begin : gen_bad_stall
    $fatal(1, "a stall pattern of all ones never answers");
  end

  axi_guest_ram_core #(
    .DataWidthBits(DataWidthBits),
    .IdWidthBits(IdWidthBits),
    .AddrWidthBits(AddrWidthBits),
    .OutstandingDepth(OutstandingDepth)
  ) u_core (
    .clk_i(clk_i),
    .rst_ni(rst_ni),
    .memory_id_i(memory_id_i),
    .read_latency_i(16'(ReadLatency)),
    .write_latency_i(16'(WriteLatency)),
    .accept_stall_i(AcceptStallPattern),
    .beat_stall_i(BeatStallPattern),
    .s_axi_awid(s_axi_awid),
    .s_axi_awaddr(s_axi_awaddr),
    .s_axi_awlen(s_axi_awlen),
    .s_axi_awsize(s_axi_awsize),
    .s_axi_awburst(s_axi_awburst),
    .s_axi_awlock(s_axi_awlock),
    .s_axi_awcache(s_axi_awcache),
    .s_axi_awprot(s_axi_awprot),
    .s_axi_awqos(s_axi_awqos),
    .s_axi_awvalid(s_axi_awvalid),
    .s_axi_awready(s_axi_awready),
    .s_axi_wdata(s_axi_wdata),
    .s_axi_wstrb(s_axi_wstrb),
    .s_axi_wlast(s_axi_wlast),
    .s_axi_wvalid(s_axi_wvalid),
    .s_axi_wready(s_axi_wready),
    .s_axi_bid(s_axi_bid),
    .s_axi_bresp(s_axi_bresp),
    .s_axi_bvalid(s_axi_bvalid),
    .s_axi_bready(s_axi_bready),
    .s_axi_arid(s_axi_arid),
    .s_axi_araddr(s_axi_araddr),
    .s_axi_arlen(s_axi_arlen),
    .s_axi_arsize(s_axi_arsize),
    .s_axi_arburst(s_axi_arburst),
    .s_axi_arlock(s_axi_arlock),
    .s_axi_arcache(s_axi_arcache),
    .s_axi_arprot(s_axi_arprot),
    .s_axi_arqos(s_axi_arqos),
    .s_axi_arvalid(s_axi_arvalid),
    .s_axi_arready(s_axi_arready),
    .s_axi_rid(s_axi_rid),
    .s_axi_rdata(s_axi_rdata),
    .s_axi_rresp(s_axi_rresp),
    .s_axi_rlast(s_axi_rlast),
    .s_axi_rvalid(s_axi_rvalid),
    .s_axi_rready(s_axi_rready),
    .error_o(error_o),
    .error_status_o(error_status_o),
    .error_address_o(error_address_o),
    .error_count_o(error_count_o)
  );

endmodule
