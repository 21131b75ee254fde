// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Takes descriptors in order, checks them, and hands each as one job to the read, align, write and
// complete units in one clock. A descriptor with a fault moves no data and becomes an entry that
// fails in its turn.
module ioat_dispatch #(
  parameter int unsigned DataWidthBits = 512,
  parameter int unsigned TransferCapLog2 = 20,
  /// Width of a job's beat counts.
  parameter int unsigned CountBits = 16,
  localparam int unsigned OffsetBits = $clog2(DataWidthBits / 8)
) (
  input  logic                             clk_i,
  input  logic                             rst_ni,
  input  logic                             clear_i,
  /// May start descriptors.
  input  logic                             enable_i,
  /// Nothing started is unfinished, completion record and interrupt included.
  input  logic                             drained_i,
  // From the fetch unit
  input  logic                             desc_valid_i,
  output logic                             desc_ready_o,
  input  logic [ioat_pkg::FetchedBits-1:0] desc_i,
  // To the complete unit: with every descriptor
  output logic                             entry_valid_o,
  input  logic                             entry_ready_i,
  output logic [63:6]                      entry_addr_o,
  output logic                             entry_irq_o,
  output logic                             entry_record_o,
  /// It moves data.
  output logic                             entry_data_o,
  output logic [ioat_pkg::ErrBits-1:0]     entry_errors_o,
  // To the read, align and write units: with descriptors that move data
  output logic                             job_valid_o,
  input  logic                             job_ready_i,
  output logic [63:0]                      job_source_o,
  output logic [63:0]                      job_dest_o,
  output logic [CountBits-1:0]             job_in_beats_o,
  output logic [CountBits-1:0]             job_out_beats_o,
  /// Valid bytes in the last destination beat, 1 to the bus width.
  output logic [OffsetBits:0]              job_tail_o
);
  localparam int unsigned BusBytes = DataWidthBits / 8;

  logic [31:0] size, control;
  logic [63:0] source, dest;
  logic misaligned, bus_error;
  logic [63:6] addr;
  assign {misaligned, bus_error, addr, dest, source, control, size} = desc_i;

  logic valid_q, irq_q, record_q, fence_q, data_q;
  logic [63:6] addr_q;
  logic [63:0] source_q, dest_q;
  logic [CountBits-1:0] in_beats_q, out_beats_q;
  logic [OffsetBits:0] tail_q;
  logic [ioat_pkg::ErrBits-1:0] errors, errors_q;
  // A descriptor with the fence bit is in flight, or one with a fault: none may follow it
  logic wait_q;

  logic take, start;
  logic [32:0] in_end, out_end;

  /// True when `length` bytes (at least 1) at `base` run past the end of the address space.
  function automatic logic wraps(input logic [63:0] base, input logic [31:0] length);
    wraps = {1'b0, base} + {33'd0, length - 32'd1} > {1'b0, {64{1'b1}}};
  endfunction

  always_comb begin : proc_errors
    errors = '0;
    if (misaligned) begin
      errors[ioat_pkg::ErrDescAlign] = 1'b1;
    end else if (bus_error) begin
      errors[ioat_pkg::ErrNext] = 1'b1;
    end else begin
      errors[ioat_pkg::ErrLength]  = size == '0 || size > (32'd1 << TransferCapLog2);
      errors[ioat_pkg::ErrControl] = (control & ioat_pkg::DescRefused) != '0;
      if (!control[ioat_pkg::DescNull] && size != '0) begin
        errors[ioat_pkg::ErrSource] = wraps(source, size);
        errors[ioat_pkg::ErrDest]   = wraps(dest, size);
      end
    end
  end

  assign in_end  = 33'(source[OffsetBits-1:0]) + 33'(size) + 33'(BusBytes - 1);
  assign out_end = 33'(dest[OffsetBits-1:0]) + 33'(size) + 33'(BusBytes - 1);

  assign desc_ready_o = !valid_q || start;
  assign take         = desc_valid_i && desc_ready_o;
  assign start        = valid_q && enable_i && !wait_q && entry_ready_i && (job_ready_i || !data_q);

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_valid
    if (!rst_ni) begin
      valid_q <= 1'b0;
      wait_q  <= 1'b0;
    end else if (clear_i) begin
      valid_q <= 1'b0;
      wait_q  <= 1'b0;
    end else begin
      if (desc_ready_o) valid_q <= desc_valid_i;
      if (start) wait_q <= fence_q || errors_q != '0;
      else if (drained_i) wait_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin : proc_job
    if (take) begin
      addr_q      <= addr;
      source_q    <= source;
      dest_q      <= dest;
      in_beats_q  <= CountBits'(in_end >> OffsetBits);
      out_beats_q <= CountBits'(out_end >> OffsetBits);
      tail_q      <= {1'b0, out_end[OffsetBits-1:0]} + 1'b1;
      irq_q       <= control[ioat_pkg::DescIrq];
      record_q    <= control[ioat_pkg::DescRecord];
      fence_q     <= control[ioat_pkg::DescFence];
      data_q      <= !control[ioat_pkg::DescNull] && errors == '0;
      errors_q    <= errors;
    end
  end

  assign entry_valid_o   = start;
  assign entry_addr_o    = addr_q;
  assign entry_irq_o     = irq_q;
  assign entry_record_o  = record_q;
  assign entry_data_o    = data_q;
  assign entry_errors_o  = errors_q;
  assign job_valid_o     = start && data_q;
  assign job_source_o    = source_q;
  assign job_dest_o      = dest_q;
  assign job_in_beats_o  = in_beats_q;
  assign job_out_beats_o = out_beats_q;
  assign job_tail_o      = tail_q;
endmodule
