// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "model/model_driver.h"

#include <stdexcept>
#include <utility>

#include "Vguestlink_top.h"
#include "verilated.h"
#include "verilated_fst_c.h"

namespace guestlink::sim {

const char* to_string(StopReason reason) noexcept {
  switch (reason) {
    case StopReason::kNone:
      return "none";
    case StopReason::kCycleLimit:
      return "cycle limit";
    case StopReason::kRequested:
      return "requested";
    case StopReason::kFinish:
      return "finish";
    case StopReason::kAssertion:
      return "assertion";
  }
  return "unknown";
}

// Members are destroyed from the last to the first: trace, model, context.
struct ModelDriver::Model {
  explicit Model(bool traced) {
    context.fatalOnError(false);  // an assertion ends the run, not the process
    context.traceEverOn(traced);
    top = std::make_unique<Vguestlink_top>(&context);
  }
  ~Model() {
    if (trace) trace->close();
    top->final();
  }
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  void eval(bool clock) {
    top->clk_i = clock;
    top->eval();
    if (trace) [[unlikely]]
      trace->dump(context.time());
    context.timeInc(1);
  }

  VerilatedContext context;
  std::unique_ptr<Vguestlink_top> top;
  std::unique_ptr<VerilatedFstC> trace;
};

ModelDriver::ModelDriver(Options options)
    : model_(std::make_unique<Model>(!options.trace_file.empty())),
      max_cycles_(options.max_cycles) {
  if (!options.trace_file.empty()) {
    auto trace = std::make_unique<VerilatedFstC>();
    model_->top->trace(trace.get(), 99);
    trace->open(options.trace_file.c_str());
    if (!trace->isOpen()) {
      throw std::runtime_error("cannot write the trace file '" + options.trace_file + "'");
    }
    model_->trace = std::move(trace);
  }
  model_->top->memory_id_i = options.memory_id;
  set_timing({});
  reset();
}

ModelDriver::~ModelDriver() = default;

void ModelDriver::clock() {
  model_->eval(false);
  model_->eval(true);
  ++cycles_;
}

// The first evaluation shows the falling edge that an asynchronous reset is made of.
void ModelDriver::reset() {
  Vguestlink_top& top = *model_->top;
  top.rst_ni = 1;
  model_->eval(false);
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
    if (model_->context.gotFinish()) [[unlikely]] {
      stop_ = model_->context.gotError() ? StopReason::kAssertion : StopReason::kFinish;
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
  Vguestlink_top& top = *model_->top;
  top.read_latency_i = timing.read_latency;
  top.write_latency_i = timing.write_latency;
  top.accept_stall_i = timing.accept_stall;
  top.beat_stall_i = timing.beat_stall;
}

ModelDriver::RegisterAccess ModelDriver::read_register(std::uint32_t offset) {
  Vguestlink_top& top = *model_->top;
  RegisterAccess result;
  top.s_axil_araddr = offset & 0x3FFFU;
  top.s_axil_arvalid = 1;
  top.s_axil_rready = 1;
  for (std::uint32_t cycle = 0; cycle < kRegisterCycles && !result.done; ++cycle) {
    // What is high before the edge is handed over on it.
    model_->top->eval();
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
  Vguestlink_top& top = *model_->top;
  RegisterAccess result;
  top.s_axil_awaddr = offset & 0x3FFFU;
  top.s_axil_wdata = data;
  top.s_axil_wstrb = strobes & 0xFU;
  top.s_axil_awvalid = top.s_axil_wvalid = top.s_axil_bready = 1;
  for (std::uint32_t cycle = 0; cycle < kRegisterCycles && !result.done; ++cycle) {
    model_->top->eval();
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
  model_->top->page_address_i = address;
  model_->top->page_session_i = session;
  model_->top->page_enable_i = 1;
}

void ModelDriver::disable_page() { model_->top->page_enable_i = 0; }

ModelDriver::PageStatus ModelDriver::page() const {
  const Vguestlink_top& top = *model_->top;
  return {top.page_attached_o != 0, top.page_error_o != 0, top.page_state_o};
}

ModelDriver::Counters ModelDriver::counters() const {
  const Vguestlink_top& top = *model_->top;
  Counters counters;
  counters.bytes_read = top.bytes_read_o;
  counters.bytes_written = top.bytes_written_o;
  counters.descriptors = top.descriptors_o;
  counters.interrupts = top.interrupts_o;
  counters.page_accesses = top.page_accesses_o;
  counters.errors = top.error_count_o;
  counters.error_status = top.error_status_o;
  counters.error_address = top.error_address_o;
  return counters;
}

bool ModelDriver::engine_idle() const { return model_->top->idle_o != 0; }
bool ModelDriver::interrupt() const { return model_->top->irq_o != 0; }

}  // namespace guestlink::sim
