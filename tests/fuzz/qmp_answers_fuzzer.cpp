// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "attach/mtree.h"
#include "attach/qmp_client.h"
#include "attach/qmp_guest.h"

namespace {

// A socket on which whoever connects is given one text at once, and then the end of the stream.
class AnsweringSocket {
 public:
  AnsweringSocket() {
    char directory[] = "/tmp/guestlink-fuzz-XXXXXX";
    if (mkdtemp(directory) == nullptr) std::abort();
    directory_ = directory;
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    listener_ = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener_, 1) != 0) {
      std::abort();
    }
  }
  AnsweringSocket(const AnsweringSocket&) = delete;
  AnsweringSocket& operator=(const AnsweringSocket&) = delete;
  ~AnsweringSocket() {
    close(listener_);
    std::filesystem::remove_all(directory_);
  }
  [[nodiscard]] std::string path() const { return directory_ + "/qmp"; }

  void answer_next(const std::string& text) const {
    const int peer = accept(listener_, nullptr, nullptr);
    (void)send(peer, text.data(), text.size(), MSG_NOSIGNAL);
    shutdown(peer, SHUT_WR);
    char rest = 0;  // until the client has gone
    while (read(peer, &rest, 1) > 0) {
    }
    close(peer);
  }

 private:
  std::string directory_;
  int listener_ = -1;
};

// Each line is what one command returns, an error where it begins with '!', in the order of asking.
std::string conversation(const std::string& lines) {
  std::string text = R"({"QMP": {}})";
  std::istringstream stream(lines);
  int id = 1;
  text.append(R"({"return": {}, "id": 1})");
  for (std::string line; std::getline(stream, line);) {
    const bool refused = line.starts_with('!');
    text.append(refused ? R"({"error": )" : R"({"return": )")
        .append(refused ? line.substr(1) : line);
    text.append(R"(, "id": )").append(std::to_string(++id)).append("}\n");
  }
  return text;
}

void ask_everything(const std::string& path) {
  using guestlink::detail::MtreeType;
  guestlink::detail::QmpClient qmp(path);
  const auto guest = guestlink::detail::ask_guest(qmp);
  const std::vector<guestlink::detail::MtreeRow> view = {
      {0, 0xFFFFFFF, MtreeType::kRam, "mem", 0},
      {0x100000000, 0x10FFFFFFF, MtreeType::kRam, "d0", 0}};
  const auto backends = guestlink::detail::ask_backends(qmp, view);
  const guestlink::AddressMap map(guestlink::detail::guest_rows(view, backends, guest.x86));
  if (guest.x86 && map.find(0xA0000) != nullptr) std::abort();
}

}  // namespace

// Whatever QEMU returns is taken or refused with a message of ours.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const AnsweringSocket kSocket;
  const std::string text = conversation(std::string(reinterpret_cast<const char*>(data), size));
  std::thread qemu([&text] { kSocket.answer_next(text); });
  try {
    ask_everything(kSocket.path());
  } catch (const std::invalid_argument&) {  // AddressMap's
  } catch (const std::runtime_error&) {
  }
  qemu.join();
  return 0;
}
