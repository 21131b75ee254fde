// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The client's side of vfio-user, as QEMU's vfio-user-pci speaks it, for tests. Its own definition
// of the protocol, so that it does not agree with the server's mistakes.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "guestlink/mapping.h"

namespace guestlink::test {

/// Bytes of a message, put together value by value, little-endian.
class WireBytes {
 public:
  template <typename T>
  requires std::is_integral_v<T> WireBytes& add(T value) {
    return add(std::as_bytes(std::span(&value, 1)));
  }
  WireBytes& add(std::span<const std::byte> bytes) {
    // Not inserted: GCC 12 warns of an overflow that is not there.
    for (const std::byte byte : bytes) bytes_.push_back(byte);
    return *this;
  }
  WireBytes& add(std::string_view text) { return add(std::as_bytes(std::span(text))); }
  [[nodiscard]] const std::vector<std::byte>& bytes() const { return bytes_; }
  operator std::span<const std::byte>() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

/// What the server has answered.
struct VfioUserReply {
  std::uint16_t id = 0;
  std::uint16_t command = 0;
  std::uint32_t flags = 0;
  std::uint32_t error = 0;  ///< an errno value; 0 without the error flag
  std::vector<std::byte> payload;

  /// `count` bytes of the payload at `offset`, as a number. Throws std::out_of_range.
  [[nodiscard]] std::uint64_t number(std::size_t offset, std::size_t count) const {
    if (offset > payload.size() || count > payload.size() - offset || count > 8) {
      throw std::out_of_range("a reply of " + std::to_string(payload.size()) +
                              " bytes has no number at " + std::to_string(offset));
    }
    std::uint64_t value = 0;
    std::memcpy(&value, payload.data() + offset, count);
    return value;
  }
};

/// One thread. What waits, waits for `limit` at most and throws std::runtime_error then. The server
/// is either in another thread, or `pump` makes it serve.
class VfioUserClient {
 public:
  using Bytes = std::vector<std::byte>;

  enum Command : std::uint16_t {
    kVersion = 1,
    kDmaMap = 2,
    kDmaUnmap = 3,
    kGetInfo = 4,
    kGetRegionInfo = 5,
    kGetIrqInfo = 7,
    kSetIrqs = 8,
    kRegionRead = 9,
    kRegionWrite = 10,
    kReset = 13,
    kWriteMulti = 15,
  };
  static constexpr std::uint32_t kNoReply = 0x10;
  static constexpr std::uint32_t kReply = 0x1;
  static constexpr std::uint32_t kError = 0x20;
  static constexpr std::uint32_t kReadable = 1;  // of dma_map
  static constexpr std::uint32_t kWritable = 2;
  static constexpr std::uint32_t kIntx = 0;
  static constexpr std::uint32_t kMsi = 1;
  static constexpr std::uint32_t kMsix = 2;
  static constexpr std::uint32_t kErr = 3;
  static constexpr std::uint32_t kConfig = 7;  // region; 0 to 5 are the BARs
  // Flags of set_irqs.
  static constexpr std::uint32_t kDropAll = 0x21;  // with count 0
  static constexpr std::uint32_t kTriggerNow = 0x21;
  static constexpr std::uint32_t kWire = 0x24;
  static constexpr std::uint32_t kUnmask = 0x11;
  static constexpr std::uint32_t kMask = 0x09;
  static constexpr std::size_t kHeaderBytes = 16;

  explicit VfioUserClient(FileDescriptor socket) : socket_(std::move(socket)) {}

  /// Both ends of a connection.
  static std::pair<FileDescriptor, FileDescriptor> socket_pair() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) fail("socketpair");
    return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
  }

  /// Connects to `path` as soon as somebody listens there.
  static VfioUserClient connect(const std::string& path,
                                std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) throw std::runtime_error("too long: " + path);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const auto deadline = Clock::now() + limit;
    for (;;) {
      FileDescriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
      if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        return VfioUserClient(std::move(fd));
      }
      if (Clock::now() >= deadline) fail("connect to " + path);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  /// Called while waiting.
  std::function<void()> pump;
  std::chrono::milliseconds limit = std::chrono::seconds(20);

  [[nodiscard]] int fd() const { return socket_.get(); }
  /// Hangs up.
  void close() { socket_ = FileDescriptor(); }

  /// Header and payload of a request, as they are on the wire.
  static WireBytes message(std::uint16_t id, std::uint16_t command,
                           std::span<const std::byte> payload, std::uint32_t flags = 0) {
    WireBytes bytes;
    bytes.add(id).add(command);
    bytes.add(static_cast<std::uint32_t>(kHeaderBytes + payload.size())).add(flags);
    bytes.add(std::uint32_t{0}).add(payload);
    return bytes;
  }

  /// Any bytes; `files` go with the first.
  void send_bytes(std::span<const std::byte> bytes, std::span<const int> files = {}) {
    const auto deadline = Clock::now() + limit;
    while (!bytes.empty()) {
      const ssize_t done = send_some(bytes, files);
      if (done < 0 && errno != EAGAIN) fail("send");
      if (done < 0) {
        wait(POLLOUT, deadline);
      } else {
        bytes = bytes.subspan(static_cast<std::size_t>(done));
        files = {};
      }
    }
  }

  /// Sends a request and returns its id.
  std::uint16_t send(std::uint16_t command, std::span<const std::byte> payload = {},
                     std::span<const int> files = {}, std::uint32_t flags = 0) {
    send_bytes(message(++id_, command, payload, flags), files);
    return id_;
  }

  /// The next reply if there is one already. Throws std::runtime_error if the server has hung up.
  std::optional<VfioUserReply> try_receive() {
    if (!kept_.empty()) {
      VfioUserReply first = std::move(kept_.front());
      kept_.erase(kept_.begin());
      return first;
    }
    return read_reply();
  }
  /// The next reply.
  VfioUserReply receive() {
    const auto deadline = Clock::now() + limit;
    for (;;) {
      if (auto reply = try_receive()) return std::move(*reply);
      wait(POLLIN, deadline);
    }
  }
  /// The reply to request `id`; others are kept for later.
  VfioUserReply receive(std::uint16_t id) {
    const auto deadline = Clock::now() + limit;
    const auto wanted = [id](const VfioUserReply& reply) { return reply.id == id; };
    if (const auto found = std::find_if(kept_.begin(), kept_.end(), wanted); found != kept_.end()) {
      VfioUserReply reply = std::move(*found);
      kept_.erase(found);
      return reply;
    }
    for (;;) {
      if (auto reply = read_reply()) {
        if (reply->id == id) return std::move(*reply);
        kept_.push_back(std::move(*reply));
      } else {
        wait(POLLIN, deadline);
      }
    }
  }
  /// Whether the server hangs up, without another reply, before the limit.
  bool hung_up() {
    const auto deadline = Clock::now() + limit;
    try {
      while (!try_receive()) wait(POLLIN, deadline);
    } catch (const std::runtime_error&) {
      return ended_;
    }
    return false;
  }

  VfioUserReply call(std::uint16_t command, std::span<const std::byte> payload = {},
                     std::span<const int> files = {}) {
    return receive(send(command, payload, files));
  }

  // Each of these returns what the server answered. ------------------------------------------

  VfioUserReply version(std::string_view json = R"({"capabilities":{"write_multiple":true}})",
                        std::uint16_t major = 0, std::uint16_t minor = 0) {
    return call(kVersion, WireBytes().add(major).add(minor).add(json).add(std::uint8_t{0}));
  }
  /// Without a file if `file` is -1.
  VfioUserReply dma_map(std::uint64_t address, std::uint64_t size, int file,
                        std::uint64_t offset = 0, std::uint32_t flags = kReadable | kWritable) {
    WireBytes payload;
    payload.add(std::uint32_t{32}).add(flags).add(offset).add(address).add(size);
    return call(kDmaMap, payload, std::span(&file, file < 0 ? 0 : 1));
  }
  VfioUserReply dma_unmap(std::uint64_t address, std::uint64_t size, std::uint32_t flags = 0) {
    return call(kDmaUnmap, WireBytes().add(std::uint32_t{24}).add(flags).add(address).add(size));
  }
  VfioUserReply get_info() {
    const std::uint32_t none = 0;
    return call(kGetInfo, WireBytes().add(std::uint32_t{16}).add(none).add(none).add(none));
  }
  VfioUserReply get_region_info(std::uint32_t index) {
    WireBytes payload;
    payload.add(std::uint32_t{32}).add(std::uint32_t{0}).add(index).add(std::uint32_t{0});
    return call(kGetRegionInfo, payload.add(std::uint64_t{0}).add(std::uint64_t{0}));
  }
  VfioUserReply get_irq_info(std::uint32_t index) {
    const std::uint32_t none = 0;
    return call(kGetIrqInfo, WireBytes().add(std::uint32_t{16}).add(none).add(index).add(none));
  }
  VfioUserReply set_irqs(std::uint32_t index, std::uint32_t flags, std::uint32_t start,
                         std::uint32_t count, std::span<const int> eventfds = {}) {
    WireBytes payload;
    payload.add(std::uint32_t{20}).add(flags).add(index).add(start).add(count);
    return call(kSetIrqs, payload, eventfds);
  }
  VfioUserReply reset() { return call(kReset); }

  static WireBytes access(std::uint32_t region, std::uint64_t offset, std::uint32_t count) {
    return WireBytes().add(offset).add(region).add(count);
  }
  VfioUserReply region_read(std::uint32_t region, std::uint64_t offset, std::uint32_t count) {
    return receive(send_read(region, offset, count));
  }
  VfioUserReply region_write(std::uint32_t region, std::uint64_t offset,
                             std::span<const std::byte> data) {
    return receive(send_write(region, offset, data));
  }
  // The same without waiting; each returns the id.
  std::uint16_t send_read(std::uint32_t region, std::uint64_t offset, std::uint32_t count) {
    return send(kRegionRead, access(region, offset, count));
  }
  std::uint16_t send_write(std::uint32_t region, std::uint64_t offset,
                           std::span<const std::byte> data, std::uint32_t flags = 0) {
    const auto count = static_cast<std::uint32_t>(data.size());
    return send(kRegionWrite, access(region, offset, count).add(data), {}, flags);
  }
  /// As QEMU's posted writes.
  template <typename T>
  void post(std::uint32_t region, std::uint64_t offset, T value) {
    send_write(region, offset, std::as_bytes(std::span(&value, 1)), kNoReply);
  }

  /// The number that a region_read has brought. Throws std::runtime_error if it was refused.
  template <typename T>
  T read(std::uint32_t region, std::uint64_t offset) {
    const VfioUserReply reply = region_read(region, offset, sizeof(T));
    if (reply.error != 0) {
      throw std::system_error(static_cast<int>(reply.error), std::generic_category(), "read");
    }
    return static_cast<T>(reply.number(kHeaderBytes, sizeof(T)));
  }
  /// A write that waits for its reply; returns its error.
  template <typename T>
  std::uint32_t write(std::uint32_t region, std::uint64_t offset, T value) {
    return region_write(region, offset, std::as_bytes(std::span(&value, 1))).error;
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kMostFiles = 253;

  [[noreturn]] static void fail(const std::string& what) {
    throw std::runtime_error("vfio-user client: " + what + ": " +
                             std::generic_category().message(errno));
  }

  void wait(short events, Clock::time_point deadline) const {
    if (Clock::now() >= deadline) throw std::runtime_error("vfio-user client: no answer");
    if (pump) pump();
    pollfd entry = {.fd = socket_.get(), .events = events, .revents = 0};
    (void)poll(&entry, 1, pump ? 1 : 10);
  }

  ssize_t send_some(std::span<const std::byte> bytes, std::span<const int> files) const {
    if (files.size() > kMostFiles) throw std::runtime_error("too many files");
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostFiles * sizeof(int))> control{};
    iovec place = {const_cast<std::byte*>(bytes.data()), bytes.size()};
    msghdr message = {};
    message.msg_iov = &place;
    message.msg_iovlen = 1;
    if (!files.empty()) {
      message.msg_control = control.data();
      message.msg_controllen = CMSG_SPACE(files.size_bytes());
      cmsghdr* const part = CMSG_FIRSTHDR(&message);
      part->cmsg_level = SOL_SOCKET;
      part->cmsg_type = SCM_RIGHTS;
      part->cmsg_len = CMSG_LEN(files.size_bytes());
      std::memcpy(CMSG_DATA(part), files.data(), files.size_bytes());
    }
    return sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  std::optional<VfioUserReply> read_reply() {
    if (auto reply = take_reply()) return reply;
    std::array<std::byte, 65536> part;
    const ssize_t got = recv(socket_.get(), part.data(), part.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
    if (got <= 0) {
      ended_ = true;
      throw std::runtime_error("vfio-user client: the server has hung up");
    }
    input_.insert(input_.end(), part.begin(), part.begin() + got);
    return take_reply();
  }

  // Cuts a whole reply off what has arrived.
  std::optional<VfioUserReply> take_reply() {
    if (input_.size() < kHeaderBytes) return std::nullopt;
    VfioUserReply reply;
    std::uint32_t size = 0;
    std::memcpy(&reply.id, input_.data(), 2);
    std::memcpy(&reply.command, input_.data() + 2, 2);
    std::memcpy(&size, input_.data() + 4, 4);
    std::memcpy(&reply.flags, input_.data() + 8, 4);
    std::memcpy(&reply.error, input_.data() + 12, 4);
    if (size < kHeaderBytes) throw std::runtime_error("vfio-user client: a reply without header");
    if (input_.size() < size) return std::nullopt;
    if ((reply.flags & 0xF) != kReply) throw std::runtime_error("vfio-user client: not a reply");
    if (((reply.flags & kError) != 0) != (reply.error != 0)) {
      throw std::runtime_error("vfio-user client: error flag and number disagree");
    }
    const auto end = input_.begin() + static_cast<std::ptrdiff_t>(size);
    reply.payload.assign(input_.begin() + kHeaderBytes, end);
    input_.erase(input_.begin(), end);
    return reply;
  }

  FileDescriptor socket_;
  std::uint16_t id_ = 0;
  std::vector<std::byte> input_;
  std::vector<VfioUserReply> kept_;
  bool ended_ = false;
};

}  // namespace guestlink::test
