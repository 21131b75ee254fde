// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The connection: who may come, what is handled when, and how it ends. What each command does is in
// vfio_user_commands.cpp.
#include "pci/vfio_user_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "pci/listening_socket.h"
#include "pci/vfio_user_protocol.h"

namespace guestlink::detail {
namespace {

// A client that reads nothing for so long is broken: QEMU's reader is a thread of its own.
constexpr auto kLongestStuck = std::chrono::seconds(10);

}  // namespace

VfioUserServer::VfioUserServer(PciDevice& device, const std::string& path)
    : device_(device), path_(path), listener_(listen_unix(path)) {}

VfioUserServer::VfioUserServer(PciDevice& device, FileDescriptor client)
    : device_(device), stream_(std::in_place, std::move(client)), link_(PciLink::kConnected) {}

VfioUserServer::~VfioUserServer() {
  if (!path_.empty()) unlink(path_.c_str());
  if (link_ == PciLink::kConnected) leave();
}

// QEMU 11.1 aborts when the connection ends while it waits for an answer. So it gets all answers,
// and can ask no more before the last of them.
void VfioUserServer::leave() {
  (void)shutdown(stream_->fd(), SHUT_RD);
  try {
    if (device_.resetting()) answer_reset(device_.end_reset());
    for (const PciDevice::Request& request : device_.requests()) answer(request, ~std::uint64_t{0});
    device_.requests().clear();
    while (stream_->flush()) {
      if (stream_->peek()) {
        refuse(stream_->next().header, ENODEV);
      } else if (stream_->receive() != MessageStream::Received::kSome) {
        return;
      }
    }
  } catch (const std::exception&) {  // it sends no messages, or there is no memory for answers
  }
}

pollfd VfioUserServer::awaited() const noexcept {
  if (link_ == PciLink::kEnded) return {.fd = -1, .events = 0, .revents = 0};
  if (!stream_) return {.fd = listener_.get(), .events = POLLIN, .revents = 0};
  const int events = stream_->unsent() ? POLLOUT : POLLIN;
  return {.fd = stream_->fd(), .events = static_cast<short>(events), .revents = 0};
}

void VfioUserServer::serve() {
  if (link_ == PciLink::kListening) accept_client();
  if (link_ != PciLink::kConnected) return;
  try {
    serve_client();
  } catch (const FramingError& error) {
    end(std::string("it sent ") + error.what());
  } catch (const std::exception& error) {  // no memory: nothing of the guest's is served by half
    end(error.what());
  }
}

void VfioUserServer::accept_client() {
  FileDescriptor client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (client.get() < 0) {
    const bool later = errno == EAGAIN || errno == ECONNABORTED || errno == EINTR;
    if (!later) end("it cannot be accepted: " + std::generic_category().message(errno));
    return;
  }
  stream_.emplace(std::move(client));
  link_ = PciLink::kConnected;
  listener_ = FileDescriptor();
  unlink(std::exchange(path_, {}).c_str());
}

void VfioUserServer::serve_client() {
  if (stream_->stuck() > kLongestStuck) return end("it does not read what it is sent");
  while (stream_->flush()) {
    if (handle_next()) continue;
    if (stream_->peek()) return;  // has to wait for the RTL
    switch (stream_->receive()) {
      case MessageStream::Received::kSome:
        break;
      case MessageStream::Received::kNothing:
        return;
      case MessageStream::Received::kClosed:
        // The guest's last writes are made; of a read nobody waits for the answer.
        if (!device_.has_writes()) end("");
        return;
    }
  }
}

// Whether there was something that could be handled.
bool VfioUserServer::handle_next() {
  const auto header = stream_->peek();
  if (!header || !may_handle(*header)) return false;
  VfioUserMessage message = stream_->next();
  const int error = handle(message);
  if (error != 0) refuse(message.header, error);
  return link_ == PciLink::kConnected;
}

// A guest's requests have effect in its order, whether the RTL or this end serves them.
bool VfioUserServer::may_handle(const VfioUserHeader& header) const {
  if (device_.resetting()) return false;
  const std::size_t waiting = device_.requests().size();
  return waiting == 0 || (for_rtl(header) && waiting < PciDevice::kMostRequests);
}

bool VfioUserServer::for_rtl(const VfioUserHeader& header) const {
  using namespace vfio_user;
  if (header.command == kRegionWriteMulti) return true;
  if (header.command != kRegionRead && header.command != kRegionWrite) return false;
  const auto access = start_of<RegionAccess>(stream_->peek_payload());
  return access && access->region < PciIdentity::kBars && device_.is_rtl(access->region);
}

void VfioUserServer::end(const std::string& why) {
  link_ = PciLink::kEnded;
  stream_.reset();
  device_.requests().clear();
  (void)device_.end_reset();
  device_.dma().clear();
  if (why.empty() && was_reset_) {
    return device_.say("the guest's side has closed the connection");
  }
  failure_ = why.empty() ? "QEMU has closed the connection before it reset the device, as it does "
                           "at its start: its own message says why"
                         : "the connection to the guest was ended: " + why;
  device_.say(failure_);
}

void VfioUserServer::answer(const PciDevice::Request& request, std::uint64_t data) {
  if (!stream_ || request.ticket == PciDevice::kPosted) return;
  const MmioRequest& access = request.access;
  VfioUserHeader header;
  header.id = static_cast<std::uint16_t>(request.ticket);
  if (const std::uint64_t count = request.ticket >> kTicketIdBits; count != 0) {
    header.command = vfio_user::kRegionWriteMulti;
    return reply(header, std::as_bytes(std::span(&count, 1)));
  }
  header.command = access.write ? vfio_user::kRegionWrite : vfio_user::kRegionRead;
  const vfio_user::RegionAccess fixed{access.offset, access.bar, access.size};
  const Bytes bytes = std::as_bytes(std::span(&data, 1)).first(access.write ? 0 : access.size);
  reply(header, std::as_bytes(std::span(&fixed, 1)), bytes);
}

void VfioUserServer::answer_reset(std::uint64_t ticket) {
  was_reset_ = true;
  if (!stream_ || ticket == PciDevice::kPosted) return;
  VfioUserHeader header;
  header.id = static_cast<std::uint16_t>(ticket);
  header.command = vfio_user::kDeviceReset;
  reply(header);
}

void VfioUserServer::reply(const VfioUserHeader& to, Bytes fixed, Bytes data) {
  if (!to.wants_reply()) return;
  VfioUserHeader header = to;
  header.size = static_cast<std::uint32_t>(sizeof header + fixed.size() + data.size());
  header.flags = VfioUserHeader::kReply;
  header.error = 0;
  stream_->send(header, fixed, data);
}

void VfioUserServer::refuse(const VfioUserHeader& to, int error) {
  device_.say("vfio-user command " + std::to_string(to.command) + " of " + std::to_string(to.size) +
              " bytes was refused: " + std::generic_category().message(error));
  const bool is_reply = (to.flags & VfioUserHeader::kTypeMask) == VfioUserHeader::kReply;
  if (!to.wants_reply() || is_reply) return;
  VfioUserHeader header = to;
  header.size = sizeof header;
  header.flags = VfioUserHeader::kReply | VfioUserHeader::kError;
  header.error = static_cast<std::uint32_t>(error);
  stream_->send(header, {});
}

}  // namespace guestlink::detail
