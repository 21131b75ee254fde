// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci/message_stream.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/memory_file.h"
#include "support/vfio_user_client.h"

namespace guestlink::detail {
namespace {

using test::MemoryFile;
using test::VfioUserClient;
using test::WireBytes;
using Received = MessageStream::Received;

class MessageStreamTest : public testing::Test {
 protected:
  explicit MessageStreamTest(
      std::pair<FileDescriptor, FileDescriptor> ends = VfioUserClient::socket_pair())
      : stream_(std::move(ends.first)), client_(std::move(ends.second)) {}

  void send(std::span<const std::byte> bytes, std::vector<int> files = {}) {
    client_.send_bytes(bytes, files);
  }
  // All messages that have arrived whole.
  std::vector<std::uint16_t> receive_ids() {
    std::vector<std::uint16_t> ids;
    while (stream_.receive() == Received::kSome) {
      while (stream_.peek()) {
        VfioUserMessage message = stream_.next();
        ids.push_back(message.header.id);
        for (const FileDescriptor& file : message.files) {
          files_.emplace_back(message.header.id, inode_of(file.get()));
        }
        const auto* begin = reinterpret_cast<const char*>(message.payload.data());
        payloads_.emplace_back(begin, message.payload.size());
      }
    }
    return ids;
  }
  static ino_t inode_of(int fd) {
    struct stat info = {};
    return fstat(fd, &info) == 0 ? info.st_ino : 0;
  }
  static WireBytes message(std::uint16_t id, std::string_view text) {
    return VfioUserClient::message(id, 9, std::as_bytes(std::span(text)));
  }
  using Files = std::vector<std::pair<std::uint16_t, ino_t>>;

  MessageStream stream_;
  VfioUserClient client_;
  Files files_;  // message and file, in order
  std::vector<std::string> payloads_;
};

TEST_F(MessageStreamTest, NothingYet) {
  EXPECT_EQ(stream_.receive(), Received::kNothing);
  EXPECT_FALSE(stream_.peek());
}

TEST_F(MessageStreamTest, OneByteAtATime) {
  const WireBytes bytes = message(7, "payload");
  for (std::size_t i = 0; i < bytes.bytes().size(); ++i) {
    EXPECT_FALSE(stream_.peek()) << i;
    send(std::span(bytes.bytes()).subspan(i, 1));
    EXPECT_EQ(stream_.receive(), Received::kSome);
    EXPECT_EQ(stream_.receive(), Received::kNothing);
  }
  ASSERT_TRUE(stream_.peek());
  EXPECT_EQ(stream_.peek()->id, 7);
  EXPECT_EQ(stream_.peek()->size, 16U + 7U);
  EXPECT_EQ(stream_.peek_payload().size(), 7U);
  EXPECT_EQ(stream_.next().payload[0], std::byte{'p'});
  EXPECT_FALSE(stream_.peek());
}

TEST_F(MessageStreamTest, SeveralMessagesInOneSend) {
  WireBytes bytes;
  bytes.add(message(1, "one").bytes()).add(message(2, "").bytes()).add(message(3, "3").bytes());
  const WireBytes last = message(4, "the last");
  bytes.add(std::span(last.bytes()).first(9));  // within the header
  send(bytes);
  EXPECT_EQ(receive_ids(), (std::vector<std::uint16_t>{1, 2, 3}));
  send(std::span(last.bytes()).subspan(9));
  EXPECT_EQ(receive_ids(), (std::vector<std::uint16_t>{4}));
  EXPECT_EQ(payloads_, (std::vector<std::string>{"one", "", "3", "the last"}));
}

TEST_F(MessageStreamTest, LargestMessageAndManySmallOnes) {
  const std::string large(MessageStream::kMostBytes - 16, 'x');
  std::jthread sender([&] {
    for (std::uint16_t round = 0; round < 4; ++round) {
      send(message(static_cast<std::uint16_t>(2 * round), large));
      for (int i = 0; i < 3000; ++i) send(message(static_cast<std::uint16_t>(2 * round + 1), "ab"));
    }
  });
  std::size_t small = 0;
  std::size_t big = 0;
  while (big + small < 4 * 3001) {
    if (stream_.receive() == Received::kNothing) std::this_thread::yield();
    while (stream_.peek()) {
      const VfioUserMessage got = stream_.next();
      const bool is_large = got.header.id % 2 == 0;
      ASSERT_EQ(got.payload.size(), is_large ? large.size() : 2U);
      ASSERT_EQ(got.payload.back(), is_large ? std::byte{'x'} : std::byte{'b'});
      ++(is_large ? big : small);
    }
  }
  EXPECT_EQ(big, 4U);
}

TEST_F(MessageStreamTest, FilesBelongToTheMessageTheyCameWith) {
  const MemoryFile first(1);
  const MemoryFile second(2);
  const MemoryFile third(3);
  // Of all of these the stream may read several at once.
  send(message(1, "none"));
  send(message(2, "one"), {first.fd()});
  send(message(3, "none"));
  send(message(4, "none"));
  send(message(5, "two"), {second.fd(), first.fd()});
  send(message(6, "one"), {third.fd()});
  send(message(7, "none"));
  EXPECT_EQ(receive_ids(), (std::vector<std::uint16_t>{1, 2, 3, 4, 5, 6, 7}));
  const ino_t one = inode_of(first.fd());
  EXPECT_EQ(files_,
            (Files{{2, one}, {5, inode_of(second.fd())}, {5, one}, {6, inode_of(third.fd())}}));
}

TEST_F(MessageStreamTest, FilesWithAMessageThatComesInParts) {
  const MemoryFile file(1);
  const Files expected{{2, inode_of(file.fd())}};
  const WireBytes before = message(1, "before");
  const WireBytes bytes = message(2, "this one");
  for (std::size_t split = 1; split < bytes.bytes().size(); ++split) {
    files_.clear();
    send(before);
    send(std::span(bytes.bytes()).first(split), {file.fd()});
    if (split % 2 == 0) {  // read in between
      EXPECT_EQ(receive_ids(), (std::vector<std::uint16_t>{1}));
    }
    send(std::span(bytes.bytes()).subspan(split));
    send(message(3, "behind"));
    const auto ids = receive_ids();
    EXPECT_EQ(ids.size(), split % 2 == 0 ? 2U : 3U) << split;
    EXPECT_EQ(files_, expected) << split;
  }
}

TEST_F(MessageStreamTest, FilesWithALargeMessage) {
  const MemoryFile file(1);
  const std::string large(1 << 20, 'x');
  std::jthread sender([&] {
    send(message(1, "small"));
    send(message(2, large), {file.fd()});
    send(message(3, "small"), {file.fd()});
  });
  std::vector<std::uint16_t> ids;
  while (ids.size() < 3) {
    for (const std::uint16_t id : receive_ids()) ids.push_back(id);
  }
  EXPECT_EQ(files_, (Files{{2, inode_of(file.fd())}, {3, inode_of(file.fd())}}));
}

TEST_F(MessageStreamTest, AsManyFilesAsFitInOneMessage) {
  const MemoryFile file(1);
  send(message(1, "many"), std::vector<int>(253, file.fd()));
  EXPECT_EQ(receive_ids(), (std::vector<std::uint16_t>{1}));
  EXPECT_EQ(files_.size(), 253U);
}

TEST_F(MessageStreamTest, FilesOfAMessageAreLimited) {
  const MemoryFile file(1);
  const WireBytes bytes = message(1, "these are too many");
  const std::vector<int> many(253, file.fd());
  client_.send_bytes(std::span(bytes.bytes()).first(20), many);
  client_.send_bytes(std::span(bytes.bytes()).subspan(20, 1), many);
  EXPECT_EQ(stream_.receive(), Received::kSome);
  EXPECT_THROW((void)stream_.receive(), FramingError);
}

TEST_F(MessageStreamTest, SizesThatCannotBe) {
  for (const std::uint32_t size : {0U, 15U, MessageStream::kMostBytes + 1, 0xFFFFFFFFU}) {
    auto [end, other] = VfioUserClient::socket_pair();
    MessageStream stream(std::move(end));
    VfioUserClient client(std::move(other));
    WireBytes bytes;
    bytes.add(std::uint16_t{1}).add(std::uint16_t{9}).add(size).add(std::uint64_t{0});
    client.send_bytes(bytes);
    ASSERT_EQ(stream.receive(), Received::kSome);
    try {
      (void)stream.peek();
      ADD_FAILURE() << size;
    } catch (const FramingError& error) {
      EXPECT_EQ(error.what(), "a message of " + std::to_string(size) + " bytes, expected 16 to " +
                                  std::to_string(MessageStream::kMostBytes));
    }
  }
}

TEST_F(MessageStreamTest, FilesWithASizeThatCannotBe) {
  const MemoryFile file(1);
  WireBytes bytes;
  bytes.add(std::uint64_t{0}).add(std::uint64_t{0}).add(std::uint64_t{0});
  send(bytes, {file.fd()});
  ASSERT_EQ(stream_.receive(), Received::kSome);
  EXPECT_THROW((void)stream_.peek(), FramingError);
}

TEST_F(MessageStreamTest, PeerHasClosed) {
  send(message(1, "the last words"));
  client_.close();
  EXPECT_EQ(stream_.receive(), Received::kSome);
  EXPECT_TRUE(stream_.peek());
  EXPECT_EQ(stream_.next().payload.size(), 14U);
  EXPECT_EQ(stream_.receive(), Received::kClosed);
  stream_.send({.id = 1, .command = 9, .size = 16}, {});  // no SIGPIPE
  EXPECT_FALSE(stream_.unsent());
}

TEST_F(MessageStreamTest, RepliesAreSentWhole) {
  const std::string fixed = "fixed";
  const std::string data = "and data";
  VfioUserHeader header{.id = 3, .command = 9, .size = 16 + 13, .flags = VfioUserHeader::kReply};
  stream_.send(header, std::as_bytes(std::span(fixed)), std::as_bytes(std::span(data)));
  const test::VfioUserReply reply = client_.receive();
  EXPECT_EQ(reply.id, 3);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(reply.payload.data()), 13), "fixedand data");
}

TEST_F(MessageStreamTest, PeerThatReadsNothing) {
  const std::string data(4096, 'x');
  const VfioUserHeader header{
      .id = 1, .command = 9, .size = 16 + 4096, .flags = VfioUserHeader::kReply};
  EXPECT_EQ(stream_.stuck(), std::chrono::steady_clock::duration::zero());
  std::size_t sent = 0;
  for (; !stream_.unsent() && sent < 10000; ++sent) {
    stream_.send(header, std::as_bytes(std::span(data)));
  }
  ASSERT_TRUE(stream_.unsent());
  for (int i = 0; i < 100; ++i, ++sent) stream_.send(header, std::as_bytes(std::span(data)));
  EXPECT_FALSE(stream_.flush());
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_GE(stream_.stuck(), std::chrono::milliseconds(20));
  // As soon as it reads, all is there, in order and whole.
  client_.pump = [&] { (void)stream_.flush(); };
  for (std::size_t i = 0; i < sent; ++i) {
    ASSERT_EQ(client_.receive().payload.size(), data.size()) << i;
  }
  EXPECT_TRUE(stream_.flush());
  EXPECT_EQ(stream_.stuck(), std::chrono::steady_clock::duration::zero());
}

}  // namespace
}  // namespace guestlink::detail
