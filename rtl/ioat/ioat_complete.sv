// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Completes descriptors in order: data arrived, then the completion record, then the interrupt. One
// record is in flight at a time; those asked for meanwhile are merged into the next, which covers
// them all.
module ioat_complete #(
  /// Descriptors started and not completed: a power of two.
  parameter int unsigned MaxJobs = 128,
  parameter int unsigned TagBits = 7
) (
  input  logic                         clk_i,
  input  logic                         rst_ni,
  input  logic                         clear_i,
  /// Complete no more descriptors.
  input  logic                         kill_i,
  /// Forget records and interrupts not yet begun.
  input  logic                         drop_i,
  /// Descriptor count and address back to 0.
  input  logic                         reset_i,
  // Entries
  input  logic                         entry_valid_i,
  output logic                         entry_ready_o,
  input  logic [63:6]                  entry_addr_i,
  input  logic                         entry_irq_i,
  input  logic                         entry_record_i,
  input  logic                         entry_data_i,
  input  logic [ioat_pkg::ErrBits-1:0] entry_errors_i,
  /// Tag of the entry that comes next.
  output logic [TagBits-1:0]           entry_tag_o,
  // What became of the data
  input  logic                         job_done_i,
  input  logic                         read_error_i,
  input  logic [TagBits-1:0]           read_error_tag_i,
  input  logic                         write_error_i,
  input  logic [TagBits-1:0]           write_error_tag_i,
  /// The oldest descriptor failed, with these CHANERR bits.
  output logic                         error_o,
  output logic [ioat_pkg::ErrBits-1:0] errors_o,
  // Completion record
  input  logic [63:0]                  record_addr_i,
  input  logic [2:0]                   record_status_i,
  /// Write a record whatever the descriptors say.
  input  logic                         record_force_i,
  output logic                         record_valid_o,
  input  logic                         record_ready_i,
  output logic [63:3]                  record_addr_o,
  output logic [63:0]                  record_data_o,
  input  logic                         record_done_i,
  input  logic                         record_error_i,
  /// The record could not be written.
  output logic                         record_failed_o,
  // Results
  output logic                         irq_o,
  output logic                         descriptor_done_o,
  output logic [15:0]                  count_o,
  output logic [63:6]                  last_addr_o,
  /// No entry unfinished.
  output logic                         empty_o,
  /// No record or interrupt to come.
  output logic                         settled_o
);
  localparam int unsigned EntryBits = 58 + 3 + ioat_pkg::ErrBits;

  logic head_valid, head_irq, head_record, head_data;
  logic [63:6] head_addr;
  logic [ioat_pkg::ErrBits-1:0] head_errors;
  logic [TagBits-1:0] push_tag_q, head_tag_q;
  logic [TagBits:0] done_jobs_q;
  logic read_hit, write_hit, complete;
  logic [$clog2(MaxJobs+1)-1:0] unused_usage;

  stream_fifo #(
    .WidthBits(EntryBits),
    .Depth    (MaxJobs)
  ) u_entries (
    .clk_i,
    .rst_ni,
    .clear_i,
    .valid_i(entry_valid_i),
    .ready_o(entry_ready_o),
    .data_i ({entry_errors_i, entry_data_i, entry_record_i, entry_irq_i, entry_addr_i}),
    .valid_o(head_valid),
    .ready_i(complete),
    .data_o ({head_errors, head_data, head_record, head_irq, head_addr}),
    .usage_o(unused_usage)
  );

  // The oldest descriptor
  assign read_hit  = read_error_i && read_error_tag_i == head_tag_q;
  assign write_hit = write_error_i && write_error_tag_i == head_tag_q;
  assign complete  = head_valid && !kill_i && head_errors == '0 &&
                     (!head_data || done_jobs_q != '0);
  assign error_o   = head_valid && (head_errors != '0 || (head_data && (read_hit || write_hit)));

  always_comb begin : proc_errors
    errors_o = head_errors;
    // One of the two even when both hit: the stock driver recovers from either, but an error bit
    // beside the one it handles ends in a kernel BUG() (drivers/dma/ioat/dma.c, ioat_eh)
    errors_o[ioat_pkg::ErrReadData]  = head_data && read_hit;
    errors_o[ioat_pkg::ErrWriteData] = head_data && write_hit && !read_hit;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_tags
    if (!rst_ni) begin
      push_tag_q  <= '0;
      head_tag_q  <= '0;
      done_jobs_q <= '0;
    end else if (clear_i) begin
      push_tag_q  <= '0;
      head_tag_q  <= '0;
      done_jobs_q <= '0;
    end else begin
      if (entry_valid_i) push_tag_q <= push_tag_q + 1'b1;
      if (complete) head_tag_q <= head_tag_q + 1'b1;
      done_jobs_q <= done_jobs_q + (TagBits+1)'(job_done_i) - (TagBits+1)'(complete && head_data);
    end
  end

  // What has been completed
  logic [15:0] count_q;
  logic [63:6] last_addr_q;
  logic done_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_done
    if (!rst_ni) begin
      count_q     <= '0;
      last_addr_q <= '0;
      done_q      <= 1'b0;
    end else if (reset_i) begin
      count_q     <= '0;
      last_addr_q <= '0;
      done_q      <= 1'b0;
    end else begin
      done_q <= complete;
      if (complete) begin
        count_q     <= count_q + 16'd1;
        last_addr_q <= head_addr;
      end
    end
  end

  // Records and interrupts: wanted, then in flight
  logic want_record_q, want_irq_q, busy_q, busy_irq_q, valid_q;
  logic begin_record, misaligned, irq_alone;
  logic [63:3] record_addr_q;
  logic [63:0] record_data_q;

  assign misaligned      = record_addr_i[2:0] != '0;
  assign begin_record    = want_record_q && !busy_q && !misaligned;
  assign irq_alone       = want_irq_q && !want_record_q && !busy_q;
  assign record_failed_o = (want_record_q && !busy_q && misaligned) ||
                           (record_done_i && record_error_i);

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_want
    if (!rst_ni) begin
      want_record_q <= 1'b0;
      want_irq_q    <= 1'b0;
    end else if (drop_i || record_failed_o) begin
      want_record_q <= 1'b0;
      want_irq_q    <= 1'b0;
    end else begin
      if ((complete && head_record) || record_force_i) want_record_q <= 1'b1;
      else if (begin_record) want_record_q <= 1'b0;
      if (complete && head_irq) want_irq_q <= 1'b1;
      else if (begin_record || irq_alone) want_irq_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_busy
    if (!rst_ni) begin
      busy_q     <= 1'b0;
      busy_irq_q <= 1'b0;
      valid_q    <= 1'b0;
    end else begin
      if (begin_record) busy_q <= 1'b1;
      else if (record_done_i) busy_q <= 1'b0;
      if (begin_record) busy_irq_q <= want_irq_q;
      else if (drop_i) busy_irq_q <= 1'b0;
      if (begin_record) valid_q <= 1'b1;
      else if (record_ready_i) valid_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin : proc_record
    if (begin_record) begin
      record_addr_q <= record_addr_i[63:3];
      record_data_q <= {last_addr_q, 3'd0, record_status_i};
    end
  end

  assign entry_tag_o       = push_tag_q;
  assign record_valid_o    = valid_q;
  assign record_addr_o     = record_addr_q;
  assign record_data_o     = record_data_q;
  assign irq_o             = !drop_i &&
                             (irq_alone || (record_done_i && !record_error_i && busy_irq_q));
  assign descriptor_done_o = done_q;
  assign count_o           = count_q;
  assign last_addr_o       = last_addr_q;
  assign empty_o           = !head_valid;
  assign settled_o         = !want_record_q && !want_irq_q && !busy_q;
endmodule
