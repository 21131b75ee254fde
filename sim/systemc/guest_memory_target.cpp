// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/guest_memory_target.h"

#include <algorithm>
#include <utility>

#include "guestlink/attach.h"
#include "systemc/target/payload_access.h"
#include "systemc/target/report.h"

namespace guestlink {
namespace {

using sc_core::sc_time;
using tlm::tlm_dmi;
using tlm::tlm_generic_payload;

constexpr std::uint64_t kLastAddress = ~std::uint64_t{0};

GuestSession attach_or_report(const char* module, const std::string& spec) {
  try {
    return GuestSession(spec);
  } catch (const AttachError& error) {
    report_error(module, error.what());
  }
  return GuestSession(GuestMemory());
}

void set_range(tlm_dmi& dmi, std::uint64_t first, std::uint64_t last) {
  dmi.set_start_address(first);
  dmi.set_end_address(last);
}

}  // namespace

GuestMemoryTarget::GuestMemoryTarget(const sc_core::sc_module_name& name, const std::string& spec,
                                     const MemoryTiming& timing)
    : GuestMemoryTarget(
          name, [&](const char* module) { return attach_or_report(module, spec); }, timing) {}

GuestMemoryTarget::GuestMemoryTarget(const sc_core::sc_module_name& name, GuestSession session,
                                     const MemoryTiming& timing)
    : GuestMemoryTarget(
          name, [&](const char*) { return std::move(session); }, timing) {}

GuestMemoryTarget::GuestMemoryTarget(const sc_core::sc_module_name& name, const OpenSession& open,
                                     const MemoryTiming& timing)
    : sc_module(name),
      session_(open(this->name())),
      timing_(checked(timing, this->name())),
      watch_("watch", session_.memory()),
      port_("port", this->name(), socket, timing_,
            [this](tlm_generic_payload& payload) { access(payload); }) {
  SC_HAS_PROCESS(GuestMemoryTarget);
  socket.bind(*this);
  SC_METHOD(on_lost);
  sensitive << watch_.event();
  dont_initialize();
  watch_.start();
}

std::string GuestMemoryTarget::loss() const {
  const std::string of_files = watch_.file_problem();
  return of_files.empty() ? session_.loss() : of_files;
}

void GuestMemoryTarget::access(tlm_generic_payload& payload) {
  execute_payload(session_.memory(), payload);
  if (payload.get_response_status() != tlm::TLM_GENERIC_ERROR_RESPONSE) [[likely]]
    return;
  if (session_.memory().lost()) watch_.notice();
}

void GuestMemoryTarget::b_transport(tlm_generic_payload& payload, sc_time& delay) {
  access(payload);
  delay += timing_.latency(payload) + timing_.transfer_time(payload);
}

tlm::tlm_sync_enum GuestMemoryTarget::nb_transport_fw(tlm_generic_payload& payload,
                                                      tlm::tlm_phase& phase, sc_time& delay) {
  return port_.transport(payload, phase, delay);
}

unsigned int GuestMemoryTarget::transport_dbg(tlm_generic_payload& payload) {
  return execute_debug(session_.memory(), payload);
}

bool GuestMemoryTarget::get_direct_mem_ptr(tlm_generic_payload& payload, tlm_dmi& dmi) {
  dmi.init();
  const GuestMemory& memory = session_.memory();
  const Region* const row =
      memory.lost() ? nullptr : find_row(memory.regions(), payload.get_address());
  if (row == nullptr) return refuse_dmi(payload.get_address(), dmi);
  set_range(dmi, row->guest_address, row->guest_address + (row->length - 1));
  if (payload.is_write() && !row->writable()) {
    dmi.set_granted_access(tlm_dmi::DMI_ACCESS_WRITE);
    return false;
  }
  dmi.set_dmi_ptr(reinterpret_cast<unsigned char*>(row->host));
  dmi.set_granted_access(row->writable() ? tlm_dmi::DMI_ACCESS_READ_WRITE
                                         : tlm_dmi::DMI_ACCESS_READ);
  dmi.set_read_latency(timing_.read_latency);
  dmi.set_write_latency(timing_.write_latency);
  const GuestRange range{row->guest_address, row->length};
  if (std::find(granted_.begin(), granted_.end(), range) == granted_.end()) {
    granted_.push_back(range);
  }
  return true;
}

// The hole around `address`, or all while the memory is lost.
bool GuestMemoryTarget::refuse_dmi(std::uint64_t address, tlm_dmi& dmi) {
  std::uint64_t first = 0;
  std::uint64_t last = kLastAddress;
  if (!session_.memory().lost()) {
    for (const Region& row : session_.memory().regions()) {
      if (row.guest_address > address) {
        last = row.guest_address - 1;
        break;
      }
      first = row.guest_address + row.length;
    }
  }
  set_range(dmi, first, last);
  dmi.set_granted_access(tlm_dmi::DMI_ACCESS_READ_WRITE);
  return false;
}

void GuestMemoryTarget::invalidate_granted() {
  // Whoever is told may ask for DMI anew.
  for (const GuestRange& range : std::exchange(granted_, {})) {
    socket->invalidate_direct_mem_ptr(range.guest_address,
                                      range.guest_address + (range.length - 1));
  }
}

void GuestMemoryTarget::on_lost() {
  if (!session_.memory().lost() || std::exchange(told_, true)) return;
  invalidate_granted();
  report_warning(name(), "the guest's memory is lost: " + loss() +
                             "; every access is a TLM_GENERIC_ERROR_RESPONSE until reattach()");
}

void GuestMemoryTarget::set_latency(const sc_time& read, const sc_time& write) {
  if (read == timing_.read_latency && write == timing_.write_latency) return;
  MemoryTiming timing = timing_;
  timing.read_latency = read;
  timing.write_latency = write;
  timing_ = checked(timing, name());
  invalidate_granted();
}

void GuestMemoryTarget::reattach() {
  watch_.stop();
  invalidate_granted();
  try {
    session_.reattach();
  } catch (...) {
    if (!told_) watch_.start();  // it may still be there, or its loss is still to be told
    throw;
  }
  told_ = false;
  watch_.start();
}

}  // namespace guestlink
