// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "attach/guest_watch.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "attach/mtree.h"
#include "attach/spec.h"
#include "guestlink/address_map.h"

namespace guestlink::detail {
namespace {

using Kind = GuestEvent::Kind;
using nlohmann::json;

constexpr const char* kAgain = "; attach again when it is back";

// The simulator's signals are for its own threads.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

std::string text_at(const json& object, const char* key) {
  if (!object.is_object()) return "";
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? printable(found->get<std::string>()) : "";
}

// " by itself (guest-reset)", of RESET and SHUTDOWN (qapi/run-state.json).
std::string cause_of(const json& event) {
  const json data = event.value("data", json::object());
  const bool by_guest = data.is_object() && data.value("guest", json()) == json(true);
  const std::string reason = text_at(data, "reason");
  return std::string(by_guest ? " by itself" : " from outside") +
         (reason.empty() ? "" : " (" + reason + ")");
}

std::string name_of(const WatchedRow& row) {
  return "the row at " + hex(row.guest_address) + " of " + hex(row.length) + " bytes, backend " +
         in_quotes(printable(row.backend));
}

bool may_change_map(const std::string& event) {
  static constexpr std::array<std::string_view, 4> kNames = {"DEVICE_DELETED", "ACPI_DEVICE_OST",
                                                             "MEMORY_DEVICE_SIZE_CHANGE", "RESUME"};
  return std::find(kNames.begin(), kNames.end(), event) != kNames.end();
}

}  // namespace

GuestWatch::GuestWatch(Target target, std::shared_ptr<MemoryState> state)
    : target_(std::move(target)), state_(std::move(state)), wake_(eventfd(0, EFD_CLOEXEC)) {
  if (wake_.get() < 0) {
    throw std::system_error(errno, std::generic_category(), "watching the guest");
  }
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
}

std::optional<QmpClient> GuestWatch::stop() {
  if (!thread_.joinable()) return std::nullopt;
  const std::uint64_t one = 1;
  (void)!write(wake_.get(), &one, sizeof one);
  thread_.join();
  return std::exchange(target_.qmp, std::nullopt);
}

std::vector<GuestEvent> GuestWatch::take_events() {
  const std::lock_guard lock(mutex_);
  return std::exchange(events_, {});
}

std::string GuestWatch::loss() const {
  const std::lock_guard lock(mutex_);
  return loss_;
}

void GuestWatch::run() {
  try {
    bool more = false;
    do {
      more = target_.qmp && take_qmp();
    } while (wait(more));
  } catch (const std::exception& error) {
    target_.qmp.reset();
    report(Kind::kEnded, std::string("the guest cannot be watched any more: ") + error.what());
  }
}

// Whether there is something to take; false once there is nothing more to wait for. With `more`
// there is, and the look is for what else has come.
bool GuestWatch::wait(bool more) {
  const int qmp = target_.qmp ? target_.qmp->fd() : -1;
  const int process = target_.qemu.process.get();
  if (qmp < 0 && process < 0) return false;
  std::array<pollfd, 3> waited{{{.fd = wake_.get(), .events = POLLIN, .revents = 0},
                                {.fd = qmp, .events = POLLIN, .revents = 0},
                                {.fd = process, .events = POLLIN, .revents = 0}}};
  while (poll(waited.data(), waited.size(), more ? 0 : -1) < 0) {
    if (errno != EINTR && errno != EAGAIN) {
      throw std::system_error(errno, std::generic_category(), "poll");
    }
  }
  if (waited[0].revents != 0) return false;
  if (waited[2].revents != 0) {
    const std::string pid = std::to_string(target_.qemu.pid);
    target_.qemu.process = FileDescriptor();
    report(Kind::kEnded, "QEMU (process " + pid + ") has ended" + last_word_ + kAgain);
  }
  return true;
}

// Whether there may be more to take that the socket does not show: an answer can come with events
// before and behind it.
bool GuestWatch::take_qmp() {
  try {
    const bool all = target_.qmp->take_waiting();
    if (!take_kept_events() || state_->lost()) return !all;
    check_map();
    return true;
  } catch (const QmpClosed&) {
    (void)take_kept_events();
    target_.qmp.reset();
    report(Kind::kEnded,
           "QEMU has ended" + (last_word_.empty() ? ", without a word" : last_word_) + kAgain);
    return false;
  }
}

// Whether one of them may have changed the map.
bool GuestWatch::take_kept_events() {
  bool changed = false;
  for (const json& event : target_.qmp->take_events()) {
    take_event(event);
    changed |= may_change_map(text_at(event, "event"));
  }
  return changed;
}

void GuestWatch::take_event(const json& event) {
  const std::string name = text_at(event, "event");
  if (name == "RESET") {
    report(Kind::kReset, "the guest was reset" + cause_of(event));
  } else if (name == "SHUTDOWN") {
    last_word_ = ": it was shut down" + cause_of(event);
    report(Kind::kEnded, "the guest was shut down" + cause_of(event) + kAgain);
  } else if (name == "STOP") {
    report(Kind::kPaused, "the guest is paused");
  } else if (name == "RESUME") {
    report(Kind::kResumed, "the guest runs");
  }
}

void GuestWatch::check_map() {
  target_.qmp->renew();
  const std::vector<WatchedRow> now = ask_rows(*target_.qmp);
  for (const WatchedRow& row : target_.rows) {
    if (std::find(now.begin(), now.end(), row) != now.end()) continue;
    report(Kind::kMapChanged, "the guest's memory map changed: " + name_of(row) +
                                  ", is not there any more; attach again for the rest");
    return;
  }
  for (const WatchedRow& row : now) {
    if (grown_ || std::find(target_.rows.begin(), target_.rows.end(), row) != target_.rows.end()) {
      continue;
    }
    grown_ = true;
    report(Kind::kMapGrew,
           "the guest has more memory: " + name_of(row) + "; attach again to reach it");
  }
}

// The text is there before the memory is lost: who finds it lost finds why.
void GuestWatch::report(Kind kind, std::string text) {
  {
    const std::lock_guard lock(mutex_);
    if (ends_attachment(kind) && loss_.empty()) loss_ = text;
    if (events_.size() == kMostEvents) events_.erase(events_.begin());
    events_.push_back({kind, std::move(text)});
  }
  if (ends_attachment(kind)) state_->detach();
}

}  // namespace guestlink::detail
