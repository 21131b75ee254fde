// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the pin bridges share: a clock and a reset, a TLM memory that can be slow and
// refuse, the checkers, and a body that runs in a thread of the kernel with a limit.
#pragma once

#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <systemc>
#include <tlm>
#include <vector>

#include "systemc/pins/wires.h"

namespace guestlink::test {

using Bytes = std::vector<std::uint8_t>;

inline const sc_core::sc_time kPeriod{10, sc_core::SC_NS};

/// By value: sc_time_stamp() is a reference that goes on with time.
inline sc_core::sc_time now() { return sc_core::sc_time_stamp(); }

/// Clock and reset; the first edge is at half a period. Reset is low for three edges.
struct Clocking {
  sc_core::sc_clock clk{"clk", kPeriod, 0.5, kPeriod / 2};
  sc_core::sc_signal<bool, sc_core::SC_MANY_WRITERS> rst_n{"rst_n"};

  template <typename Module>
  void drive(Module& module) {
    module.clk_i(clk);
    module.rst_ni(rst_n);
  }
  void clocks(unsigned count) const {
    for (unsigned i = 0; i < count; ++i) sc_core::wait(clk.posedge_event());
  }
  /// From a thread: low for three edges; both changes are between edges.
  void reset() {
    rst_n.write(false);
    clocks(3);
    sc_core::wait(kPeriod / 4);
    rst_n.write(true);
  }
  /// Runs `body` in a thread, after reset, and fails if it is not over within `limit` clocks.
  void run(const std::function<void()>& body, unsigned limit = 100'000) {
    bool over = false;
    sc_core::sc_spawn([&] {
      reset();
      clocks(2);
      body();
      over = true;
      sc_core::sc_stop();
    });
    sc_core::sc_start(kPeriod * limit);
    EXPECT_TRUE(over) << "the body of the test was not over after " << limit << " clocks";
  }
};

/// What a memory was asked.
struct Call {
  bool write = false;
  std::uint64_t address = 0;
  unsigned length = 0;
  unsigned streaming_width = 0;
  bool has_enables = false;
  sc_core::sc_time start;
};

/// A TLM memory, with the rules of IEEE 1666 in the plainest form.
class MemoryTarget : public sc_core::sc_module {
 public:
  tlm_utils::simple_target_socket<MemoryTarget> socket{"socket"};

  MemoryTarget(const sc_core::sc_module_name& name, std::uint64_t base, std::size_t size)
      : sc_module(name), bytes(size), base_(base) {
    socket.register_b_transport(this, &MemoryTarget::b_transport);
  }

  Bytes bytes;
  std::vector<Call> calls;
  /// Called for each transaction; may wait. What it returns is annotated.
  std::function<sc_core::sc_time(const Call&)> delay;
  /// A status that is not OK ends a transaction that touches the byte.
  std::map<std::uint64_t, tlm::tlm_response_status> errors;
  unsigned in_calls = 0;
  unsigned most_in_calls = 0;

 private:
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& time) {
    const Call call{payload.is_write(),
                    payload.get_address(),
                    payload.get_data_length(),
                    payload.get_streaming_width(),
                    payload.get_byte_enable_ptr() != nullptr,
                    sc_core::sc_time_stamp()};
    calls.push_back(call);
    most_in_calls = std::max(most_in_calls, ++in_calls);
    if (delay) time += delay(call);
    payload.set_response_status(transfer(payload));
    --in_calls;
  }
  tlm::tlm_response_status transfer(tlm::tlm_generic_payload& payload) {
    const std::uint64_t first = payload.get_address() - base_;
    const std::uint64_t length = payload.get_data_length();
    if (first >= bytes.size() || length > bytes.size() - first)
      return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    const auto error = errors.lower_bound(payload.get_address());
    if (error != errors.end() && error->first - payload.get_address() < length)
      return error->second;
    const unsigned char* enables = payload.get_byte_enable_ptr();
    for (std::uint64_t i = 0; i < length; ++i) {
      if (enables != nullptr && enables[i % payload.get_byte_enable_length()] != TLM_BYTE_ENABLED)
        continue;
      std::uint8_t& here = bytes[first + i % payload.get_streaming_width()];
      std::uint8_t& there = payload.get_data_ptr()[i];
      payload.is_write() ? here = there : there = here;
    }
    return tlm::TLM_OK_RESPONSE;
  }
  std::uint64_t base_;
};

/// A payload with its arrays.
struct Payload {
  tlm::tlm_generic_payload tlm;
  Bytes data, enables;

  Payload(bool write, std::uint64_t address, Bytes content, unsigned streaming_width = 0)
      : data(std::move(content)) {
    tlm.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    tlm.set_address(address);
    tlm.set_data_ptr(data.data());
    tlm.set_data_length(static_cast<unsigned>(data.size()));
    tlm.set_streaming_width(streaming_width != 0 ? streaming_width
                                                 : static_cast<unsigned>(data.size()));
  }
  void set_enables(Bytes content) {
    enables = std::move(content);
    tlm.set_byte_enable_ptr(enables.data());
    tlm.set_byte_enable_length(static_cast<unsigned>(enables.size()));
  }
};

/// Calls of a test's threads. It refuses nb_transport_bw unless `on_backward` is set.
class Initiator : public sc_core::sc_module {
 public:
  tlm_utils::simple_initiator_socket<Initiator> socket{"socket"};
  explicit Initiator(const sc_core::sc_module_name& name) : sc_module(name) {
    socket.register_nb_transport_bw(this, &Initiator::nb_transport_bw);
  }
  std::function<tlm::tlm_sync_enum(tlm::tlm_generic_payload&, tlm::tlm_phase&)> on_backward;

  tlm::tlm_response_status call(Payload& payload) {
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    payload.tlm.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    socket->b_transport(payload.tlm, delay);
    EXPECT_EQ(delay, sc_core::SC_ZERO_TIME);
    return payload.tlm.get_response_status();
  }
  tlm::tlm_response_status write(std::uint64_t address, const Bytes& data) {
    Payload payload(true, address, data);
    return call(payload);
  }
  /// Fails unless the answer is OK.
  Bytes read(std::uint64_t address, std::size_t length) {
    Payload payload(false, address, Bytes(length));
    EXPECT_EQ(call(payload), tlm::TLM_OK_RESPONSE) << "read of address " << address;
    return payload.data;
  }

 private:
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& /*delay*/) {
    if (on_backward) return on_backward(payload, phase);
    ADD_FAILURE() << "nb_transport_bw was called";
    return tlm::TLM_COMPLETED;
  }
};

/// Collects warnings of the bridges instead of printing them.
class Warnings {
 public:
  Warnings() {
    texts().clear();
    sc_core::sc_report_handler::set_handler(&Warnings::handle);
  }
  ~Warnings() {
    sc_core::sc_report_handler::set_handler(&sc_core::sc_report_handler::default_handler);
  }
  Warnings(const Warnings&) = delete;
  Warnings& operator=(const Warnings&) = delete;
  static std::vector<std::string>& texts() {
    static std::vector<std::string> list;
    return list;
  }

 private:
  static void handle(const sc_core::sc_report& report, const sc_core::sc_actions& actions) {
    if (report.get_severity() == sc_core::SC_WARNING) {
      texts().emplace_back(report.get_msg());
    } else {
      sc_core::sc_report_handler::default_handler(report, actions);
    }
  }
};

inline Bytes random_bytes(std::mt19937_64& random, std::size_t size) {
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

}  // namespace guestlink::test
