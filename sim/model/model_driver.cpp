// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "model/model_driver.h"

#include "model/model.h"

namespace guestlink::sim {

ModelDriver::ModelDriver(const Options& options)
    : model_(options.trace_file.empty() ? make_model() : make_traced_model(options.trace_file)),
      max_cycles_(options.max_cycles) {
  model_->ports().memory_id_i = options.memory_id;
  set_timing({});
  reset();
}

ModelDriver::~ModelDriver() = default;

void ModelDriver::clock() {
  model_->clock();
  ++cycles_;
}

// The first evaluation shows the falling edge that an asynchronous reset is made of.
void ModelDriver::reset() {
  Ports& top = model_->ports();
  top.rst_ni = 1;
  model_->settle();
  top.rst_ni = 0;
  top.page_enable_i = 0;
  top.s_axil_awvalid = top.s_axil_wvalid = top.s_axil_arvalid = 0;
  top.s_axil_bready = top.s_axil_rready = 0;
  for (int cycle = 0; cycle < 4; ++cycle) clock();
  top.rst_ni = 1;
}

std::uint64_t ModelDriver::step(std::uint64_t cycles) {
  for (std::uint64_t done = 0; done < cycles; ++done) {
    if (stop_reason() != StopReason::kNone) return done;
    clock();
    if (model_->context().gotFinish()) [[unlikely]] {
      stop_ = model_->context().gotError() ? StopReason::kAssertion : StopReason::kFinish;
    } else if (max_cycles_ != 0 && cycles_ >= max_cycles_) [[unlikely]] {
      stop_ = StopReason::kCycleLimit;
    }
  }
  return cycles;
}

StopReason ModelDriver::stop_reason() const noexcept {
  if (stop_ != StopReason::kNone) return stop_;
  return stop_requested_.load(std::memory_order_relaxed) ? StopReason::kRequested
                                                         : StopReason::kNone;
}

void ModelDriver::set_cycle_limit(std::uint64_t cycles) noexcept {
  max_cycles_ = cycles;
  if (stop_ == StopReason::kCycleLimit) stop_ = StopReason::kNone;
}

void ModelDriver::set_timing(const Timing& timing) {
  Ports& top = model_->ports();
  top.read_latency_i = timing.read_latency;
  top.write_latency_i = timing.write_latency;
  top.accept_stall_i = timing.accept_stall;
  top.beat_stall_i = timing.beat_stall;
}

ModelDriver::RegisterAccess ModelDriver::read_register(std::uint32_t offset) {
  Ports& top = model_->ports();
  RegisterAccess result;
  top.s_axil_araddr = offset & 0x3FFFU;
  top.s_axil_arvalid = 1;
  top.s_axil_rready = 1;
  for (std::uint32_t cycle = 0; cycle < kRegisterCycles && !result.done; ++cycle) {
    // What is high before the edge is handed over on it.
    model_->settle();
    const bool address_taken = top.s_axil_arvalid && top.s_axil_arready;
    result = {top.s_axil_rvalid != 0, top.s_axil_rresp, top.s_axil_rdata};
    if (step(1) == 0) return {};
    if (address_taken) top.s_axil_arvalid = 0;
  }
  top.s_axil_arvalid = 0;
  top.s_axil_rready = 0;
  return result;
}

ModelDriver::RegisterAccess ModelDriver::write_register(std::uint32_t offset, std::uint32_t data,
                                                        std::uint32_t strobes) {
  Ports& top = model_->ports();
  RegisterAccess result;
  top.s_axil_awaddr = offset & 0x3FFFU;
  top.s_axil_wdata = data;
  top.s_axil_wstrb = strobes & 0xFU;
  top.s_axil_awvalid = top.s_axil_wvalid = top.s_axil_bready = 1;
  for (std::uint32_t cycle = 0; cycle < kRegisterCycles && !result.done; ++cycle) {
    model_->settle();
    const bool address_taken = top.s_axil_awvalid && top.s_axil_awready;
    const bool data_taken = top.s_axil_wvalid && top.s_axil_wready;
    result = {top.s_axil_bvalid != 0, top.s_axil_bresp, 0};
    if (step(1) == 0) return {};
    if (address_taken) top.s_axil_awvalid = 0;
    if (data_taken) top.s_axil_wvalid = 0;
  }
  top.s_axil_awvalid = top.s_axil_wvalid = top.s_axil_bready = 0;
  return result;
}

void ModelDriver::enable_page(std::uint64_t address, std::uint32_t session) {
  model_->ports().page_address_i = address;
  model_->ports().page_session_i = session;
  model_->ports().page_enable_i = 1;
}

void ModelDriver::disable_page() { model_->ports().page_enable_i = 0; }

ModelDriver::PageStatus ModelDriver::page() const {
  const Ports& top = model_->ports();
  return {top.page_attached_o != 0, top.page_error_o != 0, top.page_state_o};
}

ModelDriver::Counters ModelDriver::counters() const {
  const Ports& top = model_->ports();
  Counters counters;
  counters.bytes_read = top.bytes_read_o;
  counters.bytes_written = top.bytes_written_o;
  counters.descriptors = top.descriptors_o;
  counters.interrupts = top.interrupts_o;
  counters.page_accesses = top.page_accesses_o;
  counters.errors = top.error_count_o;
  counters.error_status = top.error_status_o;
  counters.error_address = top.error_address_o;
  counters.faults = top.fault_count_o;
  counters.fault_chanerr = top.fault_chanerr_o;
  counters.fault_chansts = top.fault_chansts_o;
  return counters;
}

bool ModelDriver::engine_idle() const { return model_->ports().idle_o != 0; }
bool ModelDriver::interrupt() const { return model_->ports().irq_o != 0; }

}  // namespace guestlink::sim
