// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "attach/qmp_client.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "attach/mtree.h"
#include "attach/spec.h"
#include "attach/unix_socket.h"

namespace guestlink::detail {
namespace {

using nlohmann::json;

constexpr std::string_view kBlanks = " \t\r\n";
constexpr int kDeepest = 64;

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

void QmpFramer::skip_blanks() {
  if (depth_ > 0) return;
  pending_.erase(0, std::min(pending_.find_first_not_of(kBlanks), pending_.size()));
  if (!pending_.empty() && pending_.front() != '{') {
    throw std::runtime_error("expected a JSON object, got " + in_quotes(printable(pending_)));
  }
}

bool QmpFramer::ends_object(char letter) noexcept {
  if (in_string_) {
    in_string_ = escaped_ || letter != '"';
    escaped_ = !escaped_ && letter == '\\';
    return false;
  }
  in_string_ = letter == '"';
  if (letter == '{') ++depth_;
  return letter == '}' && --depth_ == 0;
}

std::optional<std::string> QmpFramer::next() {
  skip_blanks();
  while (scanned_ < pending_.size()) {
    if (!ends_object(pending_[scanned_++])) continue;
    std::string object = pending_.substr(0, scanned_);
    pending_.erase(0, std::exchange(scanned_, 0));
    return object;
  }
  if (pending_.size() > kLongestMessage) {
    throw std::runtime_error("a message is longer than " + std::to_string(kLongestMessage) +
                             " bytes");
  }
  return std::nullopt;
}

QmpClient::QmpClient(std::string path, Limits limits)
    : path_(std::move(path)), limits_(limits), end_(Clock::now() + limits.total) {
  connect_before(deadline());
  const json greeting = receive(
      deadline(),
      "its greeting; QEMU serves one client of a QMP socket at a time: end the other one, or give "
      "QEMU a second -qmp");
  if (!greeting.contains("QMP")) {
    fail("began with " + in_quotes(printable(greeting.dump())) + ", expected QEMU's greeting");
  }
  execute("qmp_capabilities");
}

void QmpClient::fail(const std::string& what) const {
  throw std::runtime_error("QMP socket " + in_quotes(path_) + " " + what);
}

QmpClient::Clock::time_point QmpClient::deadline() const {
  return std::min(Clock::now() + limits_.call, end_);
}

void QmpClient::connect_before(Clock::time_point deadline) {
  try {
    fd_ = connect_unix(path_, deadline, "-qmp unix:");
  } catch (const std::runtime_error& error) {
    fail(error.what());
  }
}

void QmpClient::wait_for(short events, Clock::time_point deadline,
                         const std::string& awaited) const {
  if (wait_for_socket(fd_.get(), events, deadline)) return;
  fail("sent too little within the time allowed; expected " + awaited);
}

void QmpClient::send(std::string_view bytes, Clock::time_point deadline,
                     const std::string& awaited) {
  while (!bytes.empty()) {
    wait_for(POLLOUT, deadline, awaited);
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EINTR && errno != EAGAIN) {
      fail("cannot be written: " + std::generic_category().message(errno) + "; has QEMU ended?");
    }
  }
}

std::optional<json> QmpClient::next_message() {
  try {
    if (const auto text = framer_.next()) return parse(*text);
    return std::nullopt;
  } catch (const std::runtime_error& error) {
    fail(std::string("does not speak QMP: ") + error.what());
  }
}

// Whether something was there.
bool QmpClient::read_some(const std::string& awaited) {
  std::array<char, 65536> part;
  const ssize_t got = recv(fd_.get(), part.data(), part.size(), 0);
  if (got > 0) {
    framer_.add({part.data(), static_cast<std::size_t>(got)});
    return true;
  }
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return false;
  if (got < 0 && errno != ECONNRESET) {
    fail("cannot be read: " + std::generic_category().message(errno));
  }
  std::string message = "QMP socket " + in_quotes(path_) + " was closed";
  if (!events_.empty()) {
    message.append(" (last event: ").append(text_of(events_.back(), "event")).append(")");
  }
  throw QmpClosed(message.append("; has QEMU ended? Expected ").append(awaited));
}

json QmpClient::receive(Clock::time_point deadline, const std::string& awaited) {
  for (;;) {
    if (auto message = next_message()) return std::move(*message);
    wait_for(POLLIN, deadline, awaited);
    (void)read_some(awaited);
  }
}

bool QmpClient::take_waiting() {
  do {
    while (events_.size() < kMostEvents) {
      auto message = next_message();
      if (!message) break;
      if (!message->contains("event")) {
        fail("sent " + in_quotes(printable(message->dump())) + ", expected an event");
      }
      events_.push_back(std::move(*message));
    }
    if (events_.size() == kMostEvents) return false;
  } while (read_some("an event"));
  return true;
}

json QmpClient::parse(const std::string& text) const {
  const auto check_depth = [](int depth, json::parse_event_t, json&) {
    if (depth > kDeepest) throw std::runtime_error("a message is nested too deep");
    return true;
  };
  try {
    return json::parse(text, check_depth);
  } catch (const json::parse_error& error) {
    throw std::runtime_error("expected JSON, got " + in_quotes(printable(text)) +
                             ", which is none from byte " + std::to_string(error.byte) + " on");
  } catch (const json::exception&) {  // the library's only other complaint
    throw std::runtime_error("a number is too large in " + in_quotes(printable(text)));
  }
}

void QmpClient::keep_event(json event) {
  if (events_.size() == kMostEvents) events_.pop_front();
  events_.push_back(std::move(event));
}

json QmpClient::execute(const std::string& command, const json& arguments) {
  const Clock::time_point limit = deadline();
  const std::string awaited = "the answer to '" + command + "'";
  const json request = {{"execute", command}, {"arguments", arguments}, {"id", ++last_id_}};
  send(request.dump() + "\n", limit, awaited);
  for (;;) {
    json answer = receive(limit, awaited);
    if (answer.contains("event")) {
      keep_event(std::move(answer));
      if (Clock::now() >= limit) fail("sent events only, expected " + awaited);
      continue;
    }
    // A request that QEMU could not read has an answer without an id.
    const bool ours = answer.contains("id") ? answer["id"] == last_id_ : answer.contains("error");
    if (ours && answer.contains("return")) return std::move(answer["return"]);
    if (ours && answer.contains("error")) {
      throw QmpCommandError("QEMU refused '" + command +
                            "': " + printable(text_of(answer["error"], "desc")));
    }
    fail("sent " + in_quotes(printable(answer.dump())) + ", expected " + awaited);
  }
}

std::string QmpClient::monitor(const std::string& line) {
  const json text = execute("human-monitor-command", {{"command-line", line}});
  if (!text.is_string()) fail("sent no text as the answer to " + in_quotes(line));
  return text.get<std::string>();
}

std::optional<json> QmpClient::property(const std::string& object, const std::string& name) {
  try {
    return execute("qom-get", {{"path", object}, {"property", name}});
  } catch (const QmpCommandError&) {
    return std::nullopt;
  }
}

ucred QmpClient::peer() const noexcept { return peer_of(fd_.get()); }

}  // namespace guestlink::detail
