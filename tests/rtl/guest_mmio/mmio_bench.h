// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// A guest (a scripted client of vfio-user) on one side of two axil_guest_mmio and two guest_irq, a
// device in C++ on the other.
#pragma once

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "Vmmio_model.h"
#include "guestlink_endpoints.h"
#include "support/vfio_user_client.h"
#include "verilated.h"

namespace guestlink::test {

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

  using Client = VfioUserClient;

  GuestMmio() {
    auto [guest, device] = Client::socket_pair();
    guest_.emplace(std::move(guest));
    id_ = open_endpoint("vfio-user:x,vendor=0x1234,device=1,bar0=mem:8K,bar2=io:16,msix=2,intx",
                        std::move(device));
    context_.fatalOnError(false);
    top_.endpoint_id_i = id_;
    top_.device_idle_i = 1;
    top_.rst_ni = 1;
    top_.eval();
    top_.rst_ni = 0;
    clocks(3);
    top_.rst_ni = 1;
    command(Client::kVersion, WireBytes().add(std::uint32_t{0}));
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
  VfioUserReply answer(unsigned patience = kPatience) {
    for (unsigned i = 0; i < patience; ++i) {
      if (auto reply = guest_->try_receive()) return *reply;
      clock();
    }
    ADD_FAILURE() << "no answer within " << patience << " clocks";
    return {.payload = std::vector<std::byte>(Client::kHeaderBytes + 8)};
  }
  /// What a register read has brought.
  static std::uint64_t data_of(const VfioUserReply& reply) {
    EXPECT_EQ(reply.error, 0U);
    return reply.number(Client::kHeaderBytes, reply.payload.size() - Client::kHeaderBytes);
  }
  std::uint64_t read(std::uint32_t bar, std::uint64_t offset, std::uint32_t size) {
    const auto id = guest_->send_read(bar, offset, size);
    const VfioUserReply reply = answer();
    EXPECT_EQ(reply.id, id);
    EXPECT_EQ(reply.payload.size(), Client::kHeaderBytes + size);
    return data_of(reply);
  }
  std::uint16_t send_write(std::uint32_t bar, std::uint64_t offset, std::uint32_t size,
                           std::uint64_t data, bool posted) {
    const auto bytes = std::as_bytes(std::span(&data, 1)).first(size);
    return guest_->send_write(bar, offset, bytes, posted ? Client::kNoReply : 0);
  }
  void write(std::uint32_t bar, std::uint64_t offset, std::uint32_t size, std::uint64_t data) {
    const auto id = send_write(bar, offset, size, data, false);
    const VfioUserReply reply = answer();
    EXPECT_EQ(reply.id, id);
    EXPECT_EQ(reply.error, 0U);
  }
  void command(std::uint16_t number, const WireBytes& payload, std::span<const int> files = {}) {
    (void)guest_->send(number, payload, files);
    EXPECT_EQ(answer().error, 0U);
  }
  void set_irqs(std::uint32_t index, std::uint32_t flags, std::uint32_t count,
                std::span<const int> files = {}) {
    WireBytes payload;
    payload.add(std::uint32_t{20}).add(flags).add(index).add(std::uint32_t{0}).add(count);
    command(Client::kSetIrqs, payload, files);
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
  std::optional<Client> guest_;
  std::uint64_t id_ = 0;
  unsigned reset_clocks_ = 0;
};

}  // namespace guestlink::test
