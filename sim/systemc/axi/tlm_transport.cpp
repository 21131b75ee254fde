// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/axi/tlm_transport.h"

#include <algorithm>

namespace guestlink::axi {
namespace {

void describe(tlm::tlm_generic_payload& payload, Request& request, const Transfer::Run& run) {
  Transfer& transfer = request.transfer;
  const auto length = static_cast<unsigned>(run.length);  // of 4 KiB at most
  payload.set_command(request.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
  payload.set_address(run.address);
  payload.set_data_ptr(reinterpret_cast<unsigned char*>(transfer.data() + run.offset));
  payload.set_data_length(length);
  payload.set_streaming_width(length);
  const bool enables = request.write && !transfer.all_enabled();
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
  for (const Transfer::Run& run : request.transfer.runs()) {
    tlm::tlm_generic_payload payload;
    describe(payload, request, run);
    const sc_core::sc_time now = sc_core::sc_time_stamp();
    sc_core::sc_time one = start > now ? start - now : sc_core::SC_ZERO_TIME;
    target.b_transport(payload, one);
    end = std::max(end, sc_core::sc_time_stamp() + one);
    const Response response = response_of(payload.get_response_status());
    if (outcome.response < response) outcome = {response, payload.get_response_status()};
  }
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  delay = end > now ? end - now : sc_core::SC_ZERO_TIME;
  return outcome;
}

}  // namespace guestlink::axi
