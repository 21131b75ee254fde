// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "launcher/guest_ram.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "launcher/ram_size.h"

namespace guestlink::launcher {
namespace {

[[noreturn]] void refuse(std::uint64_t bytes, const std::string& why) {
  throw std::runtime_error("cannot make " + size_text(bytes) + " of guest RAM (-m): " + why);
}

}  // namespace

Descriptor make_guest_ram() {
  Descriptor ram(memfd_create("guestlink-ram", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!ram.is_open()) {
    throw std::system_error(errno, std::generic_category(), "cannot make a memory file");
  }
  return ram;
}

void seal_guest_ram(const Descriptor& ram, std::uint64_t bytes) {
  // Beyond this limit ftruncate does not fail but ends the process by SIGXFSZ.
  rlimit limit{};
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
      bytes > limit.rlim_cur) {
    refuse(bytes, "files are limited to " + size_text(limit.rlim_cur) + " here, see 'ulimit -f'");
  }
  if (bytes > INT64_MAX || ftruncate(ram.get(), static_cast<off_t>(bytes)) != 0) {
    refuse(bytes, bytes > INT64_MAX ? "no file is that large" : std::strerror(errno));
  }
  if (fcntl(ram.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot seal the guest's RAM");
  }
}

}  // namespace guestlink::launcher
