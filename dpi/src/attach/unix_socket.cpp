// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "attach/unix_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace guestlink::detail {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    fail("has a path of " + std::to_string(path.size()) + " bytes, expected 1 to " +
         std::to_string(sizeof address.sun_path - 1));
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

}  // namespace

FileDescriptor connect_unix(const std::string& path, Clock::time_point deadline,
                            const std::string& start) {
  const sockaddr_un address = address_of(path);
  FileDescriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() < 0) fail("cannot be made: " + std::generic_category().message(errno));
  const std::string option = start + path + ",server=on,wait=off";
  // EAGAIN: as many clients as fit wait already. The kernel tells nobody when there is room.
  while (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    switch (errno) {
      case EINTR:
        break;
      case EAGAIN:
        if (Clock::now() >= deadline) {
          fail("takes no client: others wait for QEMU already; give it a second one");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        break;
      case ENOENT:
        fail("does not exist; start QEMU with " + option);
      case ECONNREFUSED:
        fail("has nobody who listens; has its QEMU ended?");
      default:
        fail("cannot be connected to: " + std::generic_category().message(errno));
    }
  }
  return fd;
}

bool wait_for_socket(int fd, short events, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd entry = {.fd = fd, .events = events, .revents = 0};
    const int ready = poll(&entry, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) {
      fail("cannot be waited for: " + std::generic_category().message(errno));
    }
  }
}

ucred peer_of(int fd) noexcept {
  ucred peer = {};
  socklen_t size = sizeof peer;
  (void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
  return peer;
}

}  // namespace guestlink::detail
