// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/pins/manager.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <sstream>

#include "guestlink/range.h"
#include "systemc/pins/report.h"

namespace guestlink::pins {
namespace {

tlm::tlm_response_status status_of(axi::Response response) {
  switch (response) {
    case axi::Response::kOkay:
      return tlm::TLM_OK_RESPONSE;
    case axi::Response::kDecErr:
      return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    case axi::Response::kExOkay:  // no exclusive was asked for
    case axi::Response::kSlvErr:
      break;
  }
  return tlm::TLM_GENERIC_ERROR_RESPONSE;
}

bool enables_valid(const tlm::tlm_generic_payload& payload) {
  const unsigned char* enables = payload.get_byte_enable_ptr();
  if (enables == nullptr) return true;
  const unsigned length = payload.get_byte_enable_length();
  return length != 0 && std::all_of(enables, enables + length, [](unsigned char enable) {
           return enable == TLM_BYTE_ENABLED || enable == TLM_BYTE_DISABLED;
         });
}

Access access_of(const tlm::tlm_generic_payload& payload) {
  Access access;
  access.write = payload.is_write();
  access.address = payload.get_address();
  access.data = payload.get_data_ptr();
  access.length = payload.get_data_length();
  access.streaming_width = std::min<std::uint64_t>(payload.get_streaming_width(), access.length);
  access.enables = payload.get_byte_enable_ptr();
  access.enable_length = payload.get_byte_enable_length();
  return access;
}

}  // namespace

Manager::Manager(const sc_core::sc_module& owner, const Shape& shape,
                 const ManagerParameters& parameters)
    : owner_(owner), shape_(shape), parameters_(parameters) {
  require_from_one(owner, "outstanding", parameters.outstanding);
  require_from_one(owner, "time_limit_clocks", parameters.time_limit_clocks);
}

// ------------------------------------------------------------------------------- the TLM side
void Manager::transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  if (delay != sc_core::SC_ZERO_TIME) sc_core::wait(delay);
  delay = sc_core::SC_ZERO_TIME;
  payload.set_dmi_allowed(false);
  tlm::tlm_response_status status = check(payload);
  if (status == tlm::TLM_OK_RESPONSE && payload.get_command() != tlm::TLM_IGNORE_COMMAND)
    status = run(access_of(payload));
  payload.set_response_status(status);
}

tlm::tlm_response_status Manager::check(const tlm::tlm_generic_payload& payload) const {
  if (payload.get_command() == tlm::TLM_IGNORE_COMMAND) return tlm::TLM_OK_RESPONSE;
  if (!payload.is_read() && !payload.is_write()) return tlm::TLM_COMMAND_ERROR_RESPONSE;
  const std::uint64_t length = payload.get_data_length();
  if (length == 0 || payload.get_streaming_width() == 0) return tlm::TLM_BURST_ERROR_RESPONSE;
  if (payload.get_data_ptr() == nullptr) return tlm::TLM_GENERIC_ERROR_RESPONSE;
  if (!enables_valid(payload)) return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
  // The last byte, not the one after it: a size of 2^64 is no number.
  const std::uint64_t span = std::min<std::uint64_t>(length, payload.get_streaming_width());
  if (!range_fits(payload.get_address(), span - 1, shape_.highest_address))
    return tlm::TLM_ADDRESS_ERROR_RESPONSE;
  return in_shape(payload) ? tlm::TLM_OK_RESPONSE : tlm::TLM_BURST_ERROR_RESPONSE;
}

// AXI4-Lite reaches registers: aligned powers of two of bytes within a word, or whole words.
bool Manager::in_shape(const tlm::tlm_generic_payload& payload) const {
  if (!shape_.bus.lite) return true;
  const std::uint64_t length = payload.get_data_length();
  if (payload.get_streaming_width() < length) return false;
  if (length >= shape_.bus.bus_bytes)
    return payload.get_address() % shape_.bus.bus_bytes == 0 && length % shape_.bus.bus_bytes == 0;
  return std::has_single_bit(length) && payload.get_address() % length == 0;
}

tlm::tlm_response_status Manager::run(const Access& access) {
  Direction& direction = access.write ? write_ : read_;
  const auto transaction = std::make_shared<Transaction>(access, shape_.bus);
  transaction->id = next_id_;
  next_id_ = next_id_ + 1 < shape_.ids ? next_id_ + 1 : 0;
  direction.live.push_back(transaction);
  direction.waiting.push_back(transaction);
  while (!transaction->done) sc_core::wait(transaction->finished);
  return status_of(transaction->worst);
}

// ------------------------------------------------------------------------------- the bus side
void Manager::clock(const axi::SubordinatePins& in) {
  in_reset_ = false;
  const bool aw_taken = pins_.aw_valid && in.aw_ready;
  const bool w_taken = pins_.w_valid && in.w_ready;
  const bool b_taken = pins_.b_ready && in.b_valid;
  const bool ar_taken = pins_.ar_valid && in.ar_ready;
  const bool r_taken = pins_.r_ready && in.r_valid;
  if (aw_taken) write_.address.pop_front();
  if (ar_taken) read_.address.pop_front();
  if (w_taken) write_beats_.pop_front();
  if (b_taken) take_b(in.b_id, in.b_response);
  if (r_taken) take_r(in);
  launch(write_);
  launch(read_);
  watch(write_, aw_taken || w_taken || b_taken);
  watch(read_, ar_taken || r_taken);
  show();
}

void Manager::reset() {
  if (in_reset_) return;
  in_reset_ = true;
  for (Direction* direction : {&read_, &write_}) {
    fail_all(*direction);
    direction->address.clear();
    direction->in_flight.clear();
    direction->in_flight_count = 0;
  }
  write_beats_.clear();
  pins_ = {};
}

void Manager::launch(Direction& direction) {
  while (!direction.waiting.empty() && direction.in_flight_count < parameters_.outstanding) {
    const Shared transaction = direction.waiting.front();
    const auto part = transaction->planner.next();
    if (!part) {
      direction.waiting.pop_front();
      finish_if_done(direction, transaction);
      continue;
    }
    InFlight in_flight{transaction, *part, 0};
    in_flight.part.burst.id = transaction->id;
    if (transaction->access.write) queue_write_beats(transaction->access, *part);
    direction.address.push_back(in_flight.part.burst);
    direction.in_flight[transaction->id].push_back(std::move(in_flight));
    ++direction.in_flight_count;
    ++transaction->open;
  }
}

void Manager::queue_write_beats(const Access& access, const Part& part) {
  for (std::uint32_t n = 0; n < part.burst.beats(); ++n) {
    WriteBeat& beat = write_beats_.emplace_back();
    const Slice slice = slice_of(part, n, shape_.bus.bus_bytes);
    std::memcpy(beat.data.data() + slice.lane, access.data + slice.offset, slice.count);
    for (std::uint32_t i = 0; i < slice.count; ++i) {
      if (!access.enabled(slice.offset + i)) continue;
      const std::uint32_t lane = slice.lane + i;
      beat.strobes.at(lane / 8) |= static_cast<std::uint8_t>(1U << lane % 8);
    }
    beat.last = n == part.burst.len;
  }
}

Manager::InFlight* Manager::oldest(Direction& direction, std::uint32_t id, const char* channel) {
  const auto found = direction.in_flight.find(id);
  if (found != direction.in_flight.end() && !found->second.empty()) return &found->second.front();
  if (!stray_reported_) {
    warn(std::string(channel) + " with id " + std::to_string(id) + ", of which no " +
         direction.name + " is in flight: dropped, as any more will be without a message");
  }
  stray_reported_ = true;
  return nullptr;
}

void Manager::take_b(std::uint32_t id, axi::Response response) {
  const InFlight* burst = oldest(write_, id, "B");
  if (burst == nullptr) return;
  burst->transaction->worst = axi::worse(burst->transaction->worst, response);
  answer(write_, id);
}

void Manager::take_r(const axi::SubordinatePins& in) {
  InFlight* burst = oldest(read_, in.r_id, "R");
  if (burst == nullptr) return;
  Transaction& transaction = *burst->transaction;
  const bool last = burst->beat == burst->part.burst.len;
  transaction.worst = axi::worse(transaction.worst, in.r_response);
  if (in.r_last != last) {
    transaction.worst = axi::worse(transaction.worst, axi::Response::kSlvErr);
    warn("RLAST is " + std::to_string(in.r_last) + " in beat " + std::to_string(burst->beat + 1) +
         " of " + std::to_string(burst->part.burst.beats()));
  }
  if (in.r_response == axi::Response::kOkay && transaction.access.data != nullptr) {
    const Slice slice = slice_of(burst->part, burst->beat, shape_.bus.bus_bytes);
    for (std::uint32_t i = 0; i < slice.count; ++i) {
      if (!transaction.access.enabled(slice.offset + i)) continue;
      std::memcpy(transaction.access.data + slice.offset + i, in.r_data + slice.lane + i, 1);
    }
  }
  ++burst->beat;
  if (last) answer(read_, in.r_id);
}

// The oldest burst of an id has its answer.
void Manager::answer(Direction& direction, std::uint32_t id) {
  auto& queue = direction.in_flight[id];
  const Shared transaction = queue.front().transaction;
  queue.pop_front();
  --direction.in_flight_count;
  --transaction->open;
  finish_if_done(direction, transaction);
}

void Manager::finish_if_done(Direction& direction, const Shared& transaction) {
  const auto waits = std::find(direction.waiting.begin(), direction.waiting.end(), transaction);
  if (transaction->done || transaction->open != 0 || waits != direction.waiting.end()) return;
  std::erase(direction.live, transaction);
  transaction->done = true;
  transaction->finished.notify(sc_core::SC_ZERO_TIME);
}

void Manager::watch(Direction& direction, bool moved) {
  if (moved || direction.live.empty()) {
    direction.quiet_clocks = 0;
    return;
  }
  if (++direction.quiet_clocks < parameters_.time_limit_clocks) return;
  std::ostringstream text;
  text << direction.name << " of address 0x" << std::hex << direction.live.front()->access.address
       << std::dec << ": no handshake for " << parameters_.time_limit_clocks
       << " clocks, so it and " << direction.live.size() - 1
       << " more behind it end in TLM_GENERIC_ERROR_RESPONSE; is the device in reset, or its "
          "clock stopped?";
  fail_all(direction);
  warn(text.str());
}

// Ends what callers wait for. What is on the bus stays there, without a caller: VALID must not fall
// before its READY, and a late answer has to find its burst.
void Manager::fail_all(Direction& direction) {
  for (const Shared& transaction : direction.live) {
    transaction->worst = axi::Response::kSlvErr;
    transaction->access.data = nullptr;
    transaction->done = true;
    transaction->finished.notify(sc_core::SC_ZERO_TIME);
  }
  direction.live.clear();
  direction.waiting.clear();
  direction.quiet_clocks = 0;
}

void Manager::show() {
  pins_.aw_valid = !write_.address.empty();
  if (pins_.aw_valid) pins_.aw = write_.address.front();
  pins_.ar_valid = !read_.address.empty();
  if (pins_.ar_valid) pins_.ar = read_.address.front();
  pins_.w_valid = !write_beats_.empty();
  if (pins_.w_valid) {
    pins_.w_data = write_beats_.front().data.data();
    pins_.w_strobes = write_beats_.front().strobes.data();
    pins_.w_last = write_beats_.front().last;
  }
  pins_.b_ready = pins_.r_ready = true;
}

void Manager::warn(const std::string& text) const {
  SC_REPORT_WARNING(kBusReport, (std::string(owner_.name()) + ": " + text).c_str());
}

}  // namespace guestlink::pins
