// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Messages that are wrong: each is answered with an errno value and told to the user, does nothing,
// and the connection goes on.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "unit/pci/vfio_user_fixture.h"

namespace guestlink::test {
namespace {

class VfioUserRefusalTest : public VfioUserTest {
 protected:
  // Everything that the server refuses it says.
  void expect_refused(const VfioUserReply& reply, int error = EINVAL) {
    EXPECT_EQ(reply.error, static_cast<std::uint32_t>(error)) << reply.command;
    EXPECT_TRUE(reply.payload.empty());
    const std::string message = all_messages();
    if (++refused_ > kTold) return;
    EXPECT_NE(message.find("vfio-user command " + std::to_string(reply.command) + " of "),
              std::string::npos)
        << message;
  }
  void negotiate() { EXPECT_EQ(client_.version().error, 0U); }
  static constexpr int kTold = 100;
  int refused_ = 0;
  static WireBytes version_of(std::string_view text) {
    return WireBytes().add(std::uint32_t{0}).add(text);
  }
};

TEST_F(VfioUserRefusalTest, MajorVersion) {
  expect_refused(client_.version("{}", 1, 0));
  expect_refused(client_.version("{}", 0xFFFF, 0));
  negotiate();
}

TEST_F(VfioUserRefusalTest, TextOfVersion) {
  using std::string_view_literals::operator""sv;
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  const std::string deep_objects = [] {
    std::string text;
    for (int i = 0; i < 1000; ++i) text += R"({"a":)";
    return text + "1" + std::string(1000, '}');
  }();
  for (const std::string_view text :
       {"{"sv, ""sv, "{}{}"sv, "[]"sv, "1"sv, "null"sv, "\"capabilities\""sv, "{\"a\":\xFF}"sv,
        "{\"a\"\0:1}"sv, std::string_view(deep), std::string_view(deep_objects)}) {
    expect_refused(client_.version(text));
  }
  expect_refused(client_.call(Client::kVersion, version_of("{}")));  // no zero byte
  expect_refused(client_.call(Client::kVersion, version_of(R"({"capabilities":{}})")));
  for (std::size_t length = 0; length < 4; ++length) {
    const std::vector<std::byte> payload(length);
    expect_refused(client_.call(Client::kVersion, payload));
  }
  expect_refused(client_.call(Client::kVersion, version_of(std::string(1 << 20, ' '))));
  negotiate();
  expect_alive();
}

TEST_F(VfioUserRefusalTest, NothingBeforeVersion) {
  const EventFd event;
  for (const ClientMessage& message : start_up(ram_.fd(), event.fd())) {
    if (message.command == Client::kVersion) continue;
    expect_refused(client_.call(message.command, message.payload, message.files));
  }
  expect_refused(client_.call(99));
  EXPECT_FALSE(endpoint_->pending());
  negotiate();
  EXPECT_EQ(client_.read<std::uint16_t>(Client::kConfig, 4), 0);
}

TEST_F(VfioUserRefusalTest, SecondVersion) {
  negotiate();
  expect_refused(client_.version());
  expect_alive();
}

TEST_F(VfioUserRefusalTest, UnknownCommands) {
  negotiate();
  for (const std::uint16_t command :
       std::to_array<std::uint16_t>({0, 6, 11, 12, 14, 16, 17, 18, 65535})) {
    expect_refused(client_.call(command), ENOTSUP);
    expect_refused(client_.call(command, std::vector<std::byte>(100)), ENOTSUP);
    expect_alive();
  }
}

TEST_F(VfioUserRefusalTest, PayloadsCutShort) {
  negotiate();
  const EventFd event;
  rtl_ = [](const MmioRequest&) { return 0; };
  WireBytes multi;
  multi.add(std::uint64_t{1}).add(std::uint64_t{0}).add(std::uint32_t{0}).add(std::uint32_t{4});
  std::vector<ClientMessage> all = start_up(ram_.fd(), event.fd());
  all.push_back({Client::kWriteMulti, multi.add(std::uint64_t{0}), {}});
  for (const ClientMessage& message : all) {
    if (message.command == Client::kVersion) continue;
    const auto& payload = message.payload.bytes();
    for (std::size_t length = 0; length < payload.size(); ++length) {
      const auto part = std::span(payload).first(length);
      expect_refused(client_.call(message.command, part, message.files));
    }
  }
  EXPECT_TRUE(seen_.empty());
  EXPECT_EQ(client_.dma_map(0, 0x100000, ram_.fd()).error, 0U);  // nothing was mapped
  EXPECT_EQ(endpoint_->interrupts_sent(), 0U);
  expect_alive();
}

TEST_F(VfioUserRefusalTest, ArgszTooSmall) {
  negotiate();
  const EventFd event;
  for (const ClientMessage& message : start_up(ram_.fd(), event.fd())) {
    if (message.command == Client::kVersion || message.command > Client::kSetIrqs) continue;
    std::vector<std::byte> payload = message.payload.bytes();
    const std::uint8_t size = std::to_integer<std::uint8_t>(payload[0]);
    for (const int argsz : {0, 1, size - 1}) {
      payload[0] = static_cast<std::byte>(argsz);
      expect_refused(client_.call(message.command, payload, message.files));
    }
  }
  EXPECT_EQ(client_.dma_map(0, 0x100000, ram_.fd()).error, 0U);
}

TEST_F(VfioUserRefusalTest, FilesWhereNoneBelong) {
  negotiate();
  const EventFd event;
  for (const ClientMessage& message : start_up(ram_.fd(), event.fd())) {
    if (message.command == Client::kDmaMap || message.command == Client::kSetIrqs) continue;
    expect_refused(client_.call(message.command, message.payload, std::array{event.fd()}));
  }
  expect_refused(client_.call(99, {}, std::array{event.fd()}));
  EXPECT_FALSE(endpoint_->pending());
  expect_alive();
}

TEST_F(VfioUserRefusalTest, DmaMaps) {
  negotiate();
  const auto map = [&](std::uint32_t flags, std::vector<int> files) {
    WireBytes payload;
    payload.add(std::uint32_t{32}).add(flags).add(std::uint64_t{0}).add(kPage).add(kPage);
    return client_.call(Client::kDmaMap, payload, files);
  };
  expect_refused(map(3, {ram_.fd(), ram_.fd()}));
  expect_refused(map(0, {ram_.fd()}));
  expect_refused(map(2, {ram_.fd()}));  // cannot be had: what may be written can be read
  expect_refused(map(7, {ram_.fd()}));
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const FileDescriptor reader(ends[0]);
  const FileDescriptor writer(ends[1]);
  expect_refused(map(3, {reader.get()}));
  expect_refused(client_.dma_map(0, 0x200000, ram_.fd()));
  expect_refused(client_.dma_map(0, 0, ram_.fd()));
  expect_refused(client_.dma_map(~std::uint64_t{0xFFF}, 0x1000, ram_.fd()));
  expect_refused(client_.dma_map(0x10000, 0x1000, ram_.fd(), 0x800));
  const FileDescriptor read_only = ram_.open(O_RDONLY);
  expect_refused(client_.dma_map(0, kPage, read_only.get()), EACCES);
  EXPECT_EQ(client_.dma_map(0, kPage, ram_.fd()).error, 0U);
  expect_refused(client_.dma_map(0, kPage, ram_.fd()), EEXIST);
  expect_refused(client_.dma_unmap(0, 0x800));
  expect_refused(client_.dma_unmap(kPage, ~std::uint64_t{0}));
  expect_refused(client_.dma_unmap(0, kPage, 2));  // all, and a range
  expect_refused(client_.dma_unmap(0, kPage, 1));  // dirty pages
  enable_bus_master();
  EXPECT_EQ(load(0), AccessStatus::kOk);
  EXPECT_EQ(load(kPage), AccessStatus::kOutOfRange);
}

TEST_F(VfioUserRefusalTest, InterruptSettings) {
  negotiate();
  const EventFd event;
  const std::array one{event.fd()};
  const std::array two{event.fd(), event.fd()};
  struct Case {
    std::uint32_t index, flags, start, count;
    std::span<const int> files;
  };
  for (const Case& each :
       {Case{0, 0x24, 0, 2, two},          Case{0, 0x24, 1, 1, one},
        Case{0, 0x24, 0, 1, two},          Case{0, 0x24, 0, 0, {}},
        Case{0, 0x21, 0, 1, one},          Case{0, 0x21, 0, 2, {}},
        Case{0, 0x11, 0, 0, {}},           Case{0, 0x11, 0, 2, {}},
        Case{0, 0x14, 0, 1, one},          Case{0, 0x0C, 0, 1, one},
        Case{0, 0x22, 0, 1, {}},           Case{0, 0x20, 0, 1, {}},
        Case{0, 0x19, 0, 1, {}},           Case{0, 0x64, 0, 1, one},
        Case{0, 0x27, 0, 1, one},          Case{1, 0x24, 0, 1, one},
        Case{1, 0x21, 0, 1, {}},           Case{2, 0x24, 0, 13, {}},
        Case{2, 0x24, 12, 1, one},         Case{2, 0x24, 11, 2, two},
        Case{2, 0x24, 0xFFFFFFFF, 1, one}, Case{2, 0x24, 1, 0xFFFFFFFF, {}},
        Case{2, 0x24, 0, 1, two},          Case{2, 0x24, 0, 0, {}},
        Case{2, 0x24, 0, 3, two},          Case{2, 0x21, 0, 13, {}},
        Case{2, 0x21, 13, 0, {}},          Case{2, 0x11, 0, 1, {}},
        Case{2, 0x09, 0, 1, {}},           Case{2, 0x14, 0, 1, one},
        Case{2, 0x22, 0, 1, {}},           Case{2, 0x21, 0, 1, {}},  // MSI-X is not enabled
        Case{3, 0x24, 0, 2, two},          Case{3, 0x24, 1, 1, one},
        Case{3, 0x21, 0, 1, {}},           Case{3, 0x11, 0, 1, {}},
        Case{3, 0xFFFFFFFF, 0, 1, one},    Case{4, 0x24, 0, 1, one},
        Case{5, 0x24, 0, 1, one},          Case{0xFFFFFFFF, 0x24, 0, 1, one}}) {
    SCOPED_TRACE(testing::Message() << each.index << " " << std::hex << each.flags << " "
                                    << each.start << " " << each.count);
    expect_refused(client_.set_irqs(each.index, each.flags, each.start, each.count, each.files));
  }
  for (std::uint32_t vector = 0; vector < 12; ++vector) {
    EXPECT_TRUE(endpoint_->pulse_interrupt(vector));
  }
  EXPECT_EQ(event.take(), 0U);
  expect_alive();
}

TEST_F(VfioUserRefusalTest, WhatIsNoEventfd) {
  negotiate();
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const FileDescriptor reader(ends[0]);
  const FileDescriptor writer(ends[1]);
  const FileDescriptor device(open("/dev/null", O_WRONLY | O_CLOEXEC));
  const EventFd event;
  for (const int file : {reader.get(), writer.get(), device.get(), ram_.fd(), client_.fd()}) {
    for (const std::uint32_t index : {Client::kIntx, Client::kMsix, Client::kErr}) {
      expect_refused(client_.set_irqs(index, Client::kWire, 0, 1, std::array{file}));
    }
    expect_refused(
        client_.set_irqs(Client::kMsix, Client::kWire, 0, 2, std::array{event.fd(), file}));
  }
  EXPECT_EQ(fcntl(writer.get(), F_GETFL) & O_NONBLOCK, 0);  // and it is left as it was
  EXPECT_EQ(ram_.read(0, 8), std::vector<std::byte>(8));
}

TEST_F(VfioUserRefusalTest, RegionWrites) {
  negotiate();
  const auto write = [&](std::uint32_t region, std::uint32_t count, std::size_t bytes) {
    WireBytes payload = Client::access(region, 0, count);
    return client_.call(Client::kRegionWrite, payload.add(std::vector<std::byte>(bytes)));
  };
  for (const std::uint32_t region : {0U, 1U, 7U}) {
    expect_refused(write(region, 4, 3));
    expect_refused(write(region, 4, 5));
    expect_refused(write(region, 4, 0));
    expect_refused(write(region, 0, 0));
    expect_refused(write(region, 0xFFFFFFFF, 4));
  }
  expect_refused(write(7, 4097, 4097));
  EXPECT_FALSE(endpoint_->pending());
  expect_alive();
}

TEST_F(VfioUserRefusalTest, RepliesAreNotAnswered) {
  negotiate();
  client_.send(Client::kGetInfo, {}, {}, Client::kReply);
  client_.send(12, {}, {}, Client::kReply | Client::kError);
  endpoint_->poll();
  EXPECT_FALSE(client_.try_receive());
  EXPECT_NE(all_messages().find("vfio-user command 4 of 16 bytes was refused"), std::string::npos);
  expect_alive();
  const std::uint16_t id = client_.send(Client::kGetInfo, {}, {}, 2);  // no type that is known
  expect_refused(client_.receive(id));
  expect_alive();
}

TEST_F(VfioUserRefusalTest, MessagesAreBounded) {
  negotiate();
  std::string all;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(client_.call(99).error, ENOTSUP);
    all += all_messages();
  }
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), kTold + 1);
  EXPECT_NE(all.find("and more of such"), std::string::npos);
}

}  // namespace
}  // namespace guestlink::test
