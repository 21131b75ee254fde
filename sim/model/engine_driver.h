// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "guestlink/guest_session.h"

namespace guestlink::sim {

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

/// The engine on guest memory, in clock cycles, for the command line: whoever clocks it. One thread
/// at a time; request_stop() from any.
class EngineDriver {
 public:
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

  EngineDriver() = default;
  virtual ~EngineDriver() = default;
  EngineDriver(const EngineDriver&) = delete;
  EngineDriver& operator=(const EngineDriver&) = delete;

  /// Runs `cycles` clock cycles, fewer if something stops it; the number run. After a stop it runs
  /// none.
  virtual std::uint64_t step(std::uint64_t cycles) = 0;
  [[nodiscard]] virtual StopReason stop_reason() const noexcept = 0;

  /// The limit on cycles() from now on, 0 for none; a stop at an earlier limit is over.
  virtual void set_cycle_limit(std::uint64_t cycles) noexcept = 0;

  /// Takes effect at the next clock; change it while the engine is idle.
  virtual void set_timing(const Timing& timing) = 0;
  /// Resets the engine. Its counters start anew, cycles() does not.
  virtual void reset() = 0;

  /// Attaches the memory of the engine, which is that of `guest`, again (GuestSession::reattach).
  virtual void reattach(GuestSession& guest) { guest.reattach(); }

  /// AXI4-Lite accesses to the engine's registers; `offset` is BAR0's, a multiple of 4 below
  /// 0x4000.
  virtual RegisterAccess read_register(std::uint32_t offset) = 0;
  virtual RegisterAccess write_register(std::uint32_t offset, std::uint32_t data,
                                        std::uint32_t strobes) = 0;
  RegisterAccess write_register(std::uint32_t offset, std::uint32_t data) {
    return write_register(offset, data, 0xF);
  }

  /// Serves the doorbell page at `address`, or serves it no more; page() tells what became of it
  /// after some cycles.
  virtual void enable_page(std::uint64_t address, std::uint32_t session) = 0;
  virtual void disable_page() = 0;

  [[nodiscard]] virtual PageStatus page() const = 0;
  [[nodiscard]] virtual Counters counters() const = 0;
  [[nodiscard]] virtual bool engine_idle() const = 0;
  [[nodiscard]] virtual bool interrupt() const = 0;
  /// Clock cycles since construction, reset included.
  [[nodiscard]] virtual std::uint64_t cycles() const noexcept = 0;
};

}  // namespace guestlink::sim
