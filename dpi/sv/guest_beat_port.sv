// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// One beat read and one beat written a clock in guest memory: the only RTL process that calls DPI
// for AXI.
//
// Data and status are registers, loaded in the clock of *_valid_i and held. A failed or refused
// beat reads as zero and writes nothing. A new memory_id_i holds for beats after the next clock
// edge.
//
// DPI arguments are two-state: an X would reach the guest as 0. A beat whose address or strobe is
// unknown, or a strobed byte of its data, is therefore refused as well.
module guest_beat_port #(
  /// Width of a beat: 32, 64, 128, 256, 512 or 1024.
  parameter int unsigned DataWidthBits = 64
) (
  input  logic clk_i,
  /// The memory, from guestlink_id(); 0 is none, and every beat ends as GUESTLINK_BAD_HANDLE.
  input  var longint unsigned memory_id_i,

  input  logic                       rd_valid_i,
  /// Answer GUESTLINK_BAD_ARGUMENT and access nothing.
  input  logic                       rd_refuse_i,
  /// Any byte of the beat; the beat is aligned to its width.
  input  logic [63:0]                rd_address_i,
  output logic [DataWidthBits-1:0]   rd_data_o,
  output int                         rd_status_o,

  input  logic                       wr_valid_i,
  input  logic                       wr_refuse_i,
  input  logic [63:0]                wr_address_i,
  input  logic [DataWidthBits-1:0]   wr_data_i,
  input  logic [DataWidthBits/8-1:0] wr_strobe_i,
  output int                         wr_status_o
);

  localparam int unsigned LaneBits = $clog2(DataWidthBits / 8);
  localparam longint unsigned AlignMask = ~((64'd1 << LaneBits) - 64'd1);

  /// Bits of the data that are written.
  function automatic logic [DataWidthBits-1:0] strobed_bits(
      input logic [DataWidthBits/8-1:0] strobe);
    for (int unsigned i = 0; i < DataWidthBits / 8; i++) strobed_bits[8*i +: 8] = {8{strobe[i]}};
  endfunction

  logic rd_refuse, wr_refuse;
  assign rd_refuse = rd_refuse_i || $isunknown(rd_address_i);
  assign wr_refuse = wr_refuse_i || $isunknown(wr_address_i) || $isunknown(wr_strobe_i) ||
                     $isunknown(wr_data_i & strobed_bits(wr_strobe_i));

  chandle handle_q;
  longint unsigned memory_id_q;

  always_ff @(posedge clk_i) begin : proc_handle
    automatic chandle found;
    if (memory_id_i != memory_id_q) begin
      found = guestlink_pkg::guestlink_from_id(memory_id_i);
      handle_q <= found;
      memory_id_q <= memory_id_i;
    end
  end

  // The functions differ by width, and a call has to match its width exactly: one process for each.
  if (DataWidthBits == 32) begin : gen_beat32
    always_ff @(posedge clk_i) begin : proc_read
      automatic bit [31:0] data;
      automatic int status;
      if (rd_valid_i) begin
        status = int'(guestlink_pkg::GUESTLINK_BAD_ARGUMENT);
        if (!rd_refuse) begin
          status = guestlink_pkg::guestlink_read_beat32(handle_q, rd_address_i & AlignMask, data);
        end
        if (status != 0) data = '0;
        rd_data_o <= data;
        rd_status_o <= status;
      end
    end
    always_ff @(posedge clk_i) begin : proc_write
      automatic int status;
      if (wr_valid_i) begin
        status = int'(guestlink_pkg::GUESTLINK_BAD_ARGUMENT);
        if (!wr_refuse) begin
          status = guestlink_pkg::guestlink_write_beat32(handle_q, wr_address_i & AlignMask,
                                                          wr_data_i, wr_strobe_i);
        end
        wr_status_o <= status;
      end
    end
  end else if (DataWidthBits == 64) begin : gen_beat64
    always_ff @(posedge clk_i) begin : proc_read
      automatic bit [63:0] data;
      automatic int status;
      if (rd_valid_i) begin
        status = int'(guestlink_pkg::GUESTLINK_BAD_ARGUMENT);
        if (!rd_refuse) begin
          status = guestlink_pkg::guestlink_read_beat64(handle_q, rd_address_i & AlignMask, data);
        end
        if (status != 0) data = '0;
        rd_data_o <= data;
        rd_status_o <= status;
      end
    end
    always_ff @(posedge clk_i) begin : proc_write
      automatic int status;
      if (wr_valid_i) begin
        status = int'(guestlink_pkg::GUESTLINK_BAD_ARGUMENT);
        if (!wr_refuse) begin
          status = guestlink_pkg::guestlink_write_beat64(handle_q, wr_address_i & AlignMask,
                                                          wr_data_i, wr_strobe_i);
        end
        wr_status_o <= status;
      end
    end
  end else if (DataWidthBits == 128) begin : gen_beat128
    always_ff @(posedge clk_i) begin : proc_read
      automatic bit [127:0] data;
      automatic int status;
      if (rd_valid_i) begin
        status = int'(guestlink_pkg::GUESTLINK_BAD_ARGUMENT);
        if (!rd_refuse) begin
          status = guestlink_pkg::guestlink_read_beat128(handle_q, rd_address_i & AlignMask, data);
        end
        if (status != 0) data = '0;
        rd_data_o <= data;
        rd_status_o <= status;
      end
    end
    always_ff @(posedge clk_i) begin : proc_write
      automatic int status;
      if (wr_valid_i) begin
        status = int'(guestlink_pkg::GUESTLINK_BAD_ARGUMENT);
        if (!wr_refuse) begin
          status = guestlink_pkg::guestlink_write_beat128(handle_q, wr_address_i & AlignMask,
                                                          wr_data_i, wr_strobe_i);
        end
        wr_status_o <= status;
      end
    end
  end else if (DataWidthBits == 256) begin : gen_beat256
    always_ff @(posedge clk_i) begin : proc_read
      automatic bit [255:0] data;
      automatic int status;
      if (rd_valid_i) begin
        status = int'(guestlink_pkg::GUESTLINK_BAD_ARGUMENT);
        if (!rd_refuse) begin
          status = guestlink_pkg::guestlink_read_beat256(handle_q, rd_address_i & AlignMask, data);
        end
        if (status != 0) data = '0;
        rd_data_o <= data;
        rd_status_o <= status;
      end
    end
    always_ff @(posedge clk_i) begin : proc_write
      automatic int status;
      if (wr_valid_i) begin
        status = int'(guestlink_pkg::GUESTLINK_BAD_ARGUMENT);
        if (!wr_refuse) begin
          status = guestlink_pkg::guestlink_write_beat256(handle_q, wr_address_i & AlignMask,
                                                          wr_data_i, wr_strobe_i);
        end
        wr_status_o <= status;
      end
    end
  end else if (DataWidthBits == 512) begin : gen_beat512
    always_ff @(posedge clk_i) begin : proc_read
      automatic bit [511:0] data;
      automatic int status;
      if (rd_valid_i) begin
        status = int'(guestlink_pkg::GUESTLINK_BAD_ARGUMENT);
        if (!rd_refuse) begin
          status = guestlink_pkg::guestlink_read_beat512(handle_q, rd_address_i & AlignMask, data);
        end
        if (status != 0) data = '0;
        rd_data_o <= data;
        rd_status_o <= status;
      end
    end
    always_ff @(posedge clk_i) begin : proc_write
      automatic int status;
      if (wr_valid_i) begin
        status = int'(guestlink_pkg::GUESTLINK_BAD_ARGUMENT);
        if (!wr_refuse) begin
          status = guestlink_pkg::guestlink_write_beat512(handle_q, wr_address_i & AlignMask,
                                                          wr_data_i, wr_strobe_i);
        end
        wr_status_o <= status;
      end
    end
  end else if (DataWidthBits == 1024) begin : gen_beat1024
    always_ff @(posedge clk_i) begin : proc_read
      automatic bit [1023:0] data;
      automatic int status;
      if (rd_valid_i) begin
        status = int'(guestlink_pkg::GUESTLINK_BAD_ARGUMENT);
        if (!rd_refuse) begin
          status = guestlink_pkg::guestlink_read_beat1024(handle_q, rd_address_i & AlignMask, data);
        end
        if (status != 0) data = '0;
        rd_data_o <= data;
        rd_status_o <= status;
      end
    end
    always_ff @(posedge clk_i) begin : proc_write
      automatic int status;
      if (wr_valid_i) begin
        status = int'(guestlink_pkg::GUESTLINK_BAD_ARGUMENT);
        if (!wr_refuse) begin
          status = guestlink_pkg::guestlink_write_beat1024(handle_q, wr_address_i & AlignMask,
                                                          wr_data_i, wr_strobe_i);
        end
        wr_status_o <= status;
      end
    end
  end else begin : gen_bad_width
    $fatal(1, "DataWidthBits is %0d, not 32, 64, 128, 256, 512 or 1024", DataWidthBits);
  end

endmodule
