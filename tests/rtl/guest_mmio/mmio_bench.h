// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// A guest (a scripted client of vfio-user) on one side of two axil_guest_mmio and two guest_irq, a
// device in C++ on the other.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "Vmmio_model.h"
#include "guestlink_endpoints.h"
#include "pci/message_stream.h"
#include "pci/vfio_user_protocol.h"
#include "verilated.h"

namespace guestlink::test {

using detail::VfioUserHeader;
namespace vfio = detail::vfio_user;

/// The guest's side of the connection. Nothing waits.
class Guest {
 public:
  explicit Guest(FileDescriptor socket) : socket_(std::move(socket)) {}

  std::uint16_t send(std::uint16_t command, std::span<const std::byte> payload,
                     std::uint32_t flags = 0, std::span<const int> files = {}) {
    VfioUserHeader header;
    header.id = ++last_id_;
    header.command = command;
    header.size = static_cast<std::uint32_t>(sizeof header + payload.size());
    header.flags = flags;
    std::vector<std::byte> bytes(header.size);
    std::memcpy(bytes.data(), &header, sizeof header);
    std::copy(payload.begin(), payload.end(), bytes.begin() + sizeof header);
    iovec part = {bytes.data(), bytes.size()};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(16 * sizeof(int))> control{};
    if (!files.empty()) {
      message.msg_control = control.data();
      message.msg_controllen = CMSG_SPACE(files.size_bytes());
      cmsghdr* const rights = CMSG_FIRSTHDR(&message);
      *rights = {CMSG_LEN(files.size_bytes()), SOL_SOCKET, SCM_RIGHTS};
      std::memcpy(CMSG_DATA(rights), files.data(), files.size_bytes());
    }
    EXPECT_EQ(sendmsg(socket_.get(), &message, MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    return header.id;
  }
  template <typename T>
  requires(!std::convertible_to<const T&, std::span<const std::byte>>) std::uint16_t
      send(std::uint16_t command, const T& payload, std::uint32_t flags = 0,
           std::span<const int> files = {}) {
    return send(command, std::as_bytes(std::span(&payload, 1)), flags, files);
  }

  std::uint16_t read(std::uint32_t bar, std::uint64_t offset, std::uint32_t size) {
    return send(vfio::kRegionRead, vfio::RegionAccess{offset, bar, size});
  }
  std::uint16_t write(std::uint32_t bar, std::uint64_t offset, std::uint32_t size,
                      std::uint64_t data, bool posted) {
    std::array<std::byte, sizeof(vfio::RegionAccess) + 8> payload;
    const vfio::RegionAccess access{offset, bar, size};
    std::memcpy(payload.data(), &access, sizeof access);
    std::memcpy(payload.data() + sizeof access, &data, 8);
    return send(vfio::kRegionWrite, std::span(payload).first(sizeof access + size),
                posted ? VfioUserHeader::kNoReply : 0);
  }

  struct Reply {
    VfioUserHeader header;
    std::vector<std::byte> payload;
    /// Of a register read.
    [[nodiscard]] std::uint64_t data() const {
      std::uint64_t value = 0;
      const std::size_t fixed = sizeof(vfio::RegionAccess);
      std::memcpy(&value, payload.data() + fixed, payload.size() - fixed);
      return value;
    }
  };
  std::optional<Reply> reply() {
    VfioUserHeader header;
    if (recv(socket_.get(), &header, sizeof header, MSG_DONTWAIT) != sizeof header) return {};
    Reply reply{header, std::vector<std::byte>(header.size - sizeof header)};
    if (!reply.payload.empty()) {
      EXPECT_EQ(recv(socket_.get(), reply.payload.data(), reply.payload.size(), 0),
                static_cast<ssize_t>(reply.payload.size()));
    }
    return reply;
  }
  void leave() { socket_ = FileDescriptor(); }

 private:
  FileDescriptor socket_;
  std::uint16_t last_id_ = 0;
};

/// One BAR's wires.
struct BarWires {
  SData &awaddr, &araddr;
  CData &awvalid, &awready, &wvalid, &wready, &bvalid, &bready, &bresp;
  CData &arvalid, &arready, &rvalid, &rready, &rresp, &wstrb;
  IData &wdata, &rdata;
};

/// A register file behind a BAR that answers when it likes.
class Device {
 public:
  Device(BarWires wires, std::mt19937& random) : wires_(wires), random_(random) {}

  struct Access {
    bool write;
    unsigned address, strobes;
    std::uint32_t data;
    bool operator==(const Access&) const = default;
  };

  /// Before a clock: what this side drives in it.
  void drive() {
    wires_.awready = !stuck && random_() % slowness == 0;
    wires_.wready = !stuck && random_() % slowness == 0;
    wires_.arready = !stuck && !reading_ && random_() % slowness == 0;
    if (writing_ == 3 && !wires_.bvalid && random_() % slowness == 0 && !stuck) {
      wires_.bvalid = 1;
      wires_.bresp = response;
    }
    if (reading_ && !wires_.rvalid && random_() % slowness == 0 && !stuck) {
      wires_.rvalid = 1;
      wires_.rresp = response;
      wires_.rdata = memory[address_ / 4];
    }
  }
  /// Before the edge: what is handed over on it.
  void sample() {
    if (wires_.awvalid && wires_.awready) write_.address = wires_.awaddr, writing_ |= 1;
    if (wires_.wvalid && wires_.wready) {
      write_.strobes = wires_.wstrb, write_.data = wires_.wdata, writing_ |= 2;
    }
    if (wires_.arvalid && wires_.arready) {
      address_ = wires_.araddr;
      reading_ = true;
      seen.push_back({false, address_, 0, 0});
    }
    b_taken_ = wires_.bvalid && wires_.bready;
    r_taken_ = wires_.rvalid && wires_.rready;
  }
  void after() {
    if (b_taken_) {
      wires_.bvalid = 0;
      writing_ = 0;
      seen.push_back({true, write_.address, write_.strobes, write_.data});
      std::uint32_t& word = memory[write_.address / 4];
      for (unsigned i = 0; i < 4; ++i) {
        const std::uint32_t mask = 0xFFU << (8 * i);
        if ((write_.strobes >> i & 1) != 0) word = (word & ~mask) | (write_.data & mask);
      }
    }
    if (r_taken_) wires_.rvalid = 0, reading_ = false;
  }
  void reset() {
    writing_ = 0;
    reading_ = false;
    wires_.bvalid = wires_.rvalid = 0;
  }

  std::vector<Access> seen;
  std::map<unsigned, std::uint32_t> memory;
  unsigned slowness = 1;  // the mean of the clocks that each step takes
  bool stuck = false;
  CData response = 0;

 private:
  BarWires wires_;
  std::mt19937& random_;
  Access write_{true, 0, 0, 0};
  unsigned writing_ = 0;  // 1: has the address, 2: has the data
  bool reading_ = false, b_taken_ = false, r_taken_ = false;
  unsigned address_ = 0;
};

class GuestMmio : public ::testing::Test {
 protected:
  static constexpr unsigned kPatience = 3000;  // clocks

  GuestMmio() {
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    guest_ = std::make_unique<Guest>(FileDescriptor(ends[0]));
    id_ = open_endpoint("vfio-user:x,vendor=0x1234,device=1,bar0=mem:8K,bar2=io:16,msix=2,intx",
                        FileDescriptor(ends[1]));
    context_.fatalOnError(false);
    top_.endpoint_id_i = id_;
    top_.device_idle_i = 1;
    top_.rst_ni = 1;
    top_.eval();
    top_.rst_ni = 0;
    clocks(3);
    top_.rst_ni = 1;
    (void)guest_->send(vfio::kVersion, vfio::Version{0, 0});
    EXPECT_EQ(answer().header.flags, VfioUserHeader::kReply);
  }
  ~GuestMmio() override {
    EXPECT_FALSE(context_.gotError()) << "an assertion of a checker";
    top_.final();
    (void)close_endpoint(id_);
  }

  void clock() {
    bar0_.drive();
    bar2_.drive();
    top_.clk_i = 0;
    top_.eval();
    bar0_.sample();
    bar2_.sample();
    top_.clk_i = 1;
    top_.eval();
    context_.timeInc(1);
    bar0_.after();
    bar2_.after();
    if (!top_.device_rst_no) {
      bar0_.reset();
      bar2_.reset();
      ++reset_clocks_;
    }
  }
  void clocks(unsigned count) {
    for (unsigned i = 0; i < count; ++i) clock();
  }
  /// The next reply, with the clocks that it takes.
  Guest::Reply answer(unsigned patience = kPatience) {
    for (unsigned i = 0; i < patience; ++i) {
      if (auto reply = guest_->reply()) return *reply;
      clock();
    }
    ADD_FAILURE() << "no answer within " << patience << " clocks";
    return {VfioUserHeader(), std::vector<std::byte>(sizeof(vfio::RegionAccess) + 8)};
  }
  std::uint64_t read(std::uint32_t bar, std::uint64_t offset, std::uint32_t size) {
    const auto id = guest_->read(bar, offset, size);
    const Guest::Reply reply = answer();
    EXPECT_EQ(reply.header.id, id);
    EXPECT_EQ(reply.payload.size(), sizeof(vfio::RegionAccess) + size);
    return reply.data();
  }
  void write(std::uint32_t bar, std::uint64_t offset, std::uint32_t size, std::uint64_t data) {
    const auto id = guest_->write(bar, offset, size, data, false);
    const Guest::Reply reply = answer();
    EXPECT_EQ(reply.header.id, id);
    EXPECT_EQ(reply.header.flags, VfioUserHeader::kReply) << reply.header.error;
  }
  template <typename T>
  void command(std::uint16_t number, const T& payload, std::span<const int> files = {}) {
    (void)guest_->send(number, payload, 0, files);
    EXPECT_EQ(answer().header.flags, VfioUserHeader::kReply);
  }

  VerilatedContext context_;
  Vmmio_model top_{&context_};
  std::mt19937 random_{1};
  Device bar0_{{top_.m0_axil_awaddr, top_.m0_axil_araddr, top_.m0_axil_awvalid,
                top_.m0_axil_awready, top_.m0_axil_wvalid, top_.m0_axil_wready, top_.m0_axil_bvalid,
                top_.m0_axil_bready, top_.m0_axil_bresp, top_.m0_axil_arvalid, top_.m0_axil_arready,
                top_.m0_axil_rvalid, top_.m0_axil_rready, top_.m0_axil_rresp, top_.m0_axil_wstrb,
                top_.m0_axil_wdata, top_.m0_axil_rdata},
               random_};
  Device bar2_{{top_.m2_axil_awaddr, top_.m2_axil_araddr, top_.m2_axil_awvalid,
                top_.m2_axil_awready, top_.m2_axil_wvalid, top_.m2_axil_wready, top_.m2_axil_bvalid,
                top_.m2_axil_bready, top_.m2_axil_bresp, top_.m2_axil_arvalid, top_.m2_axil_arready,
                top_.m2_axil_rvalid, top_.m2_axil_rready, top_.m2_axil_rresp, top_.m2_axil_wstrb,
                top_.m2_axil_wdata, top_.m2_axil_rdata},
               random_};
  std::unique_ptr<Guest> guest_;
  std::uint64_t id_ = 0;
  unsigned reset_clocks_ = 0;
};

}  // namespace guestlink::test
