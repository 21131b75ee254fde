// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <sys/types.h>

namespace guestlink::launcher {

/// The program of a command cannot be executed; the code says why.
class CannotExecute : public std::system_error {
 public:
  using std::system_error::system_error;
};

/// How a child process is to be started.
struct ChildSettings {
  std::vector<std::string> words;  ///< program, found in PATH, and its arguments
  std::vector<int> inherited;      ///< descriptors that stay open in it, at their numbers
  bool own_group = false;          ///< not of our terminal: a process group of its own, no input
  sigset_t signal_mask{};          ///< the mask it starts with
};

/// A process that is killed when this one ends, in whatever way. To be made by the main thread.
class Child {
 public:
  /// Throws CannotExecute with the program's name, std::system_error if there can be no process.
  explicit Child(const ChildSettings& settings);

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running() const { return !status_.has_value(); }
  /// Exit code, or 128 + n for signal n. Only once it is not running.
  [[nodiscard]] int status() const { return *status_; }
  /// Looks whether it has ended.
  void poll();
  /// Sends the signal while it runs; to its whole group if it has one of its own.
  void send(int signal) const;

 private:
  pid_t pid_ = -1;
  bool own_group_ = false;
  std::optional<int> status_;
};

}  // namespace guestlink::launcher
