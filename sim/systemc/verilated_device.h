// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>

#if defined(SYSTEMC_VERSION) && !defined(VERILATOR_VERILATED_H_)
#error "include this header, or Verilator's, before those of SystemC"
#endif

#include "model/model_context.h"
#include "systemc/verilated_device_base.h"

namespace guestlink {

/// What a device calls its clock, reset and interrupts, for a VerilatedDevice; this is for one with
/// the names of Guestlink's own. For others, write a class with the same members (they may be
/// static) or derive from this one. One object of it lives in the device.
struct DevicePins {
  /// Interrupt outputs, 1 to 64.
  static constexpr std::uint32_t kInterrupts = 1;
  template <typename Top>
  static void set_clock(Top& top, bool level) {
    top.clk_i = level;
  }
  template <typename Top>
  static void set_reset(Top& top, bool asserted) {
    top.rst_ni = !asserted;
  }
  /// Bit n is the level of irq[n].
  template <typename Top>
  static std::uint64_t interrupts(const Top& top) {
    return top.irq_o;
  }
  /// Looks at the pins before each rising edge out of reset: what is high is handed over on it.
  template <typename Top>
  static void before_edge(const Top&) {}
};

/// A module round the class that Verilator makes of a top with a clock, a reset, an AXI4 manager
/// `m_axi_*` (32 to 1024 bits; the id, lock, cache, prot and qos signals are optional), an
/// AXI4-Lite subordinate `s_axil_*` (32 or 64 bits; prot is optional) and interrupt outputs. How it
/// is clocked and what its sockets do is told at VerilatedDeviceBase.
///
///     guestlink::VerilatedDevice<Vioat_dma> engine("engine", {.quantum_clocks = 1000});
///     engine.m_axi.bind(memory.socket);
///     cpu.socket.bind(engine.s_axil);
///     engine.irq[0].bind(irq_wire);
///
/// `Trace` is Verilator's class of the waves to write, VerilatedFstC or VerilatedVcdC, for a top
/// that was Verilated with that trace; void if there are none.
template <typename Top, typename Pins = DevicePins, typename Trace = void>
class VerilatedDevice : public VerilatedDeviceBase {
 public:
  explicit VerilatedDevice(const sc_core::sc_module_name& name,
                           const DeviceParameters& parameters = {})
      : VerilatedDeviceBase(name, parameters, widths()) {
    if constexpr (kTraced) context_->traceEverOn(!parameters.trace_file.empty());
    top_ = std::make_unique<Top>(context_.get());
    if (!parameters.trace_file.empty()) open_trace(parameters.trace_file);
  }
  ~VerilatedDevice() override {
    context_.select();
    if constexpr (kTraced) trace_.reset();
    top_->final();
    top_.reset();
  }

  /// The model and what the Pins hold; from the thread of the simulation.
  [[nodiscard]] Top& model() noexcept { return *top_; }
  [[nodiscard]] Pins& pins() noexcept { return pins_; }
  [[nodiscard]] VerilatedContext& context() noexcept { return *context_.get(); }

 private:
  template <typename Port>
  using Type = std::remove_cvref_t<Port>;
  static constexpr bool kTraced = !std::is_void_v<Trace>;
  static constexpr std::uint32_t kBusBytes = sizeof(Type<decltype(Top::m_axi_wdata)>);
  static constexpr std::uint32_t kWordBytes = sizeof(Type<decltype(Top::s_axil_wdata)>);
  static_assert(kBusBytes >= 4 && kBusBytes <= 128 && (kBusBytes & (kBusBytes - 1)) == 0,
                "m_axi has 32, 64, 128, 256, 512 or 1024 bits of data");
  static_assert(sizeof(Type<decltype(Top::m_axi_rdata)>) == kBusBytes,
                "m_axi reads and writes as many bits");
  static_assert(kWordBytes == 4 || kWordBytes == 8, "s_axil has 32 or 64 bits of data");
  static_assert(Pins::kInterrupts >= 1 && Pins::kInterrupts <= 64, "1 to 64 interrupts");

  static Widths widths() {
    constexpr unsigned kAddressBits = 8 * sizeof(Type<decltype(Top::s_axil_awaddr)>);
    constexpr std::uint64_t kReach =
        kAddressBits < 64 ? std::uint64_t{1} << kAddressBits % 64 : ~std::uint64_t{0};
    return {kBusBytes, kWordBytes, kReach, Pins::kInterrupts};
  }

  void open_trace(const std::string& file) {
    if constexpr (kTraced) {
      constexpr int kAllLevels = 99;
      trace_ = std::make_unique<Trace>();
      top_->trace(trace_.get(), kAllLevels);
      trace_->set_time_unit("1ps");
      trace_->set_time_resolution("1ps");
      trace_->open(file.c_str());
      if (!trace_->isOpen()) refuse("trace_file", "'" + file + "' cannot be written");
    } else {
      refuse("trace_file", "is '" + file + "', but the device was made without a Trace");
    }
  }

  void half_clock(bool high, const sc_core::sc_time& time) override {
    pins_.set_clock(*top_, high);
    top_->eval();
    if constexpr (kTraced) {
      if (trace_) trace_->dump(static_cast<std::uint64_t>(std::llround(time.to_seconds() * 1e12)));
    }
  }
  void settle() override { top_->eval(); }
  void assert_reset(bool asserted) override { pins_.set_reset(*top_, asserted); }
  std::uint64_t interrupt_pins() override { return pins_.interrupts(*top_); }
  void before_edge() override { pins_.before_edge(*top_); }
  bool got_finish() override { return context_->gotFinish(); }
  bool got_error() override { return context_->gotError(); }

  template <typename Port>
  static const std::byte* bytes_of(const Port& port) noexcept {
    return reinterpret_cast<const std::byte*>(&port);  // words of a wide port go upwards
  }
  template <typename Port>
  static void set(Port& port, std::uint64_t value) noexcept {
    port = static_cast<Type<Port>>(value);
  }

  axi::ManagerPins manager_pins() override {
    const Top& top = *top_;
    axi::ManagerPins pins;
    pins.ar_valid = top.m_axi_arvalid;
    if (pins.ar_valid) {
      pins.ar = {top.m_axi_araddr, 0, top.m_axi_arlen, top.m_axi_arsize,
                 static_cast<axi::BurstType>(top.m_axi_arburst)};
      if constexpr (requires { top.m_axi_arid; })
        pins.ar.id = static_cast<std::uint32_t>(top.m_axi_arid);
    }
    pins.r_ready = top.m_axi_rready;
    pins.aw_valid = top.m_axi_awvalid;
    if (pins.aw_valid) {
      pins.aw = {top.m_axi_awaddr, 0, top.m_axi_awlen, top.m_axi_awsize,
                 static_cast<axi::BurstType>(top.m_axi_awburst)};
      if constexpr (requires { top.m_axi_awid; })
        pins.aw.id = static_cast<std::uint32_t>(top.m_axi_awid);
    }
    pins.w_valid = top.m_axi_wvalid;
    pins.w_data = bytes_of(top.m_axi_wdata);
    pins.w_strobes = reinterpret_cast<const std::uint8_t*>(bytes_of(top.m_axi_wstrb));
    pins.b_ready = top.m_axi_bready;
    return pins;
  }

  RegisterPort::Shown register_pins() override {
    const Top& top = *top_;
    RegisterPort::Shown shown;
    shown.aw_ready = top.s_axil_awready;
    shown.w_ready = top.s_axil_wready;
    shown.b_valid = top.s_axil_bvalid;
    shown.b_response = static_cast<axi::Response>(top.s_axil_bresp);
    shown.ar_ready = top.s_axil_arready;
    shown.r_valid = top.s_axil_rvalid;
    shown.r_response = static_cast<axi::Response>(top.s_axil_rresp);
    shown.r_data = top.s_axil_rdata;
    return shown;
  }

  void drive(const axi::SubordinatePins& bus, const RegisterPort::Driven& registers) override {
    drive_bus(bus);
    drive_registers(registers);
  }

  void drive_bus(const axi::SubordinatePins& bus) {
    Top& top = *top_;
    set(top.m_axi_arready, bus.ar_ready);
    set(top.m_axi_rvalid, bus.r_valid);
    if (bus.r_valid) {
      std::memcpy(&top.m_axi_rdata, bus.r_data, kBusBytes);
      set(top.m_axi_rresp, static_cast<std::uint64_t>(bus.r_response));
      set(top.m_axi_rlast, bus.r_last);
      if constexpr (requires { top.m_axi_rid; }) set(top.m_axi_rid, bus.r_id);
    }
    set(top.m_axi_awready, bus.aw_ready);
    set(top.m_axi_wready, bus.w_ready);
    set(top.m_axi_bvalid, bus.b_valid);
    set(top.m_axi_bresp, static_cast<std::uint64_t>(bus.b_response));
    if constexpr (requires { top.m_axi_bid; }) set(top.m_axi_bid, bus.b_id);
  }

  void drive_registers(const RegisterPort::Driven& registers) {
    Top& top = *top_;
    set(top.s_axil_awvalid, registers.aw_valid);
    set(top.s_axil_wvalid, registers.w_valid);
    set(top.s_axil_bready, registers.b_ready);
    set(top.s_axil_arvalid, registers.ar_valid);
    set(top.s_axil_rready, registers.r_ready);
    set(top.s_axil_awaddr, registers.access.address);
    set(top.s_axil_araddr, registers.access.address);
    set(top.s_axil_wdata, registers.access.data);
    set(top.s_axil_wstrb, registers.access.strobes);
  }

  sim::ModelContext context_;
  Pins pins_;
  std::unique_ptr<Top> top_;
  std::unique_ptr<std::conditional_t<kTraced, Trace, int>> trace_;
};

}  // namespace guestlink
