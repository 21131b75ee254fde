// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <systemc>
#include <tlm>

#include "systemc/axi/subordinate.h"
#include "systemc/pins/burst_server.h"
#include "systemc/pins/pin_types.h"

namespace guestlink {

/// An AXI4 subordinate that is a TLM-2.0 initiator: the bursts of a manager's `m_axi_*` pins become
/// calls of b_transport. docs/systemc-pins.md tells which calls a burst makes, when they are made
/// and how their outcome is answered.
///
/// `kDataWidth` 32 to 1024, a power of two; `kAddrWidth` 12 to 64; `kIdWidth` 1 to 32; `kBusWidth`
/// is the socket's. Targets may wait, and annotate delays.
template <unsigned kDataWidth = 64, unsigned kAddrWidth = 64, unsigned kIdWidth = 4,
          unsigned kBusWidth = 32>
class Axi4ToTlm : public sc_core::sc_module {
  static_assert(kDataWidth >= 32 && kDataWidth <= 1024 && std::has_single_bit(kDataWidth),
                "kDataWidth must be a power of two from 32 to 1024");
  static_assert(kAddrWidth >= 12 && kAddrWidth <= 64, "kAddrWidth must be 12 to 64");
  static_assert(kIdWidth >= 1 && kIdWidth <= 32, "kIdWidth must be 1 to 32");

 public:
  tlm::tlm_initiator_socket<kBusWidth> socket{"socket"};
  sc_core::sc_in<bool> clk_i{"clk_i"};
  sc_core::sc_in<bool> rst_ni{"rst_ni"};
  sc_core::sc_in<pins::Pin<kIdWidth>> s_axi_awid{"s_axi_awid"};
  sc_core::sc_in<pins::Pin<kAddrWidth>> s_axi_awaddr{"s_axi_awaddr"};
  sc_core::sc_in<pins::Pin<8>> s_axi_awlen{"s_axi_awlen"};
  sc_core::sc_in<pins::Pin<3>> s_axi_awsize{"s_axi_awsize"};
  sc_core::sc_in<pins::Pin<2>> s_axi_awburst{"s_axi_awburst"};
  sc_core::sc_in<bool> s_axi_awlock{"s_axi_awlock"};
  sc_core::sc_in<pins::Pin<4>> s_axi_awcache{"s_axi_awcache"};
  sc_core::sc_in<pins::Pin<3>> s_axi_awprot{"s_axi_awprot"};
  sc_core::sc_in<pins::Pin<4>> s_axi_awqos{"s_axi_awqos"};
  sc_core::sc_in<bool> s_axi_awvalid{"s_axi_awvalid"};
  sc_core::sc_out<bool> s_axi_awready{"s_axi_awready"};
  sc_core::sc_in<pins::Pin<kDataWidth>> s_axi_wdata{"s_axi_wdata"};
  sc_core::sc_in<pins::Pin<kDataWidth / 8>> s_axi_wstrb{"s_axi_wstrb"};
  sc_core::sc_in<bool> s_axi_wlast{"s_axi_wlast"};
  sc_core::sc_in<bool> s_axi_wvalid{"s_axi_wvalid"};
  sc_core::sc_out<bool> s_axi_wready{"s_axi_wready"};
  sc_core::sc_out<pins::Pin<kIdWidth>> s_axi_bid{"s_axi_bid"};
  sc_core::sc_out<pins::Pin<2>> s_axi_bresp{"s_axi_bresp"};
  sc_core::sc_out<bool> s_axi_bvalid{"s_axi_bvalid"};
  sc_core::sc_in<bool> s_axi_bready{"s_axi_bready"};
  sc_core::sc_in<pins::Pin<kIdWidth>> s_axi_arid{"s_axi_arid"};
  sc_core::sc_in<pins::Pin<kAddrWidth>> s_axi_araddr{"s_axi_araddr"};
  sc_core::sc_in<pins::Pin<8>> s_axi_arlen{"s_axi_arlen"};
  sc_core::sc_in<pins::Pin<3>> s_axi_arsize{"s_axi_arsize"};
  sc_core::sc_in<pins::Pin<2>> s_axi_arburst{"s_axi_arburst"};
  sc_core::sc_in<bool> s_axi_arlock{"s_axi_arlock"};
  sc_core::sc_in<pins::Pin<4>> s_axi_arcache{"s_axi_arcache"};
  sc_core::sc_in<pins::Pin<3>> s_axi_arprot{"s_axi_arprot"};
  sc_core::sc_in<pins::Pin<4>> s_axi_arqos{"s_axi_arqos"};
  sc_core::sc_in<bool> s_axi_arvalid{"s_axi_arvalid"};
  sc_core::sc_out<bool> s_axi_arready{"s_axi_arready"};
  sc_core::sc_out<pins::Pin<kIdWidth>> s_axi_rid{"s_axi_rid"};
  sc_core::sc_out<pins::Pin<kDataWidth>> s_axi_rdata{"s_axi_rdata"};
  sc_core::sc_out<pins::Pin<2>> s_axi_rresp{"s_axi_rresp"};
  sc_core::sc_out<bool> s_axi_rlast{"s_axi_rlast"};
  sc_core::sc_out<bool> s_axi_rvalid{"s_axi_rvalid"};
  sc_core::sc_in<bool> s_axi_rready{"s_axi_rready"};

  explicit Axi4ToTlm(const sc_core::sc_module_name& name,
                     const SubordinateParameters& parameters = SubordinateParameters())
      : sc_module(name), server_(*this, kDataWidth / 8, parameters) {
    socket.bind(backward_);
    SC_HAS_PROCESS(Axi4ToTlm);
    SC_METHOD(edge);
    sensitive << clk_i.pos() << rst_ni.neg();
    dont_initialize();
  }

 private:
  void start_of_simulation() override { server_.connect(*socket.operator->()); }

  void edge() {
    if (rst_ni.read()) {
      server_.clock(sample());
    } else {
      server_.reset();
    }
    show(server_.pins());
  }

  axi::ManagerPins sample() {
    axi::ManagerPins in;
    in.aw_valid = s_axi_awvalid.read();
    if (in.aw_valid) {
      in.aw = burst_of(s_axi_awaddr.read(), s_axi_awid.read(), s_axi_awlen.read(),
                       s_axi_awsize.read(), s_axi_awburst.read());
    }
    in.w_valid = s_axi_wvalid.read();
    if (in.w_valid) {
      pins::bytes_from_pin<kDataWidth>(s_axi_wdata.read(), w_word_.data());
      pins::bytes_from_pin<kDataWidth / 8>(s_axi_wstrb.read(), w_strobes_.data());
      in.w_data = w_word_.data();
      in.w_strobes = w_strobes_.data();
    }
    in.b_ready = s_axi_bready.read();
    in.ar_valid = s_axi_arvalid.read();
    if (in.ar_valid) {
      in.ar = burst_of(s_axi_araddr.read(), s_axi_arid.read(), s_axi_arlen.read(),
                       s_axi_arsize.read(), s_axi_arburst.read());
    }
    in.r_ready = s_axi_rready.read();
    return in;
  }

  static axi::Burst burst_of(std::uint64_t address, std::uint32_t id, std::uint32_t len,
                             std::uint32_t size, std::uint32_t type) {
    return {address, id, static_cast<std::uint8_t>(len), static_cast<std::uint8_t>(size),
            static_cast<axi::BurstType>(type & 3U)};
  }

  void show(const axi::SubordinatePins& out) {
    s_axi_awready.write(out.aw_ready);
    s_axi_wready.write(out.w_ready);
    s_axi_bvalid.write(out.b_valid);
    if (out.b_valid) {
      s_axi_bid.write(pins::pin_of<kIdWidth>(out.b_id));
      s_axi_bresp.write(static_cast<std::uint32_t>(out.b_response));
    }
    s_axi_arready.write(out.ar_ready);
    s_axi_rvalid.write(out.r_valid);
    if (!out.r_valid) return;
    s_axi_rid.write(pins::pin_of<kIdWidth>(out.r_id));
    s_axi_rdata.write(pins::pin_from_bytes<kDataWidth>(out.r_data));
    s_axi_rresp.write(static_cast<std::uint32_t>(out.r_response));
    s_axi_rlast.write(out.r_last);
  }

  pins::BurstServer server_;
  pins::NoBackwardPath backward_;
  std::array<std::byte, kDataWidth / 8> w_word_{};
  std::array<std::uint8_t, (kDataWidth / 8 + 7) / 8> w_strobes_{};
};

}  // namespace guestlink
