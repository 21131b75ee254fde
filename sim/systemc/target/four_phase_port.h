// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <systemc>
#include <tlm>

#include "systemc/target/memory_timing.h"

namespace guestlink {

/// The target's side of the TLM-2.0 base protocol's non-blocking transport (IEEE 1666-2011 15.2):
/// requests are accepted and answered in the order of their calls. For a BEGIN_REQ:
///
///     no accept delay, no latency, nothing outstanding   TLM_COMPLETED
///     no accept delay, fewer than max_outstanding        TLM_UPDATED, END_REQ
///     else                                               TLM_ACCEPTED; END_REQ and later
///     BEGIN_RESP
///                                                        on the backward path
///
/// END_REQ comes accept_delay after BEGIN_REQ, and not while max_outstanding requests wait for the
/// end of their responses. The access takes place at BEGIN_RESP (or in the call, if that completes
/// it): latency after END_REQ, behind the former response's data and END_RESP; transfer time after
/// that. An END_RESP, or what a BEGIN_RESP returns, may be annotated with a delay, as may a
/// BEGIN_REQ.
///
/// What an initiator does against the protocol changes nothing and is an SC_REPORT_ERROR that names
/// the phase: a phase that is not the initiator's to send, an END_RESP without a BEGIN_RESP, a
/// BEGIN_REQ of a payload that is under way, TLM_COMPLETED for an END_REQ. A second BEGIN_REQ
/// before an END_REQ (Accellera's SimpleBusAT makes them) waits its turn. Extended phases are
/// accepted and ignored, as 15.2.5 wants of those not known.
class FourPhasePort : public sc_core::sc_module {
 public:
  using Payload = tlm::tlm_generic_payload;
  using Socket = tlm::tlm_target_socket<>;

  /// `access` executes a payload and sets its response; `module` is who reports name. All are kept
  /// by reference but `access`.
  FourPhasePort(const sc_core::sc_module_name& name, const char* module, Socket& socket,
                const MemoryTiming& timing, std::function<void(Payload&)> access);

  /// Payloads are held (acquire, release) from BEGIN_REQ to END_RESP if they have a memory manager.
  tlm::tlm_sync_enum transport(Payload& payload, tlm::tlm_phase& phase, sc_core::sc_time& delay);

 private:
  struct Waiting {
    Payload* payload;
    sc_core::sc_time not_before;  // of its next phase
  };

  tlm::tlm_sync_enum begin_request(Payload& payload, tlm::tlm_phase& phase,
                                   const sc_core::sc_time& delay);
  tlm::tlm_sync_enum end_response(Payload& payload, const sc_core::sc_time& delay);
  tlm::tlm_sync_enum refuse(const tlm::tlm_phase& phase, const char* why);
  void accept_requests();
  void respond();
  void start_response(Payload& payload);
  void end_transaction(const sc_core::sc_time& delay);
  [[nodiscard]] sc_core::sc_time response_time(const Payload& payload,
                                               const sc_core::sc_time& accepted) const;
  void enqueue_response(Payload& payload, const sc_core::sc_time& accepted);
  [[nodiscard]] bool under_way(const Payload& payload) const;
  [[nodiscard]] bool full() const {
    return responses_.size() + (responding_ != nullptr ? 1 : 0) >= timing_.max_outstanding;
  }

  const char* const module_;
  Socket& socket_;
  const MemoryTiming& timing_;
  std::function<void(Payload&)> access_;

  std::deque<Waiting> requests_;    // without END_REQ
  std::deque<Waiting> responses_;   // with it, without BEGIN_RESP
  Payload* responding_ = nullptr;   // with that, without END_RESP
  sc_core::sc_time data_free_;      // when the data of the last response in the queue are through
  sc_core::sc_time response_free_;  // when the last END_RESP was or will be
  sc_core::sc_event accept_event_{"accept_event"};
  sc_core::sc_event respond_event_{"respond_event"};
};

}  // namespace guestlink
