// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <systemc>

#include "cli/run.h"
#include "guestlink/guest_session.h"
#include "model/engine_driver.h"
#include "systemc/guest_memory_target.h"
#include "systemc/platform/doorbell_poller.h"
#include "systemc/platform/merge.h"
#include "systemc/verilated_device_base.h"

namespace guestlink::sim {

class EnginePins;

/// A SystemC platform of the engine, guest memory, a poller of the doorbell page and a host, which
/// is a thread process that does the Work of the command line: the EngineDriver of SystemC.
///
///     host -------------> engine.s_axil      engine.m_axi ---> memory (GuestMemoryTarget)
///     poller.registers -> engine.s_axil      poller.memory --> memory
///     engine.irq -------> poller.irq
class EnginePlatform final : public sc_core::sc_module, public EngineDriver {
 public:
  struct Settings {
    bool every_edge = false;              ///< a SystemC event for each edge of a clock
    std::uint32_t quantum_clocks = 1000;  ///< else so many clocks a wake-up
    std::string trace_file;               ///< FST, from the first cycle; empty for none
    std::uint64_t max_cycles = 0;         ///< 0 for no limit
  };
  /// Throws std::runtime_error if the trace file cannot be written.
  EnginePlatform(const sc_core::sc_module_name& name, GuestSession guest, const Settings& settings);
  ~EnginePlatform() override;

  /// Simulates until `work` is done; its exit code. Once in the life of a process. An exception of
  /// it leaves this.
  int run(const Work& work);

  std::uint64_t step(std::uint64_t cycles) override;
  [[nodiscard]] StopReason stop_reason() const noexcept override;
  void set_cycle_limit(std::uint64_t cycles) noexcept override;
  void set_timing(const Timing& timing) override;
  void reset() override;
  void reattach(GuestSession& guest) override;
  RegisterAccess read_register(std::uint32_t offset) override;
  RegisterAccess write_register(std::uint32_t offset, std::uint32_t data,
                                std::uint32_t strobes) override;
  void enable_page(std::uint64_t address, std::uint32_t session) override;
  void disable_page() override;
  [[nodiscard]] PageStatus page() const override;
  /// `errors` counts bursts here.
  [[nodiscard]] Counters counters() const override;
  [[nodiscard]] bool engine_idle() const override;
  [[nodiscard]] bool interrupt() const override;
  [[nodiscard]] std::uint64_t cycles() const noexcept override;

 private:
  /// A device of either Verilated class.
  struct Engine {
    std::unique_ptr<VerilatedDeviceBase> device;
    std::function<EnginePins&()> pins;
    std::function<bool()> idle;
  };
  template <typename Device>
  static Engine make_engine(const Settings& settings);

  void host();
  void pass(std::uint64_t cycles);
  RegisterAccess access(bool write, std::uint32_t offset, std::uint32_t data,
                        std::uint32_t strobes);

  Settings settings_;
  GuestMemoryTarget memory_;
  Merge to_memory_{"to_memory"};
  Merge to_registers_{"to_registers"};
  Engine engine_;
  DoorbellPoller poller_;
  std::optional<sc_core::sc_clock> clock_;  // its events cost, so only where they are wanted
  sc_core::sc_signal<bool> irq_{"irq_wire"};
  tlm_utils::simple_initiator_socket<EnginePlatform> registers_{"registers"};
  VerilatedDeviceBase::Traffic before_reset_;
  const Work* work_ = nullptr;
  int code_ = 0;
  std::exception_ptr error_;
};

}  // namespace guestlink::sim
