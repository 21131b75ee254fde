// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "model/engine_driver.h"

namespace guestlink::sim {

class Model;  // the Verilated model; its header is Verilator's

/// The Verilated guestlink_top with its clock, reset, trace and limits. The driver of the model for
/// the command line and benches. It handles no signals, prints nothing, and owns its Verilator
/// context, so several may live at once.
class ModelDriver final : public EngineDriver {
 public:
  struct Options {
    std::uint64_t memory_id = 0;   ///< guestlink_id() of an open memory that outlives the driver
    std::string trace_file;        ///< FST, from the first cycle; empty for none
    std::uint64_t max_cycles = 0;  ///< 0 for no limit
  };

  /// Makes the model and resets it. Throws std::runtime_error if the trace file cannot be written.
  explicit ModelDriver(const Options& options);
  ~ModelDriver() override;

  std::uint64_t step(std::uint64_t cycles) override;
  [[nodiscard]] StopReason stop_reason() const noexcept override;
  /// Makes step() return at once, now and later. Thread-safe and async-signal-safe.
  void request_stop() noexcept { stop_requested_.store(true, std::memory_order_relaxed); }

  void set_cycle_limit(std::uint64_t cycles) noexcept override;

  void set_timing(const Timing& timing) override;
  /// Asserts reset for four cycles.
  void reset() override;

  RegisterAccess read_register(std::uint32_t offset) override;
  using EngineDriver::write_register;
  RegisterAccess write_register(std::uint32_t offset, std::uint32_t data,
                                std::uint32_t strobes) override;

  /// Raises or lowers page_enable.
  void enable_page(std::uint64_t address, std::uint32_t session) override;
  void disable_page() override;

  [[nodiscard]] PageStatus page() const override;
  [[nodiscard]] Counters counters() const override;
  [[nodiscard]] bool engine_idle() const override;
  [[nodiscard]] bool interrupt() const override;
  [[nodiscard]] std::uint64_t cycles() const noexcept override { return cycles_; }

 private:
  void clock();

  std::unique_ptr<Model> model_;
  std::uint64_t max_cycles_;
  std::uint64_t cycles_ = 0;
  StopReason stop_ = StopReason::kNone;
  std::atomic<bool> stop_requested_{false};
};

}  // namespace guestlink::sim
