// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "guestlink/mapping.h"

namespace guestlink::detail {

/// QEMU's answer to a command was an error. Anything else that goes wrong on a QMP connection is a
/// std::runtime_error.
class QmpCommandError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The connection has ended: QEMU has, or it has closed it.
class QmpClosed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Cuts a stream of JSON objects into its objects, whatever blanks stand in and between them
/// (QEMU's `pretty=on` breaks lines within one).
class QmpFramer {
 public:
  static constexpr std::size_t kLongestMessage = std::size_t{4} << 20;

  void add(std::string_view bytes) { pending_.append(bytes); }
  /// The next whole object. Throws std::runtime_error for what begins no object and for one longer
  /// than kLongestMessage.
  std::optional<std::string> next();

 private:
  void skip_blanks();
  bool ends_object(char letter) noexcept;

  std::string pending_;
  std::size_t scanned_ = 0;
  std::size_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

/// One blocking connection to a QEMU machine protocol socket. Every call ends within the limits.
/// What comes from the socket is input: bounded in size and depth, and checked. Not thread-safe.
class QmpClient {
 public:
  struct Limits {
    std::chrono::milliseconds call{5000};
    std::chrono::milliseconds total{30000};  ///< of all calls, from the connection on
  };
  static constexpr std::size_t kMostEvents = 256;

  /// Connects to the unix socket `path` and takes QEMU's greeting. Throws std::runtime_error with
  /// what to do.
  explicit QmpClient(std::string path) : QmpClient(std::move(path), Limits()) {}
  QmpClient(std::string path, Limits limits);

  /// What `command` returns. Throws QmpCommandError if that is an error.
  nlohmann::json execute(const std::string& command,
                         const nlohmann::json& arguments = nlohmann::json::object());
  /// The text that a command of the human monitor prints.
  std::string monitor(const std::string& line);
  /// A property of an object; none if it has no such property.
  std::optional<nlohmann::json> property(const std::string& object, const std::string& name);

  /// Takes what has come without waiting for more. False when it stopped at kMostEvents: take them
  /// and call again. Throws QmpClosed, once what came before the end of the connection is among
  /// events().
  bool take_waiting();
  /// The events that came so far, oldest first; the newest kMostEvents of them.
  [[nodiscard]] const std::deque<nlohmann::json>& events() const noexcept { return events_; }
  std::deque<nlohmann::json> take_events() noexcept { return std::exchange(events_, {}); }
  /// Readable when something has come.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Limits::total begins anew.
  void renew() noexcept { end_ = Clock::now() + limits_.total; }
  /// Who made the socket: its process, if it is one of this machine that may be told, else 0.
  [[nodiscard]] ucred peer() const noexcept;

 private:
  using Clock = std::chrono::steady_clock;

  [[noreturn]] void fail(const std::string& what) const;
  void connect_before(Clock::time_point deadline);
  void wait_for(short events, Clock::time_point deadline, const std::string& awaited) const;
  void send(std::string_view bytes, Clock::time_point deadline, const std::string& awaited);
  nlohmann::json receive(Clock::time_point deadline, const std::string& awaited);
  std::optional<nlohmann::json> next_message();
  bool read_some(const std::string& awaited);
  nlohmann::json parse(const std::string& text) const;
  void keep_event(nlohmann::json event);
  [[nodiscard]] Clock::time_point deadline() const;

  std::string path_;
  Limits limits_;
  Clock::time_point end_;
  FileDescriptor fd_;
  QmpFramer framer_;
  std::deque<nlohmann::json> events_;
  std::uint64_t last_id_ = 0;
};

}  // namespace guestlink::detail
