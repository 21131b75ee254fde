// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "support/temporary_directory.h"

namespace guestlink::test {

/// One end of a connection that a test plays QEMU on.
class QmpPeer {
 public:
  explicit QmpPeer(int fd) : fd_(fd) {}
  /// False when the client has gone.
  bool send(const std::string& bytes) const {
    return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0;
  }
  void greet() const {
    send(R"({"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}}})"
         "\r\n");
  }
  /// Ends the connection from this side; any thread may.
  void hang_up() const { shutdown(fd_, SHUT_RDWR); }
  /// The next line; none when the client has gone.
  std::optional<std::string> receive_line() {
    for (;;) {
      if (const std::size_t end = pending_.find('\n'); end != std::string::npos) {
        const std::string line = pending_.substr(0, end);
        pending_.erase(0, end + 1);
        return line;
      }
      char part[4096];
      const ssize_t got = read(fd_, part, sizeof part);
      if (got <= 0) return std::nullopt;
      pending_.append(part, static_cast<std::size_t>(got));
    }
  }
  /// The next command; null when the client has gone.
  nlohmann::json receive() {
    const auto line = receive_line();
    return line ? nlohmann::json::parse(*line) : nlohmann::json(nullptr);
  }
  void answer(const nlohmann::json& command, const nlohmann::json& value) const {
    send(nlohmann::json{{"return", value}, {"id", command["id"]}}.dump() + "\r\n");
  }
  void refuse(const nlohmann::json& command, const std::string& text) const {
    send(nlohmann::json{{"error", {{"class", "GenericError"}, {"desc", text}}},
                        {"id", command["id"]}}
             .dump() +
         "\r\n");
  }
  /// Greets and answers qmp_capabilities.
  void negotiate() {
    greet();
    answer(receive(), nlohmann::json::object());
  }
  /// Until the client has gone.
  void wait_for_end() {
    while (!receive().is_null()) {
    }
  }

 private:
  int fd_;
  std::string pending_;
};

/// A socket on which `clients` are served by `script`, one after the other.
class ScriptedQmp {
 public:
  explicit ScriptedQmp(std::function<void(QmpPeer&)> script, int clients = 1) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener_, 1) != 0) {
      throw std::runtime_error("no socket " + path());
    }
    thread_ = std::jthread([this, clients, script = std::move(script)] {
      for (int served = 0; served < clients; ++served) {
        const int fd = accept(listener_, nullptr, nullptr);
        if (fd < 0) return;
        QmpPeer peer(fd);
        script(peer);
        close(fd);
      }
    });
  }
  ScriptedQmp(const ScriptedQmp&) = delete;
  ScriptedQmp& operator=(const ScriptedQmp&) = delete;
  ~ScriptedQmp() {
    shutdown(listener_, SHUT_RDWR);  // ends an accept
    thread_.join();
    close(listener_);
  }
  [[nodiscard]] std::string path() const { return directory_.file("qmp"); }

 private:
  TemporaryDirectory directory_;
  int listener_ = -1;
  std::jthread thread_;
};

}  // namespace guestlink::test
