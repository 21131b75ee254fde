// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <systemc>
#include <tlm>

namespace guestlink {

/// The target's side of the base protocol's four phases (IEEE 1666-2011, 15.2), for transactions of
/// any number of initiators behind one socket.
///
/// BEGIN_REQ is always TLM_ACCEPTED. END_REQ follows `accept_delay` later, or when fewer than
/// `outstanding` transactions are between END_REQ and the end of their response: a full target is
/// told by that. The transaction is executed with END_REQ; BEGIN_RESP follows its latency later,
/// one response at a time, in the order of the requests. END_RESP on the forward path is
/// TLM_COMPLETED; the initiator may as well answer BEGIN_RESP with TLM_UPDATED or TLM_COMPLETED.
/// A phase that has no place is an SC_REPORT_ERROR that names it and changes nothing; extended
/// phases are ignored (TLM_ACCEPTED). Delays of incoming calls are honoured.
class FourPhasePort {
 public:
  static constexpr const char* kPhaseReport = "/Guestlink/target/phase";

  struct Parameters {
    sc_core::sc_time accept_delay;
    std::uint32_t outstanding = 1;
  };
  /// Executes a transaction, sets its response status and returns its latency.
  using Execute = std::function<sc_core::sc_time(tlm::tlm_generic_payload&)>;
  /// nb_transport_bw of the socket.
  using Backward = std::function<tlm::tlm_sync_enum(tlm::tlm_generic_payload&, tlm::tlm_phase&,
                                                    sc_core::sc_time&)>;

  /// Within the constructor of the module `owner`.
  FourPhasePort(const sc_core::sc_module& owner, const Parameters& parameters, Execute execute,
                Backward backward);

  tlm::tlm_sync_enum transport(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                               const sc_core::sc_time& delay);

 private:
  struct Entry {
    tlm::tlm_generic_payload* payload;
    sc_core::sc_time due;
  };

  void advance();
  bool accept_request();
  bool begin_response();
  bool end_response();
  void wake_at(const sc_core::sc_time& time);
  void wake_for_next();
  void refuse(const tlm::tlm_phase& phase) const;

  const sc_core::sc_module& owner_;
  Parameters parameters_;
  Execute execute_;
  Backward backward_;
  std::deque<Entry> requests_;   // before END_REQ
  std::deque<Entry> responses_;  // after it
  bool responding_ = false;      // the first of responses_ is between BEGIN_RESP and END_RESP
  bool ending_ = false;          // its END_RESP is known, and takes place at response_end_
  sc_core::sc_time response_end_;
  sc_core::sc_event wake_;
};

}  // namespace guestlink
