// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// A device that was not written for Guestlink: other names of clock, reset and interrupts, no ids,
// a 64-bit bus. Its registers:
//   0x00 scratch             0x10 write: writes two beats of DATA to this address
//   0x04 interrupts, 3 wires 0x14 DATA, on both halves of a beat
//   0x08 write: $finish      0x18 write: reads one beat at this address
//   0x0C write: $error       0x1C what it read, low half; 0x20: {done, resp} of the last burst
//   0x24 never answers       0x28 SLVERR  0x2C DECERR  0x30 clocks since reset
module small_device (
  input  logic        aclk,
  input  logic        aresetn,
  output logic [2:0]  intr,

  input  logic [7:0]  s_axil_awaddr,
  input  logic        s_axil_awvalid,
  output logic        s_axil_awready,
  input  logic [31:0] s_axil_wdata,
  input  logic [3:0]  s_axil_wstrb,
  input  logic        s_axil_wvalid,
  output logic        s_axil_wready,
  output logic [1:0]  s_axil_bresp,
  output logic        s_axil_bvalid,
  input  logic        s_axil_bready,
  input  logic [7:0]  s_axil_araddr,
  input  logic        s_axil_arvalid,
  output logic        s_axil_arready,
  output logic [31:0] s_axil_rdata,
  output logic [1:0]  s_axil_rresp,
  output logic        s_axil_rvalid,
  input  logic        s_axil_rready,

  output logic [31:0] m_axi_awaddr,
  output logic [7:0]  m_axi_awlen,
  output logic [2:0]  m_axi_awsize,
  output logic [1:0]  m_axi_awburst,
  output logic        m_axi_awvalid,
  input  logic        m_axi_awready,
  output logic [63:0] m_axi_wdata,
  output logic [7:0]  m_axi_wstrb,
  output logic        m_axi_wlast,
  output logic        m_axi_wvalid,
  input  logic        m_axi_wready,
  input  logic [1:0]  m_axi_bresp,
  input  logic        m_axi_bvalid,
  output logic        m_axi_bready,
  output logic [31:0] m_axi_araddr,
  output logic [7:0]  m_axi_arlen,
  output logic [2:0]  m_axi_arsize,
  output logic [1:0]  m_axi_arburst,
  output logic        m_axi_arvalid,
  input  logic        m_axi_arready,
  input  logic [63:0] m_axi_rdata,
  input  logic [1:0]  m_axi_rresp,
  input  logic        m_axi_rlast,
  input  logic        m_axi_rvalid,
  output logic        m_axi_rready
);

  localparam logic [7:0] Silent = 8'h24, SlvErr = 8'h28, DecErr = 8'h2C;

  logic [31:0] scratch_q, data_q, address_q, read_q, clocks_q;
  logic [2:0] burst_q;  // done and response
  logic [1:0] beat_q;   // of W: 0, 1, 2 done
  logic aw_q, ar_q, w_busy_q, r_busy_q;

  logic write, read;
  assign write = s_axil_awvalid && s_axil_wvalid && !s_axil_bvalid && s_axil_awaddr != Silent;
  assign read = s_axil_arvalid && !s_axil_rvalid && s_axil_araddr != Silent;
  assign s_axil_awready = write;
  assign s_axil_wready = write;
  assign s_axil_arready = read;

  function automatic logic [1:0] response(input logic [7:0] address);
    return address == SlvErr ? 2'b10 : address == DecErr ? 2'b11 : 2'b00;
  endfunction

  assign m_axi_awaddr = address_q;
  assign m_axi_awlen = 8'd1;
  assign m_axi_awsize = 3'd3;
  assign m_axi_awburst = 2'b01;
  assign m_axi_awvalid = aw_q;
  assign m_axi_wdata = {data_q, data_q};
  assign m_axi_wstrb = beat_q == 2'd0 ? 8'hFF : 8'h0F;
  assign m_axi_wlast = beat_q == 2'd1;
  assign m_axi_wvalid = w_busy_q && beat_q != 2'd2;
  assign m_axi_bready = 1'b1;
  assign m_axi_araddr = address_q;
  assign m_axi_arlen = 8'd0;
  assign m_axi_arsize = 3'd3;
  assign m_axi_arburst = 2'b01;
  assign m_axi_arvalid = ar_q;
  assign m_axi_rready = 1'b1;

  always_ff @(posedge aclk or negedge aresetn) begin
    if (!aresetn) begin
      {scratch_q, data_q, address_q, read_q, clocks_q} <= '0;
      {burst_q, beat_q, aw_q, ar_q, w_busy_q, r_busy_q, intr} <= '0;
      {s_axil_bvalid, s_axil_bresp, s_axil_rvalid, s_axil_rresp} <= '0;
      s_axil_rdata <= '0;
    end else begin
      clocks_q <= clocks_q + 1;
      if (s_axil_bready) s_axil_bvalid <= 1'b0;
      if (s_axil_rready) s_axil_rvalid <= 1'b0;
      if (m_axi_awready) aw_q <= 1'b0;
      if (m_axi_arready) ar_q <= 1'b0;
      if (m_axi_wvalid && m_axi_wready) beat_q <= beat_q + 2'd1;
      if (m_axi_bvalid && w_busy_q) begin
        w_busy_q <= 1'b0;
        burst_q <= {1'b1, m_axi_bresp};
      end
      if (m_axi_rvalid && r_busy_q) begin
        r_busy_q <= 1'b0;
        burst_q <= {m_axi_rlast, m_axi_rresp};
        read_q <= m_axi_rdata[31:0];
      end
      if (write) begin
        s_axil_bvalid <= 1'b1;
        s_axil_bresp <= response(s_axil_awaddr);
        case (s_axil_awaddr)
          8'h00:
            for (int n = 0; n < 4; n++)
              if (s_axil_wstrb[n]) scratch_q[8*n+:8] <= s_axil_wdata[8*n+:8];
          8'h04: intr <= s_axil_wdata[2:0];
          8'h08: $finish;
          8'h0C: $error("asked for by a register");
          8'h10: begin
            address_q <= s_axil_wdata;
            {aw_q, w_busy_q, beat_q, burst_q} <= {1'b1, 1'b1, 2'd0, 3'd0};
          end
          8'h14: data_q <= s_axil_wdata;
          8'h18: begin
            address_q <= s_axil_wdata;
            {ar_q, r_busy_q, burst_q} <= {1'b1, 1'b1, 3'd0};
          end
          default: ;
        endcase
      end
      if (read) begin
        s_axil_rvalid <= 1'b1;
        s_axil_rresp <= response(s_axil_araddr);
        case (s_axil_araddr)
          8'h00: s_axil_rdata <= scratch_q;
          8'h04: s_axil_rdata <= 32'(intr);
          8'h1C: s_axil_rdata <= read_q;
          8'h20: s_axil_rdata <= 32'(burst_q);
          8'h30: s_axil_rdata <= clocks_q;
          default: s_axil_rdata <= '0;
        endcase
      end
    end
  end

  logic unused;
  assign unused = ^m_axi_rdata[63:32];

endmodule
