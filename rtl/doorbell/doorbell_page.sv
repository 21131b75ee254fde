// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The device's side of a doorbell page: lets a guest that shares only its RAM reach a device's
// registers. The layout of the page is in docs/architecture.md, the behaviour in docs/doorbell.md.
//
// One thing is done at a time: poll, then whatever the poll asks for, then the next poll. A poll
// reads command, doorbell, state and session in this order; a doorbell that the guest stored before
// a command is thus seen no later than the command, and is served first: program order is kept.
// The session comes last: what was read before it was the page of that session.

`default_nettype none

module doorbell_page #(
    /// Cycles from the start of one poll to the start of the next, 1 or more.
    parameter int unsigned PollIntervalCycles = 32,
    /// Width of m_axi data. The page is made of 64-bit words: only 64 is possible.
    parameter int unsigned DataWidthBits = 64,
    /// Width of the AXI IDs; the ID used is always 0.
    parameter int unsigned IdWidthBits = 4,
    /// Width of a register's byte address. A command beyond it is answered with DECERR.
    parameter int unsigned RegisterAddressBits = 14,
    /// Byte address of the 32-bit word whose upper half is the device's descriptor count register.
    parameter int unsigned DoorbellAddress = 'h84
) (
    input  wire logic                           clk_i,
    input  wire logic                           rst_ni,

    // The page; address and session are taken when it is attached
    /// Guest address of the page; the low 12 bits are taken as 0.
    input  wire logic [63:0]                    page_address_i,
    /// Session found in the page, echoed in `attached`.
    input  wire logic [31:0]                    page_session_i,
    /// High: attach and serve. Low: detach. After the end it must fall before it can attach anew.
    input  wire logic                           page_enable_i,
    /// State the guest gave last: 1 open, 2 passed, 3 failed, 0 none read yet or any other value.
    output logic [1:0]                          page_state_o,
    /// High from the moment `attached` is in the page until it is taken back.
    output logic                                page_attached_o,
    /// The bus refused an access to the page, or it is no longer the page of this session: polling
    /// has ended. Cleared by page_enable_i falling.
    output logic                                page_error_o,
    /// The device's interrupt line; rising edges are counted into the page.
    input  wire logic                           irq_i,

    // AXI4 manager to guest memory
    output logic [IdWidthBits-1:0]              m_axi_awid,
    output logic [63:0]                         m_axi_awaddr,
    output logic [7:0]                          m_axi_awlen,
    output logic [2:0]                          m_axi_awsize,
    output logic [1:0]                          m_axi_awburst,
    output logic                                m_axi_awlock,
    output logic [3:0]                          m_axi_awcache,
    output logic [2:0]                          m_axi_awprot,
    output logic [3:0]                          m_axi_awqos,
    output logic                                m_axi_awvalid,
    input  wire logic                           m_axi_awready,
    output logic [DataWidthBits-1:0]            m_axi_wdata,
    output logic [DataWidthBits/8-1:0]          m_axi_wstrb,
    output logic                                m_axi_wlast,
    output logic                                m_axi_wvalid,
    input  wire logic                           m_axi_wready,
    input  wire logic [IdWidthBits-1:0]         m_axi_bid,
    input  wire logic [1:0]                     m_axi_bresp,
    input  wire logic                           m_axi_bvalid,
    output logic                                m_axi_bready,
    output logic [IdWidthBits-1:0]              m_axi_arid,
    output logic [63:0]                         m_axi_araddr,
    output logic [7:0]                          m_axi_arlen,
    output logic [2:0]                          m_axi_arsize,
    output logic [1:0]                          m_axi_arburst,
    output logic                                m_axi_arlock,
    output logic [3:0]                          m_axi_arcache,
    output logic [2:0]                          m_axi_arprot,
    output logic [3:0]                          m_axi_arqos,
    output logic                                m_axi_arvalid,
    input  wire logic                           m_axi_arready,
    input  wire logic [IdWidthBits-1:0]         m_axi_rid,
    input  wire logic [DataWidthBits-1:0]       m_axi_rdata,
    input  wire logic [1:0]                     m_axi_rresp,
    input  wire logic                           m_axi_rlast,
    input  wire logic                           m_axi_rvalid,
    output logic                                m_axi_rready,

    // AXI4-Lite manager to the device's registers
    output logic [RegisterAddressBits-1:0]      m_axil_awaddr,
    output logic [2:0]                          m_axil_awprot,
    output logic                                m_axil_awvalid,
    input  wire logic                           m_axil_awready,
    output logic [31:0]                         m_axil_wdata,
    output logic [3:0]                          m_axil_wstrb,
    output logic                                m_axil_wvalid,
    input  wire logic                           m_axil_wready,
    input  wire logic [1:0]                     m_axil_bresp,
    input  wire logic                           m_axil_bvalid,
    output logic                                m_axil_bready,
    output logic [RegisterAddressBits-1:0]      m_axil_araddr,
    output logic [2:0]                          m_axil_arprot,
    output logic                                m_axil_arvalid,
    input  wire logic                           m_axil_arready,
    input  wire logic [31:0]                    m_axil_rdata,
    input  wire logic [1:0]                     m_axil_rresp,
    input  wire logic                           m_axil_rvalid,
    output logic                                m_axil_rready
);

  if (DataWidthBits != 64) begin : gen_bad_width
    $fatal(1, "DataWidthBits must be 64");
  end
  if (PollIntervalCycles == 0) begin : gen_bad_interval
    $fatal(1, "PollIntervalCycles must be at least 1");
  end
  if (RegisterAddressBits < 3 || RegisterAddressBits > 16) begin : gen_bad_address_width
    $fatal(1, "RegisterAddressBits must be 3 to 16");
  end

  localparam logic [11:0] CommandOffset = 12'h040;
  localparam logic [11:0] ReplyOffset = 12'h080;
  localparam logic [11:0] AttachedOffset = 12'h088;
  localparam logic [11:0] InterruptsOffset = 12'h090;
  localparam logic [63:0] StateOpen = 64'd1;
  localparam logic [63:0] StatePassed = 64'd2;
  localparam logic [63:0] StateFailed = 64'd3;
  localparam logic [1:0]  RespSlverr = 2'b10;
  localparam logic [1:0]  RespDecerr = 2'b11;
  localparam int unsigned TimerBits = $clog2(PollIntervalCycles + 1);
  localparam logic [TimerBits-1:0] TimerStart = TimerBits'(PollIntervalCycles - 1);

  typedef enum logic [3:0] {
    StOff, StAttach, StIdle, StPollAddress, StPollData, StDecide,
    StDoorbell, StCommand, StReply, StInterrupts, StDetach, StStopped
  } state_e;

  state_e state_q, state_d;

  // ---------------------------------------------------------------- what a poll returned
  logic [63:0] command_q, doorbell_q, state_word_q, session_word_q;
  logic [1:0]  beat_q;
  logic        read_error_q;

  // What was attached, and whether page_enable_i has fallen since
  logic [63:12] page_q;
  logic [31:0]  session_q;
  logic         enable_fell_q;

  logic [10:0] sequence_seen_q;
  logic [15:0] doorbell_seen_q;
  logic [31:0] interrupts_q, interrupts_sent_q;
  logic        irq_q;
  logic [TimerBits-1:0] timer_q;

  logic [1:0]  reply_resp_q;
  logic [31:0] reply_data_q;

  wire logic [10:0] command_sequence = command_q[63:53];
  wire logic        command_write = command_q[52];
  wire logic [3:0]  command_strobes = command_q[51:48];
  wire logic [15:0] command_offset = command_q[47:32];
  wire logic        command_misaligned = command_offset[1:0] != 2'b00;
  wire logic        command_beyond = (32'(command_offset) >> RegisterAddressBits) != 32'd0;
  wire logic        command_refused = command_misaligned | command_beyond;

  wire logic command_new = command_sequence != 11'd0 && command_sequence != sequence_seen_q;
  wire logic doorbell_new = doorbell_q[15:0] != doorbell_seen_q;
  wire logic interrupts_new = interrupts_q != interrupts_sent_q;

  // ---------------------------------------------------------------- bus activity of a state
  // A state that talks to a bus holds until the response. sent_a_q and sent_b_q say that the
  // address and the data of its one transaction are gone; a change of state clears both.
  logic sent_a_q, sent_b_q;

  wire logic page_write = state_q == StAttach || state_q == StReply || state_q == StInterrupts
                          || state_q == StDetach;
  wire logic page_done = page_write & m_axi_bvalid;
  wire logic page_refused = page_done & m_axi_bresp[1];
  wire logic poll_done = state_q == StPollData & m_axi_rvalid & m_axi_rlast;
  wire logic register_command = state_q == StCommand & ~command_refused;
  wire logic register_write = state_q == StDoorbell | (register_command & command_write);
  wire logic register_read = register_command & ~command_write;
  wire logic register_done = (register_write & m_axil_bvalid) | (register_read & m_axil_rvalid);
  wire logic address_gone = (m_axi_awvalid & m_axi_awready) | (m_axil_awvalid & m_axil_awready)
                            | (m_axil_arvalid & m_axil_arready);
  wire logic data_gone = (m_axi_wvalid & m_axi_wready) | (m_axil_wvalid & m_axil_wready);

  // A page with any other state or another session is no longer ours: the program died and its page
  // has become something else, or the page of another program. Nothing more is written to it.
  logic page_closed, page_lost, leave;
  assign page_lost   = session_word_q != 64'(session_q) ||
                       (state_word_q != StateOpen && state_word_q != StatePassed &&
                        state_word_q != StateFailed);
  assign page_closed = !page_lost && state_word_q != StateOpen;
  assign leave       = !page_enable_i || enable_fell_q;

  // ---------------------------------------------------------------- sequence of events
  always_comb begin : proc_next_state
    state_d = state_q;
    case (state_q)
      StOff:         if (page_enable_i) state_d = StAttach;
      StAttach:      if (page_done) state_d = page_refused ? StStopped : StIdle;
      StIdle: begin
        if (leave) state_d = StDetach;
        else if (timer_q == '0) state_d = StPollAddress;
      end
      StPollAddress: if (m_axi_arready) state_d = StPollData;
      StPollData:    if (poll_done) state_d = StDecide;
      StDecide: begin
        if (read_error_q) state_d = StStopped;
        else if (page_closed) state_d = StDetach;
        else if (page_lost) state_d = StStopped;
        else if (doorbell_new) state_d = StDoorbell;
        else if (command_new) state_d = StCommand;
        else if (interrupts_new) state_d = StInterrupts;
        else state_d = StIdle;
      end
      StDoorbell:    if (register_done) state_d = StDecide;
      StCommand:     if (register_done || command_refused) state_d = StReply;
      StReply:       if (page_done) state_d = page_refused ? StStopped : StDecide;
      StInterrupts:  if (page_done) state_d = page_refused ? StStopped : StIdle;
      StDetach:      if (page_done) state_d = StStopped;
      StStopped:     if (leave) state_d = StOff;
      default:       state_d = StOff;
    endcase
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_state
    if (!rst_ni) begin
      state_q  <= StOff;
      sent_a_q <= 1'b0;
      sent_b_q <= 1'b0;
    end else begin
      state_q  <= state_d;
      sent_a_q <= state_d == state_q && (sent_a_q || address_gone);
      sent_b_q <= state_d == state_q && (sent_b_q || data_gone);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_page
    if (!rst_ni) begin
      page_q        <= '0;
      session_q     <= '0;
      enable_fell_q <= 1'b0;
    end else if (state_q == StOff) begin
      page_q        <= page_address_i[63:12];
      session_q     <= page_session_i;
      enable_fell_q <= 1'b0;
    end else if (!page_enable_i) begin
      enable_fell_q <= 1'b1;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_timer
    if (!rst_ni) timer_q <= '0;
    else if (state_q == StOff) timer_q <= '0;
    else if (state_q == StIdle && state_d == StPollAddress) timer_q <= TimerStart;
    else if (timer_q != '0) timer_q <= timer_q - 1'b1;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_poll_data
    if (!rst_ni) begin
      command_q    <= '0;
      doorbell_q   <= '0;
      state_word_q <= '0;
      session_word_q <= '0;
      beat_q       <= '0;
      read_error_q <= 1'b0;
    end else if (state_q == StPollAddress) begin
      beat_q       <= '0;
      read_error_q <= 1'b0;
    end else if (state_q == StPollData && m_axi_rvalid) begin
      beat_q       <= beat_q + 1'b1;
      read_error_q <= read_error_q | m_axi_rresp[1];
      case (beat_q)
        2'd0:    command_q <= m_axi_rdata;
        2'd1:    doorbell_q <= m_axi_rdata;
        2'd2:    state_word_q <= m_axi_rdata;
        default: session_word_q <= m_axi_rdata;
      endcase
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_seen
    if (!rst_ni) begin
      sequence_seen_q <= '0;
      doorbell_seen_q <= '0;
    end else if (state_q == StOff) begin
      sequence_seen_q <= '0;
      doorbell_seen_q <= '0;
    end else begin
      if (state_q == StReply) sequence_seen_q <= command_sequence;
      if (state_q == StDoorbell && register_done) doorbell_seen_q <= doorbell_q[15:0];
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_reply
    if (!rst_ni) begin
      reply_resp_q <= '0;
      reply_data_q <= '0;
    end else if (state_q == StCommand) begin
      if (command_refused) reply_resp_q <= command_beyond ? RespDecerr : RespSlverr;
      else reply_resp_q <= command_write ? m_axil_bresp : m_axil_rresp;
      reply_data_q <= register_read ? m_axil_rdata : '0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_interrupts
    if (!rst_ni) begin
      irq_q             <= 1'b0;
      interrupts_q      <= '0;
      interrupts_sent_q <= '0;
    end else begin
      irq_q <= irq_i;
      if (state_q == StOff) begin
        interrupts_q      <= '0;
        interrupts_sent_q <= '0;
      end else begin
        if (irq_i && !irq_q) interrupts_q <= interrupts_q + 1'b1;
        if (state_q != StInterrupts && state_d == StInterrupts) interrupts_sent_q <= interrupts_q;
      end
    end
  end

  // ---------------------------------------------------------------- what the host sees
  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_status
    if (!rst_ni) begin
      page_state_o    <= '0;
      page_attached_o <= 1'b0;
      page_error_o    <= 1'b0;
    end else if (state_q == StOff) begin
      page_state_o    <= '0;
      page_attached_o <= 1'b0;
      page_error_o    <= 1'b0;
    end else begin
      if (page_refused || (state_q == StDecide && (read_error_q || page_lost))) begin
        page_error_o <= 1'b1;
      end
      if (state_q == StAttach && page_done && !page_refused) page_attached_o <= 1'b1;
      else if (state_d == StStopped) page_attached_o <= 1'b0;
      if (state_q == StDecide && !read_error_q) begin
        page_state_o <= state_word_q <= 64'd3 ? state_word_q[1:0] : 2'd0;
      end
    end
  end

  // ---------------------------------------------------------------- AXI4: polls and page writes
  logic [11:0] page_write_offset;
  logic [63:0] page_write_data;

  always_comb begin : proc_page_write
    case (state_q)
      StReply: begin
        page_write_offset = ReplyOffset;
        page_write_data = {command_sequence, 19'd0, reply_resp_q, reply_data_q};
      end
      StInterrupts: begin
        page_write_offset = InterruptsOffset;
        page_write_data = 64'(interrupts_sent_q);
      end
      StAttach: begin
        page_write_offset = AttachedOffset;
        page_write_data = 64'(session_q);
      end
      default: begin
        page_write_offset = AttachedOffset;
        page_write_data = '0;
      end
    endcase
  end

  assign m_axi_awid    = '0;
  assign m_axi_awaddr  = {page_q, page_write_offset};
  assign m_axi_awlen   = 8'd0;
  assign m_axi_awsize  = 3'd3;
  assign m_axi_awburst = 2'b01;
  assign m_axi_awlock  = 1'b0;
  assign m_axi_awcache = 4'b0010;
  assign m_axi_awprot  = 3'b010;
  assign m_axi_awqos   = 4'd0;
  assign m_axi_awvalid = page_write & ~sent_a_q;
  assign m_axi_wdata   = page_write_data;
  assign m_axi_wstrb   = '1;
  assign m_axi_wlast   = 1'b1;
  assign m_axi_wvalid  = page_write & ~sent_b_q;
  assign m_axi_bready  = page_write;
  assign m_axi_arid    = '0;
  assign m_axi_araddr  = {page_q, CommandOffset};
  assign m_axi_arlen   = 8'd3;
  assign m_axi_arsize  = 3'd3;
  assign m_axi_arburst = 2'b01;
  assign m_axi_arlock  = 1'b0;
  assign m_axi_arcache = 4'b0010;
  assign m_axi_arprot  = 3'b010;
  assign m_axi_arqos   = 4'd0;
  assign m_axi_arvalid = state_q == StPollAddress;
  assign m_axi_rready  = state_q == StPollData;

  // ---------------------------------------------------------------- AXI4-Lite: register accesses
  wire logic doorbell_access = state_q == StDoorbell;

  assign m_axil_awaddr  = doorbell_access ? RegisterAddressBits'(DoorbellAddress)
                                          : command_offset[RegisterAddressBits-1:0];
  assign m_axil_awprot  = 3'b010;
  assign m_axil_awvalid = register_write & ~sent_a_q;
  assign m_axil_wdata   = doorbell_access ? {doorbell_q[15:0], 16'd0} : command_q[31:0];
  assign m_axil_wstrb   = doorbell_access ? 4'b1100 : command_strobes;
  assign m_axil_wvalid  = register_write & ~sent_b_q;
  assign m_axil_bready  = register_write;
  assign m_axil_araddr  = command_offset[RegisterAddressBits-1:0];
  assign m_axil_arprot  = 3'b010;
  assign m_axil_arvalid = register_read & ~sent_a_q;
  assign m_axil_rready  = register_read;

  // The IDs come back as they went; the page's low address bits, the responses' low bits and the
  // reserved bits of the doorbell word carry nothing for us.
  logic unused_inputs;
  assign unused_inputs = ^{m_axi_bid, m_axi_rid, m_axi_bresp[0], m_axi_rresp[0],
                           page_address_i[11:0], doorbell_q[63:16]};

endmodule

`default_nettype wire
