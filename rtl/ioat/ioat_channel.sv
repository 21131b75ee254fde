// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Control of the channel: what commands, doorbells and errors do to its state.
module ioat_channel (
  input  logic                         clk_i,
  input  logic                         rst_ni,
  // From the registers
  /// One bit a command; bad: several at once.
  input  logic [5:0]                   command_i,
  input  logic                         command_bad_i,
  input  logic                         doorbell_i,
  input  logic [15:0]                  doorbell_count_i,
  /// CHAINADDR is not a multiple of 64.
  input  logic                         chain_misaligned_i,
  input  logic                         error_record_i,
  input  logic                         error_irq_i,
  input  logic [ioat_pkg::ErrBits-1:0] error_mask_i,
  // To the registers
  output logic [15:0]                  dmacount_o,
  output logic                         resetting_o,
  output logic [2:0]                   status_o,
  /// CHANERR bits to set.
  output logic [ioat_pkg::ErrBits-1:0] errors_o,
  output logic                         irq_o,
  // To and from the units
  input  logic                         error_i,
  input  logic [ioat_pkg::ErrBits-1:0] error_bits_i,
  input  logic                         record_failed_i,
  input  logic [15:0]                  count_i,
  /// Started descriptors all completed, records and interrupts included.
  input  logic                         drained_i,
  input  logic                         settled_i,
  input  logic                         bus_idle_i,
  input  logic                         fetch_idle_i,
  output logic                         enable_o,
  output logic                         start_o,
  output logic                         kill_o,
  output logic                         clear_o,
  output logic                         drop_o,
  output logic                         reset_o,
  output logic [2:0]                   record_status_o,
  output logic                         record_force_o,
  /// Nothing will happen until a register is written.
  output logic                         idle_o
);
  typedef enum logic [2:0] {
    StateHalted, StateRun, StateSuspending, StateSuspended, StateDrain, StateClear, StateRecord
  } state_e;

  state_e state_q, state_d;
  // Fresh: reset and not started since. Failed: draining because of an error.
  logic fresh_q, reset_q, failed_q;
  logic [15:0] dmacount_q;
  logic [ioat_pkg::ErrBits-1:0] errors, error_bits_q;
  logic stopped, begin_run, bad_chain, want_record, all_done;

  assign stopped   = state_q == StateHalted || state_q == StateRecord;
  assign begin_run = state_q == StateHalted && fresh_q && !reset_q &&
                     !command_i[ioat_pkg::CmdReset] &&
                     ((doorbell_i && doorbell_count_i != '0) || command_i[ioat_pkg::CmdStart]);
  assign bad_chain = begin_run && chain_misaligned_i;
  assign all_done  = count_i == dmacount_q;

  // Errors that count now: while draining, only a record's, and that not under a reset, which drops
  // records: the driver clears CHANERR before the reset, so a bit set here would outlive it
  always_comb begin : proc_errors
    errors = '0;
    if (error_i && (state_q == StateRun || state_q == StateSuspending)) errors = error_bits_i;
    if (record_failed_i && !reset_q) errors[ioat_pkg::ErrCompletion] = 1'b1;
    if (bad_chain) errors[ioat_pkg::ErrChainAddr] = 1'b1;
    if (command_bad_i) errors[ioat_pkg::ErrCommand] = 1'b1;
  end

  always_comb begin : proc_state
    state_d = state_q;
    case (state_q)
      StateHalted: begin
        if (begin_run && !bad_chain) state_d = StateRun;
      end
      StateRun: begin
        if (command_i[ioat_pkg::CmdSuspend]) state_d = StateSuspending;
      end
      StateSuspending: begin
        if (command_i[ioat_pkg::CmdResume]) state_d = StateRun;
        else if (drained_i && bus_idle_i && fetch_idle_i) state_d = StateSuspended;
      end
      StateSuspended: begin
        if (command_i[ioat_pkg::CmdResume]) state_d = StateRun;
      end
      StateDrain: begin
        if (bus_idle_i && fetch_idle_i && settled_i) state_d = StateClear;
      end
      StateClear: state_d = want_record ? StateRecord : StateHalted;
      StateRecord: begin
        if (settled_i) state_d = StateHalted;
      end
      default: state_d = StateHalted;
    endcase
    // What stops the channel goes the same way from every state that is not already on it
    if (state_q != StateDrain && state_q != StateClear && state_q != StateRecord) begin
      if (errors != '0 || reset_q || command_i[ioat_pkg::CmdReset]) state_d = StateDrain;
      if (command_i[ioat_pkg::CmdAbort] && state_q != StateHalted) state_d = StateDrain;
    end
  end

  // With the completion address at fault there is nowhere to report to
  assign want_record = failed_q && error_record_i && !reset_q &&
                       !error_bits_q[ioat_pkg::ErrCompletion];

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_state_q
    if (!rst_ni) begin
      state_q <= StateHalted;
      fresh_q <= 1'b1;
    end else begin
      state_q <= state_d;
      if (reset_o) fresh_q <= 1'b1;
      else if (begin_run || errors != '0) fresh_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_reset
    if (!rst_ni) reset_q <= 1'b0;
    else if (command_i[ioat_pkg::CmdReset]) reset_q <= 1'b1;
    else if (reset_o) reset_q <= 1'b0;
  end

  // error_bits_q gathers what belongs to one stop, until the channel is reset or fails anew
  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_failed
    if (!rst_ni) begin
      failed_q     <= 1'b0;
      error_bits_q <= '0;
    end else if (reset_o) begin
      failed_q     <= 1'b0;
      error_bits_q <= '0;
    end else if (errors != '0) begin
      failed_q     <= 1'b1;
      error_bits_q <= (failed_q ? error_bits_q : '0) | errors;
    end else if (state_q == StateHalted) begin
      failed_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_dmacount
    if (!rst_ni) dmacount_q <= '0;
    else if (reset_o) dmacount_q <= '0;
    else if (doorbell_i && !reset_q) dmacount_q <= doorbell_count_i;
  end

  // The error interrupt comes last, when the channel shows that it has halted
  assign irq_o = state_q == StateHalted && failed_q && error_irq_i &&
                 (error_bits_q & ~error_mask_i) != '0;

  always_comb begin : proc_status
    status_o = ioat_pkg::StatusActive;
    if (stopped) status_o = ioat_pkg::StatusHalted;
    else if (state_q == StateSuspended) status_o = ioat_pkg::StatusSuspended;
    else if (state_q == StateRun && all_done && drained_i) status_o = ioat_pkg::StatusDone;
  end

  assign dmacount_o      = dmacount_q;
  assign resetting_o     = reset_q;
  assign errors_o        = errors;
  assign enable_o        = state_q == StateRun;
  assign start_o         = begin_run && !bad_chain;
  assign kill_o          = state_q == StateDrain || state_q == StateClear;
  assign clear_o         = state_q == StateClear;
  assign drop_o          = reset_q;
  assign reset_o         = state_q == StateClear && reset_q;
  assign record_force_o  = state_q == StateClear && want_record;
  assign record_status_o = stopped ? ioat_pkg::StatusHalted
                                   : (all_done ? ioat_pkg::StatusDone : ioat_pkg::StatusActive);
  assign idle_o = (state_q == StateHalted && !reset_q && !failed_q) || state_q == StateSuspended ||
                  (state_q == StateRun && all_done && drained_i && bus_idle_i && fetch_idle_i);
endmodule
