// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace guestlink::sim {

class Model;  // the Verilated model; its header is Verilator's

/// Why step() ran fewer cycles than it was asked for.
enum class StopReason {
  kNone,        ///< it did not
  kCycleLimit,  ///< Options::max_cycles are used up
  kRequested,   ///< request_stop()
  kFinish,      ///< the RTL called $finish
  kAssertion,   ///< an assertion, $error or $fatal of the RTL; its text is on the standard output
};

/// "none", "cycle limit", "requested", "finish" or "assertion".
const char* to_string(StopReason reason) noexcept;

/// The Verilated guestlink_top with its clock, reset, trace and limits. The one driver of the
/// model: the command line, benches and other platforms use it alike. It handles no signals, prints
/// nothing, and owns its Verilator context, so several may live at once. One thread at a time;
/// request_stop() from any.
class ModelDriver {
 public:
  struct Options {
    std::uint64_t memory_id = 0;   ///< guestlink_id() of an open memory that outlives the driver
    std::string trace_file;        ///< FST, from the first cycle; empty for none
    std::uint64_t max_cycles = 0;  ///< 0 for no limit
  };
  /// Inputs of axi_guest_ram_core for the engine's memory. A pattern is 32 clocks long, bit n set
  /// stalls.
  struct Timing {
    std::uint16_t read_latency = 1;
    std::uint16_t write_latency = 1;
    std::uint32_t accept_stall = 0;
    std::uint32_t beat_stall = 0;
  };
  /// Outcome of a register access: `response` is AXI's (0 OKAY, 2 SLVERR, 3 DECERR) if it was done,
  /// and it was not if the driver stopped or the device gave no answer within kRegisterCycles.
  struct RegisterAccess {
    bool done = false;
    std::uint32_t response = 0;
    std::uint32_t data = 0;
    [[nodiscard]] bool ok() const noexcept { return done && response == 0; }
  };
  struct PageStatus {
    bool attached = false;
    bool error = false;       ///< guest memory refused an access to the page
    std::uint32_t state = 0;  ///< the guest's: 1 open, 2 passed, 3 failed, 0 none yet or any other
  };
  /// Since reset. Bytes are those on the engine's bus, descriptors and completion records included.
  struct Counters {
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_written = 0;
    std::uint64_t descriptors = 0;
    std::uint64_t interrupts = 0;
    std::uint64_t page_accesses = 0;  ///< register accesses made for the guest by the doorbell page
    std::uint32_t errors = 0;         ///< beats of the engine that guest memory refused
    std::uint32_t error_status = 0;   ///< AccessStatus of the last of them
    std::uint64_t error_address = 0;  ///< and its guest address
    std::uint32_t faults = 0;         ///< times that CHANERR left 0
    std::uint32_t fault_chanerr = 0;  ///< what it became the last time
    std::uint64_t fault_chansts = 0;  ///< and CHANSTS then: last descriptor completed, status

    /// Goes on counting over a reset: `later` is what was counted since. What is told of the last
    /// error and fault is that of `later`.
    Counters& operator+=(const Counters& later);
  };
  static constexpr std::uint32_t kRegisterCycles = 10000;

  /// Makes the model and resets it. Throws std::runtime_error if the trace file cannot be written.
  explicit ModelDriver(const Options& options);
  ~ModelDriver();
  ModelDriver(const ModelDriver&) = delete;
  ModelDriver& operator=(const ModelDriver&) = delete;

  /// Runs `cycles` clock cycles, fewer if something stops it; the number run. After a stop it runs
  /// none.
  std::uint64_t step(std::uint64_t cycles);
  [[nodiscard]] StopReason stop_reason() const noexcept;
  /// Makes step() return at once, now and later. Thread-safe and async-signal-safe.
  void request_stop() noexcept { stop_requested_.store(true, std::memory_order_relaxed); }

  /// The limit on cycles() from now on, 0 for none; a stop at an earlier limit is over.
  void set_cycle_limit(std::uint64_t cycles) noexcept;

  /// Takes effect at the next clock; change it while the engine is idle.
  void set_timing(const Timing& timing);
  /// Asserts reset for four cycles. Counters of the device start anew, cycles() does not.
  void reset();

  /// AXI4-Lite accesses to the engine's registers; `offset` is BAR0's, a multiple of 4 below
  /// 0x4000.
  RegisterAccess read_register(std::uint32_t offset);
  RegisterAccess write_register(std::uint32_t offset, std::uint32_t data,
                                std::uint32_t strobes = 0xF);

  /// Raises or lowers page_enable; page() tells what became of it after some cycles.
  void enable_page(std::uint64_t address, std::uint32_t session);
  void disable_page();

  [[nodiscard]] PageStatus page() const;
  [[nodiscard]] Counters counters() const;
  [[nodiscard]] bool engine_idle() const;
  [[nodiscard]] bool interrupt() const;
  /// Clock cycles since construction, reset included.
  [[nodiscard]] std::uint64_t cycles() const noexcept { return cycles_; }

 private:
  void clock();

  std::unique_ptr<Model> model_;
  std::uint64_t max_cycles_;
  std::uint64_t cycles_ = 0;
  StopReason stop_ = StopReason::kNone;
  std::atomic<bool> stop_requested_{false};
};

}  // namespace guestlink::sim
