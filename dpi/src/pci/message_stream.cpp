// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci/message_stream.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

namespace guestlink::detail {
namespace {

using Clock = std::chrono::steady_clock;

// More than QEMU has in flight, so that nearly every read takes all there is.
constexpr std::size_t kReadBytes = 65536;
// SCM_MAX_FD of the kernel (include/net/scm.h): none is ever cut off.
constexpr std::size_t kMostFiles = 253;

std::vector<FileDescriptor> files_of(msghdr& message) {
  std::vector<FileDescriptor> files;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      files.emplace_back(fd);
    }
  }
  return files;
}

// Throws FramingError.
std::uint32_t checked_size(const VfioUserHeader& header) {
  if (header.size >= sizeof header && header.size <= MessageStream::kMostBytes) return header.size;
  throw FramingError("a message of " + std::to_string(header.size) + " bytes, expected " +
                     std::to_string(sizeof header) + " to " +
                     std::to_string(MessageStream::kMostBytes));
}

}  // namespace

MessageStream::MessageStream(FileDescriptor socket) : socket_(std::move(socket)) {
  const int flags = fcntl(socket_.get(), F_GETFL);
  (void)fcntl(socket_.get(), F_SETFL, flags | O_NONBLOCK);
}

std::span<const std::byte> MessageStream::waiting() const noexcept {
  return std::span(input_).subspan(taken_, filled_ - taken_);
}

void MessageStream::make_room() {
  if (taken_ == filled_) {
    taken_ = filled_ = 0;
  } else if (taken_ > 0 && input_.size() - filled_ < kReadBytes) {
    std::memmove(input_.data(), input_.data() + taken_, filled_ - taken_);
    for (Attached& attached : attached_) attached.start -= taken_;
    filled_ -= taken_;
    taken_ = 0;
  }
  if (input_.size() - filled_ < kReadBytes) input_.resize(filled_ + kReadBytes);
}

MessageStream::Received MessageStream::receive() {
  make_room();
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostFiles * sizeof(int))> control;
  iovec place = {input_.data() + filled_, input_.size() - filled_};
  msghdr message = {};
  message.msg_iov = &place;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
  if (got < 0) return errno == EAGAIN || errno == EINTR ? Received::kNothing : Received::kClosed;
  std::vector<FileDescriptor> files = files_of(message);
  filled_ += static_cast<std::size_t>(got);
  if (!files.empty()) attach(std::move(files));
  return got == 0 ? Received::kClosed : Received::kSome;
}

// Files come with the first byte of their message, and the kernel ends a read behind the bytes that
// were sent with them: theirs is the last message that begins in this read, or, if none does, the
// one that the read goes on with.
void MessageStream::attach(std::vector<FileDescriptor> files) {
  std::size_t start = taken_;
  while (filled_ - start >= sizeof(VfioUserHeader)) {
    const auto header = *start_of<VfioUserHeader>(std::span(input_).subspan(start));
    // What is wrong with the size is told when the message is looked at.
    if (header.size < sizeof header || header.size >= filled_ - start) break;
    start += header.size;
  }
  std::size_t count = files.size();
  for (const Attached& earlier : attached_) {
    if (earlier.start == start) count += earlier.files.size();
  }
  if (count > kMostFiles) throw FramingError("more than 253 files with one message");
  attached_.push_back({start, std::move(files)});
}

std::optional<VfioUserHeader> MessageStream::peek() const {
  const auto header = start_of<VfioUserHeader>(waiting());
  if (!header || checked_size(*header) > waiting().size()) return std::nullopt;
  return header;
}

std::span<const std::byte> MessageStream::peek_payload() const noexcept {
  const auto header = start_of<VfioUserHeader>(waiting());
  return waiting().subspan(sizeof *header, header->size - sizeof *header);
}

VfioUserMessage MessageStream::next() {
  VfioUserMessage message{*peek(), peek_payload(), {}};
  while (!attached_.empty() && attached_.front().start < taken_ + message.header.size) {
    for (FileDescriptor& file : attached_.front().files) message.files.push_back(std::move(file));
    attached_.erase(attached_.begin());
  }
  taken_ += message.header.size;
  return message;
}

void MessageStream::send(const VfioUserHeader& header, std::span<const std::byte> fixed,
                         std::span<const std::byte> data) {
  if (!unsent()) {
    output_.clear();
    sent_ = 0;
    stuck_since_ = Clock::time_point();
  }
  const auto append = [&](std::span<const std::byte> part) {
    output_.insert(output_.end(), part.begin(), part.end());
  };
  append(std::as_bytes(std::span(&header, 1)));
  append(fixed);
  append(data);
  (void)flush();
}

bool MessageStream::flush() {
  while (unsent()) {
    const ssize_t done = ::send(socket_.get(), output_.data() + sent_, output_.size() - sent_,
                                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0 && errno == EAGAIN) {
      if (stuck_since_ == Clock::time_point()) stuck_since_ = Clock::now();
      return false;
    }
    if (done < 0) {  // gone: reading tells it
      sent_ = output_.size();
      return true;
    }
    sent_ += static_cast<std::size_t>(done);
    stuck_since_ = Clock::time_point();
  }
  return true;
}

Clock::duration MessageStream::stuck() const noexcept {
  if (!unsent() || stuck_since_ == Clock::time_point()) return Clock::duration::zero();
  return Clock::now() - stuck_since_;
}

}  // namespace guestlink::detail
