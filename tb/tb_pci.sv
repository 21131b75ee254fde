// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The engine as a PCI device of a live QEMU guest, in SystemVerilog alone, for any simulator
// (docs/simulators.md): guestlink-sim --vfio-user without its C++. Plusargs:
//   +socket=PATH     where QEMU connects; needed
//   +patience=N      seconds to wait for it; 60 if not given
// Prints the option for QEMU, serves the guest until it has gone, and prints PASS; FAIL and $fatal
// if no guest came.
module tb_pci;

  import guestlink_pkg::*;

  localparam string Identity =
      ",vendor=0x8086,device=0x0b00,class=0x088000,bar0=mem:16K,msix=1,intx";
  /// A sleep beside an idle device, in ms.
  localparam int unsigned Nap = 100;

  logic            clk = 1'b0;
  logic            rst_n = 1'b1;
  longint unsigned endpoint_id = 0;
  longint unsigned memory_id = 0;
  longint unsigned clocks = 0;
  logic            idle, unused_irq;
  logic [63:0]     unused_bytes_read, unused_bytes_written, descriptors, interrupts;
  logic [31:0]     guest_resets, unused_mmio_errors, mmio_timeouts, unused_error_count,
      unused_error_status;
  logic [63:0]     unused_error_address;

  ioat_pci_top u_device (
    .clk_i(clk),
    .rst_ni(rst_n),
    .endpoint_id_i(endpoint_id),
    .memory_id_i(memory_id),
    .lock_step_i(1'b0),
    .read_latency_i(16'd1),
    .write_latency_i(16'd1),
    .accept_stall_i('0),
    .beat_stall_i('0),
    .idle_o(idle),
    .irq_o(unused_irq),
    .bytes_read_o(unused_bytes_read),
    .bytes_written_o(unused_bytes_written),
    .descriptors_o(descriptors),
    .interrupts_o(interrupts),
    .guest_resets_o(guest_resets),
    .mmio_errors_o(unused_mmio_errors),
    .mmio_timeouts_o(mmio_timeouts),
    .error_count_o(unused_error_count),
    .error_status_o(unused_error_status),
    .error_address_o(unused_error_address)
  );

  chandle endpoint;
  string  failure;

  task automatic clock_once();
    #5 clk = 1'b1;
    #5 clk = 1'b0;
    clocks++;
  endtask

  task automatic print_messages();
    string message;
    message = guestlink_pci_message(endpoint);
    while (message != "") begin
      $display("%s", message);
      message = guestlink_pci_message(endpoint);
    end
  endtask

  task automatic open_endpoint();
    string path;
    if ($value$plusargs("socket=%s", path) == 0) $fatal(1, "FAIL: +socket=PATH is missing");
    endpoint = guestlink_pci_open({"vfio-user:", path, Identity});
    if (endpoint == null) $fatal(1, "FAIL: %s", guestlink_last_error());
    $display("listening; give QEMU %s", guestlink_pci_option(endpoint, 0));
    $fflush();
    endpoint_id = guestlink_pci_id(endpoint);
    memory_id   = guestlink_id(guestlink_pci_memory(endpoint));
  endtask

  task automatic wait_for_guest();
    int unsigned patience;
    if ($value$plusargs("patience=%d", patience) == 0) patience = 60;
    for (int unsigned nap = 0; nap < patience * (1000 / Nap); nap++) begin
      if (guestlink_pci_wait(endpoint, Nap) != GUESTLINK_PCI_LISTENING) return;
    end
    $fatal(1, "FAIL: no QEMU has connected within %0d s", patience);
  endtask

  initial begin
    open_endpoint();
    rst_n = 1'b0;
    repeat (4) clock_once();
    rst_n = 1'b1;
    clock_once();
    wait_for_guest();
    while (guestlink_pci_link(endpoint) == GUESTLINK_PCI_CONNECTED) begin
      // An idle device costs no host CPU: the simulator sleeps on the socket.
      if (idle) void'(guestlink_pci_wait(endpoint, Nap));
      else void'(guestlink_pci_wait(endpoint, 0));  // sees that the guest has gone
      repeat (256) clock_once();
      print_messages();
    end
    print_messages();
    failure = guestlink_pci_failure(endpoint);
    if (failure != "") $fatal(1, "FAIL: %s", failure);
    if (mmio_timeouts != 0) $fatal(1, "FAIL: %0d accesses were not answered", mmio_timeouts);
    $display("PASS: %0d descriptors, %0d interrupts, %0d resets, %0d clocks", descriptors,
             interrupts, guest_resets, clocks);
    void'(guestlink_pci_close(endpoint));
    $finish;
  end

endmodule
