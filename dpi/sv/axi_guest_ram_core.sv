// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// AXI4 subordinate on guest RAM, with its timing as inputs so that one model serves many timings.
// See axi_ram_frontend for the bus, guest_beat_port for the memory, docs/axi_guest_ram.md for both.
module axi_guest_ram_core #(
  /// Width of the data bus: 32, 64, 128, 256, 512 or 1024.
  parameter int unsigned DataWidthBits = 64,
  /// Width of the transaction IDs, from 1.
  parameter int unsigned IdWidthBits = 4,
  /// Width of AXI addresses, 12 to 64.
  parameter int unsigned AddrWidthBits = 64,
  /// Bursts accepted and not yet answered in full, for each direction, from 1.
  parameter int unsigned OutstandingDepth = 16
) (
  input  logic clk_i,
  input  logic rst_ni,
  /// The memory, from guestlink_id(); 0 is none, and everything is answered SLVERR.
  input  var longint unsigned memory_id_i,
  /// Clocks from the AR handshake to the first R.
  input  logic [15:0] read_latency_i,
  /// Clocks from the last W handshake to B.
  input  logic [15:0] write_latency_i,
  /// Bit n set: no AR or AW is accepted in clock n of every 32.
  input  logic [31:0] accept_stall_i,
  /// Bit n set: no beat is read, and no W accepted, in clock n of every 32.
  input  logic [31:0] beat_stall_i,

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

  logic rd_valid, rd_refuse, wr_valid, wr_refuse;
  logic [63:0] rd_address, wr_address;
  logic [DataWidthBits-1:0] rd_data, wr_data;
  logic [DataWidthBits/8-1:0] wr_strobe;
  int rd_status, wr_status;

  axi_ram_frontend #(
    .DataWidthBits(DataWidthBits),
    .IdWidthBits(IdWidthBits),
    .AddrWidthBits(AddrWidthBits),
    .OutstandingDepth(OutstandingDepth)
  ) u_frontend (
    .clk_i(clk_i),
    .rst_ni(rst_ni),
    .read_latency_i(read_latency_i),
    .write_latency_i(write_latency_i),
    .accept_stall_i(accept_stall_i),
    .beat_stall_i(beat_stall_i),
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
    .rd_valid_o(rd_valid),
    .rd_refuse_o(rd_refuse),
    .rd_address_o(rd_address),
    .rd_data_i(rd_data),
    .rd_resp_i(guestlink_pkg::guestlink_axi_response(rd_status)),
    .wr_valid_o(wr_valid),
    .wr_refuse_o(wr_refuse),
    .wr_address_o(wr_address),
    .wr_data_o(wr_data),
    .wr_strobe_o(wr_strobe),
    .wr_resp_i(guestlink_pkg::guestlink_axi_response(wr_status))
  );

  guest_beat_port #(
    .DataWidthBits(DataWidthBits)
  ) u_beats (
    .clk_i(clk_i),
    .memory_id_i(memory_id_i),
    .rd_valid_i(rd_valid),
    .rd_refuse_i(rd_refuse),
    .rd_address_i(rd_address),
    .rd_data_o(rd_data),
    .rd_status_o(rd_status),
    .wr_valid_i(wr_valid),
    .wr_refuse_i(wr_refuse),
    .wr_address_i(wr_address),
    .wr_data_i(wr_data),
    .wr_strobe_i(wr_strobe),
    .wr_status_o(wr_status)
  );

  // A beat's status stands one clock after the beat.
  logic rd_done_q, wr_done_q, rd_failed, wr_failed;
  logic [63:0] rd_address_q, wr_address_q;
  assign rd_failed = rd_done_q && rd_status != 0;
  assign wr_failed = wr_done_q && wr_status != 0;
  assign error_o = rd_failed || wr_failed;

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_done
    if (!rst_ni) begin
      rd_done_q <= 1'b0;
      wr_done_q <= 1'b0;
      rd_address_q <= '0;
      wr_address_q <= '0;
    end else begin
      rd_done_q <= rd_valid;
      wr_done_q <= wr_valid;
      if (rd_valid) rd_address_q <= rd_address;
      if (wr_valid) wr_address_q <= wr_address;
    end
  end

  logic [31:0] status_q, count_q;
  logic [63:0] address_q;
  assign error_status_o = wr_failed ? 32'(wr_status) : rd_failed ? 32'(rd_status) : status_q;
  assign error_address_o = wr_failed ? wr_address_q : rd_failed ? rd_address_q : address_q;
  assign error_count_o = count_q + 32'(rd_failed) + 32'(wr_failed);

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_errors
    if (!rst_ni) begin
      status_q <= '0;
      address_q <= '0;
      count_q <= '0;
    end else if (error_o) begin
      status_q <= error_status_o;
      address_q <= error_address_o;
      count_q <= error_count_o;
    end
  end

endmodule
