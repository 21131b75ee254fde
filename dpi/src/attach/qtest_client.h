// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "guestlink/mapping.h"

namespace guestlink::detail {

/// A connection to a qtest socket of QEMU (docs/devel/testing/qtest.rst), for the one thing that
/// shared memory cannot do: writes that QEMU itself makes, so that it forgets the translation of
/// what it had executed. QEMU serves one client of the socket at a time. Not thread-safe.
class QtestClient {
 public:
  /// Bytes of one command.
  static constexpr std::size_t kMostBytes = 4096;

  /// Connects. Throws std::runtime_error with what to do.
  explicit QtestClient(std::string path);

  /// Writes kMostBytes at most to guest memory and waits until that is done. Throws
  /// std::runtime_error; what was written is not known then.
  void write(std::uint64_t address, std::span<const std::byte> data);

 private:
  using Clock = std::chrono::steady_clock;

  [[noreturn]] void fail(const std::string& what) const;
  void wait_for(short events, Clock::time_point deadline) const;
  void send(std::string_view bytes, Clock::time_point deadline);
  std::string receive_line(Clock::time_point deadline);

  std::string path_;
  FileDescriptor fd_;
  std::string received_;
};

}  // namespace guestlink::detail
