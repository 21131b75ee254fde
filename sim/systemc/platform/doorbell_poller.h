// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_initiator_socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <systemc>
#include <tlm>

namespace guestlink::sim {

/// Serves a doorbell page (docs/doorbell.md) as rtl/doorbell/doorbell_page.sv does, as a TLM
/// initiator: `memory` is the guest's, `registers` are those of the device, at their BAR0 offsets,
/// below 0x4000. For the process or the main function of one thread.
class DoorbellPoller : public sc_core::sc_module {
 public:
  tlm_utils::simple_initiator_socket<DoorbellPoller> memory{"memory"};
  tlm_utils::simple_initiator_socket<DoorbellPoller> registers{"registers"};
  sc_core::sc_in<bool> irq{"irq"};

  /// `interval` is the time from one poll to the next.
  DoorbellPoller(const sc_core::sc_module_name& name, const sc_core::sc_time& interval);

  /// Serves the page from now on.
  void enable(std::uint64_t address, std::uint32_t session);
  /// Tells the page that nobody serves it, at the next poll.
  void disable();
  /// Forgets the page and writes nothing to it.
  void reset();

  struct Status {
    bool attached = false;
    bool error = false;       ///< memory refused an access to the page, or it is another's
    std::uint32_t state = 0;  ///< the guest's: 1 open, 2 passed, 3 failed, 0 none yet or any other
  };
  [[nodiscard]] const Status& status() const noexcept { return status_; }
  /// Register accesses made for the guest.
  [[nodiscard]] std::uint32_t accesses() const noexcept { return accesses_; }

 private:
  /// Thrown when the page is to be forgotten.
  struct Forgotten {};
  // The words at 0x40, in the order of their addresses
  struct Poll {
    std::uint64_t command = 0;
    std::uint64_t doorbell = 0;
    std::uint64_t state = 0;
    std::uint64_t session = 0;
  };

  void run();
  void serve();
  bool serve_poll(const Poll& poll);
  [[nodiscard]] bool is_ours(const Poll& poll) const;
  bool ring(std::uint64_t doorbell);
  bool obey(std::uint64_t command);
  bool tell_interrupts();
  std::optional<Poll> read_page();
  bool write_page(std::uint64_t offset, std::uint64_t value);
  tlm::tlm_response_status access_registers(bool write, std::uint64_t offset, unsigned char* data,
                                            unsigned length, unsigned char* enables);
  void pass(const sc_core::sc_time& time);

  sc_core::sc_time interval_;
  std::uint64_t address_ = 0;
  std::uint32_t session_ = 0;
  bool enabled_ = false;
  std::uint32_t epoch_ = 0;      // of resets
  std::uint32_t run_epoch_ = 0;  // when the page was taken
  sc_core::sc_event enabled_event_;
  Status status_;
  std::uint32_t accesses_ = 0;
  std::uint32_t sequence_ = 0;
  std::uint16_t doorbell_ = 0;
  std::uint32_t interrupts_ = 0;
  std::uint32_t interrupts_told_ = 0;
};

}  // namespace guestlink::sim
