// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <systemc>
#include <tlm>
#include <unordered_map>

#include "systemc/axi/subordinate.h"
#include "systemc/pins/parts.h"

namespace guestlink {

/// Of TlmToAxil and TlmToAxi4.
struct ManagerParameters {
  /// Bursts in flight for each direction, from 1. More wait their turn.
  unsigned outstanding = 8;
  /// Clocks without any handshake after which what is pending in a direction ends in an error;
  /// from 1.
  std::uint64_t time_limit_clocks = 100'000;
};

namespace pins {

/// What a manager shows.
struct ManagerSide : axi::ManagerPins {
  bool w_last = false;
};

/// The manager of an AXI4 or AXI4-Lite bus, clock by clock, for TLM transactions from any number of
/// threads. It knows no pins.
///
/// A transaction has one id, which it shares with others when there are more of them than ids. Its
/// bursts go out one after the other without waiting for answers; those of different transactions
/// overlap. No output depends on an input of the same clock.
///
/// For the threads of one SystemC kernel.
class Manager {
 public:
  struct Shape {
    BusShape bus;
    std::uint64_t highest_address = 0;
    std::uint32_t ids = 1;  ///< 0 to ids - 1 are used
  };

  /// `owner` is the module, for messages. Reports an error for a parameter out of range.
  Manager(const sc_core::sc_module& owner, const Shape& shape, const ManagerParameters& parameters);

  /// b_transport: returns when the bus has answered, the annotated delay having gone by before.
  /// From a thread process. The response status is docs/systemc-pins.md's.
  void transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);

  /// For the clock to come.
  [[nodiscard]] const ManagerSide& pins() const noexcept { return pins_; }
  /// A rising edge out of reset.
  void clock(const axi::SubordinatePins& in);
  /// Whenever reset is low: what is pending ends in an error. What comes later waits for its end.
  void reset();

 private:
  struct Transaction {
    Transaction(const Access& what, const BusShape& bus) : access(what), planner(what, bus) {}
    Access access;  // `data` is null once the caller is gone
    PartPlanner planner;
    std::uint32_t id = 0;
    std::uint32_t open = 0;  // bursts without their answer
    axi::Response worst = axi::Response::kOkay;
    bool done = false;
    sc_core::sc_event finished;
  };
  using Shared = std::shared_ptr<Transaction>;
  struct InFlight {
    Shared transaction;
    Part part;
    std::uint32_t beat = 0;
  };
  struct WriteBeat {
    std::array<std::byte, 128> data{};
    std::array<std::uint8_t, 16> strobes{};
    bool last = false;
  };
  struct Direction {
    const char* name;
    std::deque<Shared> live;     // in the order they came: the caller waits
    std::deque<Shared> waiting;  // of those, have bursts that have not been launched
    std::deque<axi::Burst> address;
    std::unordered_map<std::uint32_t, std::deque<InFlight>> in_flight;  // by id
    std::uint32_t in_flight_count = 0;
    std::uint64_t quiet_clocks = 0;  // since a handshake, or since it was last idle
  };

  [[nodiscard]] tlm::tlm_response_status check(const tlm::tlm_generic_payload& payload) const;
  [[nodiscard]] bool in_shape(const tlm::tlm_generic_payload& payload) const;
  tlm::tlm_response_status run(const Access& access);
  void launch(Direction& direction);
  void queue_write_beats(const Access& access, const Part& part);
  bool handshakes(Direction& direction, bool address_taken);
  void take_b(std::uint32_t id, axi::Response response);
  void take_r(const axi::SubordinatePins& in);
  InFlight* oldest(Direction& direction, std::uint32_t id, const char* channel);
  void answer(Direction& direction, std::uint32_t id);
  void finish_if_done(Direction& direction, const Shared& transaction);
  void watch(Direction& direction, bool moved);
  void fail_all(Direction& direction);
  void show();
  void warn(const std::string& text) const;

  const sc_core::sc_module& owner_;
  Shape shape_;
  ManagerParameters parameters_;
  ManagerSide pins_;
  Direction read_{"read", {}, {}, {}, {}, 0, 0};
  Direction write_{"write", {}, {}, {}, {}, 0, 0};
  std::deque<WriteBeat> write_beats_;
  std::uint32_t next_id_ = 0;
  bool in_reset_ = true;  // until the first clock out of it
  bool stray_reported_ = false;
};

}  // namespace pins
}  // namespace guestlink
