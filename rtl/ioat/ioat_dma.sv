// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// I/OAT v3.4 copy engine with one channel: registers on AXI4-Lite, memory on AXI4. docs/ioat.md
// tells the programming model, the choices made where it is silent, and the limits.
module ioat_dma #(
  /// Width of the memory bus: 64, 128, 256 or 512.
  parameter int unsigned DataWidthBits = 512,
  /// Width of the AXI IDs, at least 1; IDs 0 and 1 are used.
  parameter int unsigned IdWidthBits = 4,
  /// Largest transfer of a descriptor, log2 of bytes: 12 to 31.
  parameter int unsigned TransferCapLog2 = 20,
  /// Longest burst: 512 / DataWidthBits (a descriptor) to 256 beats.
  parameter int unsigned MaxBurstBeats = 256,
  /// Source beats in flight or held (32 KiB by default): a power of two, at least two bursts.
  parameter int unsigned ReadBufferBeats = 262144 / DataWidthBits,
  /// Read bursts of data in flight, at least 1.
  parameter int unsigned MaxReadBursts = 64,
  /// Write bursts of data in flight: a power of two, at least 2.
  parameter int unsigned MaxWriteBursts = 64,
  /// Descriptors read ahead: a power of two, 2 to 256.
  parameter int unsigned PrefetchDescriptors = 64,
  /// Descriptors started and not completed: a power of two, at least 2.
  parameter int unsigned MaxJobs = 128
) (
  input  logic                       clk_i,
  input  logic                       rst_ni,
  // AXI4-Lite subordinate: BAR0
  input  logic                       s_axil_awvalid,
  output logic                       s_axil_awready,
  input  logic [13:0]                s_axil_awaddr,
  input  logic [2:0]                 s_axil_awprot,
  input  logic                       s_axil_wvalid,
  output logic                       s_axil_wready,
  input  logic [31:0]                s_axil_wdata,
  input  logic [3:0]                 s_axil_wstrb,
  output logic                       s_axil_bvalid,
  input  logic                       s_axil_bready,
  output logic [1:0]                 s_axil_bresp,
  input  logic                       s_axil_arvalid,
  output logic                       s_axil_arready,
  input  logic [13:0]                s_axil_araddr,
  input  logic [2:0]                 s_axil_arprot,
  output logic                       s_axil_rvalid,
  input  logic                       s_axil_rready,
  output logic [31:0]                s_axil_rdata,
  output logic [1:0]                 s_axil_rresp,
  // AXI4 manager: memory
  output logic                       m_axi_awvalid,
  input  logic                       m_axi_awready,
  output logic [IdWidthBits-1:0]     m_axi_awid,
  output logic [63:0]                m_axi_awaddr,
  output logic [7:0]                 m_axi_awlen,
  output logic [2:0]                 m_axi_awsize,
  output logic [1:0]                 m_axi_awburst,
  output logic                       m_axi_awlock,
  output logic [3:0]                 m_axi_awcache,
  output logic [2:0]                 m_axi_awprot,
  output logic [3:0]                 m_axi_awqos,
  output logic                       m_axi_wvalid,
  input  logic                       m_axi_wready,
  output logic [DataWidthBits-1:0]   m_axi_wdata,
  output logic [DataWidthBits/8-1:0] m_axi_wstrb,
  output logic                       m_axi_wlast,
  input  logic                       m_axi_bvalid,
  output logic                       m_axi_bready,
  input  logic [IdWidthBits-1:0]     m_axi_bid,
  input  logic [1:0]                 m_axi_bresp,
  output logic                       m_axi_arvalid,
  input  logic                       m_axi_arready,
  output logic [IdWidthBits-1:0]     m_axi_arid,
  output logic [63:0]                m_axi_araddr,
  output logic [7:0]                 m_axi_arlen,
  output logic [2:0]                 m_axi_arsize,
  output logic [1:0]                 m_axi_arburst,
  output logic                       m_axi_arlock,
  output logic [3:0]                 m_axi_arcache,
  output logic [2:0]                 m_axi_arprot,
  output logic [3:0]                 m_axi_arqos,
  input  logic                       m_axi_rvalid,
  output logic                       m_axi_rready,
  input  logic [IdWidthBits-1:0]     m_axi_rid,
  input  logic [DataWidthBits-1:0]   m_axi_rdata,
  input  logic [1:0]                 m_axi_rresp,
  input  logic                       m_axi_rlast,
  /// Interrupt line: level, high while a channel wants attention and interrupts are enabled.
  output logic                       irq_o,
  /// Nothing to do and nothing outstanding: only a register access can change anything.
  output logic                       idle_o,
  /// One clock for each descriptor completed.
  output logic                       descriptor_done_o,
  /// CHANERR and CHANSTS as their registers read, for a monitor: a register access of its own would
  /// disturb a driver that reads the halves of CHANSTS.
  output logic [31:0]                chanerr_o,
  output logic [63:0]                chansts_o
);
  localparam int unsigned BusBytes   = DataWidthBits / 8;
  localparam int unsigned OffsetBits = $clog2(BusBytes);
  localparam int unsigned CountBits  = TransferCapLog2 + 2 - OffsetBits + 1;
  localparam int unsigned TagBits    = $clog2(MaxJobs);
  // Beats held and one burst wanted must be told apart by sign
  localparam int unsigned TotalBits  = $clog2(ReadBufferBeats + 2 * MaxBurstBeats + 4) + 1;
  /// Non-bufferable, so that B means that the data is where the guest sees it.
  localparam logic [3:0] CacheAttribute = 4'b0010;
  /// Unprivileged, non-secure, data.
  localparam logic [2:0] Protection = 3'b010;
  localparam logic [1:0] BurstIncr  = 2'b01;

  /// True for 2, 4, 8 ...
  function automatic bit is_depth(input int unsigned value);
    is_depth = value >= 2 && (value & (value - 1)) == 0;
  endfunction

  if (DataWidthBits != 64 && DataWidthBits != 128 && DataWidthBits != 256 && DataWidthBits != 512)
  begin : gen_bad_data_width
    $fatal(1, "DataWidthBits must be 64, 128, 256 or 512");
  end
  if (IdWidthBits < 1) begin : gen_bad_id_width
    $fatal(1, "IdWidthBits must be at least 1");
  end
  if (TransferCapLog2 < 12 || TransferCapLog2 > 31) begin : gen_bad_transfer_cap
    $fatal(1, "TransferCapLog2 must be 12 to 31");
  end
  if (MaxBurstBeats < 512 / DataWidthBits || MaxBurstBeats > 256) begin : gen_bad_burst
    $fatal(1, "MaxBurstBeats must be 512 / DataWidthBits to 256");
  end
  if (!is_depth(ReadBufferBeats)) begin : gen_bad_read_buffer
    $fatal(1, "ReadBufferBeats must be a power of two");
  end
  if (MaxReadBursts < 1) begin : gen_bad_read_bursts
    $fatal(1, "MaxReadBursts must be at least 1");
  end
  if (!is_depth(MaxWriteBursts)) begin : gen_bad_write_bursts
    $fatal(1, "MaxWriteBursts must be a power of two, at least 2");
  end
  if (!is_depth(PrefetchDescriptors) || PrefetchDescriptors > 256) begin : gen_bad_prefetch
    $fatal(1, "PrefetchDescriptors must be a power of two, 2 to 256");
  end
  if (!is_depth(MaxJobs)) begin : gen_bad_jobs
    $fatal(1, "MaxJobs must be a power of two, at least 2");
  end

  // Registers and channel
  logic [5:0] command;
  logic command_bad, doorbell, error_record, error_irq, resetting, channel_irq, complete_irq;
  logic [15:0] doorbell_count, dmacount, count;
  logic [63:0] chain_addr, completion_addr;
  logic [ioat_pkg::ErrBits-1:0] error_mask, new_errors, head_errors, entry_errors, chanerr;
  logic [2:0] status, record_status;
  logic [63:6] last_addr, entry_addr;
  logic regs_idle, channel_idle, head_error, record_failed, record_force;
  logic empty, settled, fetch_idle, read_idle, write_idle;
  logic enable, start, kill, clear, drop, reset_channel;

  // Descriptors and jobs
  logic desc_valid, desc_ready;
  logic [ioat_pkg::FetchedBits-1:0] desc;
  logic entry_valid, entry_ready, entry_irq, entry_record, entry_data;
  logic job_valid, read_job_ready, align_job_ready, write_job_ready, job_ready;
  logic [63:0] job_source, job_dest;
  logic [CountBits-1:0] job_in_beats, job_out_beats;
  logic [OffsetBits:0] job_tail;
  logic [TagBits-1:0] job_tag, read_error_tag, write_error_tag;
  logic read_error, write_error, job_done;

  // Beats
  logic in_valid, in_ready, in_error, out_valid, out_ready;
  logic [DataWidthBits-1:0] in_data, out_data;
  logic [BusBytes-1:0] out_strb;
  logic [TotalBits-1:0] total;

  // Records
  logic record_valid, record_ready, record_done, record_error;
  logic [63:3] record_addr;
  logic [63:0] record_data;

  // Read requests and data by ID
  logic fetch_ar_valid, fetch_ar_ready, data_ar_valid, data_ar_ready;
  logic [63:0] fetch_ar_addr, data_ar_addr;
  logic [7:0] fetch_ar_len, data_ar_len;
  logic ar_free, ar_valid_q, ar_fetch_q, fetch_r, unused_inputs;
  logic [63:0] ar_addr_q;
  logic [7:0] ar_len_q;

  assign unused_inputs = ^{s_axil_awprot, s_axil_arprot, m_axi_rresp[0]};

  ioat_regs #(
    .TransferCapLog2(TransferCapLog2)
  ) u_regs (
    .clk_i,
    .rst_ni,
    .s_axil_awvalid,
    .s_axil_awready,
    .s_axil_awaddr,
    .s_axil_wvalid,
    .s_axil_wready,
    .s_axil_wdata,
    .s_axil_wstrb,
    .s_axil_bvalid,
    .s_axil_bready,
    .s_axil_bresp,
    .s_axil_arvalid,
    .s_axil_arready,
    .s_axil_araddr,
    .s_axil_rvalid,
    .s_axil_rready,
    .s_axil_rdata,
    .s_axil_rresp,
    .command_o        (command),
    .command_bad_o    (command_bad),
    .doorbell_o       (doorbell),
    .doorbell_count_o (doorbell_count),
    .chain_addr_o     (chain_addr),
    .completion_addr_o(completion_addr),
    .error_record_o   (error_record),
    .error_irq_o      (error_irq),
    .error_mask_o     (error_mask),
    .dmacount_i       (dmacount),
    .resetting_i      (resetting),
    .status_i         (status),
    .last_addr_i      (last_addr),
    .errors_i         (new_errors),
    .irq_i            (channel_irq || complete_irq),
    .errors_o         (chanerr),
    .irq_o,
    .idle_o           (regs_idle)
  );

  ioat_channel u_channel (
    .clk_i,
    .rst_ni,
    .command_i       (command),
    .command_bad_i   (command_bad),
    .doorbell_i      (doorbell),
    .doorbell_count_i(doorbell_count),
    .chain_misaligned_i(chain_addr[5:0] != '0),
    .error_record_i  (error_record),
    .error_irq_i     (error_irq),
    .error_mask_i    (error_mask),
    .dmacount_o      (dmacount),
    .resetting_o     (resetting),
    .status_o        (status),
    .errors_o        (new_errors),
    .irq_o           (channel_irq),
    .error_i         (head_error),
    .error_bits_i    (head_errors),
    .record_failed_i (record_failed),
    .count_i         (count),
    .drained_i       (empty && settled),
    .settled_i       (settled),
    .bus_idle_i      (read_idle && write_idle && !ar_valid_q),
    .fetch_idle_i    (fetch_idle),
    .enable_o        (enable),
    .start_o         (start),
    .kill_o          (kill),
    .clear_o         (clear),
    .drop_o          (drop),
    .reset_o         (reset_channel),
    .record_status_o (record_status),
    .record_force_o  (record_force),
    .idle_o          (channel_idle)
  );
  assign idle_o = channel_idle && regs_idle;
  assign chanerr_o = 32'(chanerr);
  assign chansts_o = {last_addr, 3'd0, status};

  // AR: one register, descriptors before data
  assign ar_free        = !ar_valid_q || m_axi_arready;
  assign fetch_ar_ready = ar_free;
  assign data_ar_ready  = ar_free && !fetch_ar_valid;

  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_ar_valid
    if (!rst_ni) ar_valid_q <= 1'b0;
    else if (ar_free) ar_valid_q <= fetch_ar_valid || data_ar_valid;
  end

  always_ff @(posedge clk_i) begin : proc_ar
    if (ar_free && (fetch_ar_valid || data_ar_valid)) begin
      ar_fetch_q <= fetch_ar_valid;
      ar_addr_q  <= fetch_ar_valid ? fetch_ar_addr : data_ar_addr;
      ar_len_q   <= fetch_ar_valid ? fetch_ar_len : data_ar_len;
    end
  end

  assign m_axi_arvalid = ar_valid_q;
  assign m_axi_arid    = ar_fetch_q ? IdWidthBits'(ioat_pkg::IdFetch)
                                    : IdWidthBits'(ioat_pkg::IdData);
  assign m_axi_araddr  = ar_addr_q;
  assign m_axi_arlen   = ar_len_q;
  assign m_axi_rready  = 1'b1;
  assign fetch_r       = m_axi_rid == IdWidthBits'(ioat_pkg::IdFetch);

  assign {m_axi_awsize, m_axi_arsize}   = {2{3'(OffsetBits)}};
  assign {m_axi_awburst, m_axi_arburst} = {2{BurstIncr}};
  assign {m_axi_awlock, m_axi_arlock}   = '0;
  assign {m_axi_awcache, m_axi_arcache} = {2{CacheAttribute}};
  assign {m_axi_awprot, m_axi_arprot}   = {2{Protection}};
  assign {m_axi_awqos, m_axi_arqos}     = '0;

  ioat_fetch #(
    .DataWidthBits(DataWidthBits),
    .MaxBurstBeats(MaxBurstBeats),
    .Depth        (PrefetchDescriptors)
  ) u_fetch (
    .clk_i,
    .rst_ni,
    .clear_i     (clear),
    .enable_i    (enable),
    .kill_i      (kill),
    .start_i     (start),
    .chain_addr_i(chain_addr[63:6]),
    .dmacount_i  (dmacount),
    .ar_valid_o  (fetch_ar_valid),
    .ar_ready_i  (fetch_ar_ready),
    .ar_addr_o   (fetch_ar_addr),
    .ar_len_o    (fetch_ar_len),
    .r_valid_i   (m_axi_rvalid && fetch_r),
    .r_data_i    (m_axi_rdata),
    .r_error_i   (m_axi_rresp[1]),
    .desc_valid_o(desc_valid),
    .desc_ready_i(desc_ready),
    .desc_o      (desc),
    .idle_o      (fetch_idle)
  );

  ioat_dispatch #(
    .DataWidthBits  (DataWidthBits),
    .TransferCapLog2(TransferCapLog2),
    .CountBits      (CountBits)
  ) u_dispatch (
    .clk_i,
    .rst_ni,
    .clear_i        (clear),
    .enable_i       (enable),
    .drained_i      (empty && settled),
    .desc_valid_i   (desc_valid),
    .desc_ready_o   (desc_ready),
    .desc_i         (desc),
    .entry_valid_o  (entry_valid),
    .entry_ready_i  (entry_ready),
    .entry_addr_o   (entry_addr),
    .entry_irq_o    (entry_irq),
    .entry_record_o (entry_record),
    .entry_data_o   (entry_data),
    .entry_errors_o (entry_errors),
    .job_valid_o    (job_valid),
    .job_ready_i    (job_ready),
    .job_source_o   (job_source),
    .job_dest_o     (job_dest),
    .job_in_beats_o (job_in_beats),
    .job_out_beats_o(job_out_beats),
    .job_tail_o     (job_tail)
  );
  assign job_ready = read_job_ready && align_job_ready && write_job_ready;

  ioat_read #(
    .DataWidthBits(DataWidthBits),
    .MaxBurstBeats(MaxBurstBeats),
    .CountBits    (CountBits),
    .BufferBeats  (ReadBufferBeats),
    .MaxBursts    (MaxReadBursts),
    .TotalBits    (TotalBits)
  ) u_read (
    .clk_i,
    .rst_ni,
    .clear_i     (clear),
    .kill_i      (kill),
    .job_valid_i (job_valid),
    .job_ready_o (read_job_ready),
    .job_source_i(job_source),
    .job_beats_i (job_in_beats),
    .ar_valid_o  (data_ar_valid),
    .ar_ready_i  (data_ar_ready),
    .ar_addr_o   (data_ar_addr),
    .ar_len_o    (data_ar_len),
    .r_valid_i   (m_axi_rvalid && !fetch_r),
    .r_data_i    (m_axi_rdata),
    .r_error_i   (m_axi_rresp[1]),
    .r_last_i    (m_axi_rlast),
    .beat_valid_o(in_valid),
    .beat_ready_i(in_ready),
    .beat_data_o (in_data),
    .beat_error_o(in_error),
    .total_o     (total),
    .idle_o      (read_idle)
  );

  ioat_align #(
    .DataWidthBits(DataWidthBits),
    .CountBits    (CountBits),
    .MaxJobs      (MaxJobs),
    .TagBits      (TagBits)
  ) u_align (
    .clk_i,
    .rst_ni,
    .clear_i        (clear),
    .job_valid_i    (job_valid),
    .job_ready_o    (align_job_ready),
    .job_source_i   (job_source[OffsetBits-1:0]),
    .job_dest_i     (job_dest[OffsetBits-1:0]),
    .job_in_beats_i (job_in_beats),
    .job_out_beats_i(job_out_beats),
    .job_tail_i     (job_tail),
    .job_tag_i      (job_tag),
    .beat_valid_i   (in_valid),
    .beat_ready_o   (in_ready),
    .beat_data_i    (in_data),
    .beat_error_i   (in_error),
    .out_valid_o    (out_valid),
    .out_ready_i    (out_ready),
    .out_data_o     (out_data),
    .out_strb_o     (out_strb),
    .error_o        (read_error),
    .error_tag_o    (read_error_tag)
  );

  ioat_write #(
    .DataWidthBits(DataWidthBits),
    .IdWidthBits  (IdWidthBits),
    .MaxBurstBeats(MaxBurstBeats),
    .CountBits    (CountBits),
    .MaxJobs      (MaxJobs),
    .MaxBursts    (MaxWriteBursts),
    .TagBits      (TagBits),
    .TotalBits    (TotalBits)
  ) u_write (
    .clk_i,
    .rst_ni,
    .clear_i        (clear),
    .kill_i         (kill),
    .job_valid_i    (job_valid),
    .job_ready_o    (write_job_ready),
    .job_dest_i     (job_dest),
    .job_prime_i    (job_source[OffsetBits-1:0] > job_dest[OffsetBits-1:0]),
    .job_in_beats_i (job_in_beats),
    .job_out_beats_i(job_out_beats),
    .job_tag_i      (job_tag),
    .total_i        (total),
    .beat_valid_i   (out_valid),
    .beat_ready_o   (out_ready),
    .beat_data_i    (out_data),
    .beat_strb_i    (out_strb),
    .record_valid_i (record_valid),
    .record_ready_o (record_ready),
    .record_addr_i  (record_addr),
    .record_data_i  (record_data),
    .record_done_o  (record_done),
    .record_error_o (record_error),
    .job_done_o     (job_done),
    .error_o        (write_error),
    .error_tag_o    (write_error_tag),
    .idle_o         (write_idle),
    .m_axi_awvalid,
    .m_axi_awready,
    .m_axi_awid,
    .m_axi_awaddr,
    .m_axi_awlen,
    .m_axi_wvalid,
    .m_axi_wready,
    .m_axi_wdata,
    .m_axi_wstrb,
    .m_axi_wlast,
    .m_axi_bvalid,
    .m_axi_bready,
    .m_axi_bid,
    .m_axi_bresp
  );

  ioat_complete #(
    .MaxJobs(MaxJobs),
    .TagBits(TagBits)
  ) u_complete (
    .clk_i,
    .rst_ni,
    .clear_i          (clear),
    .kill_i           (kill),
    .drop_i           (drop),
    .reset_i          (reset_channel),
    .entry_valid_i    (entry_valid),
    .entry_ready_o    (entry_ready),
    .entry_addr_i     (entry_addr),
    .entry_irq_i      (entry_irq),
    .entry_record_i   (entry_record),
    .entry_data_i     (entry_data),
    .entry_errors_i   (entry_errors),
    .entry_tag_o      (job_tag),
    .job_done_i       (job_done),
    .read_error_i     (read_error),
    .read_error_tag_i (read_error_tag),
    .write_error_i    (write_error),
    .write_error_tag_i(write_error_tag),
    .error_o          (head_error),
    .errors_o         (head_errors),
    .record_addr_i    (completion_addr),
    .record_status_i  (record_status),
    .record_force_i   (record_force),
    .record_valid_o   (record_valid),
    .record_ready_i   (record_ready),
    .record_addr_o    (record_addr),
    .record_data_o    (record_data),
    .record_done_i    (record_done),
    .record_error_i   (record_error),
    .record_failed_o  (record_failed),
    .irq_o            (complete_irq),
    .descriptor_done_o(descriptor_done_o),
    .count_o          (count),
    .last_addr_o      (last_addr),
    .empty_o          (empty),
    .settled_o        (settled)
  );
endmodule
