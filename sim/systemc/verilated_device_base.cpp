// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/verilated_device_base.h"

#include <algorithm>
#include <bit>

#include "guestlink/address_map.h"
#include "guestlink/range.h"
#include "systemc/axi/tlm_transport.h"

namespace guestlink {
namespace {

using sc_core::sc_time;
using sc_core::sc_time_stamp;
using sc_core::SC_ZERO_TIME;

std::uint32_t at_least_one(std::uint32_t value) { return std::max(value, 1U); }

std::uint64_t clocks_in(const sc_time& time, const sc_time& period) {
  return (time.value() + period.value() - 1) / period.value();
}

bool enables_are_sound(const tlm::tlm_generic_payload& payload) {
  const unsigned char* const enables = payload.get_byte_enable_ptr();
  if (enables == nullptr) return true;
  const unsigned length = payload.get_byte_enable_length();
  return length != 0 && std::all_of(enables, enables + length, [](unsigned char enable) {
           return enable == TLM_BYTE_ENABLED || enable == TLM_BYTE_DISABLED;
         });
}

}  // namespace

VerilatedDeviceBase::VerilatedDeviceBase(const sc_core::sc_module_name& name,
                                         const DeviceParameters& parameters, const Widths& widths)
    : sc_core::sc_module(name),
      irq("irq", widths.interrupts),
      parameters_(parameters),
      widths_(widths),
      period_(parameters.clock_period),
      subordinate_(*this, widths.bus_bytes, at_least_one(parameters.outstanding_bursts)),
      reset_left_(at_least_one(parameters.reset_clocks)) {
  if (period_ == SC_ZERO_TIME) refuse("clock_period", "is zero");
  if (parameters.quantum_clocks == 0) refuse("quantum_clocks", "is 0, at least 1 is needed");
  if (parameters.outstanding_bursts == 0)
    refuse("outstanding_bursts", "is 0, at least 1 is needed");
  if (parameters.reset_clocks == 0) refuse("reset_clocks", "is 0, at least 1 is needed");
  if (parameters.register_clocks == 0) refuse("register_clocks", "is 0, at least 1 is needed");
  if (parameters.register_bytes > widths.register_bytes) {
    refuse("register_bytes", "is " + hex(parameters.register_bytes) +
                                 ", the address port reaches " + hex(widths.register_bytes));
  }
  if (parameters.register_bytes != 0) widths_.register_bytes = parameters.register_bytes;
  s_axil.register_b_transport(this, &VerilatedDeviceBase::access_registers);
}

void VerilatedDeviceBase::refuse(const std::string& parameter, const std::string& why) const {
  const std::string text = std::string(name()) + ": parameter " + parameter + " " + why;
  SC_REPORT_ERROR(kParameterReport, text.c_str());
}

void VerilatedDeviceBase::end_of_elaboration() {
  every_edge_ = clk.size() != 0;
  sc_core::sc_spawn_options method;
  method.spawn_method();
  method.dont_initialize();
  if (every_edge_) {
    method.set_sensitivity(&clk->value_changed_event());
    sc_core::sc_spawn([this] { on_edge(); }, sc_core::sc_gen_unique_name("on_edge"), &method);
    for (std::uint32_t n = 0; n < 2 * at_least_one(parameters_.outstanding_bursts); ++n)
      sc_core::sc_spawn([this] { serve_pending(); }, sc_core::sc_gen_unique_name("serve_pending"));
  } else {
    method.set_sensitivity(&irq_due_);
    sc_core::sc_spawn([this] { deliver_interrupts(); }, sc_core::sc_gen_unique_name("interrupts"),
                      &method);
    sc_core::sc_spawn([this] { run_quanta(); }, sc_core::sc_gen_unique_name("run_quanta"));
  }
}

void VerilatedDeviceBase::start_of_simulation() { enter_reset(); }

// ------------------------------------------------------------------------------------- the clock

void VerilatedDeviceBase::on_edge() {
  if (stopped_) return;
  if (clk->read()) {
    rise();
  } else {
    fall();
  }
  report_stop();
}

void VerilatedDeviceBase::run_quanta() {
  while (!stopped_) {
    if (local_time() > sc_time_stamp()) wait(local_time() - sc_time_stamp());
    wait(SC_ZERO_TIME);  // who acts at this time comes first
    acquire();
    if (local_time() <= sc_time_stamp()) run_quantum();
    release();
  }
  report_stop();
}

void VerilatedDeviceBase::run_quantum() {
  std::uint64_t end = cycles_ + parameters_.quantum_clocks;
  sync_points_.erase(sync_points_.begin(), sync_points_.upper_bound(cycles_));
  if (!sync_points_.empty()) end = std::min(end, *sync_points_.begin());
  const std::uint64_t level = irq_level_;
  while (cycles_ < end && irq_level_ == level && !stopped_) tick();
}

void VerilatedDeviceBase::sync_at(const sc_time& time) {
  sync_points_.insert(clocks_in(time, period_));
}

void VerilatedDeviceBase::set_stalls(std::uint32_t accept, std::uint32_t beat) {
  subordinate_.set_stalls(accept, beat);
  drive(subordinate_.pins(), registers_.driven());
  inputs_changed_ = true;
}

void VerilatedDeviceBase::tick() {
  fall();
  rise();
}

void VerilatedDeviceBase::fall() {
  if (cycles_ == 0) {
    settle();  // the clock is low, and the trace begins with the first edge
  } else {
    half_clock(false, every_edge_ ? sc_time_stamp() : local_time() - period_ / 2.0);
  }
  inputs_changed_ = false;
}

// What is high before the edge is handed over on it.
void VerilatedDeviceBase::rise() {
  follow_reset_input();
  if (inputs_changed_) settle();
  inputs_changed_ = false;
  if (every_edge_ && cycles_ != 0) period_ = sc_time_stamp() - burst_start_;
  burst_start_ = every_edge_ ? sc_time_stamp() : local_time();
  if (in_reset()) {
    subordinate_.reset();
    end_access(Ending::kReset);
  } else {
    before_edge();
    take_edge();
  }
  half_clock(true, burst_start_);
  ++cycles_;
  if (reset_left_ != 0 && --reset_left_ == 0) leave_reset();
  drive(subordinate_.pins(), registers_.driven());
  show_interrupts(burst_start_);
  if (!got_finish()) return;
  stopped_ = true;
  failed_ = got_error();
  end_access(Ending::kReset);
}

// By what the model shows before it, some of which the edge changes in place.
void VerilatedDeviceBase::take_edge() {
  const RegisterPort::Shown shown = register_pins();
  const axi::ManagerPins manager = manager_pins();
  count_traffic(manager);
  if (registers_.clock(shown)) end_access(Ending::kAnswered);
  if (registers_.busy() && registers_.clocks() >= parameters_.register_clocks)
    end_access(Ending::kTimeout);
  subordinate_.clock(manager);
}

void VerilatedDeviceBase::count_traffic(const axi::ManagerPins& manager) {
  const axi::SubordinatePins& bus = subordinate_.pins();
  if (bus.r_valid && manager.r_ready) traffic_.bytes_read += widths_.bus_bytes;
  if (!bus.w_ready || !manager.w_valid) return;
  for (std::uint32_t n = 0; n * 8 < widths_.bus_bytes; ++n)
    traffic_.bytes_written += static_cast<std::uint64_t>(std::popcount(manager.w_strobes[n]));
}

void VerilatedDeviceBase::reset() {
  if (reset_left_ == 0) enter_reset();
  reset_left_ = parameters_.reset_clocks;
}

// The first evaluation shows the falling edge that an asynchronous reset is made of.
void VerilatedDeviceBase::enter_reset() {
  assert_reset(false);
  settle();
  assert_reset(true);
  inputs_changed_ = true;
}

void VerilatedDeviceBase::leave_reset() {
  if (!reset_input_) assert_reset(false);
  reset_done_.notify(SC_ZERO_TIME);
}

void VerilatedDeviceBase::follow_reset_input() {
  if (reset_n.size() == 0) return;
  const bool asserted = !reset_n->read();
  if (asserted == reset_input_) return;
  reset_input_ = asserted;
  if (reset_left_ != 0) return;  // in reset as it is
  if (asserted) {
    enter_reset();
  } else {
    assert_reset(false);
    inputs_changed_ = true;
  }
}

void VerilatedDeviceBase::report_stop() {
  if (!stopped_ || stop_reported_) return;
  stop_reported_ = true;
  const std::string text = std::string(name()) +
                           ": an assertion, $error or $fatal of the RTL in cycle " +
                           std::to_string(cycles_);
  if (failed_) {
    SC_REPORT_ERROR(kAssertionReport, text.c_str());
  } else {
    sc_core::sc_stop();
  }
}

void VerilatedDeviceBase::acquire() {
  while (acquired_) wait(released_);
  acquired_ = true;
}

void VerilatedDeviceBase::release() {
  acquired_ = false;
  released_.notify();
}

// --------------------------------------------------------------------------------------- bursts

// With a clock from outside a target that waits would keep the module from its edges: others serve.
void VerilatedDeviceBase::serve(axi::Request& request) {
  if (every_edge_) {
    pending_.push_back({&request, burst_start_});
    pending_added_.notify();
    return;
  }
  sc_time delay = burst_start_ > sc_time_stamp() ? burst_start_ - sc_time_stamp() : SC_ZERO_TIME;
  const sc_time start = sc_time_stamp() + delay;
  const axi::Outcome outcome = axi::transport(*m_axi.operator->(), request, delay);
  finish(request, outcome, sc_time_stamp() + delay - start);
}

void VerilatedDeviceBase::serve_pending() {
  while (true) {
    while (pending_.empty()) wait(pending_added_);
    const Pending pending = pending_.front();
    pending_.pop_front();
    sc_time delay = SC_ZERO_TIME;
    const axi::Outcome outcome = axi::transport(*m_axi.operator->(), *pending.request, delay);
    finish(*pending.request, outcome, sc_time_stamp() + delay - pending.start);
    drive(subordinate_.pins(), registers_.driven());
    inputs_changed_ = true;
  }
}

void VerilatedDeviceBase::finish(axi::Request& request, const axi::Outcome& outcome,
                                 const sc_time& taken) {
  if (outcome.response != axi::Response::kOkay) {
    ++traffic_.failed_bursts;
    traffic_.failed_address = request.transfer.burst().address;
    traffic_.failed_status = outcome.status;
  }
  subordinate_.finish(request, outcome.response, clocks_in(taken, period_));
}

// ------------------------------------------------------------------------------------- registers

void VerilatedDeviceBase::access_registers(tlm::tlm_generic_payload& payload, sc_time& delay) {
  payload.set_dmi_allowed(false);
  tlm::tlm_response_status status = check(payload);
  if (status == tlm::TLM_OK_RESPONSE && payload.get_command() != tlm::TLM_IGNORE_COMMAND) {
    if (every_edge_ && delay != SC_ZERO_TIME) {
      wait(delay);
      delay = SC_ZERO_TIME;
    }
    acquire();
    const sc_time start = sc_time_stamp() + delay;
    while (!every_edge_ && local_time() < start && !stopped_) tick();
    status = access_words(payload);
    release();
    if (!every_edge_ && local_time() > sc_time_stamp())
      delay = std::max(delay, local_time() - sc_time_stamp());
  }
  payload.set_response_status(status);
}

tlm::tlm_response_status VerilatedDeviceBase::check(const tlm::tlm_generic_payload& payload) const {
  const unsigned length = payload.get_data_length();
  if (length == 0 || payload.get_streaming_width() < length) return tlm::TLM_BURST_ERROR_RESPONSE;
  if (payload.get_data_ptr() == nullptr) return tlm::TLM_GENERIC_ERROR_RESPONSE;
  if (!enables_are_sound(payload)) return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
  if (!range_fits(payload.get_address(), length, widths_.register_bytes))
    return tlm::TLM_ADDRESS_ERROR_RESPONSE;
  return tlm::TLM_OK_RESPONSE;
}

tlm::tlm_response_status VerilatedDeviceBase::access_words(tlm::tlm_generic_payload& payload) {
  const std::uint64_t word = widths_.register_word_bytes;
  const std::uint64_t begin = payload.get_address();
  const std::uint64_t end = begin + payload.get_data_length();  // within register_bytes
  const unsigned char* const enables = payload.get_byte_enable_ptr();
  const unsigned enables_length = std::max(payload.get_byte_enable_length(), 1U);
  const auto enabled = [&](std::uint64_t n) {
    return enables == nullptr || enables[n % enables_length] == TLM_BYTE_ENABLED;
  };
  for (std::uint64_t address = begin / word * word; address < end; address += word) {
    RegisterPort::Access access;
    access.write = payload.is_write();
    access.address = address;
    const std::uint64_t from = std::max(begin, address);
    const std::uint64_t to = std::min(end, address + word);
    for (std::uint64_t at = from; at < to; ++at) {
      if (!enabled(at - begin)) continue;
      const unsigned lane = static_cast<unsigned>(at - address);
      access.strobes |= static_cast<std::uint8_t>(1U << lane);
      access.data |= std::uint64_t{payload.get_data_ptr()[at - begin]} << 8 * lane;
    }
    if (access.strobes == 0) continue;
    const tlm::tlm_response_status status = access_word(access);
    if (status != tlm::TLM_OK_RESPONSE) return status;
    for (std::uint64_t at = from; payload.is_read() && at < to; ++at) {
      if (enabled(at - begin))
        payload.get_data_ptr()[at - begin] =
            static_cast<unsigned char>(registers_.data() >> 8 * (at - address));
    }
  }
  return tlm::TLM_OK_RESPONSE;
}

tlm::tlm_response_status VerilatedDeviceBase::access_word(const RegisterPort::Access& access) {
  while (reset_left_ != 0 && !stopped_) {
    if (every_edge_) {
      wait(reset_done_);
    } else {
      tick();
    }
  }
  if (stopped_ || reset_input_) return tlm::TLM_GENERIC_ERROR_RESPONSE;
  registers_.start(access);
  drive(subordinate_.pins(), registers_.driven());
  inputs_changed_ = true;
  ending_ = Ending::kNone;
  while (ending_ == Ending::kNone) {
    if (every_edge_) {
      wait(access_ended_);
    } else {
      tick();
    }
  }
  if (ending_ == Ending::kTimeout) {
    const std::string text = std::string(name()) + ": the register at " + hex(access.address) +
                             " gave no answer in " + std::to_string(parameters_.register_clocks) +
                             " clocks";
    SC_REPORT_WARNING(kRegisterReport, text.c_str());
  }
  if (ending_ != Ending::kAnswered) return tlm::TLM_GENERIC_ERROR_RESPONSE;
  if (registers_.response() == axi::Response::kDecErr) return tlm::TLM_ADDRESS_ERROR_RESPONSE;
  return registers_.response() == axi::Response::kSlvErr ? tlm::TLM_GENERIC_ERROR_RESPONSE
                                                         : tlm::TLM_OK_RESPONSE;
}

void VerilatedDeviceBase::end_access(Ending ending) {
  if (ending != Ending::kAnswered) registers_.abort();
  ending_ = ending;
  access_ended_.notify();
}

// ------------------------------------------------------------------------------------ interrupts

void VerilatedDeviceBase::show_interrupts(const sc_time& time) {
  const std::uint64_t level = interrupt_pins();
  if (level == irq_level_) return;
  irq_level_ = level;
  if (every_edge_) {
    write_interrupts(level);
    return;
  }
  irq_changes_.push_back({time, level});
  if (irq_changes_.size() != 1) return;
  irq_due_.notify(time > sc_time_stamp() ? time - sc_time_stamp() : SC_ZERO_TIME);
}

void VerilatedDeviceBase::deliver_interrupts() {
  while (!irq_changes_.empty() && irq_changes_.front().time <= sc_time_stamp()) {
    write_interrupts(irq_changes_.front().level);
    irq_changes_.pop_front();
  }
  if (!irq_changes_.empty()) irq_due_.notify(irq_changes_.front().time - sc_time_stamp());
}

void VerilatedDeviceBase::write_interrupts(std::uint64_t level) {
  for (std::size_t n = 0; n < irq.size(); ++n) irq[n].write((level >> n & 1U) != 0);
}

}  // namespace guestlink
