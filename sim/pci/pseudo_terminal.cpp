// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci/pseudo_terminal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

namespace guestlink::sim {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::generic_category().message(errno));
}

void set_raw(int fd) {
  termios settings = {};
  if (tcgetattr(fd, &settings) != 0) fail("a pseudo-terminal cannot be set");
  cfmakeraw(&settings);
  if (tcsetattr(fd, TCSANOW, &settings) != 0) fail("a pseudo-terminal cannot be set");
}

void make_link(const std::string& target, const std::string& link) {
  struct stat info = {};
  if (lstat(link.c_str(), &info) == 0 && S_ISLNK(info.st_mode)) unlink(link.c_str());
  if (symlink(target.c_str(), link.c_str()) != 0) fail("the link '" + link + "' cannot be made");
}

}  // namespace

PseudoTerminal::PseudoTerminal(const std::string& link)
    : master_(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
  std::array<char, 128> name{};
  if (master_.get() < 0 || grantpt(master_.get()) != 0 || unlockpt(master_.get()) != 0 ||
      ptsname_r(master_.get(), name.data(), name.size()) != 0 ||
      fcntl(master_.get(), F_SETFL, O_NONBLOCK) != 0) {
    fail("a pseudo-terminal cannot be made");
  }
  slave_ = FileDescriptor(open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (slave_.get() < 0) fail("the pseudo-terminal '" + std::string(name.data()) + "'");
  set_raw(slave_.get());
  make_link(name.data(), link);
  link_ = link;
}

PseudoTerminal::~PseudoTerminal() { unlink(link_.c_str()); }

void PseudoTerminal::put(std::uint8_t byte) { (void)!write(master_.get(), &byte, 1); }

std::uint8_t PseudoTerminal::get() {
  const std::uint8_t byte = typed_.front();
  typed_.pop_front();
  return byte;
}

void PseudoTerminal::refill() {
  std::array<std::uint8_t, 512> part;
  while (has_room()) {
    const ssize_t got = read(master_.get(), part.data(), part.size());
    if (got <= 0) return;
    typed_.insert(typed_.end(), part.begin(), part.begin() + got);
  }
}

}  // namespace guestlink::sim
