// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "attach/qtest_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "attach/mtree.h"
#include "attach/spec.h"
#include "attach/unix_socket.h"
#include "guestlink/address_map.h"

namespace guestlink::detail {
namespace {

constexpr std::chrono::seconds kLimit{5};
// An answer is OK or an error's line; interrupts that somebody intercepts are lines, too.
constexpr std::size_t kLongestLine = 4096;

std::string hex_of(std::span<const std::byte> data) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "0x";
  text.reserve(2 + 2 * data.size());
  for (const std::byte byte : data) {
    text.push_back(kDigits[std::to_integer<std::size_t>(byte) >> 4]);
    text.push_back(kDigits[std::to_integer<std::size_t>(byte) & 0xF]);
  }
  return text;
}

}  // namespace

QtestClient::QtestClient(std::string path) : path_(std::move(path)) {
  try {
    fd_ = connect_unix(path_, Clock::now() + kLimit, "-qtest-log none -qtest unix:");
  } catch (const std::runtime_error& error) {
    fail(error.what());
  }
}

void QtestClient::fail(const std::string& what) const {
  throw std::runtime_error("qtest socket " + in_quotes(path_) + " " + what);
}

void QtestClient::wait_for(short events, Clock::time_point deadline) const {
  if (wait_for_socket(fd_.get(), events, deadline)) return;
  fail("has not answered a write within " + std::to_string(kLimit.count()) +
       " s; QEMU serves one client of it at a time: end the other one");
}

void QtestClient::send(std::string_view bytes, Clock::time_point deadline) {
  while (!bytes.empty()) {
    wait_for(POLLOUT, deadline);
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EINTR && errno != EAGAIN) {
      fail("cannot be written: " + std::generic_category().message(errno) + "; has QEMU ended?");
    }
  }
}

std::string QtestClient::receive_line(Clock::time_point deadline) {
  for (;;) {
    const std::size_t end = received_.find('\n');
    if (end != std::string::npos) {
      std::string line = received_.substr(0, end);
      received_.erase(0, end + 1);
      return line;
    }
    if (received_.size() > kLongestLine) fail("sent a line of more than 4096 bytes");
    wait_for(POLLIN, deadline);
    std::array<char, 1024> part;
    const ssize_t got = recv(fd_.get(), part.data(), part.size(), 0);
    if (got > 0) {
      received_.append(part.data(), static_cast<std::size_t>(got));
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
      fail("was closed; has QEMU ended?");
    }
  }
}

void QtestClient::write(std::uint64_t address, std::span<const std::byte> data) {
  if (data.empty() || data.size() > kMostBytes) fail("is to write too much or nothing at once");
  const Clock::time_point deadline = Clock::now() + kLimit;
  send("write " + hex(address) + " " + hex(data.size()) + " " + hex_of(data) + "\n", deadline);
  for (;;) {
    const std::string line = receive_line(deadline);
    if (line == "OK") return;
    if (line.starts_with("IRQ ")) continue;
    fail("answered " + in_quotes(printable(line)) + " to a write at " + hex(address));
  }
}

}  // namespace guestlink::detail
