// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm>

#include "systemc/axi/subordinate.h"

namespace guestlink::axi {

/// What a bus shows of a TLM response: OKAY, DECERR for an address error, SLVERR for the others
/// (an incomplete response among them).
Response response_of(tlm::tlm_response_status status) noexcept;

/// `status` is that of the transaction whose response is the worst.
struct Outcome {
  Response response = Response::kOkay;
  tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;
};

/// Moves the bytes of a request as TLM transactions, one for each run of bytes, from its first to
/// its last enabled one; a write of no bytes makes none. All of them start at `delay`, as the beats
/// of a burst do not wait for each other, and `delay` becomes that of the slowest. From a thread
/// process: a target may wait.
Outcome transport(tlm::tlm_fw_transport_if<>& target, Request& request, sc_core::sc_time& delay);

}  // namespace guestlink::axi
