// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// BAR0: device registers and those of channel 0, on AXI4-Lite. Offsets that hold nothing read 0 and
// ignore writes; every response is OKAY.
module ioat_regs #(
  parameter int unsigned TransferCapLog2 = 20
) (
  input  logic                         clk_i,
  input  logic                         rst_ni,
  // AXI4-Lite
  input  logic                         s_axil_awvalid,
  output logic                         s_axil_awready,
  input  logic [13:0]                  s_axil_awaddr,
  input  logic                         s_axil_wvalid,
  output logic                         s_axil_wready,
  input  logic [31:0]                  s_axil_wdata,
  input  logic [3:0]                   s_axil_wstrb,
  output logic                         s_axil_bvalid,
  input  logic                         s_axil_bready,
  output logic [1:0]                   s_axil_bresp,
  input  logic                         s_axil_arvalid,
  output logic                         s_axil_arready,
  input  logic [13:0]                  s_axil_araddr,
  output logic                         s_axil_rvalid,
  input  logic                         s_axil_rready,
  output logic [31:0]                  s_axil_rdata,
  output logic [1:0]                   s_axil_rresp,
  // To the channel
  output logic [5:0]                   command_o,
  output logic                         command_bad_o,
  output logic                         doorbell_o,
  output logic [15:0]                  doorbell_count_o,
  output logic [63:0]                  chain_addr_o,
  output logic [63:0]                  completion_addr_o,
  output logic                         error_record_o,
  output logic                         error_irq_o,
  output logic [ioat_pkg::ErrBits-1:0] error_mask_o,
  // From the channel
  input  logic [15:0]                  dmacount_i,
  input  logic                         resetting_i,
  input  logic [2:0]                   status_i,
  input  logic [63:6]                  last_addr_i,
  input  logic [ioat_pkg::ErrBits-1:0] errors_i,
  input  logic                         irq_i,
  /// CHANERR.
  output logic [ioat_pkg::ErrBits-1:0] errors_o,
  /// Interrupt line: level.
  output logic                         irq_o,
  /// No access under way.
  output logic                         idle_o
);
  // Word addresses
  localparam logic [11:0] WordDevice    = 12'h000;
  localparam logic [11:0] WordAttention = 12'h001;
  localparam logic [11:0] WordVersion   = 12'h002;
  localparam logic [11:0] WordControl   = 12'h020;
  localparam logic [11:0] WordCommand   = 12'h021;
  localparam logic [11:0] WordStatusLow = 12'h022;
  localparam logic [11:0] WordStatusTop = 12'h023;
  localparam logic [11:0] WordChainLow  = 12'h024;
  localparam logic [11:0] WordChainTop  = 12'h025;
  localparam logic [11:0] WordRecordLow = 12'h026;
  localparam logic [11:0] WordRecordTop = 12'h027;
  localparam logic [11:0] WordError     = 12'h02A;
  localparam logic [11:0] WordErrorMask = 12'h02B;
  localparam logic [11:0] WordDca       = 12'h02C;
  /// CHANCTRL bits that hold a value: 2, 3, 4, 5, 8, 9.
  localparam logic [15:0] ControlHeld = 16'h033C;
  localparam logic [7:0]  Version     = 8'h34;
  localparam logic [15:0] Compatible  = 16'h0002;

  // One write and one read at a time
  logic aw_full_q, w_full_q, b_valid_q, r_valid_q;
  logic [11:0] aw_word_q, read_word;
  logic [31:0] w_data_q, r_data_q, read_data;
  logic [3:0] w_strb_q;
  logic write, read;

  assign s_axil_awready = !aw_full_q;
  assign s_axil_wready  = !w_full_q;
  assign s_axil_arready = !r_valid_q;
  assign s_axil_bvalid  = b_valid_q;
  assign s_axil_rvalid  = r_valid_q;
  assign s_axil_rdata   = r_data_q;
  assign s_axil_bresp   = 2'b00;
  assign s_axil_rresp   = 2'b00;
  assign write     = aw_full_q && w_full_q && !b_valid_q;
  assign read      = s_axil_arvalid && s_axil_arready;
  assign read_word = s_axil_araddr[13:2];
  logic unused_byte_address;
  assign unused_byte_address = ^{s_axil_awaddr[1:0], s_axil_araddr[1:0]};

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_handshake
    if (!rst_ni) begin
      aw_full_q <= 1'b0;
      w_full_q  <= 1'b0;
      b_valid_q <= 1'b0;
      r_valid_q <= 1'b0;
    end else begin
      if (s_axil_awvalid && s_axil_awready) aw_full_q <= 1'b1;
      else if (write) aw_full_q <= 1'b0;
      if (s_axil_wvalid && s_axil_wready) w_full_q <= 1'b1;
      else if (write) w_full_q <= 1'b0;
      if (write) b_valid_q <= 1'b1;
      else if (s_axil_bready) b_valid_q <= 1'b0;
      if (read) r_valid_q <= 1'b1;
      else if (s_axil_rready) r_valid_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin : proc_payload
    if (s_axil_awvalid && s_axil_awready) aw_word_q <= s_axil_awaddr[13:2];
    if (s_axil_wvalid && s_axil_wready) {w_data_q, w_strb_q} <= {s_axil_wdata, s_axil_wstrb};
    if (read) r_data_q <= read_data;
  end

  /// `old` with the bytes that the write strobes name taken from the write data.
  function automatic logic [31:0] merged(input logic [31:0] old, input logic [31:0] data,
                                         input logic [3:0] strb);
    merged = {strb[3] ? data[31:24] : old[31:24], strb[2] ? data[23:16] : old[23:16],
              strb[1] ? data[15:8] : old[15:8], strb[0] ? data[7:0] : old[7:0]};
  endfunction

  // Plain registers
  logic debug_q, irq_enable_q, vector_control_q;
  logic [15:0] control_q;
  logic [31:0] dca_q, mask_q;
  logic [63:0] chain_q, record_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_device
    if (!rst_ni) begin
      debug_q          <= 1'b0;
      irq_enable_q     <= 1'b0;
      vector_control_q <= 1'b0;
    end else if (write && aw_word_q == WordDevice) begin
      if (w_strb_q[2]) debug_q <= w_data_q[16];
      if (w_strb_q[3]) {vector_control_q, irq_enable_q} <= {w_data_q[27], w_data_q[24]};
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_held
    if (!rst_ni) begin
      control_q <= '0;
      chain_q   <= '0;
      record_q  <= '0;
      mask_q    <= '0;
      dca_q     <= '0;
    end else if (write) begin
      case (aw_word_q)
        WordControl: begin
          if (w_strb_q[0]) control_q[7:0] <= w_data_q[7:0] & ControlHeld[7:0];
          if (w_strb_q[1]) control_q[15:8] <= w_data_q[15:8] & ControlHeld[15:8];
        end
        WordChainLow:  chain_q[31:0]   <= merged(chain_q[31:0], w_data_q, w_strb_q);
        WordChainTop:  chain_q[63:32]  <= merged(chain_q[63:32], w_data_q, w_strb_q);
        WordRecordLow: record_q[31:0]  <= merged(record_q[31:0], w_data_q, w_strb_q);
        WordRecordTop: record_q[63:32] <= merged(record_q[63:32], w_data_q, w_strb_q);
        WordErrorMask: mask_q          <= merged(mask_q, w_data_q, w_strb_q);
        WordDca:       dca_q           <= merged(dca_q, w_data_q, w_strb_q);
        default: ;
      endcase
    end
  end

  // CHANERR: set by the channel, written 1 to clear; a set in the same clock wins
  logic [ioat_pkg::ErrBits-1:0] error_q, error_clear;
  logic [31:0] error_written;
  assign error_written = (write && aw_word_q == WordError) ? merged('0, w_data_q, w_strb_q) : '0;
  assign error_clear   = error_written[ioat_pkg::ErrBits-1:0];
  logic unused_error_written;
  assign unused_error_written = ^error_written[31:ioat_pkg::ErrBits];

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_error
    if (!rst_ni) error_q <= '0;
    else error_q <= (error_q & ~error_clear) | errors_i;
  end
  assign errors_o = error_q;

  // CHANCMD and DMACOUNT act, and are held by the channel
  logic command_write;
  logic [5:0] command;
  assign command_write    = write && aw_word_q == WordCommand && w_strb_q[0];
  assign command          = command_write ? w_data_q[5:0] : '0;
  assign command_bad_o    = (command & (command - 6'd1)) != '0;
  assign command_o        = command_bad_o ? '0 : command;
  assign doorbell_o       = write && aw_word_q == WordCommand && w_strb_q[3:2] != '0;
  assign doorbell_count_o = {w_strb_q[3] ? w_data_q[31:24] : dmacount_i[15:8],
                             w_strb_q[2] ? w_data_q[23:16] : dmacount_i[7:0]};

  // Interrupt: an event raises attention once, then waits for CHANCTRL bit 0; nothing is lost
  // meanwhile
  logic attention_q, armed_q, waiting_q, rearm, raise, read_attention;
  assign rearm          = write && aw_word_q == WordControl && w_strb_q[0] &&
                          w_data_q[ioat_pkg::CtrlRearm];
  assign raise          = armed_q && !rearm && (irq_i || waiting_q);
  assign read_attention = read && read_word == WordAttention;

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_attention
    if (!rst_ni) begin
      attention_q <= 1'b0;
      armed_q     <= 1'b1;
      waiting_q   <= 1'b0;
    end else begin
      if (raise) attention_q <= 1'b1;
      else if (rearm || read_attention) attention_q <= 1'b0;
      if (rearm) armed_q <= 1'b1;
      else if (raise) armed_q <= 1'b0;
      if (raise || resetting_i) waiting_q <= 1'b0;
      else if (irq_i) waiting_q <= 1'b1;
    end
  end

  // Reads
  logic [63:0] status;
  logic [31:0] status_top_q;
  assign status = {last_addr_i, 3'd0, status_i};

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_status_top
    if (!rst_ni) status_top_q <= '0;
    else if (read && read_word == WordStatusLow) status_top_q <= status[63:32];
  end

  always_comb begin : proc_read
    case (read_word)
      WordDevice:    read_data = {4'd0, vector_control_q, attention_q && irq_enable_q, attention_q,
                                  irq_enable_q, 7'd0, debug_q, 8'(TransferCapLog2), 8'd1};
      WordAttention: read_data = {31'd0, attention_q};
      WordVersion:   read_data = {24'd0, Version};
      WordControl:   read_data = {Compatible, control_q};
      WordCommand:   read_data = {dmacount_i, 10'd0, resetting_i, 5'd0};
      WordStatusLow: read_data = status[31:0];
      WordStatusTop: read_data = status_top_q;
      WordChainLow:  read_data = chain_q[31:0];
      WordChainTop:  read_data = chain_q[63:32];
      WordRecordLow: read_data = record_q[31:0];
      WordRecordTop: read_data = record_q[63:32];
      WordError:     read_data = 32'(error_q);
      WordErrorMask: read_data = mask_q;
      WordDca:       read_data = dca_q;
      default:       read_data = '0;
    endcase
  end

  assign chain_addr_o      = chain_q;
  assign completion_addr_o = record_q;
  assign error_record_o    = control_q[ioat_pkg::CtrlErrorRecord];
  assign error_irq_o       = control_q[ioat_pkg::CtrlErrorIrq];
  assign error_mask_o      = mask_q[ioat_pkg::ErrBits-1:0];
  assign irq_o             = attention_q && irq_enable_q;
  assign idle_o            = !(aw_full_q || w_full_q || b_valid_q || r_valid_q ||
                               (armed_q && waiting_q) ||
                               s_axil_awvalid || s_axil_wvalid || s_axil_arvalid);
endmodule
