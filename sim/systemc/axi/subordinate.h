// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "systemc/axi/burst.h"
#include "systemc/axi/transfer.h"

namespace guestlink::axi {

/// A burst that a Subordinate has taken, on its way through whoever serves it.
struct Request {
  bool write = false;
  bool legal = false;   ///< else no one serves it
  bool served = false;  ///< handed to the server
  Transfer transfer;
  Response response = Response::kOkay;
  bool done = false;
  std::uint64_t due = 0;  ///< the edge before which the (first) answer may show, from finish() on
};

/// Serves what a Subordinate takes: reads when their AR, writes when their last W is handed over.
class Server {
 public:
  virtual ~Server() = default;
  /// Moves the bytes, then calls Subordinate::finish() for the request: at once or later.
  virtual void serve(Request& request) = 0;
};

/// What a manager shows before a clock edge. `w_data` and `w_strobes` are one word of the bus.
struct ManagerPins {
  bool ar_valid = false;
  Burst ar;
  bool r_ready = false;
  bool aw_valid = false;
  Burst aw;
  bool w_valid = false;
  const std::byte* w_data = nullptr;
  const std::uint8_t* w_strobes = nullptr;
  bool b_ready = false;
};

/// What a subordinate shows. `r_data` is one word of the bus, valid until the next clock().
struct SubordinatePins {
  bool ar_ready = false;
  bool r_valid = false;
  std::uint32_t r_id = 0;
  const std::byte* r_data = nullptr;
  Response r_response = Response::kOkay;
  bool r_last = false;
  bool aw_ready = false;
  bool w_ready = false;
  bool b_valid = false;
  std::uint32_t b_id = 0;
  Response b_response = Response::kOkay;
};

/// An AXI4 subordinate, clock by clock: the bus side of axi_ram_frontend.sv in C++, with the same
/// clocks, for whatever serves its bursts (Server).
///
/// Every burst of AXI4, reads and writes at once, in order per direction, `outstanding` bursts each
/// way. R of a burst shows `latency` clocks after its AR, or when the burst before it is done; B
/// `latency` clocks after the last W. One that AXI4 forbids is answered SLVERR in full after one
/// clock, and no one serves it. No input reaches an output within a clock. AxLOCK is ignored:
/// exclusives get OKAY and are not exclusive.
///
/// One thread.
class Subordinate {
 public:
  /// `bus_bytes` 4 to 128, a power of two; `outstanding` from 1; not checked. `server` outlives it.
  Subordinate(Server& server, std::uint32_t bus_bytes, std::uint32_t outstanding);
  Subordinate(const Subordinate&) = delete;
  Subordinate& operator=(const Subordinate&) = delete;

  /// For the clock to come.
  [[nodiscard]] const SubordinatePins& pins() const noexcept { return pins_; }
  /// A rising edge out of reset.
  void clock(const ManagerPins& manager);
  /// A rising edge in reset. Every burst is forgotten; requests being served stay where they are
  /// until finish(), and then come to nothing.
  void reset();

  /// Back-pressure: with bit n of `accept` set no burst is taken in clock n of every 32, with bit n
  /// of `beat` no beat is shown anew and no W taken. From the clock to come on; 0 and 0 at first.
  void set_stalls(std::uint32_t accept, std::uint32_t beat);

  /// The answer to a request: it shows `latency` clocks (at least 1) after the handshake, or in the
  /// clock to come if that is later. pins() change if this is not within serve().
  void finish(Request& request, Response response, std::uint64_t latency);

  /// Whether it has nothing taken and not yet answered.
  [[nodiscard]] bool idle() const noexcept {
    return reads_.empty() && writes_.empty() && !pins_.r_valid;
  }

 private:
  // A queue of requests that keep their place and their buffers.
  class Queue {
   public:
    explicit Queue(std::uint32_t size);
    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    [[nodiscard]] bool full() const noexcept { return count_ == slots_.size(); }
    [[nodiscard]] std::uint32_t count() const noexcept { return count_; }
    Request& at(std::uint32_t n) noexcept { return *slots_[(head_ + n) % slots_.size()]; }
    Request& push() noexcept { return at(count_++); }
    void pop() noexcept;
    void forget();
    /// Whether it was forgotten: then it goes now.
    bool drop_orphan(const Request& request);

   private:
    std::vector<std::unique_ptr<Request>> slots_;
    std::vector<std::unique_ptr<Request>> orphans_;  // being served when a reset came
    std::uint32_t head_ = 0;
    std::uint32_t count_ = 0;
  };

  [[nodiscard]] bool open(std::uint32_t stall) const noexcept {
    return active_ && (stall >> now_ % 32 & 1U) == 0;
  }
  void take_read(const Burst& burst);
  void take_data(const std::byte* data, const std::uint8_t* strobes);
  void answer();
  void load_r();
  void begin(Request& request, bool write, const Burst& burst) const;
  void hand_over(Request& request);
  void show();

  Server& server_;
  std::uint32_t bus_bytes_;
  SubordinatePins pins_;
  bool active_ = false;  // not in the first clock after reset
  bool clocking_ = false;
  std::uint64_t now_ = 0;  // rising edges since reset
  std::uint32_t accept_stall_ = 0;
  std::uint32_t beat_stall_ = 0;
  Queue reads_;               // taken, last beat not yet in R
  Queue writes_;              // taken, B not yet handed over
  std::uint32_t filled_ = 0;  // of writes_, have all their data
  std::uint32_t w_beat_ = 0;  // of the one that is being filled
  std::uint32_t r_beat_ = 0;  // of the head of reads_
  std::vector<std::byte> r_word_;
};

}  // namespace guestlink::axi
