// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/target/four_phase_port.h"

#include <algorithm>
#include <string>
#include <utility>

#include "systemc/target/report.h"

namespace guestlink {

using sc_core::sc_time;
using sc_core::sc_time_stamp;
using tlm::tlm_phase;
using tlm::tlm_sync_enum;

namespace {

void acquire(tlm::tlm_generic_payload& payload) {
  if (payload.has_mm()) payload.acquire();
}
void release(tlm::tlm_generic_payload& payload) {
  if (payload.has_mm()) payload.release();
}

void notify_at(sc_core::sc_event& event, const sc_time& time) {
  event.notify(time > sc_time_stamp() ? time - sc_time_stamp() : sc_core::SC_ZERO_TIME);
}

}  // namespace

FourPhasePort::FourPhasePort(const sc_core::sc_module_name& name, const char* module,
                             Socket& socket, const MemoryTiming& timing,
                             std::function<void(Payload&)> access)
    : sc_module(name),
      module_(module),
      socket_(socket),
      timing_(timing),
      access_(std::move(access)) {
  SC_HAS_PROCESS(FourPhasePort);
  SC_METHOD(accept_requests);
  sensitive << accept_event_;
  dont_initialize();
  SC_METHOD(respond);
  sensitive << respond_event_;
  dont_initialize();
}

tlm_sync_enum FourPhasePort::transport(Payload& payload, tlm_phase& phase, sc_time& delay) {
  switch (static_cast<unsigned int>(phase)) {
    case tlm::BEGIN_REQ:
      return begin_request(payload, phase, delay);
    case tlm::END_RESP:
      return end_response(payload, delay);
    case tlm::END_REQ:
    case tlm::BEGIN_RESP:
      return refuse(phase, "is the target's to send");
    case tlm::UNINITIALIZED_PHASE:
      return refuse(phase, "is no phase of the base protocol; begin with BEGIN_REQ");
    default:
      return tlm::TLM_ACCEPTED;
  }
}

tlm_sync_enum FourPhasePort::refuse(const tlm_phase& phase, const char* why) {
  report_error(module_, std::string("phase ") + phase.get_name() + " " + why + "; ignored");
  return tlm::TLM_ACCEPTED;
}

bool FourPhasePort::under_way(const Payload& payload) const {
  const auto is_it = [&](const Waiting& waiting) { return waiting.payload == &payload; };
  return responding_ == &payload || std::any_of(requests_.begin(), requests_.end(), is_it) ||
         std::any_of(responses_.begin(), responses_.end(), is_it);
}

tlm_sync_enum FourPhasePort::begin_request(Payload& payload, tlm_phase& phase,
                                           const sc_time& delay) {
  if (under_way(payload)) return refuse(phase, "of a payload that is under way");
  const sc_time now = sc_time_stamp() + delay;
  if (timing_.accept_delay == sc_core::SC_ZERO_TIME && requests_.empty() && !full()) {
    const bool idle = responses_.empty() && responding_ == nullptr && response_free_ <= now;
    if (idle && response_time(payload, now) == now) {
      access_(payload);
      return tlm::TLM_COMPLETED;
    }
    acquire(payload);
    enqueue_response(payload, now);
    phase = tlm::END_REQ;
    return tlm::TLM_UPDATED;
  }
  acquire(payload);
  requests_.push_back({&payload, now + timing_.accept_delay});
  notify_at(accept_event_, requests_.front().not_before);
  return tlm::TLM_ACCEPTED;
}

tlm_sync_enum FourPhasePort::end_response(Payload& payload, const sc_time& delay) {
  if (responding_ != &payload) return refuse(tlm::END_RESP, "without a BEGIN_RESP of its payload");
  end_transaction(delay);
  return tlm::TLM_COMPLETED;
}

void FourPhasePort::accept_requests() {
  while (!requests_.empty() && !full()) {
    const auto [payload, not_before] = requests_.front();
    if (not_before > sc_time_stamp()) {
      notify_at(accept_event_, not_before);
      return;
    }
    requests_.pop_front();
    enqueue_response(*payload, sc_time_stamp());
    tlm_phase phase = tlm::END_REQ;
    sc_time delay;
    if (socket_->nb_transport_bw(*payload, phase, delay) == tlm::TLM_COMPLETED) {
      (void)refuse(tlm::END_REQ, "got TLM_COMPLETED, which a request cannot end with");
    }
  }
}

sc_time FourPhasePort::response_time(const Payload& payload, const sc_time& accepted) const {
  return std::max(accepted + timing_.latency(payload), data_free_) + timing_.transfer_time(payload);
}

void FourPhasePort::enqueue_response(Payload& payload, const sc_time& accepted) {
  data_free_ = response_time(payload, accepted);
  responses_.push_back({&payload, data_free_});
  notify_at(respond_event_, data_free_);
}

void FourPhasePort::respond() {
  if (responding_ != nullptr || responses_.empty()) return;
  const sc_time not_before = std::max(responses_.front().not_before, response_free_);
  if (not_before > sc_time_stamp()) {
    notify_at(respond_event_, not_before);
    return;
  }
  Payload& payload = *responses_.front().payload;
  responses_.pop_front();
  start_response(payload);
}

void FourPhasePort::start_response(Payload& payload) {
  access_(payload);
  responding_ = &payload;
  tlm_phase phase = tlm::BEGIN_RESP;
  sc_time delay;
  const tlm_sync_enum answer = socket_->nb_transport_bw(payload, phase, delay);
  if (responding_ != &payload || answer == tlm::TLM_ACCEPTED)
    return;  // ended in the call, or later
  if (answer == tlm::TLM_UPDATED && phase != tlm::END_RESP) {
    (void)refuse(phase, "is no answer to BEGIN_RESP, expected END_RESP");
    return;
  }
  end_transaction(delay);
}

void FourPhasePort::end_transaction(const sc_time& delay) {
  Payload& payload = *std::exchange(responding_, nullptr);
  response_free_ = sc_time_stamp() + delay;
  if (!responses_.empty()) notify_at(respond_event_, response_free_);
  if (!requests_.empty()) notify_at(accept_event_, response_free_);
  release(payload);
}

}  // namespace guestlink
