// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemc>
#include <tlm>

namespace guestlink {

/// How long a memory takes, in simulated time. The default takes none.
struct MemoryTiming {
  /// From a request's END_REQ (or b_transport) to its response; at most an eighth of sc_max_time(),
  /// so that sums cannot wrap. Also what DMI is told.
  sc_core::sc_time read_latency;
  sc_core::sc_time write_latency;
  /// From BEGIN_REQ to END_REQ, nb_transport only; the same limit.
  sc_core::sc_time accept_delay;
  /// Each byte of data adds 1/bytes_per_second; 0: none. Else from 1000 on, so that the longest
  /// payload fits the time scale.
  double bytes_per_second = 0;
  /// Requests that may have their END_REQ and not yet their END_RESP, nb_transport only; at least
  /// 1. The next one's END_REQ waits.
  unsigned int max_outstanding = 4;

  [[nodiscard]] sc_core::sc_time latency(const tlm::tlm_generic_payload& payload) const {
    if (payload.is_read()) return read_latency;
    return payload.is_write() ? write_latency : sc_core::SC_ZERO_TIME;
  }
  [[nodiscard]] sc_core::sc_time transfer_time(const tlm::tlm_generic_payload& payload) const {
    if (bytes_per_second == 0 || payload.get_command() == tlm::TLM_IGNORE_COMMAND) {
      return sc_core::SC_ZERO_TIME;
    }
    return {payload.get_data_length() / bytes_per_second, sc_core::SC_SEC};
  }
};

/// The same timing, after an SC_REPORT_ERROR for each parameter that is out of its range, naming
/// `module`, parameter, value and range; those are the default's if the report returns.
[[nodiscard]] MemoryTiming checked(MemoryTiming timing, const char* module);

}  // namespace guestlink
