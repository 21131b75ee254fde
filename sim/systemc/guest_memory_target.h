// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <systemc>
#include <tlm>
#include <vector>

#include "guestlink/guest_session.h"
#include "systemc/target/four_phase_port.h"
#include "systemc/target/loss_watch.h"

namespace guestlink {

/// Times and depths of a GuestMemoryTarget.
struct TargetParameters {
  sc_core::sc_time read_latency = sc_core::SC_ZERO_TIME;  ///< of a transaction, whatever its length
  sc_core::sc_time write_latency = sc_core::SC_ZERO_TIME;
  /// nb_transport: from BEGIN_REQ to END_REQ.
  sc_core::sc_time accept_delay = sc_core::SC_ZERO_TIME;
  /// nb_transport: transactions between END_REQ and the end of their response, at least 1.
  std::uint32_t outstanding = 16;
  bool dmi = true;  ///< whether direct memory pointers are given
};

/// The RAM of a guest as a TLM-2.0 target: blocking and non-blocking transport, debug transport and
/// DMI, at guest-physical addresses.
///
///     guestlink::GuestMemoryTarget memory("memory", "qmp:/run/qmp.sock");
///     cpu.socket.bind(memory.socket);
///
/// Response statuses: see access_payload(). b_transport adds the latency to the delay and never
/// waits; nb_transport has the four phases (FourPhasePort). The socket's BUSWIDTH is 32, as of the
/// convenience sockets' defaults; payloads may have any length.
///
/// DMI is given for a whole row of the map, with the access that the guest's memory allows; for
/// addresses without RAM it is denied, for all of the hole. When the memory is lost (the guest has
/// ended, was reset or lost a DIMM, the RAM file was cut short), the pointers given are invalidated
/// within some milliseconds, or by the transport that meets it; until then, and after it, they
/// point to mapped memory, which may no longer be the guest's, as long as this target lives or
/// until reattach().
class GuestMemoryTarget : public sc_core::sc_module, private tlm::tlm_fw_transport_if<> {
 public:
  static constexpr const char* kAttachReport = "/Guestlink/target/attach";
  static constexpr const char* kParameterReport = "/Guestlink/target/parameter";

  tlm::tlm_target_socket<> socket{"socket"};

  /// Attaches to what `spec` names. That fails, or a parameter makes no sense: SC_REPORT_ERROR with
  /// the module's name and why.
  GuestMemoryTarget(const sc_core::sc_module_name& name, const std::string& spec,
                    const TargetParameters& parameters = {});
  /// Memory that is attached.
  GuestMemoryTarget(const sc_core::sc_module_name& name, GuestSession session,
                    const TargetParameters& parameters = {});
  ~GuestMemoryTarget() override;

  /// From the simulation's thread, as all of this class.
  [[nodiscard]] GuestSession& session() noexcept { return *session_; }
  [[nodiscard]] GuestMemory& memory() noexcept { return session_->memory(); }
  /// Of transactions from now on. Pointers given with other latencies are invalidated.
  void set_latency(const sc_core::sc_time& read, const sc_core::sc_time& write);
  /// Attaches anew, see GuestSession::reattach(); pointers given are invalidated first. Throws
  /// AttachError.
  void reattach();

 private:
  void check_parameters() const;
  sc_core::sc_time execute(tlm::tlm_generic_payload& payload);
  void invalidate();

  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) override;
  unsigned transport_dbg(tlm::tlm_generic_payload& payload) override;
  bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) override;
  void deny_dmi(std::uint64_t address, tlm::tlm_dmi& dmi) const;

  TargetParameters parameters_;
  std::unique_ptr<GuestSession> session_;  // none if attaching failed and the report did not throw
  FourPhasePort phases_;
  LossWatch watch_{"loss_watch"};
  bool dmi_given_ = false;
};

}  // namespace guestlink
