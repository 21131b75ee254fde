// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/target/four_phase_port.h"

#include <sstream>
#include <utility>

namespace guestlink {

using sc_core::sc_time;
using sc_core::sc_time_stamp;

FourPhasePort::FourPhasePort(const sc_core::sc_module& owner, const Parameters& parameters,
                             Execute execute, Backward backward)
    : owner_(owner),
      parameters_(parameters),
      execute_(std::move(execute)),
      backward_(std::move(backward)) {
  sc_core::sc_spawn_options options;
  options.spawn_method();
  options.dont_initialize();
  options.set_sensitivity(&wake_);
  sc_core::sc_spawn([this] { advance(); }, sc_core::sc_gen_unique_name("four_phases"), &options);
}

tlm::tlm_sync_enum FourPhasePort::transport(tlm::tlm_generic_payload& payload,
                                            tlm::tlm_phase& phase, const sc_time& delay) {
  const sc_time time = sc_time_stamp() + delay;
  switch (static_cast<unsigned>(phase)) {
    case tlm::BEGIN_REQ:
      if (payload.has_mm()) payload.acquire();
      requests_.push_back({&payload, time + parameters_.accept_delay});
      wake_at(requests_.back().due);
      return tlm::TLM_ACCEPTED;
    case tlm::END_RESP:
      if (!responding_ || ending_ || responses_.front().payload != &payload) break;
      ending_ = true;
      response_end_ = time;
      wake_at(time);
      return tlm::TLM_COMPLETED;
    case tlm::UNINITIALIZED_PHASE:
    case tlm::END_REQ:
    case tlm::BEGIN_RESP:
      break;
    default:
      return tlm::TLM_ACCEPTED;
  }
  refuse(phase);
  return tlm::TLM_ACCEPTED;
}

void FourPhasePort::refuse(const tlm::tlm_phase& phase) const {
  std::ostringstream text;
  text << owner_.name() << ": " << phase << " on the forward path "
       << (phase == tlm::END_RESP ? "without a response of this transaction to end"
                                  : "is not an initiator's phase");
  SC_REPORT_ERROR(kPhaseReport, text.str().c_str());
}

// Each step may make another possible.
void FourPhasePort::advance() {
  while (end_response() || accept_request() || begin_response()) continue;
  wake_for_next();
}

bool FourPhasePort::accept_request() {
  if (requests_.empty() || requests_.front().due > sc_time_stamp()) return false;
  if (responses_.size() >= parameters_.outstanding) return false;  // END_RESP comes back here
  tlm::tlm_generic_payload& payload = *requests_.front().payload;
  requests_.pop_front();
  const sc_time latency = execute_(payload);
  responses_.push_back({&payload, sc_time_stamp() + latency});
  tlm::tlm_phase phase = tlm::END_REQ;
  sc_time delay = sc_core::SC_ZERO_TIME;
  (void)backward_(payload, phase, delay);
  return true;
}

bool FourPhasePort::begin_response() {
  if (responding_ || responses_.empty() || responses_.front().due > sc_time_stamp()) return false;
  responding_ = true;
  tlm::tlm_phase phase = tlm::BEGIN_RESP;
  sc_time delay = sc_core::SC_ZERO_TIME;
  const tlm::tlm_sync_enum sync = backward_(*responses_.front().payload, phase, delay);
  if (sync == tlm::TLM_ACCEPTED) return true;
  if (sync == tlm::TLM_UPDATED && phase != tlm::END_RESP) {
    refuse(phase);
    return true;
  }
  ending_ = true;
  response_end_ = sc_time_stamp() + delay;
  return true;
}

bool FourPhasePort::end_response() {
  if (!ending_ || response_end_ > sc_time_stamp()) return false;
  responding_ = ending_ = false;
  tlm::tlm_generic_payload& payload = *responses_.front().payload;
  responses_.pop_front();
  if (payload.has_mm()) payload.release();
  return true;
}

void FourPhasePort::wake_at(const sc_time& time) {
  const sc_time now = sc_time_stamp();
  wake_.notify(time > now ? time - now : sc_core::SC_ZERO_TIME);
}

// Of several times the event keeps the first, and each waking looks for the next.
void FourPhasePort::wake_for_next() {
  if (ending_) wake_at(response_end_);
  if (!requests_.empty() && responses_.size() < parameters_.outstanding)
    wake_at(requests_.front().due);
  if (!responding_ && !responses_.empty()) wake_at(responses_.front().due);
}

}  // namespace guestlink
