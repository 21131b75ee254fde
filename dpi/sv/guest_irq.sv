// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// An interrupt wire of the device to the guest: MSI-X vector `Vector` where the guest has enabled
// MSI-X, else INTx, which is the OR of all vectors. Costs a compare a clock.
module guest_irq #(
  /// MSI-X vector; 0 for a device with INTx only.
  parameter int unsigned Vector = 0,
  /// 1: the wire is high while the device wants attention. MSI-X sends a message when it rises;
  /// INTx is asserted while it is high. 0: each rising edge is one interrupt.
  parameter bit Level = 1'b1
) (
  input  logic clk_i,
  input  logic rst_ni,
  /// The endpoint, from guestlink_pci_id(); stable outside reset.
  input  var longint unsigned endpoint_id_i,
  input  logic irq_i,
  /// The guest knows of the wire's level.
  output logic idle_o
);
  import guestlink_pkg::*;

  // What was told: not reset, since a reset of the device lowers the wire and is to be told too.
  logic told_q = 1'b0;
  logic wanted;

  assign wanted = irq_i && rst_ni;
  assign idle_o = wanted == told_q;

  always_ff @(posedge clk_i) begin : proc_tell
    automatic int status;
    if (wanted != told_q) begin
      told_q <= wanted;
      status = GUESTLINK_OK;
      if (Level) begin
        status = guestlink_irq_level(guestlink_pci_from_id(endpoint_id_i), Vector, int'(wanted));
      end else if (wanted) begin
        status = guestlink_irq_pulse(guestlink_pci_from_id(endpoint_id_i), Vector);
      end
      if (status == GUESTLINK_BAD_ARGUMENT) $error("the endpoint has no vector %0d", Vector);
    end
  end
endmodule
