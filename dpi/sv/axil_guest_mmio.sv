// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The guest's accesses to one BAR of a PCI endpoint as an AXI4-Lite manager, in the guest's order:
// one transaction at a time, posted writes too. docs/pci.md tells what the guest sees of it.
//
// An access of 1, 2 or 4 bytes is one transaction whose address is that of its first byte; one of 8
// bytes is two, the lower word first. A read cannot say how many bytes it wants: the subordinate
// gives its word. A response other than OKAY gives the guest ones.
module axil_guest_mmio #(
  /// The BAR, 0 to 5.
  parameter int unsigned Bar = 0,
  /// This instance resets the device when the guest does: one of a device's instances.
  parameter bit TakesResets = 1'b1,
  /// Width of AXI4-Lite addresses: log2 of the BAR's size, at least 2.
  parameter int unsigned AddressWidthBits = 14,
  /// Clocks that the device may take to answer, from 1. Then the guest reads ones, as do all its
  /// accesses until the device does answer or is reset.
  parameter int unsigned TimeoutCycles = 1_000_000,
  /// Clocks of a reset, from 1.
  parameter int unsigned ResetCycles = 16,
  /// With lock_step_i: clocks that the device may take to become idle, from 1.
  parameter int unsigned LockStepCycles = 100_000_000
) (
  input  logic clk_i,
  input  logic rst_ni,
  /// The endpoint, from guestlink_pci_id(); stable outside reset.
  input  var longint unsigned endpoint_id_i,
  /// Answer the guest only when the device has become idle, so that it finds the same device
  /// whenever it comes.
  input  logic lock_step_i,
  /// The device has nothing to do; looked at with lock_step_i.
  input  logic device_idle_i,
  /// Reset of the device, active low: rst_ni, and what the guest wants (TakesResets).
  output logic device_rst_no,
  /// The device's reset as the device has it: device_rst_no of the instance that takes resets.
  input  logic device_rst_ni,
  /// No access is under way.
  output logic idle_o,
  /// Accesses that were answered with an error, and those that were not answered in time.
  output logic [31:0] error_count_o,
  output logic [31:0] timeout_count_o,

  // AXI4-Lite manager
  output logic [AddressWidthBits-1:0] m_axil_awaddr,
  output logic [2:0]                  m_axil_awprot,
  output logic                        m_axil_awvalid,
  input  logic                        m_axil_awready,
  output logic [31:0]                 m_axil_wdata,
  output logic [3:0]                  m_axil_wstrb,
  output logic                        m_axil_wvalid,
  input  logic                        m_axil_wready,
  input  logic [1:0]                  m_axil_bresp,
  input  logic                        m_axil_bvalid,
  output logic                        m_axil_bready,
  output logic [AddressWidthBits-1:0] m_axil_araddr,
  output logic [2:0]                  m_axil_arprot,
  output logic                        m_axil_arvalid,
  input  logic                        m_axil_arready,
  input  logic [31:0]                 m_axil_rdata,
  input  logic [1:0]                  m_axil_rresp,
  input  logic                        m_axil_rvalid,
  output logic                        m_axil_rready
);
  import guestlink_pkg::*;

  if (Bar > 5) begin : gen_bad_bar
    $fatal(1, "Bar must be 0 to 5");
  end
  if (AddressWidthBits < 2 || AddressWidthBits > 63) begin : gen_bad_address_width
    $fatal(1, "AddressWidthBits must be 2 to 63");
  end
  if (TimeoutCycles < 1 || ResetCycles < 1 || LockStepCycles < 1) begin : gen_bad_cycles
    $fatal(1, "TimeoutCycles, ResetCycles and LockStepCycles must be at least 1");
  end

  /// Unprivileged, non-secure, data.
  localparam logic [2:0] Protection = 3'b010;
  /// Clocks that a device is to be idle for in lock step: what it does next has begun by then.
  localparam logic [31:0] SettleCycles = 32'd8;

  typedef enum logic [2:0] {
    StIdle,   // asks for the next request
    StReset,  // the device is held in reset
    StBus,    // a transaction is under way
    StSettle, // lock step: waits for the device
    StLate    // given up: waits for the response all the same, and refuses what comes meanwhile
  } state_e;

  state_e state_q;
  logic write_q, upper_q, wide_q, okay_q, device_rst_nq;
  logic [AddressWidthBits-1:0] address_q;
  logic [63:0] data_q;
  logic [3:0] strobe_q;
  logic [31:0] clocks_q, quiet_q;
  logic aw_valid_q, w_valid_q, ar_valid_q;

  assign device_rst_no  = device_rst_nq;
  assign idle_o         = state_q == StIdle;
  assign m_axil_awaddr  = address_q;
  assign m_axil_araddr  = address_q;
  assign m_axil_awprot  = Protection;
  assign m_axil_arprot  = Protection;
  // None is valid while the device is in reset, whoever has put it there.
  assign m_axil_awvalid = aw_valid_q && device_rst_ni;
  assign m_axil_wvalid  = w_valid_q && device_rst_ni;
  assign m_axil_arvalid = ar_valid_q && device_rst_ni;
  assign m_axil_wdata   = upper_q ? data_q[63:32] : data_q[31:0];
  assign m_axil_wstrb   = strobe_q;
  assign m_axil_bready  = write_q && (state_q == StBus || state_q == StLate);
  assign m_axil_rready  = !write_q && (state_q == StBus || state_q == StLate);

  logic response, response_okay, last_response, timeout, settled;
  assign response = (m_axil_bvalid && m_axil_bready) || (m_axil_rvalid && m_axil_rready);
  assign response_okay = write_q ? m_axil_bresp == GuestlinkRespOkay
                                 : m_axil_rresp == GuestlinkRespOkay;
  assign last_response = response && (upper_q || !wide_q);
  assign timeout = clocks_q == TimeoutCycles - 1;
  assign settled = quiet_q == SettleCycles || clocks_q == LockStepCycles - 1;

  /// Strobes of `size` bytes from byte `offset` of a word.
  function automatic logic [3:0] strobes(input int unsigned size, input logic [1:0] offset);
    case (size)
      1:       return 4'b0001 << offset;
      2:       return 4'b0011 << offset;
      default: return 4'b1111;
    endcase
  endfunction

  /// What a read of a word gives to who asked for bytes from `offset` of it on.
  function automatic logic [31:0] from_lane(input logic [31:0] word, input logic [1:0] offset);
    return word >> {offset, 3'd0};
  endfunction

  // A request that was taken and not completed: not reset, since the guest waits for it still.
  logic open_q = 1'b0;
  chandle endpoint_q;
  longint unsigned endpoint_id_q;

  always_ff @(posedge clk_i) begin : proc_endpoint
    automatic chandle found;
    if (endpoint_id_i != endpoint_id_q) begin
      found = guestlink_pci_from_id(endpoint_id_i);
      endpoint_q    <= found;
      endpoint_id_q <= endpoint_id_i;
    end
  end

  task automatic start_access(input logic [AddressWidthBits-1:0] address,
                              input longint unsigned data, input int unsigned size,
                              input logic is_write);
    state_q    <= StBus;
    open_q     <= 1'b1;
    write_q    <= is_write;
    upper_q    <= 1'b0;
    wide_q     <= size == 8;
    okay_q     <= 1'b1;
    address_q  <= address;
    strobe_q   <= strobes(size, address[1:0]);
    // Narrow data goes to its byte lanes.
    data_q     <= is_write && size < 4 ? data << {address[1:0], 3'd0} : data;
    clocks_q   <= '0;
    aw_valid_q <= is_write;
    w_valid_q  <= is_write;
    ar_valid_q <= !is_write;
  endtask

  task automatic start_reset();
    state_q       <= StReset;
    open_q        <= 1'b1;
    device_rst_nq <= 1'b0;
    clocks_q      <= '0;
    aw_valid_q    <= 1'b0;
    w_valid_q     <= 1'b0;
    ar_valid_q    <= 1'b0;
  endtask

  task automatic finish(input longint unsigned data, input logic okay);
    state_q <= StIdle;
    open_q  <= 1'b0;
    void'(guestlink_mmio_complete(endpoint_q, data, int'(okay)));
    if (!okay) error_count_o <= error_count_o + 1'b1;
  endtask

  // Each clock at most one call that asks and one that answers.
  always_ff @(posedge clk_i or negedge rst_ni) begin : proc_access
    automatic int found;
    automatic longint unsigned address;
    automatic longint unsigned data;
    automatic int unsigned size;
    automatic int is_write;
    if (!rst_ni) begin
      state_q         <= StIdle;
      device_rst_nq   <= 1'b0;
      aw_valid_q      <= 1'b0;
      w_valid_q       <= 1'b0;
      ar_valid_q      <= 1'b0;
      write_q         <= 1'b0;
      upper_q         <= 1'b0;
      wide_q          <= 1'b0;
      okay_q          <= 1'b1;
      clocks_q        <= '0;
      quiet_q         <= '0;
      error_count_o   <= '0;
      timeout_count_o <= '0;
    end else begin
      if (m_axil_awvalid && m_axil_awready) aw_valid_q <= 1'b0;
      if (m_axil_wvalid && m_axil_wready) w_valid_q <= 1'b0;
      if (m_axil_arvalid && m_axil_arready) ar_valid_q <= 1'b0;
      clocks_q <= clocks_q + 1'b1;
      quiet_q  <= device_idle_i ? quiet_q + 1'b1 : '0;

      found = GUESTLINK_MMIO_NONE;
      // Not before the device has been out of reset for a clock.
      if (endpoint_id_q != 0 && device_rst_ni && device_rst_nq && !(state_q == StIdle && open_q) &&
          (state_q == StIdle || state_q == StLate)) begin
        found = guestlink_mmio_next(endpoint_q, Bar, int'(TakesResets), address, data, size,
                                    is_write);
      end

      case (state_q)
        StIdle: begin
          device_rst_nq <= 1'b1;
          if (open_q) finish('0, 1'b0);  // rst_ni came in the middle of it
          else if (found == GUESTLINK_MMIO_RESET) start_reset();
          else if (found == GUESTLINK_MMIO_REQUEST) begin
            if (address >> AddressWidthBits == 0) begin
              start_access(AddressWidthBits'(address), data, size, is_write != 0);
            end else begin
              finish('0, 1'b0);
            end
          end
        end
        StReset: begin
          if (clocks_q == ResetCycles - 1) begin
            device_rst_nq <= 1'b1;
            finish('0, 1'b1);
          end
        end
        StBus: begin
          quiet_q <= '0;
          if (response) begin
            okay_q <= okay_q && response_okay;
            if (!write_q && !upper_q) begin
              data_q[31:0] <= from_lane(m_axil_rdata, address_q[1:0]);
            end
            if (!write_q && upper_q) data_q[63:32] <= m_axil_rdata;
            clocks_q <= '0;
            if (last_response) begin
              state_q <= StSettle;
            end else begin
              upper_q    <= 1'b1;
              address_q  <= address_q + AddressWidthBits'(4);
              aw_valid_q <= write_q;
              w_valid_q  <= write_q;
              ar_valid_q <= !write_q;
            end
          end else if (timeout) begin
            timeout_count_o <= timeout_count_o + 1'b1;
            finish('0, 1'b0);
            state_q <= StLate;
          end
        end
        StSettle: begin
          if (!lock_step_i || settled) finish(data_q, okay_q);
        end
        default: begin // StLate
          if (found == GUESTLINK_MMIO_RESET) begin
            start_reset();
          end else begin
            if (found == GUESTLINK_MMIO_REQUEST) finish('0, 1'b0);
            state_q <= response ? StIdle : StLate;
          end
          // Another instance has taken the reset: the device knows of no transaction any more.
          if (!device_rst_ni) begin
            state_q    <= StIdle;
            aw_valid_q <= 1'b0;
            w_valid_q  <= 1'b0;
            ar_valid_q <= 1'b0;
          end
        end
      endcase
    end
  end
endmodule
