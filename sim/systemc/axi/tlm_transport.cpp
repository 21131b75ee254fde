// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/axi/tlm_transport.h"

#include <algorithm>

namespace guestlink::axi {
namespace {

// The part of a write's run from its first to its last enabled byte. Most writes then need no byte
// enables, which not every target has.
Transfer::Run enabled_part(Transfer::Run run, const std::uint8_t* enables) {
  while (run.length != 0 && enables[run.offset] == Transfer::kDisabled) {
    ++run.address;
    ++run.offset;
    --run.length;
  }
  while (run.length != 0 && enables[run.offset + run.length - 1] == Transfer::kDisabled)
    --run.length;
  return run;
}

bool any_disabled(const std::uint8_t* enables, std::size_t length) {
  return std::find(enables, enables + length, Transfer::kDisabled) != enables + length;
}

void describe(tlm::tlm_generic_payload& payload, Request& request, const Transfer::Run& run) {
  Transfer& transfer = request.transfer;
  const auto length = static_cast<unsigned>(run.length);  // of 4 KiB at most
  payload.set_command(request.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
  payload.set_address(run.address);
  payload.set_data_ptr(reinterpret_cast<unsigned char*>(transfer.data() + run.offset));
  payload.set_data_length(length);
  payload.set_streaming_width(length);
  const bool enables = request.write && !transfer.all_enabled() &&
                       any_disabled(transfer.enables() + run.offset, run.length);
  payload.set_byte_enable_ptr(enables ? transfer.enables() + run.offset : nullptr);
  payload.set_byte_enable_length(enables ? length : 0);
  payload.set_dmi_allowed(false);
  payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
}

}  // namespace

Response response_of(tlm::tlm_response_status status) noexcept {
  if (status == tlm::TLM_OK_RESPONSE) return Response::kOkay;
  return status == tlm::TLM_ADDRESS_ERROR_RESPONSE ? Response::kDecErr : Response::kSlvErr;
}

Outcome transport(tlm::tlm_fw_transport_if<>& target, Request& request, sc_core::sc_time& delay) {
  if (request.write && request.transfer.none_enabled()) return {};
  const sc_core::sc_time start = sc_core::sc_time_stamp() + delay;
  sc_core::sc_time end = start;
  Outcome outcome;
  for (Transfer::Run run : request.transfer.runs()) {
    if (request.write) run = enabled_part(run, request.transfer.enables());
    if (run.length == 0) continue;
    tlm::tlm_generic_payload payload;
    describe(payload, request, run);
    const sc_core::sc_time& now = sc_core::sc_time_stamp();
    sc_core::sc_time one = start > now ? start - now : sc_core::SC_ZERO_TIME;
    target.b_transport(payload, one);
    end = std::max(end, sc_core::sc_time_stamp() + one);
    const Response response = response_of(payload.get_response_status());
    if (outcome.response < response) outcome = {response, payload.get_response_status()};
  }
  const sc_core::sc_time& now = sc_core::sc_time_stamp();
  delay = end > now ? end - now : sc_core::SC_ZERO_TIME;
  return outcome;
}

}  // namespace guestlink::axi
