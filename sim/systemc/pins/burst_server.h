// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <systemc>
#include <tlm>

#include "systemc/axi/subordinate.h"

namespace guestlink {

/// Of Axi4ToTlm.
struct SubordinateParameters {
  /// Bursts taken and not answered, for each direction, from 1: as many calls of b_transport can
  /// wait at once, which takes a thread each.
  unsigned outstanding = 16;
};

namespace pins {

/// The backward path of an initiator that keeps no DMI pointer and only makes blocking calls.
class NoBackwardPath : public tlm::tlm_bw_transport_if<> {
 public:
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) override;
  void invalidate_direct_mem_ptr(sc_dt::uint64 start, sc_dt::uint64 end) override;
};

/// Serves the bursts of an AXI4 subordinate by b_transport calls of its own threads, which it
/// starts as they are needed. It knows no pins.
///
/// Calls of one direction and id are made one after the other, in the order of their bursts; others
/// overlap if the target waits. A burst is answered in the order it was taken, from the first clock
/// edge on at which its calls are over and the delays they annotated have gone by.
class BurstServer : private axi::Server {
 public:
  /// Reports an error for a parameter out of range. `owner` is the module, for messages.
  BurstServer(const sc_core::sc_module& owner, std::uint32_t bus_bytes,
              const SubordinateParameters& parameters);

  /// Before the first clock.
  void connect(tlm::tlm_fw_transport_if<>& target) { target_ = &target; }
  [[nodiscard]] const axi::SubordinatePins& pins() const noexcept { return bus_.pins(); }
  /// A rising edge out of reset.
  void clock(const axi::ManagerPins& manager);
  /// Whenever reset is low. Calls that have been made run to their end, and come to nothing.
  void reset();

 private:
  // A burst on its way: waiting for a thread, in calls, or waiting for the edge it is answered
  // from.
  struct Job {
    axi::Request* request = nullptr;
    bool started = false;
    bool over = false;     // its calls
    bool dropped = false;  // by a reset
    axi::Response response = axi::Response::kOkay;
    sc_core::sc_time ready;
  };
  using Jobs = std::list<std::shared_ptr<Job>>;
  struct Worker {
    sc_core::sc_event wake;
  };

  void serve(axi::Request& request) override;
  void finish_ready(Jobs& jobs);
  void drop_all(Jobs& jobs);
  void wake_worker();
  void work(Worker& worker);
  [[nodiscard]] std::shared_ptr<Job> next_job() const;
  void run_job(Job& job);

  axi::Subordinate bus_;
  tlm::tlm_fw_transport_if<>* target_ = nullptr;
  Jobs reads_;  // in the order they were taken
  Jobs writes_;
  std::deque<Worker> workers_;  // every job can have one: as many as there can be jobs
  std::deque<Worker*> idle_;
};

}  // namespace pins
}  // namespace guestlink
