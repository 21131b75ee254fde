// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Self-checking bench in SystemVerilog alone: guest memory through guestlink_pkg, and the DMA
// engine on axi_guest_ram. IEEE 1800-2017 without tool pragmas, for any simulator
// (docs/simulators.md). It OVERWRITES the first mebibyte of the first region of the memory that has
// one. Plusargs:
//   +guestlink=SPEC  the memory; mock:,size=16M if not given
//   +seed=N          of the random copies; 1 if not given
//   +copies=N        how many; 200 if not given
// Prints PASS, or FAIL and ends with $fatal.
module tb_guestlink;

  import guestlink_pkg::*;

  parameter int unsigned DataWidthBits = 512;
  parameter int unsigned ReadLatency = 20;
  parameter int unsigned WriteLatency = 10;
  localparam int unsigned IdWidthBits = 4;

  // ---------------------------------------------------------------- engine on guest memory
  logic            clk = 1'b0;
  logic            rst_n = 1'b0;
  longint unsigned memory_id = 0;
  logic            irq, engine_idle, descriptor_done, unused_ram_error;
  logic [31:0]     unused_chanerr;
  logic [63:0]     unused_chansts;
  logic [31:0]     ram_error_status, unused_ram_error_count;
  logic [63:0]     ram_error_address;

  logic [13:0] regs_awaddr, regs_araddr;
  logic [2:0] regs_awprot, regs_arprot;
  logic regs_awvalid, regs_awready, regs_wvalid, regs_wready, regs_bvalid, regs_bready,
      regs_arvalid, regs_arready, regs_rvalid, regs_rready;
  logic [31:0] regs_wdata, regs_rdata;
  logic [3:0] regs_wstrb;
  logic [1:0] regs_bresp, regs_rresp;
  logic [IdWidthBits-1:0] dma_awid, dma_bid, dma_arid, dma_rid;
  logic [63:0] dma_awaddr, dma_araddr;
  logic [7:0] dma_awlen, dma_arlen;
  logic [2:0] dma_awsize, dma_awprot, dma_arsize, dma_arprot;
  logic [1:0] dma_awburst, dma_bresp, dma_arburst, dma_rresp;
  logic dma_awlock, dma_awvalid, dma_awready, dma_wlast, dma_wvalid, dma_wready, dma_bvalid,
      dma_bready, dma_arlock, dma_arvalid, dma_arready, dma_rlast, dma_rvalid, dma_rready;
  logic [3:0] dma_awcache, dma_awqos, dma_arcache, dma_arqos;
  logic [DataWidthBits-1:0] dma_wdata, dma_rdata;
  logic [DataWidthBits/8-1:0] dma_wstrb;

  initial forever #5 clk = ~clk;

  ioat_dma #(
    .DataWidthBits(DataWidthBits),
    .IdWidthBits(IdWidthBits)
  ) u_dma (
    .clk_i(clk),
    .rst_ni(rst_n),
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
    .m_axi_awid(dma_awid),
    .m_axi_awaddr(dma_awaddr),
    .m_axi_awlen(dma_awlen),
    .m_axi_awsize(dma_awsize),
    .m_axi_awburst(dma_awburst),
    .m_axi_awlock(dma_awlock),
    .m_axi_awcache(dma_awcache),
    .m_axi_awprot(dma_awprot),
    .m_axi_awqos(dma_awqos),
    .m_axi_awvalid(dma_awvalid),
    .m_axi_awready(dma_awready),
    .m_axi_wdata(dma_wdata),
    .m_axi_wstrb(dma_wstrb),
    .m_axi_wlast(dma_wlast),
    .m_axi_wvalid(dma_wvalid),
    .m_axi_wready(dma_wready),
    .m_axi_bid(dma_bid),
    .m_axi_bresp(dma_bresp),
    .m_axi_bvalid(dma_bvalid),
    .m_axi_bready(dma_bready),
    .m_axi_arid(dma_arid),
    .m_axi_araddr(dma_araddr),
    .m_axi_arlen(dma_arlen),
    .m_axi_arsize(dma_arsize),
    .m_axi_arburst(dma_arburst),
    .m_axi_arlock(dma_arlock),
    .m_axi_arcache(dma_arcache),
    .m_axi_arprot(dma_arprot),
    .m_axi_arqos(dma_arqos),
    .m_axi_arvalid(dma_arvalid),
    .m_axi_arready(dma_arready),
    .m_axi_rid(dma_rid),
    .m_axi_rdata(dma_rdata),
    .m_axi_rresp(dma_rresp),
    .m_axi_rlast(dma_rlast),
    .m_axi_rvalid(dma_rvalid),
    .m_axi_rready(dma_rready),
    .irq_o(irq),
    .idle_o(engine_idle),
    .descriptor_done_o(descriptor_done),
    .chanerr_o(unused_chanerr),
    .chansts_o(unused_chansts)
  );

  axi_guest_ram #(
    .DataWidthBits(DataWidthBits),
    .IdWidthBits(IdWidthBits),
    .ReadLatency(ReadLatency),
    .WriteLatency(WriteLatency)
  ) u_ram (
    .clk_i(clk),
    .rst_ni(rst_n),
    .memory_id_i(memory_id),
    .s_axi_awid(dma_awid),
    .s_axi_awaddr(dma_awaddr),
    .s_axi_awlen(dma_awlen),
    .s_axi_awsize(dma_awsize),
    .s_axi_awburst(dma_awburst),
    .s_axi_awlock(dma_awlock),
    .s_axi_awcache(dma_awcache),
    .s_axi_awprot(dma_awprot),
    .s_axi_awqos(dma_awqos),
    .s_axi_awvalid(dma_awvalid),
    .s_axi_awready(dma_awready),
    .s_axi_wdata(dma_wdata),
    .s_axi_wstrb(dma_wstrb),
    .s_axi_wlast(dma_wlast),
    .s_axi_wvalid(dma_wvalid),
    .s_axi_wready(dma_wready),
    .s_axi_bid(dma_bid),
    .s_axi_bresp(dma_bresp),
    .s_axi_bvalid(dma_bvalid),
    .s_axi_bready(dma_bready),
    .s_axi_arid(dma_arid),
    .s_axi_araddr(dma_araddr),
    .s_axi_arlen(dma_arlen),
    .s_axi_arsize(dma_arsize),
    .s_axi_arburst(dma_arburst),
    .s_axi_arlock(dma_arlock),
    .s_axi_arcache(dma_arcache),
    .s_axi_arprot(dma_arprot),
    .s_axi_arqos(dma_arqos),
    .s_axi_arvalid(dma_arvalid),
    .s_axi_arready(dma_arready),
    .s_axi_rid(dma_rid),
    .s_axi_rdata(dma_rdata),
    .s_axi_rresp(dma_rresp),
    .s_axi_rlast(dma_rlast),
    .s_axi_rvalid(dma_rvalid),
    .s_axi_rready(dma_rready),
    .error_o(unused_ram_error),
    .error_status_o(ram_error_status),
    .error_address_o(ram_error_address),
    .error_count_o(unused_ram_error_count)
  );

  // ---------------------------------------------------------------- checks
  localparam int unsigned MaximumCycles = 5000000;
  localparam int unsigned RegisterCycles = 1000;
  localparam int unsigned CopyCycles = 20000;

  chandle      memory;
  int unsigned checks = 0;
  int unsigned cycles;
  int unsigned descriptors;

  function automatic void fail(input string what);
    $display("FAIL: %s", what);
    $fatal(1, "tb_guestlink failed");
  endfunction

  function automatic void check_status(input string what, input int status, input int wanted);
    checks++;
    if (status != wanted) begin
      fail($sformatf("%s: status %s instead of %s", what, guestlink_status_name(status),
                     guestlink_status_name(wanted)));
    end
  endfunction

  function automatic void check_value(input string what, input longint unsigned value,
                                      input longint unsigned wanted);
    checks++;
    if (value != wanted) fail($sformatf("%s: 0x%h instead of 0x%h", what, value, wanted));
  endfunction

  always_ff @(posedge clk) begin : proc_count
    if (!rst_n) begin
      cycles <= 0;
      descriptors <= 0;
    end else begin
      cycles <= cycles + 1;
      if (descriptor_done) descriptors <= descriptors + 1;
    end
    if (cycles == MaximumCycles) fail($sformatf("no end within %0d cycles", MaximumCycles));
  end

  // The same numbers in every simulator (xorshift64*).
  longint unsigned random_state = 1;

  function automatic int unsigned random_below(input int unsigned bound);
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return 32'((random_state * 64'h2545F4914F6CDD1D) >> 32) % bound;
  endfunction

  // ---------------------------------------------------------------- registers
  // Driven on the falling edge and sampled on the rising one: no simulator sees a race.
  task automatic axil_write(input bit [13:0] address, input bit [31:0] data,
                            input bit [3:0] strobes);
    bit address_gone = 1'b0;
    bit data_gone = 1'b0;
    bit done = 1'b0;
    bit [1:0] response;
    @(negedge clk);
    regs_awaddr = address;
    regs_wdata  = data;
    regs_wstrb  = strobes;
    regs_bready = 1'b1;
    for (int unsigned i = 0; i < RegisterCycles && !done; i++) begin
      regs_awvalid = !address_gone;
      regs_wvalid  = !data_gone;
      @(posedge clk);
      if (regs_awvalid && regs_awready) address_gone = 1'b1;
      if (regs_wvalid && regs_wready) data_gone = 1'b1;
      done     = regs_bvalid;
      response = regs_bresp;
      @(negedge clk);
    end
    regs_bready = 1'b0;
    if (!done) fail($sformatf("no answer to a register write at 0x%h", address));
    check_value("register write response", longint'(response), 0);
  endtask

  task automatic axil_read(input bit [13:0] address, output bit [31:0] data);
    bit address_gone = 1'b0;
    bit done = 1'b0;
    bit [1:0] response;
    @(negedge clk);
    regs_araddr = address;
    regs_rready = 1'b1;
    for (int unsigned i = 0; i < RegisterCycles && !done; i++) begin
      regs_arvalid = !address_gone;
      @(posedge clk);
      if (regs_arvalid && regs_arready) address_gone = 1'b1;
      done     = regs_rvalid;
      data     = regs_rdata;
      response = regs_rresp;
      @(negedge clk);
    end
    regs_rready = 1'b0;
    if (!done) fail($sformatf("no answer to a register read at 0x%h", address));
    check_value("register read response", longint'(response), 0);
  endtask

  // ---------------------------------------------------------------- memory through the package
  localparam longint unsigned WorkBytes = 'h100000;
  longint unsigned base;   // what the bench works in: the start of the first region that has room
  longint unsigned limit;  // the end of the last region

  function automatic void check_scalars();
    byte unsigned    byte_value;
    shortint unsigned half_value;
    int unsigned     word_value;
    longint unsigned value;
    check_status("write64", guestlink_write64(memory, base, 64'h8877665544332211), GUESTLINK_OK);
    check_status("read8", guestlink_read8(memory, base + 1, byte_value), GUESTLINK_OK);
    check_value("read8", longint'(byte_value), 'h22);
    check_status("read16", guestlink_read16(memory, base + 2, half_value), GUESTLINK_OK);
    check_value("read16", longint'(half_value), 'h4433);
    check_status("write32", guestlink_write32(memory, base + 4, 32'hA5A5A5A5), GUESTLINK_OK);
    check_status("read32", guestlink_read32(memory, base + 4, word_value), GUESTLINK_OK);
    check_value("read32", longint'(word_value), 64'hA5A5A5A5);
    check_status("write16", guestlink_write16(memory, base + 4, 16'h0102), GUESTLINK_OK);
    check_status("write8", guestlink_write8(memory, base + 7, 8'hFF), GUESTLINK_OK);
    check_status("read64", guestlink_read64(memory, base, value), GUESTLINK_OK);
    check_value("read64", value, 64'hFFA5010244332211);
  endfunction

  function automatic void check_atomics();
    int unsigned     word;
    longint unsigned value;
    check_status("write64", guestlink_write64(memory, base, 5), GUESTLINK_OK);
    check_status("fetch_add64", guestlink_fetch_add64(memory, base, 7, value), GUESTLINK_OK);
    check_value("fetch_add64 previous", value, 5);
    check_status("compare_swap64", guestlink_compare_swap64(memory, base, 12, 99, value),
                 GUESTLINK_OK);
    check_value("compare_swap64 previous", value, 12);
    check_status("compare_swap32", guestlink_compare_swap32(memory, base, 1, 2, word),
                 GUESTLINK_OK);
    check_value("a failed compare_swap32 previous", longint'(word), 99);
    check_status("fetch_add32", guestlink_fetch_add32(memory, base, 1, word), GUESTLINK_OK);
    check_status("read64", guestlink_read64(memory, base, value), GUESTLINK_OK);
    check_value("after the atomics", value, 100);
    check_status("misaligned atomic", guestlink_fetch_add64(memory, base + 4, 1, value),
                 GUESTLINK_BAD_ARGUMENT);
  endfunction

  function automatic void check_beats();
    bit [511:0]      beat;
    longint unsigned value;
    check_status("fill", guestlink_fill(memory, base, 64, 8'h11), GUESTLINK_OK);
    beat = {8{64'h0123456789ABCDEF}};
    check_status("write_beat512",
                 guestlink_write_beat512(memory, base, beat, 64'hFFFFFFFF00000001), GUESTLINK_OK);
    check_status("read_beat512", guestlink_read_beat512(memory, base, beat), GUESTLINK_OK);
    check_value("strobed byte", longint'(beat[7:0]), 'hEF);
    check_value("byte without its strobe", longint'(beat[15:8]), 'h11);
    check_value("upper half", beat[511:448], 64'h0123456789ABCDEF);
    check_status("misaligned beat", guestlink_read_beat512(memory, base + 8, beat),
                 GUESTLINK_BAD_ARGUMENT);
    check_status("read64", guestlink_read64(memory, base + 24, value), GUESTLINK_OK);
    check_value("lower half", value, 64'h1111111111111111);
  endfunction

  function automatic void check_blocks();
    byte unsigned    out[100];
    byte unsigned    back[100];
    longint unsigned difference;
    int unsigned     crc;
    foreach (out[i]) out[i] = 8'(i * 7);
    check_status("write_block", guestlink_write_block(memory, base + 3, out), GUESTLINK_OK);
    check_status("read_block", guestlink_read_block(memory, base + 3, back), GUESTLINK_OK);
    foreach (out[i]) check_value("block byte", longint'(back[i]), longint'(out[i]));
    check_status("copy", guestlink_copy(memory, base + 1000, base + 3, 100), GUESTLINK_OK);
    check_status("write8", guestlink_write8(memory, base + 1077, 8'hEE), GUESTLINK_OK);
    check_status("compare", guestlink_compare(memory, base + 3, base + 1000, 100, difference),
                 GUESTLINK_OK);
    check_value("first difference", difference, 77);
    check_status("fill", guestlink_fill(memory, base, 32, 8'h00), GUESTLINK_OK);
    check_status("crc32c", guestlink_crc32c(memory, base, 32, crc), GUESTLINK_OK);
    check_value("CRC-32C of 32 zeroes (RFC 3720)", longint'(crc), 64'h8A9136AA);
  endfunction

  function automatic void check_refusals();
    longint unsigned unused_value;
    byte unsigned    unused_block[16];
    chandle          none = null;
    check_status("above memory", guestlink_read64(memory, limit, unused_value),
                 GUESTLINK_OUT_OF_RANGE);
    check_status("across the end", guestlink_read_block(memory, limit - 8, unused_block),
                 GUESTLINK_OUT_OF_RANGE);
    check_status("wrapping address", guestlink_read64(memory, 64'hFFFFFFFFFFFFFFFC,
                 unused_value), GUESTLINK_OUT_OF_RANGE);
    check_status("null handle", guestlink_read64(none, base, unused_value),
                 GUESTLINK_BAD_HANDLE);
  endfunction

  // ---------------------------------------------------------------- copies by the engine
  // Offsets from base: descriptors, completion record, source arena, destination arena.
  localparam longint unsigned Record = 'h1000;
  localparam longint unsigned Source = 'h10000;
  localparam longint unsigned Destination = 'h40000;
  localparam longint unsigned Mirror = 'h80000;
  localparam int unsigned     MaximumSize = 20000;
  localparam byte unsigned    Guard = 8'h5A;

  int unsigned rung = 0;

  // Descriptor n stands in slot n of a ring of 64.
  function automatic longint unsigned slot(input int unsigned n);
    return base + 64 * (longint'(n) % 64);
  endfunction

  task automatic start_channel();
    bit [31:0]   command;
    int unsigned reads = 0;
    axil_write(14'h084, 32'h20, 4'b0001);
    do begin
      axil_read(14'h084, command);
      reads++;
      if (reads > RegisterCycles) fail("the reset of the channel does not end");
    end while ((command & 32'h20) != 0);
    axil_write(14'h000, 32'h01000000, 4'b1000);
    axil_write(14'h080, 32'h1D, 4'b0011);
    axil_write(14'h098, 32'(base + Record), 4'b1111);
    axil_write(14'h09C, 32'((base + Record) >> 32), 4'b1111);
    axil_write(14'h090, 32'(base), 4'b1111);
    axil_write(14'h094, 32'(base >> 32), 4'b1111);
  endtask

  // One descriptor, which asks for record and interrupt.
  task automatic run_copy(input longint unsigned destination, input longint unsigned source,
                          input int unsigned size);
    longint unsigned at = slot(rung);
    longint unsigned next = slot(rung + 1);
    longint unsigned record;
    int unsigned     waited = 0;
    check_status("descriptor", guestlink_write64(memory, at, {32'h9, size}), GUESTLINK_OK);
    check_status("descriptor", guestlink_write64(memory, at + 8, source), GUESTLINK_OK);
    check_status("descriptor", guestlink_write64(memory, at + 16, destination), GUESTLINK_OK);
    check_status("descriptor", guestlink_write64(memory, at + 24, next), GUESTLINK_OK);
    guestlink_fence();
    rung++;
    axil_write(14'h084, {16'(rung), 16'h0}, 4'b1100);
    do begin
      @(posedge clk);
      waited++;
      if (waited > CopyCycles) fail($sformatf("no interrupt for a copy of %0d bytes", size));
    end while (!irq);
    check_status("record", guestlink_read64(memory, base + Record, record), GUESTLINK_OK);
    check_value("completion record at the interrupt", record, at | 1);
    axil_write(14'h000, 32'h01000000, 4'b1000);
    axil_write(14'h080, 32'h1D, 4'b0011);
  endtask

  // The whole destination arena must equal a mirror on which guestlink_copy did the same.
  task automatic check_copies(input int unsigned copies);
    longint unsigned source, destination, difference;
    int unsigned     size;
    bit [31:0]       errors;
    for (longint unsigned i = 0; i < longint'(MaximumSize) + 4096; i += 8) begin
      check_status("source", guestlink_write64(memory, base + Source + i,
                   {random_below(32'hFFFFFFFF), random_below(32'hFFFFFFFF)}), GUESTLINK_OK);
    end
    check_status("fill", guestlink_fill(memory, base + Destination, 'h40000, Guard), GUESTLINK_OK);
    check_status("fill", guestlink_fill(memory, base + Mirror, 'h40000, Guard), GUESTLINK_OK);
    for (int unsigned i = 0; i < copies; i++) begin
      size = 1 + random_below(i % 4 == 0 ? MaximumSize : 300);
      source = Source + longint'(random_below(4096));
      destination = longint'(random_below('h40000 - MaximumSize));
      run_copy(base + Destination + destination, base + source, size);
      check_status("mirror", guestlink_copy(memory, base + Mirror + destination, base + source,
                   longint'(size)), GUESTLINK_OK);
      check_status("compare", guestlink_compare(memory, base + Destination, base + Mirror, 'h40000,
                   difference), GUESTLINK_OK);
      if (difference != 'h40000) begin
        fail($sformatf("copy %0d, %0d bytes from 0x%h to 0x%h: wrong at offset 0x%h of the arena",
                       i, size, base + source, base + Destination + destination, difference));
      end
    end
    axil_read(14'h0A8, errors);
    check_value("CHANERR", longint'(errors), 0);
    check_value("descriptors done", longint'(descriptors), longint'(copies));
    if (!engine_idle) fail("the engine is not idle");
  endtask

  // A source where no RAM is must end in CHANERR bit 8, halted, and leave the destination alone.
  task automatic check_hole();
    longint unsigned at = slot(rung);
    bit [31:0]       errors, status;
    check_status("descriptor", guestlink_write64(memory, at, {32'h9, 32'd100}), GUESTLINK_OK);
    check_status("descriptor", guestlink_write64(memory, at + 8, limit), GUESTLINK_OK);
    check_status("descriptor", guestlink_write64(memory, at + 16, base + Destination),
                 GUESTLINK_OK);
    rung++;
    axil_write(14'h084, {16'(rung), 16'h0}, 4'b1100);
    repeat (2000) @(posedge clk);
    axil_read(14'h0A8, errors);
    axil_read(14'h088, status);
    check_value("CHANERR of a read without RAM", longint'(errors), 'h100);
    check_value("CHANSTS of a halted channel", longint'(status) & 7, 3);
    check_value("status of the refused beat", longint'(ram_error_status),
                longint'(GUESTLINK_OUT_OF_RANGE));
    check_value("address of the refused beat", ram_error_address >> 12, limit >> 12);
  endtask

  // ---------------------------------------------------------------- the run
  task automatic attach(input string spec);
    longint unsigned start, length;
    int              writable;
    int              status = GUESTLINK_OK;
    bit              found = 1'b0;
    memory = guestlink_open(spec);
    if (memory == null) fail({"cannot open ", spec, ": ", guestlink_last_error()});
    memory_id = guestlink_id(memory);
    for (int unsigned i = 0; status == GUESTLINK_OK; i++) begin
      status = guestlink_region(memory, i, start, length, writable);
      if (status == GUESTLINK_OK) begin
        limit = start + length;
        if (!found && writable != 0 && length >= WorkBytes) begin
          found = 1'b1;
          base = start;
        end
      end
    end
    if (!found) fail({spec, " has no writable region of a mebibyte, which this bench works in"});
    check_status("write to a mebibyte", guestlink_fill(memory, base, WorkBytes, 0), GUESTLINK_OK);
  endtask

  initial begin : proc_main
    string       spec;
    int unsigned copies, seed;
    if ($value$plusargs("guestlink=%s", spec) == 0) spec = "mock:,size=16M";
    if ($value$plusargs("seed=%d", seed) == 0) seed = 1;
    if ($value$plusargs("copies=%d", copies) == 0) copies = 200;
    $display("tb_guestlink: %s, seed %0d, %0d copies", spec, seed, copies);
    random_state = longint'(seed) * 2 + 1;
    regs_awprot = '0;
    regs_arprot = '0;
    {regs_awvalid, regs_wvalid, regs_bready, regs_arvalid, regs_rready} = '0;
    attach(spec);
    check_scalars();
    check_atomics();
    check_beats();
    check_blocks();
    check_refusals();
    repeat (4) @(negedge clk);
    rst_n = 1'b1;
    start_channel();
    check_copies(copies);
    check_hole();
    check_status("close", guestlink_close(memory), GUESTLINK_OK);
    check_status("second close", guestlink_close(memory), GUESTLINK_BAD_HANDLE);
    $display("PASS: %0d checks, %0d copies, %0d cycles", checks, copies, cycles);
    $finish;
  end

endmodule
