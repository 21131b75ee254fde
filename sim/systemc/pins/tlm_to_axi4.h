// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <systemc>
#include <tlm>

#include "systemc/pins/manager.h"
#include "systemc/pins/pin_types.h"

namespace guestlink {

/// A TLM-2.0 target that is the manager of an AXI4 bus: any length and alignment as bursts, for a
/// memory or a device with `s_axi_*` pins. docs/systemc-pins.md tells how accesses are cut and what
/// they are answered.
///
/// `kDataWidth` 32 to 1024, a power of two; `kAddrWidth` 12 to 64; `kIdWidth` 1 to 32; `kBusWidth`
/// is the socket's. Any number of threads may call b_transport; nb_transport is served by it. No
/// DMI; transport_dbg moves nothing.
template <unsigned kDataWidth = 64, unsigned kAddrWidth = 64, unsigned kIdWidth = 4,
          unsigned kBusWidth = 32>
class TlmToAxi4 : public sc_core::sc_module {
  static_assert(kDataWidth >= 32 && kDataWidth <= 1024 && std::has_single_bit(kDataWidth),
                "kDataWidth must be a power of two from 32 to 1024");
  static_assert(kAddrWidth >= 12 && kAddrWidth <= 64, "kAddrWidth must be 12 to 64");
  static_assert(kIdWidth >= 1 && kIdWidth <= 32, "kIdWidth must be 1 to 32");

 public:
  tlm_utils::simple_target_socket<TlmToAxi4, kBusWidth> socket{"socket"};
  sc_core::sc_in<bool> clk_i{"clk_i"};
  sc_core::sc_in<bool> rst_ni{"rst_ni"};
  sc_core::sc_out<pins::Pin<kIdWidth>> m_axi_awid{"m_axi_awid"};
  sc_core::sc_out<pins::Pin<kAddrWidth>> m_axi_awaddr{"m_axi_awaddr"};
  sc_core::sc_out<pins::Pin<8>> m_axi_awlen{"m_axi_awlen"};
  sc_core::sc_out<pins::Pin<3>> m_axi_awsize{"m_axi_awsize"};
  sc_core::sc_out<pins::Pin<2>> m_axi_awburst{"m_axi_awburst"};
  sc_core::sc_out<bool> m_axi_awlock{"m_axi_awlock"};
  sc_core::sc_out<pins::Pin<4>> m_axi_awcache{"m_axi_awcache"};
  sc_core::sc_out<pins::Pin<3>> m_axi_awprot{"m_axi_awprot"};
  sc_core::sc_out<pins::Pin<4>> m_axi_awqos{"m_axi_awqos"};
  sc_core::sc_out<bool> m_axi_awvalid{"m_axi_awvalid"};
  sc_core::sc_in<bool> m_axi_awready{"m_axi_awready"};
  sc_core::sc_out<pins::Pin<kDataWidth>> m_axi_wdata{"m_axi_wdata"};
  sc_core::sc_out<pins::Pin<kDataWidth / 8>> m_axi_wstrb{"m_axi_wstrb"};
  sc_core::sc_out<bool> m_axi_wlast{"m_axi_wlast"};
  sc_core::sc_out<bool> m_axi_wvalid{"m_axi_wvalid"};
  sc_core::sc_in<bool> m_axi_wready{"m_axi_wready"};
  sc_core::sc_in<pins::Pin<kIdWidth>> m_axi_bid{"m_axi_bid"};
  sc_core::sc_in<pins::Pin<2>> m_axi_bresp{"m_axi_bresp"};
  sc_core::sc_in<bool> m_axi_bvalid{"m_axi_bvalid"};
  sc_core::sc_out<bool> m_axi_bready{"m_axi_bready"};
  sc_core::sc_out<pins::Pin<kIdWidth>> m_axi_arid{"m_axi_arid"};
  sc_core::sc_out<pins::Pin<kAddrWidth>> m_axi_araddr{"m_axi_araddr"};
  sc_core::sc_out<pins::Pin<8>> m_axi_arlen{"m_axi_arlen"};
  sc_core::sc_out<pins::Pin<3>> m_axi_arsize{"m_axi_arsize"};
  sc_core::sc_out<pins::Pin<2>> m_axi_arburst{"m_axi_arburst"};
  sc_core::sc_out<bool> m_axi_arlock{"m_axi_arlock"};
  sc_core::sc_out<pins::Pin<4>> m_axi_arcache{"m_axi_arcache"};
  sc_core::sc_out<pins::Pin<3>> m_axi_arprot{"m_axi_arprot"};
  sc_core::sc_out<pins::Pin<4>> m_axi_arqos{"m_axi_arqos"};
  sc_core::sc_out<bool> m_axi_arvalid{"m_axi_arvalid"};
  sc_core::sc_in<bool> m_axi_arready{"m_axi_arready"};
  sc_core::sc_in<pins::Pin<kIdWidth>> m_axi_rid{"m_axi_rid"};
  sc_core::sc_in<pins::Pin<kDataWidth>> m_axi_rdata{"m_axi_rdata"};
  sc_core::sc_in<pins::Pin<2>> m_axi_rresp{"m_axi_rresp"};
  sc_core::sc_in<bool> m_axi_rlast{"m_axi_rlast"};
  sc_core::sc_in<bool> m_axi_rvalid{"m_axi_rvalid"};
  sc_core::sc_out<bool> m_axi_rready{"m_axi_rready"};

  explicit TlmToAxi4(const sc_core::sc_module_name& name,
                     const ManagerParameters& parameters = ManagerParameters())
      : sc_module(name),
        manager_(*this,
                 {{kDataWidth / 8, 256, false},
                  ~std::uint64_t{0} >> (64 - kAddrWidth),
                  1U << std::min(kIdWidth, 16U)},
                 parameters) {
    socket.register_b_transport(this, &TlmToAxi4::b_transport);
    SC_HAS_PROCESS(TlmToAxi4);
    SC_METHOD(edge);
    sensitive << clk_i.pos() << rst_ni.neg();
    dont_initialize();
  }

 private:
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    manager_.transport(payload, delay);
  }

  void edge() {
    if (rst_ni.read()) {
      manager_.clock(sample());
    } else {
      manager_.reset();
    }
    show(manager_.pins());
  }

  axi::SubordinatePins sample() {
    axi::SubordinatePins in;
    in.aw_ready = m_axi_awready.read();
    in.w_ready = m_axi_wready.read();
    in.b_valid = m_axi_bvalid.read();
    in.b_id = m_axi_bid.read();
    in.b_response = static_cast<axi::Response>(m_axi_bresp.read());
    in.ar_ready = m_axi_arready.read();
    in.r_valid = m_axi_rvalid.read();
    if (!in.r_valid) return in;
    pins::bytes_from_pin<kDataWidth>(m_axi_rdata.read(), r_word_.data());
    in.r_id = m_axi_rid.read();
    in.r_data = r_word_.data();
    in.r_response = static_cast<axi::Response>(m_axi_rresp.read());
    in.r_last = m_axi_rlast.read();
    return in;
  }

  void show(const pins::ManagerSide& out) {
    m_axi_awvalid.write(out.aw_valid);
    if (out.aw_valid) show_aw(out.aw);
    m_axi_wvalid.write(out.w_valid);
    if (out.w_valid) {
      m_axi_wdata.write(pins::pin_from_bytes<kDataWidth>(out.w_data));
      m_axi_wstrb.write(pins::pin_from_bytes<kDataWidth / 8>(out.w_strobes));
      m_axi_wlast.write(out.w_last);
    }
    m_axi_bready.write(out.b_ready);
    m_axi_arvalid.write(out.ar_valid);
    if (out.ar_valid) show_ar(out.ar);
    m_axi_rready.write(out.r_ready);
  }

  // AxLOCK, AxPROT and AxQOS stay 0.
  void show_aw(const axi::Burst& burst) {
    m_axi_awid.write(pins::pin_of<kIdWidth>(burst.id));
    m_axi_awaddr.write(pins::pin_of<kAddrWidth>(burst.address));
    m_axi_awlen.write(burst.len);
    m_axi_awsize.write(burst.size);
    m_axi_awburst.write(static_cast<std::uint32_t>(burst.type));
    m_axi_awcache.write(kCache);
  }
  void show_ar(const axi::Burst& burst) {
    m_axi_arid.write(pins::pin_of<kIdWidth>(burst.id));
    m_axi_araddr.write(pins::pin_of<kAddrWidth>(burst.address));
    m_axi_arlen.write(burst.len);
    m_axi_arsize.write(burst.size);
    m_axi_arburst.write(static_cast<std::uint32_t>(burst.type));
    m_axi_arcache.write(kCache);
  }

  /// Not bufferable: the write response means that the data is where everyone sees it.
  static constexpr std::uint32_t kCache = 0b0010;

  pins::Manager manager_;
  std::array<std::byte, kDataWidth / 8> r_word_{};
};

}  // namespace guestlink
