// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// A TLM-2.0 initiator that does what a test says and notes what the target does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <systemc>
#include <tlm>
#include <utility>
#include <vector>

namespace guestlink::test {

/// A payload with data of its own, that counts who holds it.
class HeldPayload : public tlm::tlm_generic_payload, private tlm::tlm_mm_interface {
 public:
  HeldPayload(tlm::tlm_command command, std::uint64_t address, std::size_t length)
      : tlm_generic_payload(this), bytes(length) {
    set_command(command);
    set_address(address);
    set_data_ptr(reinterpret_cast<unsigned char*>(bytes.data()));
    set_data_length(static_cast<unsigned int>(length));
    set_streaming_width(static_cast<unsigned int>(length));
    acquire();
  }

  std::vector<std::byte> bytes;

 private:
  void free(tlm::tlm_generic_payload*) override {}  // the test owns it
};

/// What the target sent on the backward path.
struct Sent {
  tlm::tlm_generic_payload* payload;
  unsigned int phase;
  sc_core::sc_time time;
};

class TestInitiator : public sc_core::sc_module, private tlm::tlm_bw_transport_if<> {
 public:
  using Answer = std::function<tlm::tlm_sync_enum(tlm::tlm_generic_payload&, tlm::tlm_phase&,
                                                  sc_core::sc_time&)>;

  tlm::tlm_initiator_socket<> socket{"socket"};
  std::function<void()> body;  ///< runs as a process when the simulation starts
  Answer answer;               ///< to the backward path; none: TLM_ACCEPTED
  std::vector<Sent> sent;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> invalidated;
  sc_core::sc_event event{"event"};  ///< with each of them

  explicit TestInitiator(const sc_core::sc_module_name& name) : sc_module(name) {
    SC_HAS_PROCESS(TestInitiator);
    socket.bind(static_cast<tlm::tlm_bw_transport_if<>&>(*this));
    SC_THREAD(run);
  }

  /// nb_transport_fw with a phase, which is what the target made of it afterwards.
  tlm::tlm_sync_enum send(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                          sc_core::sc_time delay = sc_core::SC_ZERO_TIME) {
    return socket->nb_transport_fw(payload, phase, delay);
  }
  tlm::tlm_sync_enum begin(tlm::tlm_generic_payload& payload,
                           const sc_core::sc_time& delay = sc_core::SC_ZERO_TIME) {
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    return send(payload, phase, delay);
  }
  tlm::tlm_sync_enum end(tlm::tlm_generic_payload& payload,
                         const sc_core::sc_time& delay = sc_core::SC_ZERO_TIME) {
    tlm::tlm_phase phase = tlm::END_RESP;
    return send(payload, phase, delay);
  }

 private:
  void run() {
    if (body) body();
  }
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) override {
    sent.push_back({&payload, phase, sc_core::sc_time_stamp() + delay});
    event.notify(sc_core::SC_ZERO_TIME);
    return answer ? answer(payload, phase, delay) : tlm::TLM_ACCEPTED;
  }
  void invalidate_direct_mem_ptr(sc_dt::uint64 first, sc_dt::uint64 last) override {
    invalidated.emplace_back(first, last);
    event.notify(sc_core::SC_ZERO_TIME);
  }
};

/// Takes warnings and errors instead of SystemC, from its making to its end. None throws.
class Reports {
 public:
  Reports() {
    texts().clear();
    sc_core::sc_report_handler::set_handler(
        [](const sc_core::sc_report& report, const sc_core::sc_actions&) {
          if (report.get_severity() == sc_core::SC_INFO) return;
          const bool warning = report.get_severity() == sc_core::SC_WARNING;
          texts().push_back(std::string(warning ? "warning: " : "error: ") + report.get_msg());
        });
  }
  Reports(const Reports&) = delete;
  Reports& operator=(const Reports&) = delete;
  ~Reports() { sc_core::sc_report_handler::set_handler(nullptr); }

  static std::vector<std::string>& texts() {
    static std::vector<std::string> instance;
    return instance;
  }
};

}  // namespace guestlink::test
