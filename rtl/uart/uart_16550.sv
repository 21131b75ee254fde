// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// A 16550A UART, as Linux's 8250 driver knows it. docs/uart.md tells what is there and what is not.
// clk_i is the UART's clock: a bit takes 16 times the divisor.
module uart_16550 (
  input  logic        clk_i,
  input  logic        rst_ni,
  // AXI4-Lite subordinate: registers are bytes, see uart_bytes
  input  logic        s_axil_awvalid,
  output logic        s_axil_awready,
  input  logic [2:0]  s_axil_awaddr,
  input  logic [2:0]  s_axil_awprot,
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
  input  logic [2:0]  s_axil_arprot,
  output logic        s_axil_rvalid,
  input  logic        s_axil_rready,
  output logic [31:0] s_axil_rdata,
  output logic [1:0]  s_axil_rresp,
  // The line, high when nothing is sent
  input  logic        rx_i,
  output logic        tx_o,
  /// Interrupt line: level. Not gated by OUT2, as on PCI cards.
  output logic        irq_o,
  /// Only a register access or a start bit can change anything.
  output logic        idle_o
);
  localparam int unsigned FifoBytes = 16;
  localparam int unsigned UsageBits = $clog2(FifoBytes + 1);
  /// Modem inputs outside of the loop: carrier, data set ready and clear to send; no ring.
  localparam logic [3:0] ModemInputs = 4'b1011;

  logic unused_prot;
  assign unused_prot = ^{s_axil_awprot, s_axil_arprot};

  // ---------------------------------------------------------------- register accesses
  logic write, read, bus_idle;
  logic [2:0] write_address, read_address;
  logic [7:0] write_data, read_data;

  uart_bytes u_bytes (
    .clk_i, .rst_ni,
    .s_axil_awvalid, .s_axil_awready, .s_axil_awaddr,
    .s_axil_wvalid, .s_axil_wready, .s_axil_wdata, .s_axil_wstrb,
    .s_axil_bvalid, .s_axil_bready, .s_axil_bresp,
    .s_axil_arvalid, .s_axil_arready, .s_axil_araddr,
    .s_axil_rvalid, .s_axil_rready, .s_axil_rdata, .s_axil_rresp,
    .write_o        (write),
    .write_address_o(write_address),
    .write_data_o   (write_data),
    .read_o         (read),
    .read_address_o (read_address),
    .read_data_i    (read_data),
    .idle_o         (bus_idle)
  );

  // ---------------------------------------------------------------- plain registers
  uart_pkg::line_control_t line_q;
  logic [15:0] divisor_q;
  logic [7:0] scratch_q;
  logic [4:0] modem_control_q;
  logic [3:0] enable_q;
  logic [1:0] trigger_q;
  logic fifo_on_q, loop;
  logic write_thr, write_fcr, read_rbr, read_lsr, read_iir, read_msr, clear_rx, clear_tx;

  assign loop      = modem_control_q[4];
  assign write_thr = write && write_address == uart_pkg::RegData && !line_q.divisor_latch;
  assign write_fcr = write && write_address == uart_pkg::RegIirFcr;
  assign read_rbr  = read && read_address == uart_pkg::RegData && !line_q.divisor_latch;
  assign read_iir  = read && read_address == uart_pkg::RegIirFcr;
  assign read_lsr  = read && read_address == uart_pkg::RegLsr;
  assign read_msr  = read && read_address == uart_pkg::RegMsr;
  // Switching the FIFOs on or off empties them, too.
  assign clear_rx  = write_fcr && (write_data[1] || write_data[0] != fifo_on_q);
  assign clear_tx  = write_fcr && (write_data[2] || write_data[0] != fifo_on_q);

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_registers
    if (!rst_ni) begin
      line_q          <= '0;
      divisor_q       <= '0;
      scratch_q       <= '0;
      modem_control_q <= '0;
      enable_q        <= '0;
      trigger_q       <= '0;
      fifo_on_q       <= 1'b0;
    end else if (write) begin
      case (write_address)
        uart_pkg::RegData:    if (line_q.divisor_latch) divisor_q[7:0] <= write_data;
        uart_pkg::RegIer:     if (line_q.divisor_latch) divisor_q[15:8] <= write_data;
                    else enable_q <= write_data[3:0];
        uart_pkg::RegIirFcr:  {trigger_q, fifo_on_q} <= {write_data[7:6], write_data[0]};
        uart_pkg::RegLcr:     line_q <= write_data;
        uart_pkg::RegMcr:     modem_control_q <= write_data[4:0];
        uart_pkg::RegScratch: scratch_q <= write_data;
        default: ;
      endcase
    end
  end

  // ---------------------------------------------------------------- baud rate
  logic [15:0] baud_q;
  logic tick;
  assign tick = baud_q == '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_baud
    if (!rst_ni) baud_q <= '0;
    else if (tick) baud_q <= divisor_q == '0 ? '0 : divisor_q - 1'b1;
    else baud_q <= baud_q - 1'b1;
  end

  // ---------------------------------------------------------------- transmitter
  logic tx_valid, tx_ready, tx_fifo_ready, tx_line, tx_idle, tx_push;
  logic [7:0] tx_data;
  logic [UsageBits-1:0] tx_usage;

  // Without FIFOs there is one place, whose content a further write replaces.
  assign tx_push = write_thr && (fifo_on_q || tx_usage == '0);

  stream_fifo #(.WidthBits(8), .Depth(FifoBytes)) u_tx_fifo (
    .clk_i, .rst_ni,
    .clear_i(clear_tx),
    .valid_i(tx_push),
    .ready_o(tx_fifo_ready),
    .data_i (write_data),
    .valid_o(tx_valid),
    .ready_i(tx_ready),
    .data_o (tx_data),
    .usage_o(tx_usage)
  );
  logic unused_tx_fifo_ready;
  assign unused_tx_fifo_ready = tx_fifo_ready;  // what comes when it is full is lost, as on a 16550

  uart_tx u_tx (
    .clk_i, .rst_ni,
    .tick_i (tick),
    .line_i (line_q),
    .valid_i(tx_valid),
    .ready_o(tx_ready),
    .data_i (tx_data),
    .tx_o   (tx_line),
    .idle_o (tx_idle)
  );
  assign tx_o = tx_line || loop;

  // ---------------------------------------------------------------- receiver
  logic [1:0] rx_sync_q;
  logic rx, rx_valid, rx_idle, rx_push, rx_pop, rx_head_valid, rx_full, rx_fifo_ready;
  uart_pkg::received_t rx_received, rx_head;
  logic [UsageBits-1:0] rx_usage;

  assign rx = loop ? tx_line : rx_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_rx_sync
    if (!rst_ni) rx_sync_q <= 2'b11;
    else rx_sync_q <= {rx_sync_q[0], rx};
  end

  uart_rx u_rx (
    .clk_i, .rst_ni,
    .tick_i    (tick),
    .line_i    (line_q),
    .rx_i      (rx_sync_q[1]),
    .valid_o   (rx_valid),
    .received_o(rx_received),
    .idle_o    (rx_idle)
  );

  // A character too many is lost; without FIFOs it takes the place of the one before.
  assign rx_full = fifo_on_q ? rx_usage == UsageBits'(FifoBytes) : rx_usage != '0;
  assign rx_push = rx_valid && (!rx_full || !fifo_on_q);
  assign rx_pop  = rx_head_valid && (read_rbr || (rx_valid && rx_full && !fifo_on_q));

  stream_fifo #(.WidthBits(uart_pkg::ReceivedBits), .Depth(FifoBytes)) u_rx_fifo (
    .clk_i, .rst_ni,
    .clear_i(clear_rx),
    .valid_i(rx_push),
    .ready_o(rx_fifo_ready),
    .data_i (rx_received),
    .valid_o(rx_head_valid),
    .ready_i(rx_pop),
    .data_o (rx_head),
    .usage_o(rx_usage)
  );
  logic unused_rx_fifo_ready;
  assign unused_rx_fifo_ready = rx_fifo_ready;

  // ---------------------------------------------------------------- line status
  logic overrun_q, head_told_q, head_bad, bad_in, bad_out;
  logic [UsageBits-1:0] bad_count_q;
  logic [2:0] head_errors;
  logic [7:0] line_status;

  // Errors of the oldest character are told once.
  assign head_errors = rx_head_valid && !head_told_q
                         ? {rx_head.is_break, rx_head.framing, rx_head.parity} : 3'd0;
  assign head_bad    = {rx_head.is_break, rx_head.framing, rx_head.parity} != '0;
  assign bad_in      = rx_push &&
                       {rx_received.is_break, rx_received.framing, rx_received.parity} != '0;
  assign bad_out     = rx_pop && head_bad;
  assign line_status = {fifo_on_q && bad_count_q != '0, tx_usage == '0 && tx_idle, tx_usage == '0,
                        head_errors, overrun_q, rx_head_valid};

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_line_status
    if (!rst_ni) begin
      overrun_q   <= 1'b0;
      head_told_q <= 1'b0;
      bad_count_q <= '0;
    end else begin
      if (rx_valid && rx_full) overrun_q <= 1'b1;
      else if (read_lsr) overrun_q <= 1'b0;
      if (rx_pop || clear_rx || !rx_head_valid) head_told_q <= 1'b0;
      else if (read_lsr) head_told_q <= 1'b1;
      if (clear_rx) bad_count_q <= '0;
      else if (bad_in && !bad_out) bad_count_q <= bad_count_q + 1'b1;
      else if (bad_out && !bad_in) bad_count_q <= bad_count_q - 1'b1;
    end
  end

  // ---------------------------------------------------------------- character time-out
  // Characters wait, and for four character times none came and none was read.
  logic [9:0] quiet_q, quiet_limit;
  logic timeout, rx_waits;
  assign rx_waits    = fifo_on_q && rx_head_valid;
  assign quiet_limit = 10'd4 * (10'd16 * (10'd6 + 10'(line_q.length) + 10'(line_q.parity_on)) +
                                10'(uart_pkg::stop_ticks(line_q.more_stop, line_q.length)));
  assign timeout     = rx_waits && quiet_q == quiet_limit;

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_timeout
    if (!rst_ni) quiet_q <= '0;
    else if (!rx_waits || rx_push || rx_pop || clear_rx) quiet_q <= '0;
    else if (tick && quiet_q < quiet_limit) quiet_q <= quiet_q + 1'b1;
    else if (quiet_q > quiet_limit) quiet_q <= quiet_limit;
  end

  // ---------------------------------------------------------------- modem status
  logic [3:0] modem, modem_q, modem_delta_q;  // DCD, RI, DSR, CTS
  // In the loop: OUT2, OUT1, DTR, RTS
  assign modem = loop ? {modem_control_q[3:2], modem_control_q[0], modem_control_q[1]}
                      : ModemInputs;

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_modem
    if (!rst_ni) begin
      modem_q       <= ModemInputs;
      modem_delta_q <= '0;
    end else begin
      modem_q <= modem;
      // Of ring only its end counts.
      modem_delta_q <= (read_msr ? '0 : modem_delta_q) |
                       ((modem ^ modem_q) & {1'b1, modem_q[2], 2'b11});
    end
  end

  // ---------------------------------------------------------------- interrupts and reads
  logic [3:0] id;
  logic data_ready;

  always_comb begin : proc_trigger
    case (trigger_q)
      2'd0:    data_ready = rx_usage >= 1;
      2'd1:    data_ready = rx_usage >= 4;
      2'd2:    data_ready = rx_usage >= 8;
      default: data_ready = rx_usage >= 14;
    endcase
    if (!fifo_on_q) data_ready = rx_head_valid;
  end

  uart_irq u_irq (
    .clk_i, .rst_ni,
    .enable_i     (enable_q),
    .line_status_i(line_status[4:1] != '0),
    .data_i       (data_ready),
    .timeout_i    (timeout),
    .modem_i      (modem_delta_q != '0),
    .tx_empty_i   (tx_usage == '0),
    .read_iir_i   (read_iir),
    .write_thr_i  (write_thr),
    .id_o         (id),
    .irq_o        (irq_o)
  );

  always_comb begin : proc_read
    case (read_address)
      uart_pkg::RegData:   read_data = line_q.divisor_latch ? divisor_q[7:0]
                             : rx_head_valid ? rx_head.data : 8'd0;
      uart_pkg::RegIer:    read_data = line_q.divisor_latch ? divisor_q[15:8] : {4'd0, enable_q};
      uart_pkg::RegIirFcr: read_data = {{2{fifo_on_q}}, 2'd0, id};
      uart_pkg::RegLcr:    read_data = line_q;
      uart_pkg::RegMcr:    read_data = {3'd0, modem_control_q};
      uart_pkg::RegLsr:    read_data = line_status;
      uart_pkg::RegMsr:    read_data = {modem_q, modem_delta_q};
      default:   read_data = scratch_q;
    endcase
  end

  assign idle_o = bus_idle && tx_idle && tx_usage == '0 && rx_idle && rx_sync_q == {2{rx}} &&
                  !(rx_waits && !timeout) && modem == modem_q;
endmodule
