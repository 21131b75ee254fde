// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The 16550 as a PCI function: one BAR of 8 ports, INTx. The other end of its line is here too, as
// bytes for the host: 8 data bits, no parity, 1 stop bit, divisor 1 (115200 baud to a driver that
// takes the usual clock for granted).

`default_nettype none

module uart_pci_top (
    input  wire logic              clk_i,
    input  wire logic              rst_ni,

    /// guestlink_pci_id() and guestlink_id() of the endpoint and its memory, of which this device
    /// uses none; stable outside reset.
    input  var longint unsigned   endpoint_id_i,
    input  var longint unsigned   memory_id_i,
    /// See axil_guest_mmio.
    input  wire logic              lock_step_i,

    // The line's other end
    /// One clock a byte from the guest.
    output logic                   line_valid_o,
    output logic [7:0]             line_data_o,
    // A byte to the guest
    input  wire logic              line_valid_i,
    output logic                   line_ready_o,
    input  wire logic [7:0]        line_data_i,

    /// Nothing is pending: only the guest and the line can change anything.
    output logic                   idle_o,
    /// The interrupt wire.
    output logic                   irq_o,

    // Counters since rst_ni
    output logic [63:0]            sent_o,
    output logic [63:0]            received_o,
    output logic [63:0]            interrupts_o,
    /// Resets by the guest.
    output logic [31:0]            guest_resets_o,
    /// Register accesses that were answered with an error, or not in time.
    output logic [31:0]            mmio_errors_o,
    output logic [31:0]            mmio_timeouts_o
);

  localparam logic [7:0] EightBits = 8'h03;

  logic device_rst_n, mmio_idle, irq_idle, uart_idle, line_tx_idle, line_rx_idle, irq;
  logic from_guest, to_guest, unused_memory;
  logic [2:0] regs_awaddr, regs_araddr, regs_awprot, regs_arprot;
  logic regs_awvalid, regs_awready, regs_wvalid, regs_wready, regs_bvalid, regs_bready,
      regs_arvalid, regs_arready, regs_rvalid, regs_rready;
  logic [31:0] regs_wdata, regs_rdata;
  logic [3:0] regs_wstrb;
  logic [1:0] regs_bresp, regs_rresp;
  uart_pkg::received_t line_received;
  logic unused_line_errors;

  assign unused_memory = ^memory_id_i;

  axil_guest_mmio #(
      .Bar             (0),
      .AddressWidthBits(3)
  ) u_mmio (
      .clk_i(clk_i),
      .rst_ni(rst_ni),
      .endpoint_id_i(endpoint_id_i),
      .lock_step_i(lock_step_i),
      .device_idle_i(uart_idle && irq_idle),
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

  uart_16550 u_uart (
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
      .rx_i(to_guest),
      .tx_o(from_guest),
      .irq_o(irq),
      .idle_o(uart_idle)
  );

  guest_irq u_irq (
      .clk_i(clk_i),
      .rst_ni(device_rst_n),
      .endpoint_id_i(endpoint_id_i),
      .irq_i(irq),
      .idle_o(irq_idle)
  );

  // ---------------------------------------------------------------- the line's other end
  uart_rx u_line_rx (
      .clk_i(clk_i),
      .rst_ni(rst_ni),
      .tick_i(1'b1),
      .line_i(EightBits),
      .rx_i(from_guest),
      .valid_o(line_valid_o),
      .received_o(line_received),
      .idle_o(line_rx_idle)
  );
  uart_tx u_line_tx (
      .clk_i(clk_i),
      .rst_ni(rst_ni),
      .tick_i(1'b1),
      .line_i(EightBits),
      .valid_i(line_valid_i),
      .ready_o(line_ready_o),
      .data_i(line_data_i),
      .tx_o(to_guest),
      .idle_o(line_tx_idle)
  );
  assign line_data_o        = line_received.data;
  assign unused_line_errors = ^{line_received.is_break, line_received.framing,
                                line_received.parity};

  assign irq_o  = irq;
  assign idle_o = mmio_idle && irq_idle && uart_idle && line_rx_idle && line_tx_idle;

  // ---------------------------------------------------------------- counters
  logic irq_q, device_rst_nq;

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_counters
    if (!rst_ni) begin
      sent_o         <= '0;
      received_o     <= '0;
      interrupts_o   <= '0;
      guest_resets_o <= '0;
      irq_q          <= 1'b0;
      device_rst_nq  <= 1'b0;
    end else begin
      irq_q         <= irq;
      device_rst_nq <= device_rst_n;
      if (line_valid_o) sent_o <= sent_o + 1'b1;
      if (line_valid_i && line_ready_o) received_o <= received_o + 1'b1;
      if (irq && !irq_q) interrupts_o <= interrupts_o + 1'b1;
      if (device_rst_nq && !device_rst_n) guest_resets_o <= guest_resets_o + 1'b1;
    end
  end

endmodule

`default_nettype wire
