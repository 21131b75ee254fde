// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci/listening_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "guestlink/pci_endpoint.h"
#include "support/temporary_directory.h"
#include "support/vfio_user_client.h"

namespace guestlink::detail {
namespace {

using test::TemporaryDirectory;
using test::VfioUserClient;

namespace fs = std::filesystem;

mode_t mode_of(const std::string& path) {
  struct stat info = {};
  return lstat(path.c_str(), &info) == 0 ? info.st_mode : 0;
}

bool takes_clients(const std::string& path) {
  try {
    (void)VfioUserClient::connect(path, std::chrono::milliseconds(0));
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

// A socket bound at `path`, which listens or not.
FileDescriptor bound(const std::string& path, int type, bool listens) {
  FileDescriptor fd(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  if (listens) {
    EXPECT_EQ(listen(fd.get(), 1), 0);
  }
  return fd;
}

void expect_refused(const std::string& path, const std::string& what) {
  try {
    (void)listen_unix(path);
    ADD_FAILURE() << "listens at " << path;
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), "socket '" + path + "' " + what);
  }
}

class ListeningSocketTest : public testing::Test {
 protected:
  [[nodiscard]] std::size_t entries() const {
    const fs::directory_iterator begin(fs::path(path_).parent_path());
    return static_cast<std::size_t>(std::distance(begin, fs::directory_iterator()));
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_.file("s");
};

TEST_F(ListeningSocketTest, IsTheOwnersAlone) {
  const mode_t mask = umask(0);
  const FileDescriptor listener = listen_unix(path_);
  umask(mask);
  EXPECT_EQ(mode_of(path_), S_IFSOCK | 0600U);
  EXPECT_EQ(entries(), 1U);  // nothing else is left there
  EXPECT_TRUE(takes_clients(path_));
}

TEST_F(ListeningSocketTest, MissingFolderIsMade) {
  const std::string path = directory_.file("run") + "/s";
  const mode_t mask = umask(0);
  const FileDescriptor listener = listen_unix(path);
  umask(mask);
  EXPECT_EQ(mode_of(directory_.file("run")), S_IFDIR | 0700U);
  EXPECT_TRUE(takes_clients(path));
}

TEST_F(ListeningSocketTest, MissingFoldersAreNot) {
  const std::string folder = directory_.file("run") + "/guest";
  expect_refused(folder + "/s",
                 "cannot be made: its folder '" + folder + "': No such file or directory");
}

TEST_F(ListeningSocketTest, StaleSocketIsReplaced) {
  (void)bound(path_, SOCK_STREAM, true);
  ASSERT_EQ(mode_of(path_) & S_IFMT, S_IFSOCK);
  const FileDescriptor listener = listen_unix(path_);
  EXPECT_TRUE(takes_clients(path_));
}

TEST_F(ListeningSocketTest, BusySocketIsRefused) {
  const FileDescriptor other = bound(path_, SOCK_STREAM, true);
  expect_refused(path_, "has somebody who listens already");
  EXPECT_TRUE(takes_clients(path_));
}

TEST_F(ListeningSocketTest, SocketOfAnotherTypeIsRefused) {
  const FileDescriptor other = bound(path_, SOCK_DGRAM, false);
  expect_refused(path_, "has somebody who listens already");
}

TEST_F(ListeningSocketTest, SocketThatIsFullIsRefused) {
  const FileDescriptor other = bound(path_, SOCK_STREAM, true);
  const VfioUserClient first = VfioUserClient::connect(path_);
  const VfioUserClient second = VfioUserClient::connect(path_);
  expect_refused(path_, "has somebody who listens already");
}

TEST_F(ListeningSocketTest, WhatIsNoSocketStays) {
  const std::string what = "cannot be made: something else is there";
  expect_refused(directory_.file("text", "content"), what);
  EXPECT_EQ(test::content_of(directory_.file("text")), "content");
  fs::create_directory(directory_.file("folder"));
  expect_refused(directory_.file("folder"), what);
  fs::create_symlink("/nowhere", directory_.file("link"));
  expect_refused(directory_.file("link"), what);
}

TEST_F(ListeningSocketTest, LongPaths) {
  const std::string folder = directory_.file("");
  const std::string longest = folder + std::string(98 - folder.size(), 'x');
  EXPECT_GE(listen_unix(longest).get(), 0);
  EXPECT_TRUE(fs::exists(longest));
  const std::string longer = folder + std::string(99 - folder.size(), 'y');
  expect_refused(longer, "has a path of 99 bytes, expected 1 to 98");
  EXPECT_EQ(entries(), 1U);
  expect_refused("", "has a path of 0 bytes, expected 1 to 98");
}

TEST_F(ListeningSocketTest, FolderThatMayNotBeWritten) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  fs::create_directory(directory_.file("ro"));
  fs::permissions(directory_.file("ro"), fs::perms::owner_read | fs::perms::owner_exec);
  expect_refused(directory_.file("ro") + "/s", "cannot be made: Permission denied");
}

class EndpointSocketTest : public ListeningSocketTest {
 protected:
  std::unique_ptr<PciEndpoint> endpoint() {
    return std::make_unique<PciEndpoint>("vfio-user:" + path_ + ",vendor=0x8086,device=1", memory_);
  }
  GuestMemory memory_;
};

TEST_F(EndpointSocketTest, IsRemovedWhenAClientHasCome) {
  const auto made = endpoint();
  EXPECT_EQ(made->link(), PciLink::kListening);
  EXPECT_EQ(mode_of(path_), S_IFSOCK | 0600U);
  made->poll();
  EXPECT_EQ(made->link(), PciLink::kListening);
  VfioUserClient client = VfioUserClient::connect(path_);
  made->poll();
  EXPECT_EQ(made->link(), PciLink::kConnected);
  EXPECT_EQ(mode_of(path_), 0U);
  client.pump = [&] { made->poll(); };
  EXPECT_EQ(client.version().error, 0U);
}

TEST_F(EndpointSocketTest, IsRemovedByTheDestructor) {
  (void)endpoint();
  EXPECT_EQ(mode_of(path_), 0U);
  EXPECT_EQ(entries(), 0U);
}

TEST_F(EndpointSocketTest, IsNotTheDestructorsToRemoveTwice) {
  auto made = endpoint();
  const VfioUserClient client = VfioUserClient::connect(path_);
  made->poll();
  std::ofstream(path_) << "another's";
  made.reset();
  EXPECT_EQ(test::content_of(path_), "another's");
}

// A second simulator that is started by mistake.
TEST_F(EndpointSocketTest, SecondEndpointDoesNotDisturbTheFirst) {
  const auto made = endpoint();
  EXPECT_THROW((void)endpoint(), std::runtime_error);
  made->poll();
  EXPECT_EQ(made->link(), PciLink::kListening);
  VfioUserClient client = VfioUserClient::connect(path_);
  client.pump = [&] { made->poll(); };
  EXPECT_EQ(client.version().error, 0U);
}

TEST_F(EndpointSocketTest, OnlyOneClient) {
  const auto made = endpoint();
  VfioUserClient first = VfioUserClient::connect(path_);
  VfioUserClient second = VfioUserClient::connect(path_);
  first.pump = [&] { made->poll(); };
  EXPECT_EQ(first.version().error, 0U);
  EXPECT_TRUE(second.hung_up());
}

TEST_F(EndpointSocketTest, OptionForQemu) {
  path_ = directory_.file("a \"b\" \\c");
  const auto made = endpoint();
  for (const bool lock_step : {false, true}) {
    const std::string option = made->qemu_option(lock_step);
    ASSERT_TRUE(option.starts_with("-device '{") && option.ends_with("}'")) << option;
    const auto json = nlohmann::json::parse(option.substr(9, option.size() - 10));
    nlohmann::json expected = {{"driver", "vfio-user-pci"},
                               {"socket", {{"type", "unix"}, {"path", path_}}},
                               {"x-msg-timeout", 2147483647}};
    if (lock_step) expected["x-no-posted-writes"] = true;
    EXPECT_EQ(json, expected);
  }
}

TEST_F(EndpointSocketTest, SpecThatIsWrong) {
  const auto message_of = [&](const std::string& spec) -> std::string {
    try {
      const PciEndpoint made(spec, memory_);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message_of("vfio-user:/s,vendor=1"),
            "device spec 'vfio-user:/s,vendor=1': vendor=ID and device=ID are needed");
  EXPECT_EQ(message_of("vfio-user:/s,vendor=1,device=2,bar0=mem:3K"),
            "device spec 'vfio-user:/s,vendor=1,device=2,bar0=mem:3K': bar0 has size 0xc00, "
            "expected a power of two from 0x10 to 0x80000000");
}

}  // namespace
}  // namespace guestlink::detail
