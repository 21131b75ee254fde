// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/axi/subordinate.h"

#include <algorithm>
#include <cstring>

namespace guestlink::axi {

Subordinate::Queue::Queue(std::uint32_t size) : slots_(size) {
  for (auto& slot : slots_) slot = std::make_unique<Request>();
}

void Subordinate::Queue::pop() noexcept {
  head_ = static_cast<std::uint32_t>((head_ + 1) % slots_.size());
  --count_;
}

// What is being served is kept for its server until it is done.
void Subordinate::Queue::forget() {
  for (; count_ != 0; pop()) {
    auto& slot = slots_[head_];
    if (!slot->served || slot->done) continue;
    orphans_.push_back(std::move(slot));
    slot = std::make_unique<Request>();
  }
}

bool Subordinate::Queue::drop_orphan(const Request& request) {
  return std::erase_if(orphans_, [&](const auto& orphan) { return orphan.get() == &request; }) != 0;
}

Subordinate::Subordinate(Server& server, std::uint32_t bus_bytes, std::uint32_t outstanding)
    : server_(server),
      bus_bytes_(bus_bytes),
      reads_(outstanding),
      writes_(outstanding),
      r_word_(bus_bytes) {}

void Subordinate::reset() {
  reads_.forget();
  writes_.forget();
  filled_ = w_beat_ = r_beat_ = 0;
  active_ = false;
  now_ = 0;
  pins_ = {};
}

void Subordinate::clock(const ManagerPins& manager) {
  clocking_ = true;
  if (pins_.b_valid && manager.b_ready) {
    writes_.pop();
    --filled_;
  }
  if (pins_.r_valid && manager.r_ready) pins_.r_valid = false;
  if (pins_.w_ready && manager.w_valid) take_data(manager.w_data, manager.w_strobes);
  if (pins_.aw_ready && manager.aw_valid) begin(writes_.push(), true, manager.aw);
  if (pins_.ar_ready && manager.ar_valid) take_read(manager.ar);
  active_ = true;
  ++now_;
  clocking_ = false;
  answer();
}

// What follows from the last edge, also when a server was done only behind it.
void Subordinate::answer() {
  const bool beat_open = (beat_stall_ >> (now_ - 1) % 32 & 1U) == 0;
  if (!pins_.r_valid && beat_open) load_r();
  show();
}

void Subordinate::set_stalls(std::uint32_t accept, std::uint32_t beat) {
  accept_stall_ = accept;
  beat_stall_ = beat;
  show();
}

void Subordinate::begin(Request& request, bool write, const Burst& burst) const {
  request.write = write;
  request.served = request.done = false;
  request.legal = burst.legal(bus_bytes_);
  if (request.legal) {
    request.transfer.start(burst, bus_bytes_);
  } else {
    request.transfer.refuse(burst);
  }
}

void Subordinate::take_read(const Burst& burst) {
  Request& request = reads_.push();
  begin(request, false, burst);
  hand_over(request);
}

void Subordinate::take_data(const std::byte* data, const std::uint8_t* strobes) {
  Request& request = writes_.at(filled_);
  if (request.legal) request.transfer.put(w_beat_, data, strobes);
  if (w_beat_++ < request.transfer.burst().len) return;
  w_beat_ = 0;
  ++filled_;
  hand_over(request);
}

void Subordinate::hand_over(Request& request) {
  request.served = true;
  request.due = now_;
  if (request.legal) {
    server_.serve(request);
  } else {
    finish(request, Response::kSlvErr, 1);
  }
}

void Subordinate::finish(Request& request, Response response, std::uint64_t latency) {
  if (reads_.drop_orphan(request) || writes_.drop_orphan(request)) return;
  request.response = response;
  request.due += std::max<std::uint64_t>(latency, 1);
  request.done = true;
  if (!clocking_ && active_) answer();
}

void Subordinate::load_r() {
  if (reads_.empty()) return;
  const Request& request = reads_.at(0);
  if (!request.done || request.due > now_) return;
  const Burst& burst = request.transfer.burst();
  if (request.response == Response::kOkay) {
    std::memcpy(r_word_.data(), request.transfer.word(r_beat_).data(), bus_bytes_);
  } else {
    std::fill(r_word_.begin(), r_word_.end(), std::byte{0});
  }
  pins_.r_valid = true;
  pins_.r_id = burst.id;
  pins_.r_data = r_word_.data();
  pins_.r_response = request.response;
  pins_.r_last = r_beat_ == burst.len;
  ++r_beat_;
  if (!pins_.r_last) return;
  r_beat_ = 0;
  reads_.pop();
}

void Subordinate::show() {
  pins_.ar_ready = open(accept_stall_) && !reads_.full();
  pins_.aw_ready = open(accept_stall_) && !writes_.full();
  pins_.w_ready = open(beat_stall_) && filled_ < writes_.count();
  pins_.b_valid = false;
  if (filled_ == 0) return;
  const Request& head = writes_.at(0);
  pins_.b_valid = head.done && head.due <= now_;
  pins_.b_id = head.transfer.burst().id;
  pins_.b_response = head.response;
}

}  // namespace guestlink::axi
