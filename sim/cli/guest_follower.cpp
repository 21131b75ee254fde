// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/guest_follower.h"

#include <chrono>
#include <thread>

#include "guestlink/attach.h"

namespace guestlink::sim {
namespace {

using Clock = Console::Clock;
using Kind = GuestEvent::Kind;

constexpr auto kLookEvery = std::chrono::seconds(1);
constexpr auto kTryEvery = std::chrono::milliseconds(100);
// QEMU answers a reset's client at once; more is only for one that is busy.
constexpr double kResetSeconds = 10;

const char* stop_reason_of(Kind kind) {
  switch (kind) {
    case Kind::kReset:
      return "guest reset";
    case Kind::kMapChanged:
      return "map changed";
    default:
      return "guest ended";
  }
}

}  // namespace

bool GuestFollower::gone() {
  if (loss_) return true;
  const bool lost = guest_.memory().lost();
  const auto now = Clock::now();
  if (!lost && now - last_look_ < kLookEvery) return false;
  last_look_ = now;
  take_events();
  if (!loss_ && !lost) look_at_file();
  if (!loss_ && lost) loss_ = Loss{"memory lost", guest_.loss()};
  return loss_.has_value();
}

void GuestFollower::take_events() {
  for (const GuestEvent& event : guest_.take_events()) {
    if (loss_ || !ends_attachment(event.kind)) {
      console_.say(event.text);
    } else {
      loss_ = Loss{stop_reason_of(event.kind), event.text, event.kind == Kind::kReset};
    }
  }
}

void GuestFollower::look_at_file() {
  const auto problem = guest_.memory().file_problem();
  if (!problem) return;
  loss_ = Loss{"file changed", problem->text};
}

bool GuestFollower::come_back(EngineDriver& driver) {
  const bool follow = loss_->reset ? !options_.stop_on_reset : options_.reattach > 0;
  if (!follow || !options_.doorbell) {
    summary_.stop_reason = loss_->stop_reason;
    console_.problem(summary_, loss_->text);
    return false;
  }
  console_.say(loss_->text);
  if (!attach_again(driver, loss_->reset ? kResetSeconds : options_.reattach)) return false;
  ++(loss_->reset ? summary_.guest_resets : summary_.reattached);
  loss_.reset();
  return true;
}

// Why it failed; none if it did not.
std::optional<std::string> GuestFollower::try_to_attach(EngineDriver& driver) {
  try {
    driver.reattach(guest_);
    return std::nullopt;
  } catch (const AttachError& error) {
    return error.what();
  }
}

bool GuestFollower::attach_again(EngineDriver& driver, double seconds) {
  const auto limit = Clock::now() + std::chrono::duration<double>(seconds);
  while (const auto obstacle = try_to_attach(driver)) {
    if (interrupted()) {
      summary_.stop_reason = "signal";
      return false;
    }
    if (Clock::now() >= limit) {
      summary_.stop_reason = loss_->stop_reason;
      console_.problem(summary_, loss_->text);
      console_.problem(summary_, "the guest was not back in time: " + *obstacle);
      return false;
    }
    console_.progress("waiting for the guest to be back");
    std::this_thread::sleep_for(kTryEvery);
  }
  summary_.counters += driver.counters();
  driver.reset();
  console_.say("attached again (generation " + std::to_string(guest_.memory().generation()) +
               "), the RTL is reset");
  return true;
}

}  // namespace guestlink::sim
