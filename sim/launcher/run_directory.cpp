// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "launcher/run_directory.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <sys/socket.h>
#include <sys/un.h>

namespace guestlink::launcher {
namespace {

[[noreturn]] void fail(const std::string& what, int error) {
  throw std::system_error(error, std::generic_category(), what);
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    fail("cannot make the socket " + path + "; set TMPDIR to a shorter path", ENAMETOOLONG);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

Descriptor make_socket() {
  Descriptor result(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!result.is_open()) fail("cannot make a socket", errno);
  return result;
}

}  // namespace

RunDirectory::RunDirectory() {
  const std::filesystem::path place = std::filesystem::temp_directory_path();
  std::string name = (place / "guestlink-run-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) fail("cannot make a directory in " + place.string(), errno);
  path_ = name;
  try {
    listen();
    write_settings();
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
    throw;
  }
}

RunDirectory::~RunDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void RunDirectory::listen() {
  const sockaddr_un address = address_of(socket_path());
  listener_ = make_socket();
  if (bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_.get(), 4) != 0) {
    fail("cannot make the socket " + socket_path(), errno);
  }
}

void RunDirectory::write_settings() const {
  std::ofstream stream(settings_path());
  stream << "[chardev \"guestlink-qmp\"]\n  backend = \"socket\"\n  fd = \"" << listener_.get()
         << "\"\n  server = \"on\"\n  wait = \"off\"\n\n"
         << "[mon \"guestlink-qmp\"]\n  mode = \"control\"\n  chardev = \"guestlink-qmp\"\n";
  if (!stream.flush()) fail("cannot write " + settings_path(), errno);
}

Descriptor RunDirectory::connect() const {
  const sockaddr_un address = address_of(socket_path());
  Descriptor client = make_socket();
  if (::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail("cannot connect to " + socket_path(), errno);
  }
  return client;
}

}  // namespace guestlink::launcher
