// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/platform/doorbell_poller.h"

namespace guestlink::sim {
namespace {

using sc_core::sc_time;
using sc_core::SC_ZERO_TIME;

// Offsets in the page, and values of its state (docs/architecture.md)
constexpr std::uint64_t kPageMask = ~std::uint64_t{0xFFF};
constexpr std::uint64_t kCommand = 0x40;
constexpr std::uint64_t kReply = 0x80;
constexpr std::uint64_t kAttached = 0x88;
constexpr std::uint64_t kInterrupts = 0x90;
constexpr std::uint64_t kOpen = 1;
constexpr std::uint64_t kPassed = 2;
constexpr std::uint64_t kFailed = 3;

constexpr std::uint64_t kDmaCount = 0x86;
constexpr std::uint64_t kRegisterBytes = 0x4000;
constexpr std::uint64_t kSlvErr = 2;
constexpr std::uint64_t kDecErr = 3;

std::uint64_t axi_response(tlm::tlm_response_status status) {
  if (status == tlm::TLM_OK_RESPONSE) return 0;
  return status == tlm::TLM_ADDRESS_ERROR_RESPONSE ? kDecErr : kSlvErr;
}

void describe(tlm::tlm_generic_payload& payload, bool write, std::uint64_t address,
              unsigned char* data, unsigned length) {
  payload.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
  payload.set_address(address);
  payload.set_data_ptr(data);
  payload.set_data_length(length);
  payload.set_streaming_width(length);
  payload.set_byte_enable_ptr(nullptr);
  payload.set_dmi_allowed(false);
  payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
}

}  // namespace

DoorbellPoller::DoorbellPoller(const sc_core::sc_module_name& name, const sc_time& interval)
    : sc_core::sc_module(name), interval_(interval) {
  SC_HAS_PROCESS(DoorbellPoller);
  SC_THREAD(run);
  sc_core::sc_spawn_options count;
  count.spawn_method();
  count.dont_initialize();
  count.set_sensitivity(&irq.pos());
  sc_core::sc_spawn([this] { ++interrupts_; }, "count_interrupts", &count);
}

void DoorbellPoller::enable(std::uint64_t address, std::uint32_t session) {
  address_ = address & kPageMask;
  session_ = session;
  status_ = {};
  enabled_ = true;
  enabled_event_.notify(SC_ZERO_TIME);
}

void DoorbellPoller::disable() { enabled_ = false; }

void DoorbellPoller::reset() {
  enabled_ = false;
  ++epoch_;
  status_ = {};
  accesses_ = 0;
}

void DoorbellPoller::run() {
  while (true) {
    while (!enabled_) wait(enabled_event_);
    run_epoch_ = epoch_;
    try {
      serve();
    } catch (const Forgotten&) {
      continue;
    }
    while (enabled_ && run_epoch_ == epoch_) wait(interval_);
  }
}

// One page, from its first word to its last.
void DoorbellPoller::serve() {
  sequence_ = 0;
  doorbell_ = 0;
  interrupts_ = interrupts_told_ = 0;
  status_.attached = write_page(kAttached, session_);
  status_.error = !status_.attached;
  while (status_.attached) {
    pass(interval_);
    if (!enabled_) {
      status_.error = !write_page(kAttached, 0);
      status_.attached = false;
      return;
    }
    const auto poll = read_page();
    if (poll && serve_poll(*poll)) continue;
    status_.attached = false;
    const bool closed = poll && is_ours(*poll) && poll->state != kOpen;
    status_.error = !closed || !write_page(kAttached, 0);
  }
}

// What is not ours any more is written to no more: the program died, or another has the page.
bool DoorbellPoller::is_ours(const Poll& poll) const {
  return poll.session == session_ &&
         (poll.state == kOpen || poll.state == kPassed || poll.state == kFailed);
}

// False: the page is served no longer.
bool DoorbellPoller::serve_poll(const Poll& poll) {
  status_.state = poll.state <= kFailed ? static_cast<std::uint32_t>(poll.state) : 0;
  if (!is_ours(poll) || poll.state != kOpen) return false;
  return ring(poll.doorbell) && obey(poll.command) && tell_interrupts();
}

bool DoorbellPoller::ring(std::uint64_t doorbell) {
  const auto count = static_cast<std::uint16_t>(doorbell);
  if (count == doorbell_) return true;
  std::array<unsigned char, 2> data = {static_cast<unsigned char>(count),
                                       static_cast<unsigned char>(count >> 8)};
  (void)access_registers(true, kDmaCount, data.data(), data.size(), nullptr);
  doorbell_ = count;
  return true;
}

// The command word: data [31:0], offset [47:32], strobes [51:48], write [52], sequence [63:53].
bool DoorbellPoller::obey(std::uint64_t command) {
  const auto sequence = static_cast<std::uint32_t>(command >> 53);
  if (sequence == 0 || sequence == sequence_) return true;
  const std::uint64_t offset = command >> 32 & 0xFFFF;
  const bool write = (command >> 52 & 1) != 0;
  std::uint64_t response = kDecErr;
  std::uint64_t data = 0;
  if (offset >= kRegisterBytes) {
    response = kDecErr;
  } else if (offset % 4 != 0) {
    response = kSlvErr;
  } else {
    std::array<unsigned char, 4> bytes{};
    std::array<unsigned char, 4> enables{};
    for (unsigned n = 0; n < 4; ++n) {
      if (write) bytes[n] = static_cast<unsigned char>(command >> 8 * n);
      enables[n] = (command >> (48 + n) & 1) != 0 ? TLM_BYTE_ENABLED : TLM_BYTE_DISABLED;
    }
    response = axi_response(
        access_registers(write, offset, bytes.data(), 4, write ? enables.data() : nullptr));
    for (unsigned n = 0; !write && n < 4; ++n) data |= std::uint64_t{bytes[n]} << 8 * n;
  }
  sequence_ = sequence;
  return write_page(kReply, std::uint64_t{sequence} << 53 | response << 32 | data);
}

bool DoorbellPoller::tell_interrupts() {
  if (interrupts_ == interrupts_told_) return true;
  interrupts_told_ = interrupts_;
  return write_page(kInterrupts, interrupts_told_);
}

// Word by word and in this order: a doorbell stored before a command is seen before it.
std::optional<DoorbellPoller::Poll> DoorbellPoller::read_page() {
  Poll poll;
  std::uint64_t offset = kCommand;
  for (std::uint64_t* word : {&poll.command, &poll.doorbell, &poll.state, &poll.session}) {
    tlm::tlm_generic_payload payload;
    describe(payload, false, address_ + offset, reinterpret_cast<unsigned char*>(word), 8);
    sc_time delay = SC_ZERO_TIME;
    memory->b_transport(payload, delay);
    if (!payload.is_response_ok()) return std::nullopt;
    offset += 8;
  }
  return poll;
}

bool DoorbellPoller::write_page(std::uint64_t offset, std::uint64_t value) {
  tlm::tlm_generic_payload payload;
  describe(payload, true, address_ + offset, reinterpret_cast<unsigned char*>(&value), 8);
  sc_time delay = SC_ZERO_TIME;
  memory->b_transport(payload, delay);
  return payload.is_response_ok();
}

tlm::tlm_response_status DoorbellPoller::access_registers(bool write, std::uint64_t offset,
                                                          unsigned char* data, unsigned length,
                                                          unsigned char* enables) {
  tlm::tlm_generic_payload payload;
  describe(payload, write, offset, data, length);
  if (enables != nullptr) {
    payload.set_byte_enable_ptr(enables);
    payload.set_byte_enable_length(length);
  }
  sc_time delay = SC_ZERO_TIME;
  registers->b_transport(payload, delay);
  ++accesses_;
  pass(delay);
  return payload.get_response_status();
}

void DoorbellPoller::pass(const sc_time& time) {
  if (time != SC_ZERO_TIME) wait(time);
  if (run_epoch_ != epoch_) throw Forgotten();
}

}  // namespace guestlink::sim
