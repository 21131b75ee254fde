// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <systemc>
#include <tlm>

#include "systemc/axi/subordinate.h"
#include "systemc/axi/tlm_transport.h"
#include "systemc/device/register_port.h"

namespace guestlink {

/// Parameters of a VerilatedDevice. One that makes no sense is an SC_REPORT_ERROR at construction,
/// with the module's name and the parameter's.
struct DeviceParameters {
  /// Of the clock where `clk` is not bound. (A bound one's is measured.)
  sc_core::sc_time clock_period{1, sc_core::SC_NS};
  /// Clocks a wake-up where `clk` is not bound, at least 1.
  std::uint32_t quantum_clocks = 1000;
  /// Bursts that the bus takes and has not answered, for each direction, at least 1.
  std::uint32_t outstanding_bursts = 16;
  /// Clocks of the reset at the start and of reset(), at least 1.
  std::uint32_t reset_clocks = 4;
  /// Clocks that a register access may take, at least 1.
  std::uint32_t register_clocks = 10000;
  /// Bytes that the registers take from address 0 of `s_axil`; 0: as far as the port reaches.
  std::uint64_t register_bytes = 0;
  /// Waves of the model, from its first cycle; empty for none. Needs a Trace (VerilatedDevice).
  std::string trace_file = {};
};

/// A Verilated top as a SystemC module, whatever the top: see VerilatedDevice. Its clock, bursts,
/// register accesses and time are here.
///
/// Clocking. With `clk` bound, every edge of it is one of the model: one SystemC event an edge.
/// Without, the module makes its own clock, with rising edges at 0, clock_period, 2 clock_period
/// ..., and runs up to `quantum_clocks` of them a wake-up, ahead of SystemC's time (temporal
/// decoupling). It never runs past a time named by sync_at(), and stops running ahead when an
/// interrupt changes, so that both are exact to the cycle; interrupts show at the time of their
/// edge. What happens at other times meets a device that is up to a quantum ahead. At the same
/// SystemC time others come first.
///
/// m_axi: each burst of the device becomes a TLM transaction (two if it wraps, one a beat if it is
/// FIXED) by b_transport; the delay that the target adds, in clocks rounded up and at least one, is
/// the latency of the burst. Response status: address error DECERR, other errors SLVERR. A target
/// may wait: others of the device's bursts go on meanwhile with `clk` bound; without, the device
/// stands, then runs the clocks that it missed.
///
/// s_axil: b_transport makes one AXI4-Lite access for each word of the port that the payload
/// touches, in ascending order, and ends with the first that fails: SLVERR is
/// TLM_GENERIC_ERROR_RESPONSE, DECERR TLM_ADDRESS_ERROR_RESPONSE. A payload beyond the registers is
/// an address error; one of no bytes, or with a streaming width below its length, a burst error; no
/// answer in `register_clocks` clocks, a reset or a stopped model a generic error. Byte enables
/// become strobes; a word of a write without any is left out. No DMI, no debug transport.
///
/// A $finish of the RTL stops the simulation (sc_stop); a failed assertion, $error or $fatal is an
/// SC_REPORT_ERROR of type kAssertionReport. The clock stands from then on.
class VerilatedDeviceBase : public sc_core::sc_module, private axi::Server {
 public:
  using OptionalInput =
      sc_core::sc_port<sc_core::sc_signal_in_if<bool>, 1, sc_core::SC_ZERO_OR_MORE_BOUND>;

  static constexpr const char* kAssertionReport = "/Guestlink/device/assertion";
  static constexpr const char* kParameterReport = "/Guestlink/device/parameter";
  static constexpr const char* kRegisterReport = "/Guestlink/device/register";

  OptionalInput clk{"clk"};
  /// Low: the model is in reset. Not bound: only reset() and the start do that.
  OptionalInput reset_n{"reset_n"};
  tlm_utils::simple_initiator_socket<VerilatedDeviceBase> m_axi{"m_axi"};
  tlm_utils::simple_target_socket<VerilatedDeviceBase> s_axil{"s_axil"};
  sc_core::sc_vector<sc_core::sc_out<bool>> irq;

  /// Of the bursts of m_axi since construction.
  struct Traffic {
    std::uint64_t bytes_read = 0;     ///< whole words of the bus
    std::uint64_t bytes_written = 0;  ///< with their strobes
    std::uint64_t failed_bursts = 0;  ///< answered by the target with an error
    std::uint64_t failed_address = 0;
    tlm::tlm_response_status failed_status = tlm::TLM_OK_RESPONSE;
  };

  /// Rising edges since construction, reset included.
  [[nodiscard]] std::uint64_t cycles() const noexcept { return cycles_; }
  /// When the next rising edge is (`clk` not bound). At or after SystemC's time, but behind it
  /// while a target of m_axi waits.
  [[nodiscard]] sc_core::sc_time local_time() const {
    return sc_core::sc_time::from_value(cycles_ * period_.value());
  }
  [[nodiscard]] const sc_core::sc_time& clock_period() const noexcept { return period_; }
  /// A time that the device does not run past before SystemC's time has reached it (`clk` not
  /// bound). One that it is past already does nothing.
  void sync_at(const sc_core::sc_time& time);

  /// Back-pressure on m_axi, see axi::Subordinate::set_stalls.
  void set_stalls(std::uint32_t accept, std::uint32_t beat);

  /// Resets the model for `reset_clocks` clocks from its next edge on. Returns at once; in_reset()
  /// and reset_done() tell the end.
  void reset();
  [[nodiscard]] bool in_reset() const noexcept { return reset_left_ != 0 || reset_input_; }
  [[nodiscard]] const sc_core::sc_event& reset_done() const noexcept { return reset_done_; }

  [[nodiscard]] const Traffic& traffic() const noexcept { return traffic_; }
  /// Whether the model ended, and whether by a failed assertion.
  [[nodiscard]] bool stopped() const noexcept { return stopped_; }
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  /// The interrupt outputs of the model, bit n is that of irq[n].
  [[nodiscard]] std::uint64_t interrupts() const noexcept { return irq_level_; }

 protected:
  /// What differs from model to model.
  struct Widths {
    std::uint32_t bus_bytes;
    std::uint32_t register_word_bytes;
    std::uint64_t register_bytes;  ///< that its address port reaches
    std::uint32_t interrupts;
  };

  VerilatedDeviceBase(const sc_core::sc_module_name& name, const DeviceParameters& parameters,
                      const Widths& widths);

  /// The model's clock and reset; evaluates it (and writes the trace at SystemC time `time`).
  virtual void half_clock(bool high, const sc_core::sc_time& time) = 0;
  /// Evaluates it with the clock as it is.
  virtual void settle() = 0;
  virtual void assert_reset(bool asserted) = 0;
  virtual axi::ManagerPins manager_pins() = 0;
  virtual RegisterPort::Shown register_pins() = 0;
  virtual void drive(const axi::SubordinatePins& bus, const RegisterPort::Driven& registers) = 0;
  virtual std::uint64_t interrupt_pins() = 0;
  /// Before each rising edge out of reset.
  virtual void before_edge() = 0;
  virtual bool got_finish() = 0;
  virtual bool got_error() = 0;

  /// An SC_REPORT_ERROR about a parameter of this module.
  void refuse(const std::string& parameter, const std::string& why) const;

 private:
  struct Pending {
    axi::Request* request;
    sc_core::sc_time start;
  };
  struct Change {
    sc_core::sc_time time;
    std::uint64_t level;
  };
  enum class Ending : std::uint8_t { kNone, kAnswered, kTimeout, kReset };

  void end_of_elaboration() override;
  void start_of_simulation() override;

  // The clock
  void on_edge();
  void run_quanta();
  void run_quantum();
  void tick();
  void fall();
  void rise();
  void take_edge();
  void count_traffic(const axi::ManagerPins& manager);
  void enter_reset();
  void leave_reset();
  void follow_reset_input();
  void report_stop();
  void acquire();
  void release();

  // Bursts
  void serve(axi::Request& request) override;
  void serve_pending();
  void finish(axi::Request& request, const axi::Outcome& outcome, const sc_core::sc_time& taken);

  // Registers
  void access_registers(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  tlm::tlm_response_status check(const tlm::tlm_generic_payload& payload) const;
  tlm::tlm_response_status access_words(tlm::tlm_generic_payload& payload);
  tlm::tlm_response_status access_word(const RegisterPort::Access& access);
  void end_access(Ending ending);

  // Interrupts
  void show_interrupts(const sc_core::sc_time& time);
  void deliver_interrupts();
  void write_interrupts(std::uint64_t level);

  DeviceParameters parameters_;
  Widths widths_;
  sc_core::sc_time period_;
  axi::Subordinate subordinate_;
  RegisterPort registers_;
  bool every_edge_ = false;

  std::uint64_t cycles_ = 0;
  std::set<std::uint64_t> sync_points_;  // in cycles
  std::uint32_t reset_left_;
  bool reset_input_ = false;
  bool stopped_ = false;
  bool failed_ = false;
  bool stop_reported_ = false;
  bool inputs_changed_ = false;  // since the model was evaluated
  sc_core::sc_event reset_done_;

  bool acquired_ = false;  // a process clocks the model or accesses its registers
  sc_core::sc_event released_;
  Ending ending_ = Ending::kNone;
  sc_core::sc_event access_ended_;

  std::deque<Pending> pending_;
  sc_core::sc_event pending_added_;
  sc_core::sc_time burst_start_;  // of the edge that is being made

  std::uint64_t irq_level_ = 0;
  std::deque<Change> irq_changes_;
  sc_core::sc_event irq_due_;

  Traffic traffic_;
};

}  // namespace guestlink
