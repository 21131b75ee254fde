// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// AXI4 subordinate on a SystemVerilog array: axi_guest_ram_core without DPI, to measure what DPI
// costs. One region from address 0, all of it writable; outside it the answer is DECERR.
module axi_array_ram #(
  /// Width of the data bus: 32, 64, 128, 256, 512 or 1024.
  parameter int unsigned DataWidthBits = 64,
  /// Width of the transaction IDs, from 1.
  parameter int unsigned IdWidthBits = 4,
  /// Width of AXI addresses, 12 to 64.
  parameter int unsigned AddrWidthBits = 64,
  /// Bursts accepted and not yet answered in full, for each direction, from 1.
  parameter int unsigned OutstandingDepth = 16,
  /// Size of the memory in KiB, a power of two, from 4.
  parameter int unsigned SizeKib = 1024
) (
  input  logic clk_i,
  input  logic rst_ni,
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
  input  logic                       s_axi_rready
);

  localparam int unsigned LaneBits = $clog2(DataWidthBits / 8);
  localparam int unsigned Words = SizeKib * 1024 / (DataWidthBits / 8);
  localparam int unsigned WordBits = $clog2(Words);
  localparam logic [1:0] RespSlvErr = 2'b10;
  localparam logic [1:0] RespDecErr = 2'b11;

  if (SizeKib < 4 || (SizeKib & (SizeKib - 1)) != 0) begin : gen_bad_size
    $fatal(1, "SizeKib is %0d, not a power of two from 4", SizeKib);
  end

  logic rd_valid, rd_refuse, wr_valid, wr_refuse;
  logic [63:0] rd_address, wr_address;
  logic [DataWidthBits-1:0] rd_data_q, wr_data;
  logic [DataWidthBits/8-1:0] wr_strobe;
  logic [1:0] rd_resp_q, wr_resp_q;

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
    .rd_data_i(rd_data_q),
    .rd_resp_i(rd_resp_q),
    .wr_valid_o(wr_valid),
    .wr_refuse_o(wr_refuse),
    .wr_address_o(wr_address),
    .wr_data_o(wr_data),
    .wr_strobe_o(wr_strobe),
    .wr_resp_i(wr_resp_q)
  );

  /// The answer to a beat: SLVERR when refused, DECERR outside the array.
  function automatic logic [1:0] response(input logic refuse, input logic [63:0] address);
    if (refuse) return RespSlvErr;
    return (address >> (LaneBits + WordBits)) == '0 ? 2'b00 : RespDecErr;
  endfunction

  logic [DataWidthBits-1:0] memory_q [Words];

  always_ff @(posedge clk_i) begin : proc_read
    automatic logic [1:0] resp;
    if (rd_valid) begin
      resp = response(rd_refuse, rd_address);
      rd_resp_q <= resp;
      if (resp == 2'b00) rd_data_q <= memory_q[rd_address[LaneBits+:WordBits]];
      else rd_data_q <= '0;
    end
  end

  // One whole word is written whatever the strobes: Verilator makes one delayed write of it.
  always_ff @(posedge clk_i) begin : proc_write
    automatic logic [1:0] resp;
    automatic logic [DataWidthBits-1:0] word;
    if (wr_valid) begin
      resp = response(wr_refuse, wr_address);
      wr_resp_q <= resp;
      if (resp == 2'b00) begin
        word = wr_data;
        if (wr_strobe != '1) begin
          word = memory_q[wr_address[LaneBits+:WordBits]];
          for (int unsigned lane = 0; lane < DataWidthBits / 8; lane++) begin
            if (wr_strobe[lane]) word[lane*8+:8] = wr_data[lane*8+:8];
          end
        end
        memory_q[wr_address[LaneBits+:WordBits]] <= word;
      end
    end
  end

endmodule
