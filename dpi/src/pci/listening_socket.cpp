// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci/listening_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace guestlink::detail {
namespace {

namespace fs = std::filesystem;

// Throws std::runtime_error.
[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw std::runtime_error("socket '" + path + "' " + what);
}

std::string reason() { return std::generic_category().message(errno); }

constexpr std::string_view kFolderSuffix = ".XXXXXX";  // of PrivateFolder
constexpr std::string_view kName = "/s";               // in it

// The path must have room for the private folder's, too.
void check_length(const std::string& path) {
  constexpr std::size_t kMost =
      sizeof sockaddr_un::sun_path - 1 - kFolderSuffix.size() - kName.size();
  if (!path.empty() && path.size() <= kMost) return;
  fail(path, "has a path of " + std::to_string(path.size()) + " bytes, expected 1 to " +
                 std::to_string(kMost));
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

FileDescriptor make_socket(const std::string& path, int type) {
  FileDescriptor fd(socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() < 0) fail(path, "cannot be made: " + reason());
  return fd;
}

// Asks with a datagram socket: the kernel tells it whether somebody has the one at `path`, but who
// listens for streams there does not get it for a client.
void check_free(const std::string& path) {
  struct stat info = {};
  if (lstat(path.c_str(), &info) != 0) return;
  if (!S_ISSOCK(info.st_mode)) fail(path, "cannot be made: something else is there");
  const sockaddr_un address = address_of(path);
  const FileDescriptor probe = make_socket(path, SOCK_DGRAM);
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
      errno == EPROTOTYPE) {
    fail(path, "has somebody who listens already");
  }
  if (errno != ECONNREFUSED && errno != ENOENT) fail(path, "cannot be made: " + reason());
}

/// A folder of this process, removed with what is in it.
class PrivateFolder {
 public:
  explicit PrivateFolder(const std::string& beside) : path_(beside + std::string(kFolderSuffix)) {
    if (mkdtemp(path_.data()) == nullptr) fail(beside, "cannot be made: " + reason());
  }
  ~PrivateFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace

FileDescriptor listen_unix(const std::string& path) {
  check_length(path);
  const fs::path folder = fs::absolute(path).parent_path();
  if (mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    fail(path, "cannot be made: its folder '" + folder.string() + "': " + reason());
  }
  check_free(path);
  FileDescriptor fd = make_socket(path, SOCK_STREAM);
  const PrivateFolder hidden(path);
  const std::string name = hidden.path() + std::string(kName);
  const sockaddr_un address = address_of(name);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      chmod(name.c_str(), S_IRUSR | S_IWUSR) != 0 || listen(fd.get(), 1) != 0 ||
      rename(name.c_str(), path.c_str()) != 0) {
    fail(path, "cannot be made: " + reason());
  }
  return fd;
}

}  // namespace guestlink::detail
