// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Guest memory from SystemVerilog: the only `import "DPI-C"` of Guestlink. Each function is
// described (ranges, atomicity, order, thread safety) in dpi/shim/guestlink_dpi.h; C and SV names
// are the same.
//
// Every access returns a guestlink_status_e value. Call these in an initial, final or always_ff
// process, never as an operand of ?:, && or || (Verilator 5.006 calls both sides), and in always_ff
// give an output to an automatic variable first.
package guestlink_pkg;

  /// What an access came to; the values are AccessStatus of the C++ API.
  typedef enum int {
    GUESTLINK_OK           = 0,
    GUESTLINK_OUT_OF_RANGE = 1,
    GUESTLINK_READ_ONLY    = 2,
    GUESTLINK_DETACHED     = 3,
    GUESTLINK_BAD_HANDLE   = 4,
    GUESTLINK_BAD_ARGUMENT = 5,
    GUESTLINK_IO_ERROR     = 6,
    GUESTLINK_PARTIAL      = 7,
    GUESTLINK_UNSUPPORTED  = 8
  } guestlink_status_e;

  /// Whether a guest is at a PCI endpoint; the values are PciLink of the C++ API.
  typedef enum int {
    GUESTLINK_PCI_LISTENING = 0,
    GUESTLINK_PCI_CONNECTED = 1,
    GUESTLINK_PCI_ENDED     = 2
  } guestlink_pci_link_e;

  /// What guestlink_mmio_next() has found.
  typedef enum int {
    GUESTLINK_MMIO_NONE    = 0,
    GUESTLINK_MMIO_REQUEST = 1,
    GUESTLINK_MMIO_RESET   = 2
  } guestlink_mmio_e;

  localparam logic [1:0] GuestlinkRespOkay = 2'b00;
  localparam logic [1:0] GuestlinkRespSlvErr = 2'b10;
  localparam logic [1:0] GuestlinkRespDecErr = 2'b11;

  /// The AXI response of a status: DECERR where no RAM is, SLVERR for every other failure.
  function automatic logic [1:0] guestlink_axi_response(input int status);
    case (status)
      GUESTLINK_OK:           return GuestlinkRespOkay;
      GUESTLINK_OUT_OF_RANGE: return GuestlinkRespDecErr;
      default:                return GuestlinkRespSlvErr;
    endcase
  endfunction

  // Handles.
  import "DPI-C" function chandle guestlink_open(input string spec);
  import "DPI-C" function string guestlink_last_error();
  import "DPI-C" function int guestlink_close(input chandle h);
  import "DPI-C" function int guestlink_status(input chandle h);
  import "DPI-C" function int guestlink_reattach(input chandle h);
  import "DPI-C" function longint unsigned guestlink_generation(input chandle h);
  import "DPI-C" function longint unsigned guestlink_id(input chandle h);
  import "DPI-C" function chandle guestlink_from_id(input longint unsigned id);

  // Scalars.
  import "DPI-C" function int guestlink_read8(
      input chandle h, input longint unsigned addr, output byte unsigned data);
  import "DPI-C" function int guestlink_read16(
      input chandle h, input longint unsigned addr, output shortint unsigned data);
  import "DPI-C" function int guestlink_read32(
      input chandle h, input longint unsigned addr, output int unsigned data);
  import "DPI-C" function int guestlink_read64(
      input chandle h, input longint unsigned addr, output longint unsigned data);
  import "DPI-C" function int guestlink_write8(
      input chandle h, input longint unsigned addr, input byte unsigned data);
  import "DPI-C" function int guestlink_write16(
      input chandle h, input longint unsigned addr, input shortint unsigned data);
  import "DPI-C" function int guestlink_write32(
      input chandle h, input longint unsigned addr, input int unsigned data);
  import "DPI-C" function int guestlink_write64(
      input chandle h, input longint unsigned addr, input longint unsigned data);

  // Atomics: `previous` is what was there before.
  import "DPI-C" function int guestlink_compare_swap32(
      input chandle h, input longint unsigned addr, input int unsigned expected,
      input int unsigned desired, output int unsigned previous);
  import "DPI-C" function int guestlink_compare_swap64(
      input chandle h, input longint unsigned addr, input longint unsigned expected,
      input longint unsigned desired, output longint unsigned previous);
  import "DPI-C" function int guestlink_fetch_add32(
      input chandle h, input longint unsigned addr, input int unsigned operand,
      output int unsigned previous);
  import "DPI-C" function int guestlink_fetch_add64(
      input chandle h, input longint unsigned addr, input longint unsigned operand,
      output longint unsigned previous);

  // Beats: `addr` is aligned to the width; bit n of the strobe enables byte n.
  import "DPI-C" function int guestlink_read_beat32(
      input chandle h, input longint unsigned addr, output bit [31:0] data);
  import "DPI-C" function int guestlink_write_beat32(
      input chandle h, input longint unsigned addr, input bit [31:0] data,
      input bit [3:0] strobe);
  import "DPI-C" function int guestlink_read_beat64(
      input chandle h, input longint unsigned addr, output bit [63:0] data);
  import "DPI-C" function int guestlink_write_beat64(
      input chandle h, input longint unsigned addr, input bit [63:0] data,
      input bit [7:0] strobe);
  import "DPI-C" function int guestlink_read_beat128(
      input chandle h, input longint unsigned addr, output bit [127:0] data);
  import "DPI-C" function int guestlink_write_beat128(
      input chandle h, input longint unsigned addr, input bit [127:0] data,
      input bit [15:0] strobe);
  import "DPI-C" function int guestlink_read_beat256(
      input chandle h, input longint unsigned addr, output bit [255:0] data);
  import "DPI-C" function int guestlink_write_beat256(
      input chandle h, input longint unsigned addr, input bit [255:0] data,
      input bit [31:0] strobe);
  import "DPI-C" function int guestlink_read_beat512(
      input chandle h, input longint unsigned addr, output bit [511:0] data);
  import "DPI-C" function int guestlink_write_beat512(
      input chandle h, input longint unsigned addr, input bit [511:0] data,
      input bit [63:0] strobe);
  import "DPI-C" function int guestlink_read_beat1024(
      input chandle h, input longint unsigned addr, output bit [1023:0] data);
  import "DPI-C" function int guestlink_write_beat1024(
      input chandle h, input longint unsigned addr, input bit [1023:0] data,
      input bit [127:0] strobe);

  // Blocks. Element 0 of an array is the byte at `addr`. Verilator 5.006 takes arrays of fixed size
  // only.
  import "DPI-C" function int guestlink_read_block(
      input chandle h, input longint unsigned addr, output byte unsigned data[]);
  import "DPI-C" function int guestlink_write_block(
      input chandle h, input longint unsigned addr, input byte unsigned data[]);
  import "DPI-C" function int guestlink_write_code(
      input chandle h, input longint unsigned addr, input byte unsigned data[]);
  import "DPI-C" function int guestlink_fill(
      input chandle h, input longint unsigned addr, input longint unsigned length,
      input byte unsigned value);
  import "DPI-C" function int guestlink_copy(
      input chandle h, input longint unsigned destination, input longint unsigned source,
      input longint unsigned length);
  import "DPI-C" function int guestlink_compare(
      input chandle h, input longint unsigned a, input longint unsigned b,
      input longint unsigned length, output longint unsigned first_difference);
  import "DPI-C" function int guestlink_crc32c(
      input chandle h, input longint unsigned addr, input longint unsigned length,
      output int unsigned crc);
  import "DPI-C" function int guestlink_load_file(
      input chandle h, input longint unsigned addr, input string path,
      output longint unsigned length);
  import "DPI-C" function int guestlink_save_file(
      input chandle h, input longint unsigned addr, input longint unsigned length,
      input string path);

  // The memory itself, order, and names for messages.
  import "DPI-C" function int guestlink_region(
      input chandle h, input int unsigned index, output longint unsigned base,
      output longint unsigned length, output int writable);
  import "DPI-C" function void guestlink_fence();
  import "DPI-C" function string guestlink_status_name(input int status);

  // A PCI endpoint; its registers and interrupts are for axil_guest_mmio and guest_irq.
  import "DPI-C" function chandle guestlink_pci_open(input string spec);
  import "DPI-C" function int guestlink_pci_close(input chandle h);
  import "DPI-C" function chandle guestlink_pci_memory(input chandle h);
  import "DPI-C" function longint unsigned guestlink_pci_id(input chandle h);
  import "DPI-C" function chandle guestlink_pci_from_id(input longint unsigned id);
  import "DPI-C" function int guestlink_pci_link(input chandle h);
  import "DPI-C" function int guestlink_pci_wait(input chandle h, input int unsigned milliseconds);
  import "DPI-C" function string guestlink_pci_message(input chandle h);
  import "DPI-C" function string guestlink_pci_failure(input chandle h);
  import "DPI-C" function string guestlink_pci_option(input chandle h, input int lock_step);
  import "DPI-C" function int guestlink_mmio_next(
      input chandle h, input int unsigned bar, input int takes_resets,
      output longint unsigned addr, output longint unsigned data, output int unsigned size,
      output int is_write);
  import "DPI-C" function int guestlink_mmio_complete(
      input chandle h, input longint unsigned data, input int okay);
  import "DPI-C" function int guestlink_irq_level(
      input chandle h, input int unsigned irq_vector, input int level);
  import "DPI-C" function int guestlink_irq_pulse(input chandle h, input int unsigned irq_vector);

endpackage
