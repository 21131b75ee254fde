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

Descriptor listen_at(const std::string& path) {
  const sockaddr_un address = address_of(path);
  Descriptor listener = make_socket();
  if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), 4) != 0) {
    fail("cannot make the socket " + path, errno);
  }
  return listener;
}

// The lines of -readconfig that make a character device of a socket that listens.
std::string chardev(const std::string& id, const Descriptor& listener) {
  return "[chardev \"" + id + "\"]\n  backend = \"socket\"\n  fd = \"" +
         std::to_string(listener.get()) + "\"\n  server = \"on\"\n  wait = \"off\"\n\n";
}

std::string monitor(const std::string& id) {
  return "[mon \"" + id + "\"]\n  mode = \"control\"\n  chardev = \"" + id + "\"\n\n";
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream stream(path);
  stream << text;
  if (!stream.flush()) fail("cannot write " + path, errno);
}

}  // namespace

RunDirectory::RunDirectory() {
  const std::filesystem::path place = std::filesystem::temp_directory_path();
  std::string name = (place / "guestlink-run-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) fail("cannot make a directory in " + place.string(), errno);
  path_ = name;
  try {
    qmp_ = listen_at(qmp_path());
    watch_ = listen_at(watch_path());
    qtest_ = listen_at(qtest_path());
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

void RunDirectory::close_listeners() {
  for (Descriptor* listener : {&qmp_, &watch_, &qtest_}) listener->close();
}

void RunDirectory::write_settings() const {
  constexpr const char* kQmp = "guestlink-qmp";
  constexpr const char* kWatch = "guestlink-watch";
  constexpr const char* kQtest = "guestlink-qtest";
  write_text(qmp_settings(),
             chardev(kQmp, qmp_) + monitor(kQmp) + chardev(kWatch, watch_) + monitor(kWatch));
  write_text(qtest_settings(), chardev(kQtest, qtest_) + "[object \"" + kQtest +
                                   "-object\"]\n  qom-type = \"qtest\"\n  chardev = \"" + kQtest +
                                   "\"\n  log = \"none\"\n");
}

Descriptor RunDirectory::connect() const {
  const sockaddr_un address = address_of(qmp_path());
  Descriptor client = make_socket();
  if (::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail("cannot connect to " + qmp_path(), errno);
  }
  return client;
}

}  // namespace guestlink::launcher
