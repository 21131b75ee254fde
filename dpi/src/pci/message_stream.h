// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// vfio-user messages on a stream socket: their frame, and nothing of what they mean. Source: the
// protocol's specification (docs/interop/vfio-user.rst of QEMU) and what QEMU 11.1 sends.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "guestlink/mapping.h"

namespace guestlink::detail {

/// In front of every message, little-endian.
struct VfioUserHeader {
  static constexpr std::uint32_t kTypeMask = 0xF;
  static constexpr std::uint32_t kReply = 0x1;
  static constexpr std::uint32_t kNoReply = 0x10;
  static constexpr std::uint32_t kError = 0x20;

  std::uint16_t id = 0;
  std::uint16_t command = 0;
  std::uint32_t size = 0;  ///< bytes, with this header
  std::uint32_t flags = 0;
  std::uint32_t error = 0;  ///< errno value of an error reply

  [[nodiscard]] bool wants_reply() const noexcept { return (flags & kNoReply) == 0; }
};
static_assert(sizeof(VfioUserHeader) == 16);

/// The structure T at the start of `bytes`; none if they are too few.
template <typename T>
requires std::is_trivially_copyable_v<T> std::optional<T> start_of(std::span<const std::byte> bytes)
noexcept {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

/// Bytes that can be no message: the stream has lost its frame for good.
class FramingError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A message, valid until the next call of the stream's receive() or next().
struct VfioUserMessage {
  VfioUserHeader header;
  std::span<const std::byte> payload;
  std::vector<FileDescriptor> files;
};

/// Both directions of a connected stream socket, which it makes non-blocking. One thread.
class MessageStream {
 public:
  /// The largest message: 1 MiB of data behind the longest fixed part.
  static constexpr std::uint32_t kMostBytes = (1U << 20) + 64;

  explicit MessageStream(FileDescriptor socket);

  [[nodiscard]] int fd() const noexcept { return socket_.get(); }

  /// Reads once, without waiting. kNothing: not now. kClosed: the peer has closed or is gone.
  /// Throws FramingError for a message with more files than the kernel takes at once.
  enum class Received : std::uint8_t { kSome, kNothing, kClosed };
  Received receive();
  /// The header of the next message if that has arrived whole; its payload too. Throws
  /// FramingError.
  [[nodiscard]] std::optional<VfioUserHeader> peek() const;
  [[nodiscard]] std::span<const std::byte> peek_payload() const noexcept;
  /// Takes the message that peek() has shown.
  VfioUserMessage next();

  /// Sends a message, or keeps what the peer does not read.
  void send(const VfioUserHeader& header, std::span<const std::byte> fixed,
            std::span<const std::byte> data = {});
  /// Tries again. Whether all has been sent.
  bool flush();
  [[nodiscard]] bool unsent() const noexcept { return sent_ < output_.size(); }
  /// How long the peer has read nothing of what is kept for it.
  [[nodiscard]] std::chrono::steady_clock::duration stuck() const noexcept;

 private:
  struct Attached {
    std::size_t start;  // of the message, in input_
    std::vector<FileDescriptor> files;
  };
  [[nodiscard]] std::span<const std::byte> waiting() const noexcept;
  void make_room();
  void attach(std::vector<FileDescriptor> files);

  FileDescriptor socket_;
  // What has arrived is input_[taken_, filled_).
  std::vector<std::byte> input_;
  std::size_t taken_ = 0;
  std::size_t filled_ = 0;
  std::vector<Attached> attached_;
  std::vector<std::byte> output_;
  std::size_t sent_ = 0;
  std::chrono::steady_clock::time_point stuck_since_;
};

}  // namespace guestlink::detail
