// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/guest_memory_target.h"

#include <algorithm>
#include <utility>

#include "guestlink/attach.h"
#include "systemc/target/payload_access.h"

namespace guestlink {
namespace {

using sc_core::sc_time;

// One without memory stands in for what could not be attached to, where reports do not throw.
std::unique_ptr<GuestSession> attach_for(const char* module, const std::string& spec) {
  try {
    return std::make_unique<GuestSession>(spec);
  } catch (const AttachError& error) {
    const std::string text = std::string(module) + ": " + error.what();
    SC_REPORT_ERROR(GuestMemoryTarget::kAttachReport, text.c_str());
  }
  return std::make_unique<GuestSession>(GuestMemory());
}

}  // namespace

GuestMemoryTarget::GuestMemoryTarget(const sc_core::sc_module_name& name, const std::string& spec,
                                     const TargetParameters& parameters)
    : GuestMemoryTarget(name, std::move(*attach_for(name, spec)), parameters) {}

GuestMemoryTarget::GuestMemoryTarget(const sc_core::sc_module_name& name, GuestSession session,
                                     const TargetParameters& parameters)
    : sc_core::sc_module(name),
      parameters_(parameters),
      session_(std::make_unique<GuestSession>(std::move(session))),
      phases_(
          *this, {parameters.accept_delay, std::max(parameters.outstanding, 1U)},
          [this](tlm::tlm_generic_payload& payload) { return execute(payload); },
          [this](tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase, sc_time& delay) {
            return socket->nb_transport_bw(payload, phase, delay);
          }) {
  check_parameters();
  socket.bind(*this);
  sc_core::sc_spawn_options options;
  options.spawn_method();
  options.dont_initialize();
  options.set_sensitivity(&watch_.lost());
  sc_core::sc_spawn([this] { invalidate(); }, sc_core::sc_gen_unique_name("invalidate"), &options);
}

GuestMemoryTarget::~GuestMemoryTarget() = default;

void GuestMemoryTarget::check_parameters() const {
  if (parameters_.outstanding != 0) return;
  const std::string text =
      std::string(name()) + ": parameter outstanding is 0, at least 1 is needed";
  SC_REPORT_ERROR(kParameterReport, text.c_str());
}

void GuestMemoryTarget::set_latency(const sc_time& read, const sc_time& write) {
  if (read == parameters_.read_latency && write == parameters_.write_latency) return;
  parameters_.read_latency = read;
  parameters_.write_latency = write;
  invalidate();
}

void GuestMemoryTarget::reattach() {
  session_->memory().detach();
  invalidate();
  session_->reattach();
}

sc_time GuestMemoryTarget::execute(tlm::tlm_generic_payload& payload) {
  const tlm::tlm_response_status status = access_payload(memory(), payload);
  payload.set_response_status(status);
  payload.set_dmi_allowed(parameters_.dmi && status == tlm::TLM_OK_RESPONSE);
  if (status == tlm::TLM_GENERIC_ERROR_RESPONSE && memory().lost()) [[unlikely]]
    invalidate();
  return payload.is_write() ? parameters_.write_latency : parameters_.read_latency;
}

void GuestMemoryTarget::invalidate() {
  if (!std::exchange(dmi_given_, false)) return;
  socket->invalidate_direct_mem_ptr(0, ~sc_dt::uint64{0});
}

void GuestMemoryTarget::b_transport(tlm::tlm_generic_payload& payload, sc_time& delay) {
  delay += execute(payload);
}

tlm::tlm_sync_enum GuestMemoryTarget::nb_transport_fw(tlm::tlm_generic_payload& payload,
                                                      tlm::tlm_phase& phase, sc_time& delay) {
  return phases_.transport(payload, phase, delay);
}

unsigned GuestMemoryTarget::transport_dbg(tlm::tlm_generic_payload& payload) {
  return debug_payload(memory(), payload);
}

bool GuestMemoryTarget::get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) {
  dmi.init();
  const std::uint64_t address = payload.get_address();
  const auto regions = memory().regions();
  const Region* const region = find_row(regions, address);
  if (!parameters_.dmi || memory().lost()) return false;  // for the whole address space
  if (region == nullptr) {
    deny_dmi(address, dmi);
    return false;
  }
  dmi.set_start_address(region->guest_address);
  dmi.set_end_address(region->guest_address + (region->length - 1));
  dmi.set_dmi_ptr(reinterpret_cast<unsigned char*>(region->host));
  dmi.set_granted_access(region->writable() ? tlm::tlm_dmi::DMI_ACCESS_READ_WRITE
                                            : tlm::tlm_dmi::DMI_ACCESS_READ);
  dmi.set_read_latency(parameters_.read_latency);
  dmi.set_write_latency(parameters_.write_latency);
  if (payload.is_write() && !region->writable()) return false;
  dmi_given_ = true;
  watch_.arm(memory().state());
  return true;
}

// A denial says for which addresses it holds, and for what access.
void GuestMemoryTarget::deny_dmi(std::uint64_t address, tlm::tlm_dmi& dmi) const {
  std::uint64_t begin = 0;
  std::uint64_t end = ~std::uint64_t{0};
  for (const Region& region : session_->memory().regions()) {
    if (region.guest_address > address) {
      end = region.guest_address - 1;
      break;
    }
    begin = region.guest_address + region.length;
  }
  dmi.set_start_address(begin);
  dmi.set_end_address(end);
  dmi.allow_read_write();
}

}  // namespace guestlink
