// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "Vioat_engine.h"
#include "Vioat_engine_trace.h"
#include "systemc/platform/engine_pins.h"
#include "verilated_fst_c.h"

// SystemC's headers after Verilator's
#include "systemc/platform/engine_platform.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "guestlink/access_status.h"
#include "guestlink/range.h"

namespace guestlink::sim {
namespace {

using sc_core::sc_time;

constexpr std::uint32_t kPollClocks = 32;  // as guestlink_top's
constexpr std::uint32_t kResetClocks = 4;
constexpr std::uint64_t kRegisterBytes = 0x4000;
constexpr std::size_t kHostStack = std::size_t{1} << 20;
const sc_time kPeriod(1, sc_core::SC_NS);
const sc_time kAfterEdge = kPeriod / 4.0;

sc_time clocks(std::uint64_t count) { return sc_time::from_value(count * kPeriod.value()); }

AccessStatus access_status(tlm::tlm_response_status status) {
  switch (status) {
    case tlm::TLM_OK_RESPONSE:
      return AccessStatus::kOk;
    case tlm::TLM_ADDRESS_ERROR_RESPONSE:
      return AccessStatus::kOutOfRange;
    case tlm::TLM_COMMAND_ERROR_RESPONSE:
      return AccessStatus::kReadOnly;
    default:
      return AccessStatus::kDetached;
  }
}

}  // namespace

template <typename Device>
EnginePlatform::Engine EnginePlatform::make_engine(const Settings& settings) {
  if (!settings.trace_file.empty() && !std::ofstream(settings.trace_file))
    throw std::runtime_error("cannot write the trace file '" + settings.trace_file + "'");
  DeviceParameters parameters;
  parameters.clock_period = kPeriod;
  parameters.quantum_clocks = settings.quantum_clocks;
  parameters.reset_clocks = kResetClocks;
  parameters.register_clocks = kRegisterCycles;
  parameters.register_bytes = kRegisterBytes;
  parameters.trace_file = settings.trace_file;
  auto device = std::make_unique<Device>("engine", parameters);
  Device& engine = *device;
  return {std::move(device), [&engine]() -> EnginePins& { return engine.pins(); },
          [&engine] { return engine.model().idle_o != 0; }};
}

EnginePlatform::EnginePlatform(const sc_core::sc_module_name& name, GuestSession guest,
                               const Settings& settings)
    : sc_core::sc_module(name),
      settings_(settings),
      memory_("memory", std::move(guest)),
      engine_(settings.trace_file.empty()
                  ? make_engine<VerilatedDevice<Vioat_engine, EnginePins>>(settings)
                  : make_engine<VerilatedDevice<Vioat_engine_trace, EnginePins, VerilatedFstC>>(
                        settings)),
      poller_("poller", clocks(kPollClocks)) {
  memory_.ignore_files();  // the command line follows the guest, and can still write to it then
  VerilatedDeviceBase& device = *engine_.device;
  to_memory_.out.bind(memory_.socket);
  to_registers_.out.bind(device.s_axil);
  device.m_axi.bind(to_memory_.in);
  poller_.memory.bind(to_memory_.in);
  registers_.bind(to_registers_.in);
  poller_.registers.bind(to_registers_.in);
  device.irq[0].bind(irq_);
  poller_.irq.bind(irq_);
  if (settings.every_edge) device.clk.bind(clock_.emplace("clock", kPeriod));
  sc_core::sc_spawn_options options;
  options.set_stack_size(static_cast<int>(kHostStack));
  sc_core::sc_spawn([this] { host(); }, "host", &options);
}

EnginePlatform::~EnginePlatform() = default;

int EnginePlatform::run(const Work& work) {
  work_ = &work;
  sc_core::sc_start();
  if (error_) std::rethrow_exception(error_);
  return code_;
}

void EnginePlatform::host() {
  if (settings_.every_edge) wait(kAfterEdge);  // the first edge is made
  try {
    pass(settings_.every_edge ? kResetClocks - 1 : kResetClocks);
    code_ = (*work_)(memory_.session(), *this);
  } catch (...) {
    error_ = std::current_exception();
  }
  sc_core::sc_stop();
}

// The host stands where the device does: behind a rising edge of its clock and before the falling
// one, or at its local time.
void EnginePlatform::pass(std::uint64_t cycles) {
  VerilatedDeviceBase& device = *engine_.device;
  if (settings_.every_edge) {
    wait(clocks(cycles));
    return;
  }
  const sc_time end = sc_core::sc_time_stamp() + clocks(cycles);
  device.sync_at(end);
  wait(end - sc_core::sc_time_stamp());
}

std::uint64_t EnginePlatform::step(std::uint64_t cycles) {
  if (stop_reason() != StopReason::kNone) return 0;
  const std::uint64_t before = engine_.device->cycles();
  const std::uint64_t limit = settings_.max_cycles;
  pass(limit == 0 ? cycles : std::min(cycles, limit - before));
  return engine_.device->cycles() - before;
}

StopReason EnginePlatform::stop_reason() const noexcept {
  if (engine_.device->stopped())
    return engine_.device->failed() ? StopReason::kAssertion : StopReason::kFinish;
  const std::uint64_t limit = settings_.max_cycles;
  return limit != 0 && cycles() >= limit ? StopReason::kCycleLimit : StopReason::kNone;
}

void EnginePlatform::set_cycle_limit(std::uint64_t cycles) noexcept {
  settings_.max_cycles = cycles;
}

void EnginePlatform::set_timing(const Timing& timing) {
  memory_.set_latency(clocks(timing.read_latency), clocks(timing.write_latency));
  engine_.device->set_stalls(timing.accept_stall, timing.beat_stall);
}

void EnginePlatform::reset() {
  poller_.reset();
  engine_.device->reset();
  engine_.pins().clear();
  before_reset_ = engine_.device->traffic();
  pass(kResetClocks);
}

// The target's own, which also watches it and tells of it.
void EnginePlatform::reattach(GuestSession&) { memory_.reattach(); }

EngineDriver::RegisterAccess EnginePlatform::read_register(std::uint32_t offset) {
  return access(false, offset, 0, 0xF);
}

EngineDriver::RegisterAccess EnginePlatform::write_register(std::uint32_t offset,
                                                            std::uint32_t data,
                                                            std::uint32_t strobes) {
  return access(true, offset, data, strobes);
}

EngineDriver::RegisterAccess EnginePlatform::access(bool write, std::uint32_t offset,
                                                    std::uint32_t data, std::uint32_t strobes) {
  if (stop_reason() != StopReason::kNone) return {};
  std::array<unsigned char, 4> enables{};
  for (unsigned n = 0; n < 4; ++n)
    enables[n] = (strobes >> n & 1U) != 0 ? TLM_BYTE_ENABLED : TLM_BYTE_DISABLED;
  tlm::tlm_generic_payload payload;
  payload.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
  payload.set_address(offset);
  payload.set_data_ptr(reinterpret_cast<unsigned char*>(&data));
  payload.set_data_length(4);
  payload.set_streaming_width(4);
  payload.set_byte_enable_ptr(enables.data());
  payload.set_byte_enable_length(4);
  sc_time delay = sc_core::SC_ZERO_TIME;
  registers_->b_transport(payload, delay);
  if (settings_.every_edge) delay = kAfterEdge;
  engine_.device->sync_at(sc_core::sc_time_stamp() + delay);
  wait(delay);
  switch (payload.get_response_status()) {
    case tlm::TLM_OK_RESPONSE:
      return {true, 0, data};
    case tlm::TLM_ADDRESS_ERROR_RESPONSE:
      return {true, static_cast<std::uint32_t>(axi::Response::kDecErr), data};
    default:
      return {!engine_.device->stopped(), static_cast<std::uint32_t>(axi::Response::kSlvErr), data};
  }
}

void EnginePlatform::enable_page(std::uint64_t address, std::uint32_t session) {
  poller_.enable(address, session);
}

void EnginePlatform::disable_page() { poller_.disable(); }

EngineDriver::PageStatus EnginePlatform::page() const {
  const DoorbellPoller::Status& status = poller_.status();
  return {status.attached, status.error, status.state};
}

EngineDriver::Counters EnginePlatform::counters() const {
  const VerilatedDeviceBase::Traffic& traffic = engine_.device->traffic();
  const EnginePins::Seen& seen = engine_.pins().seen();
  Counters counters;
  counters.bytes_read = traffic.bytes_read - before_reset_.bytes_read;
  counters.bytes_written = traffic.bytes_written - before_reset_.bytes_written;
  counters.descriptors = seen.descriptors;
  counters.interrupts = seen.interrupts;
  counters.page_accesses = poller_.accesses();
  counters.errors = static_cast<std::uint32_t>(traffic.failed_bursts - before_reset_.failed_bursts);
  counters.error_status = static_cast<std::uint32_t>(access_status(traffic.failed_status));
  counters.error_address = traffic.failed_address;
  counters.faults = seen.faults;
  counters.fault_chanerr = seen.fault_chanerr;
  counters.fault_chansts = seen.fault_chansts;
  return counters;
}

bool EnginePlatform::engine_idle() const { return engine_.idle(); }
bool EnginePlatform::interrupt() const { return engine_.device->interrupts() != 0; }
std::uint64_t EnginePlatform::cycles() const noexcept { return engine_.device->cycles(); }

}  // namespace guestlink::sim
