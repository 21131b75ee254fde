// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Every function of guestlink_pkg from SystemVerilog, on mock memory: what goes in comes out, and
// what is wrong comes back as a status. Runs once; +directory=PATH names a folder for files.
module sv_round_trip (
  output int checks_o,
  output int failures_o
);

  import guestlink_pkg::*;

  int checks;
  int failures;
  chandle memory;
  chandle other;
  string directory;

  task automatic expect_equal(input string what, input longint unsigned found,
                              input longint unsigned expected);
    checks++;
    if (found != expected) begin
      failures++;
      $display("%s is 0x%0x, not 0x%0x (%s)", what, found, expected, guestlink_last_error());
    end
  endtask

  task automatic expect_status(input string what, input int found,
                               input guestlink_status_e expected);
    expect_equal({what, " status"}, 64'(found), 64'(int'(expected)));
  endtask

  task automatic scalars();
    automatic byte unsigned d8;
    automatic shortint unsigned d16;
    automatic int unsigned d32;
    automatic longint unsigned d64;
    expect_status("write64", guestlink_write64(memory, 64'h1000, 64'h8877665544332211),
                  GUESTLINK_OK);
    expect_status("read64", guestlink_read64(memory, 64'h1000, d64), GUESTLINK_OK);
    expect_equal("read64", d64, 64'h8877665544332211);
    expect_status("read32", guestlink_read32(memory, 64'h1004, d32), GUESTLINK_OK);
    expect_equal("read32", 64'(d32), 64'h88776655);
    expect_status("read16", guestlink_read16(memory, 64'h1002, d16), GUESTLINK_OK);
    expect_equal("read16", 64'(d16), 64'h4433);
    expect_status("read8", guestlink_read8(memory, 64'h1007, d8), GUESTLINK_OK);
    expect_equal("read8", 64'(d8), 64'h88);
    expect_status("write8", guestlink_write8(memory, 64'h1000, 8'hf0), GUESTLINK_OK);
    expect_status("write16", guestlink_write16(memory, 64'h1002, 16'hf1f2), GUESTLINK_OK);
    expect_status("write32", guestlink_write32(memory, 64'h1004, 32'hf3f4f5f6), GUESTLINK_OK);
    expect_status("read64", guestlink_read64(memory, 64'h1000, d64), GUESTLINK_OK);
    expect_equal("read64 of the parts", d64, 64'hf3f4f5f6f1f222f0);
  endtask

  task automatic atomics();
    automatic int unsigned p32;
    automatic longint unsigned p64;
    expect_status("write64", guestlink_write64(memory, 64'h2000, 64'd5), GUESTLINK_OK);
    expect_status("cas64", guestlink_compare_swap64(memory, 64'h2000, 64'd5, 64'd7, p64),
                  GUESTLINK_OK);
    expect_equal("cas64 that swaps, previous", p64, 64'd5);
    expect_status("cas64", guestlink_compare_swap64(memory, 64'h2000, 64'd5, 64'd9, p64),
                  GUESTLINK_OK);
    expect_equal("cas64 that does not, previous", p64, 64'd7);
    expect_status("add64", guestlink_fetch_add64(memory, 64'h2000, 64'd3, p64), GUESTLINK_OK);
    expect_equal("add64 previous", p64, 64'd7);
    expect_status("cas32", guestlink_compare_swap32(memory, 64'h2000, 32'd10, 32'd11, p32),
                  GUESTLINK_OK);
    expect_equal("cas32 previous", 64'(p32), 64'd10);
    expect_status("add32", guestlink_fetch_add32(memory, 64'h2000, 32'hffffffff, p32),
                  GUESTLINK_OK);
    expect_equal("add32 previous", 64'(p32), 64'd11);
    expect_status("read64", guestlink_read64(memory, 64'h2000, p64), GUESTLINK_OK);
    expect_equal("word after the atomics", p64, 64'd10);
    expect_status("misaligned add64", guestlink_fetch_add64(memory, 64'h2004, 64'd1, p64),
                  GUESTLINK_BAD_ARGUMENT);
  endtask

  task automatic beat32();
    automatic bit [31:0] data, back;
    automatic bit [3:0] strobe;
    automatic byte unsigned d8;
    for (int n = 0; n < 4; n++) begin
      data[8*n+:8] = 8'(n + 1);
      strobe[n] = n % 3 != 1;
    end
    expect_status("fill", guestlink_fill(memory, 64'h3000, 64'd8, 8'hee), GUESTLINK_OK);
    expect_status("write_beat32", guestlink_write_beat32(memory, 64'h3000, data, strobe),
                  GUESTLINK_OK);
    for (int n = 0; n < 5; n++) begin
      expect_status("read8", guestlink_read8(memory, 64'h3000 + 64'(n), d8), GUESTLINK_OK);
      expect_equal("byte of beat32", 64'(d8), n == 4 || n % 3 == 1 ? 64'hee : 64'(n) + 64'd1);
    end
    expect_status("write_beat32", guestlink_write_beat32(memory, 64'h3000, data, '1), GUESTLINK_OK);
    expect_status("read_beat32", guestlink_read_beat32(memory, 64'h3000, back), GUESTLINK_OK);
    expect_equal("read_beat32 equals", 64'(back == data), 64'd1);
    expect_status("misaligned read_beat32", guestlink_read_beat32(memory, 64'h3001, back),
                  GUESTLINK_BAD_ARGUMENT);
    expect_status("read_beat32 past the end", guestlink_read_beat32(memory, 64'h100000, back),
                  GUESTLINK_OUT_OF_RANGE);
    expect_status("write_beat32 past the end",
                  guestlink_write_beat32(memory, 64'h100000, data, '1), GUESTLINK_OUT_OF_RANGE);
  endtask

  task automatic beat64();
    automatic bit [63:0] data, back;
    automatic bit [7:0] strobe;
    automatic byte unsigned d8;
    for (int n = 0; n < 8; n++) begin
      data[8*n+:8] = 8'(n + 1);
      strobe[n] = n % 3 != 1;
    end
    expect_status("fill", guestlink_fill(memory, 64'h3000, 64'd16, 8'hee), GUESTLINK_OK);
    expect_status("write_beat64", guestlink_write_beat64(memory, 64'h3000, data, strobe),
                  GUESTLINK_OK);
    for (int n = 0; n < 9; n++) begin
      expect_status("read8", guestlink_read8(memory, 64'h3000 + 64'(n), d8), GUESTLINK_OK);
      expect_equal("byte of beat64", 64'(d8), n == 8 || n % 3 == 1 ? 64'hee : 64'(n) + 64'd1);
    end
    expect_status("write_beat64", guestlink_write_beat64(memory, 64'h3000, data, '1), GUESTLINK_OK);
    expect_status("read_beat64", guestlink_read_beat64(memory, 64'h3000, back), GUESTLINK_OK);
    expect_equal("read_beat64 equals", 64'(back == data), 64'd1);
    expect_status("misaligned read_beat64", guestlink_read_beat64(memory, 64'h3001, back),
                  GUESTLINK_BAD_ARGUMENT);
    expect_status("read_beat64 past the end", guestlink_read_beat64(memory, 64'h100000, back),
                  GUESTLINK_OUT_OF_RANGE);
    expect_status("write_beat64 past the end",
                  guestlink_write_beat64(memory, 64'h100000, data, '1), GUESTLINK_OUT_OF_RANGE);
  endtask

  task automatic beat128();
    automatic bit [127:0] data, back;
    automatic bit [15:0] strobe;
    automatic byte unsigned d8;
    for (int n = 0; n < 16; n++) begin
      data[8*n+:8] = 8'(n + 1);
      strobe[n] = n % 3 != 1;
    end
    expect_status("fill", guestlink_fill(memory, 64'h3000, 64'd32, 8'hee), GUESTLINK_OK);
    expect_status("write_beat128", guestlink_write_beat128(memory, 64'h3000, data, strobe),
                  GUESTLINK_OK);
    for (int n = 0; n < 17; n++) begin
      expect_status("read8", guestlink_read8(memory, 64'h3000 + 64'(n), d8), GUESTLINK_OK);
      expect_equal("byte of beat128", 64'(d8), n == 16 || n % 3 == 1 ? 64'hee : 64'(n) + 64'd1);
    end
    expect_status("write_beat128", guestlink_write_beat128(memory, 64'h3000, data, '1),
                  GUESTLINK_OK);
    expect_status("read_beat128", guestlink_read_beat128(memory, 64'h3000, back), GUESTLINK_OK);
    expect_equal("read_beat128 equals", 64'(back == data), 64'd1);
    expect_status("misaligned read_beat128", guestlink_read_beat128(memory, 64'h3001, back),
                  GUESTLINK_BAD_ARGUMENT);
    expect_status("read_beat128 past the end", guestlink_read_beat128(memory, 64'h100000, back),
                  GUESTLINK_OUT_OF_RANGE);
    expect_status("write_beat128 past the end",
                  guestlink_write_beat128(memory, 64'h100000, data, '1), GUESTLINK_OUT_OF_RANGE);
  endtask

  task automatic beat256();
    automatic bit [255:0] data, back;
    automatic bit [31:0] strobe;
    automatic byte unsigned d8;
    for (int n = 0; n < 32; n++) begin
      data[8*n+:8] = 8'(n + 1);
      strobe[n] = n % 3 != 1;
    end
    expect_status("fill", guestlink_fill(memory, 64'h3000, 64'd64, 8'hee), GUESTLINK_OK);
    expect_status("write_beat256", guestlink_write_beat256(memory, 64'h3000, data, strobe),
                  GUESTLINK_OK);
    for (int n = 0; n < 33; n++) begin
      expect_status("read8", guestlink_read8(memory, 64'h3000 + 64'(n), d8), GUESTLINK_OK);
      expect_equal("byte of beat256", 64'(d8), n == 32 || n % 3 == 1 ? 64'hee : 64'(n) + 64'd1);
    end
    expect_status("write_beat256", guestlink_write_beat256(memory, 64'h3000, data, '1),
                  GUESTLINK_OK);
    expect_status("read_beat256", guestlink_read_beat256(memory, 64'h3000, back), GUESTLINK_OK);
    expect_equal("read_beat256 equals", 64'(back == data), 64'd1);
    expect_status("misaligned read_beat256", guestlink_read_beat256(memory, 64'h3001, back),
                  GUESTLINK_BAD_ARGUMENT);
    expect_status("read_beat256 past the end", guestlink_read_beat256(memory, 64'h100000, back),
                  GUESTLINK_OUT_OF_RANGE);
    expect_status("write_beat256 past the end",
                  guestlink_write_beat256(memory, 64'h100000, data, '1), GUESTLINK_OUT_OF_RANGE);
  endtask

  task automatic beat512();
    automatic bit [511:0] data, back;
    automatic bit [63:0] strobe;
    automatic byte unsigned d8;
    for (int n = 0; n < 64; n++) begin
      data[8*n+:8] = 8'(n + 1);
      strobe[n] = n % 3 != 1;
    end
    expect_status("fill", guestlink_fill(memory, 64'h3000, 64'd128, 8'hee), GUESTLINK_OK);
    expect_status("write_beat512", guestlink_write_beat512(memory, 64'h3000, data, strobe),
                  GUESTLINK_OK);
    for (int n = 0; n < 65; n++) begin
      expect_status("read8", guestlink_read8(memory, 64'h3000 + 64'(n), d8), GUESTLINK_OK);
      expect_equal("byte of beat512", 64'(d8), n == 64 || n % 3 == 1 ? 64'hee : 64'(n) + 64'd1);
    end
    expect_status("write_beat512", guestlink_write_beat512(memory, 64'h3000, data, '1),
                  GUESTLINK_OK);
    expect_status("read_beat512", guestlink_read_beat512(memory, 64'h3000, back), GUESTLINK_OK);
    expect_equal("read_beat512 equals", 64'(back == data), 64'd1);
    expect_status("misaligned read_beat512", guestlink_read_beat512(memory, 64'h3001, back),
                  GUESTLINK_BAD_ARGUMENT);
    expect_status("read_beat512 past the end", guestlink_read_beat512(memory, 64'h100000, back),
                  GUESTLINK_OUT_OF_RANGE);
    expect_status("write_beat512 past the end",
                  guestlink_write_beat512(memory, 64'h100000, data, '1), GUESTLINK_OUT_OF_RANGE);
  endtask

  task automatic beat1024();
    automatic bit [1023:0] data, back;
    automatic bit [127:0] strobe;
    automatic byte unsigned d8;
    for (int n = 0; n < 128; n++) begin
      data[8*n+:8] = 8'(n + 1);
      strobe[n] = n % 3 != 1;
    end
    expect_status("fill", guestlink_fill(memory, 64'h3000, 64'd256, 8'hee), GUESTLINK_OK);
    expect_status("write_beat1024", guestlink_write_beat1024(memory, 64'h3000, data, strobe),
                  GUESTLINK_OK);
    for (int n = 0; n < 129; n++) begin
      expect_status("read8", guestlink_read8(memory, 64'h3000 + 64'(n), d8), GUESTLINK_OK);
      expect_equal("byte of beat1024", 64'(d8), n == 128 || n % 3 == 1 ? 64'hee : 64'(n) + 64'd1);
    end
    expect_status("write_beat1024", guestlink_write_beat1024(memory, 64'h3000, data, '1),
                  GUESTLINK_OK);
    expect_status("read_beat1024", guestlink_read_beat1024(memory, 64'h3000, back), GUESTLINK_OK);
    expect_equal("read_beat1024 equals", 64'(back == data), 64'd1);
    expect_status("misaligned read_beat1024", guestlink_read_beat1024(memory, 64'h3001, back),
                  GUESTLINK_BAD_ARGUMENT);
    expect_status("read_beat1024 past the end", guestlink_read_beat1024(memory, 64'h100000, back),
                  GUESTLINK_OUT_OF_RANGE);
    expect_status("write_beat1024 past the end",
                  guestlink_write_beat1024(memory, 64'h100000, data, '1), GUESTLINK_OUT_OF_RANGE);
  endtask

  // Arrays of fixed size: Verilator 5.006 fails on dynamic ones.
  byte unsigned out_block [100];
  byte unsigned in_block [100];
  byte unsigned down_block [7:4];

  task automatic blocks();
    automatic byte unsigned d8;
    for (int n = 0; n < 100; n++) out_block[n] = 8'(3 * n + 1);
    expect_status("write_block", guestlink_write_block(memory, 64'h4003, out_block), GUESTLINK_OK);
    expect_status("read8", guestlink_read8(memory, 64'h4003, d8), GUESTLINK_OK);
    expect_equal("first byte of the block", 64'(d8), 64'd1);
    expect_status("read8", guestlink_read8(memory, 64'h4003 + 99, d8), GUESTLINK_OK);
    expect_equal("last byte of the block", 64'(d8), 64'(8'(3 * 99 + 1)));
    expect_status("read_block", guestlink_read_block(memory, 64'h4003, in_block), GUESTLINK_OK);
    for (int n = 0; n < 100; n++) begin
      expect_equal("byte of the block", 64'(in_block[n]), 64'(out_block[n]));
    end
    expect_status("read_block", guestlink_read_block(memory, 64'h4003, down_block), GUESTLINK_OK);
    for (int n = 0; n < 4; n++) begin
      expect_equal("byte of [7:4]", 64'(down_block[4+n]), 64'(out_block[n]));
    end
    expect_status("read_block past the end",
                  guestlink_read_block(memory, 64'h100000 - 99, in_block), GUESTLINK_OUT_OF_RANGE);
    expect_status("write_block past the end",
                  guestlink_write_block(memory, 64'h100000 - 99, out_block),
                                        GUESTLINK_OUT_OF_RANGE);
    expect_status("read8", guestlink_read8(memory, 64'h100000 - 99, d8), GUESTLINK_OK);
    expect_equal("byte of the block that did not fit", 64'(d8), 64'd0);
  endtask

  // A handle of its own: what is attached again here is another memory, all zeroes.
  task automatic sessions();
    automatic chandle session = guestlink_open("mock:,size=64K");
    automatic byte unsigned d8;
    expect_status("write_code", guestlink_write_code(session, 64'h10, out_block), GUESTLINK_OK);
    expect_status("read8", guestlink_read8(session, 64'h11, d8), GUESTLINK_OK);
    expect_equal("byte of the code", 64'(d8), 64'(out_block[1]));
    expect_status("write_code past the end",
                  guestlink_write_code(session, 64'h10000 - 99, out_block),
                  GUESTLINK_OUT_OF_RANGE);
    expect_status("reattach", guestlink_reattach(session), GUESTLINK_OK);
    expect_equal("generation after reattach", guestlink_generation(session), 64'd3);
    expect_status("read8", guestlink_read8(session, 64'h11, d8), GUESTLINK_OK);
    expect_equal("byte after reattach", 64'(d8), 64'd0);
    expect_status("close", guestlink_close(session), GUESTLINK_OK);
    expect_status("reattach of closed", guestlink_reattach(session), GUESTLINK_BAD_HANDLE);
    expect_status("write_code to closed", guestlink_write_code(session, 64'h10, out_block),
                  GUESTLINK_BAD_HANDLE);
  endtask

  task automatic ranges();
    automatic longint unsigned first;
    automatic int unsigned crc;
    expect_status("write64", guestlink_write64(memory, 64'h5000, 64'h3837363534333231),
                  GUESTLINK_OK);
    expect_status("write8", guestlink_write8(memory, 64'h5008, 8'h39), GUESTLINK_OK);
    expect_status("crc32c", guestlink_crc32c(memory, 64'h5000, 64'd9, crc), GUESTLINK_OK);
    expect_equal("crc32c of 123456789", 64'(crc), 64'he3069283);
    expect_status("copy", guestlink_copy(memory, 64'h5101, 64'h5000, 64'd9), GUESTLINK_OK);
    expect_status("compare", guestlink_compare(memory, 64'h5101, 64'h5000, 64'd9, first),
                  GUESTLINK_OK);
    expect_equal("first difference of equals", first, 64'd9);
    expect_status("fill", guestlink_fill(memory, 64'h5105, 64'd1, 8'hff), GUESTLINK_OK);
    expect_status("compare", guestlink_compare(memory, 64'h5101, 64'h5000, 64'd9, first),
                  GUESTLINK_OK);
    expect_equal("first difference", first, 64'd4);
    expect_status("copy past the end", guestlink_copy(memory, 64'hfffff, 64'h5000, 64'd2),
                  GUESTLINK_OUT_OF_RANGE);
  endtask

  task automatic files();
    automatic longint unsigned length;
    automatic int unsigned saved, loaded;
    automatic string path;
    path = {directory, "/block"};
    expect_status("crc32c", guestlink_crc32c(memory, 64'h4003, 64'd100, saved), GUESTLINK_OK);
    expect_status("save_file", guestlink_save_file(memory, 64'h4003, 64'd100, path), GUESTLINK_OK);
    expect_status("load_file", guestlink_load_file(memory, 64'h6001, path, length), GUESTLINK_OK);
    expect_equal("length loaded", length, 64'd100);
    expect_status("crc32c", guestlink_crc32c(memory, 64'h6001, 64'd100, loaded), GUESTLINK_OK);
    expect_equal("crc32c of what was loaded", 64'(loaded), 64'(saved));
    expect_status("load_file of nothing",
                  guestlink_load_file(memory, 64'h6001, {directory, "/none"}, length),
                  GUESTLINK_IO_ERROR);
  endtask

  task automatic about_memory();
    automatic longint unsigned base, length;
    automatic int writable;
    expect_status("region 0", guestlink_region(memory, 0, base, length, writable), GUESTLINK_OK);
    expect_equal("base", base, 64'd0);
    expect_equal("length", length, 64'h100000);
    expect_equal("writable", 64'(writable), 64'd1);
    expect_status("region 1", guestlink_region(memory, 1, base, length, writable),
                  GUESTLINK_OUT_OF_RANGE);
    guestlink_fence();
    expect_equal("name of 0", 64'(guestlink_status_name(0) == "OK"), 64'd1);
    expect_equal("name of 1", 64'(guestlink_status_name(1) == "OUT_OF_RANGE"), 64'd1);
    expect_status("status", guestlink_status(memory), GUESTLINK_OK);
    expect_equal("generation", guestlink_generation(memory), 64'd1);
    expect_equal("name of 8", 64'(guestlink_status_name(8) == "UNSUPPORTED"), 64'd1);
    expect_equal("name of 7", 64'(guestlink_status_name(7) == "PARTIAL"), 64'd1);
    expect_equal("name of 6", 64'(guestlink_status_name(6) == "IO_ERROR"), 64'd1);
  endtask

  task automatic responses();
    expect_equal("response", 64'(guestlink_axi_response(GUESTLINK_OK)), 64'd0);
    expect_equal("response", 64'(guestlink_axi_response(GUESTLINK_OUT_OF_RANGE)), 64'd3);
    expect_equal("response", 64'(guestlink_axi_response(GUESTLINK_READ_ONLY)), 64'd2);
    expect_equal("response", 64'(guestlink_axi_response(GUESTLINK_DETACHED)), 64'd2);
    expect_equal("response", 64'(guestlink_axi_response(GUESTLINK_BAD_HANDLE)), 64'd2);
    expect_equal("response", 64'(guestlink_axi_response(GUESTLINK_BAD_ARGUMENT)), 64'd2);
    expect_equal("response", 64'(guestlink_axi_response(GUESTLINK_PARTIAL)), 64'd2);
    expect_equal("response", 64'(guestlink_axi_response(-1)), 64'd2);
  endtask

  // A second memory at once, and handles that are not open.
  task automatic handles();
    automatic chandle copy;
    automatic longint unsigned id, d64;
    other = guestlink_open("mock:,size=64K,base=0x80000000");
    expect_equal("second memory opened", 64'(other != null), 64'd1);
    expect_status("write64", guestlink_write64(memory, 64'h7000, 64'd1), GUESTLINK_OK);
    expect_status("write64", guestlink_write64(other, 64'h80007000, 64'd2), GUESTLINK_OK);
    expect_status("read64", guestlink_read64(memory, 64'h7000, d64), GUESTLINK_OK);
    expect_equal("word of the first", d64, 64'd1);
    expect_status("read64", guestlink_read64(memory, 64'h80007000, d64), GUESTLINK_OUT_OF_RANGE);
    id = guestlink_id(other);
    expect_equal("ids differ", 64'(id != guestlink_id(memory) && id != 0), 64'd1);
    copy = guestlink_from_id(id);
    expect_status("read64", guestlink_read64(copy, 64'h80007000, d64), GUESTLINK_OK);
    expect_equal("word of the second", d64, 64'd2);
    expect_status("close", guestlink_close(other), GUESTLINK_OK);
    expect_status("close again", guestlink_close(other), GUESTLINK_BAD_HANDLE);
    expect_status("read64 of closed", guestlink_read64(copy, 64'h80007000, d64),
                  GUESTLINK_BAD_HANDLE);
    expect_equal("handle of a closed id", 64'(guestlink_from_id(id) == null), 64'd1);
    expect_equal("id of closed", guestlink_id(copy), 64'd0);
    expect_status("read64 of null", guestlink_read64(null, 64'd0, d64), GUESTLINK_BAD_HANDLE);
    expect_status("write64 of null", guestlink_write64(null, 64'd0, 64'd0), GUESTLINK_BAD_HANDLE);
    expect_equal("id of null", guestlink_id(null), 64'd0);
    expect_status("status of closed", guestlink_status(copy), GUESTLINK_BAD_HANDLE);
    expect_equal("generation of closed", guestlink_generation(copy), 64'd0);
    other = guestlink_open("mock:,size=nonsense");
    expect_equal("bad spec opened", 64'(other == null), 64'd1);
    expect_equal("last error tells why", 64'(guestlink_last_error() != ""), 64'd1);
  endtask

  initial begin
    if (!$value$plusargs("directory=%s", directory)) directory = ".";
    memory = guestlink_open("mock:,size=1M,base=0");
    if (memory == null) begin
      failures = 1;
      $display("open: %s", guestlink_last_error());
    end else begin
      scalars();
      atomics();
      beat32();
      beat64();
      beat128();
      beat256();
      beat512();
      beat1024();
      blocks();
      sessions();
      ranges();
      files();
      about_memory();
      responses();
      handles();
      expect_status("close", guestlink_close(memory), GUESTLINK_OK);
    end
    checks_o = checks;
    failures_o = failures;
    $display("sv_round_trip: %0d checks, %0d failures", checks, failures);
  end

endmodule
