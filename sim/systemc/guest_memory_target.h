// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <systemc>
#include <tlm>
#include <vector>

#include "guestlink/guest_session.h"
#include "systemc/target/four_phase_port.h"
#include "systemc/target/loss_watch.h"
#include "systemc/target/memory_timing.h"

namespace guestlink {

/// A guest's RAM as a TLM-2.0 target of the base protocol. Addresses of payloads are
/// guest-physical.
///
/// b_transport never waits: it adds the timing to the delay. nb_transport: FourPhasePort. Which
/// response a payload gets, and transport_dbg: execute_payload, execute_debug.
///
/// DMI: the whole row of the guest's map that holds the address, with READ or READ_WRITE. Refused
/// over a hole, for writing over a read-only row, and over everything while the memory is lost; the
/// range then is what is refused, the access what of it.
///
/// Loss. When the guest ends, is reset, changes its map or loses its RAM file, everything gets
/// TLM_GENERIC_ERROR_RESPONSE, lost_event() is notified, an SC_REPORT_WARNING says why, and what
/// DMI was granted is invalidated. A DMI pointer used after that reads and writes memory that is no
/// longer the guest's, but is mapped until reattach() or the end of the target.
///
/// Threads: SystemC's only; memory() may be accessed from any.
class GuestMemoryTarget : public sc_core::sc_module, private tlm::tlm_fw_transport_if<> {
 public:
  /// 32 bits wide as sockets are by default; payloads may have any length.
  tlm::tlm_target_socket<> socket{"socket"};

  /// The memory that an attach spec names (docs/memory.md). What is wrong with it, or with
  /// `timing`, is an SC_REPORT_ERROR; if that returns, the target is one whose memory is lost.
  GuestMemoryTarget(const sc_core::sc_module_name& name, const std::string& spec,
                    const MemoryTiming& timing = {});
  GuestMemoryTarget(const sc_core::sc_module_name& name, GuestSession session,
                    const MemoryTiming& timing = {});

  [[nodiscard]] GuestMemory& memory() noexcept { return session_.memory(); }
  [[nodiscard]] GuestSession& session() noexcept { return session_; }
  /// For accesses from now on, in the ranges of MemoryTiming. DMI that was granted with other
  /// latencies is invalidated.
  void set_latency(const sc_core::sc_time& read, const sc_core::sc_time& write);
  /// Makes sc_start() wait for the loss of the memory when nothing else is left to do, instead of
  /// returning: for a platform in which all that happens is the guest's doing.
  void wait_for_guest() { watch_.keep_simulation(); }
  /// Leaves it to the owner of the session to look whether its files are still those at their
  /// paths (GuestMemory::file_problem) and to detach the memory then.
  void ignore_files() { watch_.ignore_files(); }
  /// The memory is lost; DMI is invalidated in the same delta cycle.
  [[nodiscard]] const sc_core::sc_event& lost_event() const { return watch_.event(); }
  /// Why, in words; "" while it is not.
  [[nodiscard]] std::string loss() const;
  /// Attaches again, lost or not (GuestSession::reattach): DMI is invalidated first, as the old
  /// memory goes. Throws AttachError: kFailed while the guest is not back. From a process, or
  /// outside sc_start().
  void reattach();

 private:
  // Gets the module's full name, for its reports.
  using OpenSession = std::function<GuestSession(const char* module)>;
  GuestMemoryTarget(const sc_core::sc_module_name& name, const OpenSession& open,
                    const MemoryTiming& timing);

  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) override;
  unsigned int transport_dbg(tlm::tlm_generic_payload& payload) override;
  bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) override;

  void access(tlm::tlm_generic_payload& payload);
  bool refuse_dmi(std::uint64_t address, tlm::tlm_dmi& dmi);
  void invalidate_granted();
  void on_lost();

  GuestSession session_;
  MemoryTiming timing_;
  LossWatch watch_;
  FourPhasePort port_;
  std::vector<GuestRange> granted_;  // by DMI
  bool told_ = false;                // that the memory is lost
};

}  // namespace guestlink
