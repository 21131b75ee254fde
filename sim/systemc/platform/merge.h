// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/multi_passthrough_target_socket.h>
#include <tlm_utils/simple_initiator_socket.h>

#include <systemc>
#include <tlm>

namespace guestlink::sim {

/// Several initiators that use b_transport, on one target.
class Merge : public sc_core::sc_module {
 public:
  tlm_utils::multi_passthrough_target_socket<Merge> in{"in"};
  tlm_utils::simple_initiator_socket<Merge> out{"out"};

  explicit Merge(const sc_core::sc_module_name& name) : sc_core::sc_module(name) {
    in.register_b_transport(this, &Merge::pass_on);
  }

 private:
  void pass_on(int, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    out->b_transport(payload, delay);
  }
};

}  // namespace guestlink::sim
