// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <array>
#include <cstdint>
#include <systemc>
#include <tlm>

#include "systemc/pins/manager.h"
#include "systemc/pins/pin_types.h"

namespace guestlink {

/// A TLM-2.0 target that is the manager of an AXI4-Lite bus: register accesses of a virtual
/// platform for a device with `s_axil_*` pins. docs/systemc-pins.md tells which accesses it takes
/// and what they are answered.
///
/// `kAddrWidth` 1 to 64, `kDataWidth` 32 or 64; `kBusWidth` is the socket's. Any number of threads
/// may call b_transport; nb_transport is served by it. No DMI; transport_dbg moves nothing.
template <unsigned kAddrWidth = 32, unsigned kDataWidth = 32, unsigned kBusWidth = 32>
class TlmToAxil : public sc_core::sc_module {
  static_assert(kAddrWidth >= 1 && kAddrWidth <= 64, "kAddrWidth must be 1 to 64");
  static_assert(kDataWidth == 32 || kDataWidth == 64, "kDataWidth must be 32 or 64");

 public:
  tlm_utils::simple_target_socket<TlmToAxil, kBusWidth> socket{"socket"};
  sc_core::sc_in<bool> clk_i{"clk_i"};
  sc_core::sc_in<bool> rst_ni{"rst_ni"};
  sc_core::sc_out<pins::Pin<kAddrWidth>> m_axil_awaddr{"m_axil_awaddr"};
  sc_core::sc_out<pins::Pin<3>> m_axil_awprot{"m_axil_awprot"};
  sc_core::sc_out<bool> m_axil_awvalid{"m_axil_awvalid"};
  sc_core::sc_in<bool> m_axil_awready{"m_axil_awready"};
  sc_core::sc_out<pins::Pin<kDataWidth>> m_axil_wdata{"m_axil_wdata"};
  sc_core::sc_out<pins::Pin<kDataWidth / 8>> m_axil_wstrb{"m_axil_wstrb"};
  sc_core::sc_out<bool> m_axil_wvalid{"m_axil_wvalid"};
  sc_core::sc_in<bool> m_axil_wready{"m_axil_wready"};
  sc_core::sc_in<pins::Pin<2>> m_axil_bresp{"m_axil_bresp"};
  sc_core::sc_in<bool> m_axil_bvalid{"m_axil_bvalid"};
  sc_core::sc_out<bool> m_axil_bready{"m_axil_bready"};
  sc_core::sc_out<pins::Pin<kAddrWidth>> m_axil_araddr{"m_axil_araddr"};
  sc_core::sc_out<pins::Pin<3>> m_axil_arprot{"m_axil_arprot"};
  sc_core::sc_out<bool> m_axil_arvalid{"m_axil_arvalid"};
  sc_core::sc_in<bool> m_axil_arready{"m_axil_arready"};
  sc_core::sc_in<pins::Pin<kDataWidth>> m_axil_rdata{"m_axil_rdata"};
  sc_core::sc_in<pins::Pin<2>> m_axil_rresp{"m_axil_rresp"};
  sc_core::sc_in<bool> m_axil_rvalid{"m_axil_rvalid"};
  sc_core::sc_out<bool> m_axil_rready{"m_axil_rready"};

  explicit TlmToAxil(const sc_core::sc_module_name& name,
                     const ManagerParameters& parameters = ManagerParameters())
      : sc_module(name),
        manager_(*this, {{kDataWidth / 8, 1, true}, ~std::uint64_t{0} >> (64 - kAddrWidth), 1},
                 parameters) {
    socket.register_b_transport(this, &TlmToAxil::b_transport);
    SC_HAS_PROCESS(TlmToAxil);
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
    in.aw_ready = m_axil_awready.read();
    in.w_ready = m_axil_wready.read();
    in.b_valid = m_axil_bvalid.read();
    if (in.b_valid) in.b_response = static_cast<axi::Response>(m_axil_bresp.read());
    in.ar_ready = m_axil_arready.read();
    in.r_valid = m_axil_rvalid.read();
    if (!in.r_valid) return in;
    pins::bytes_from_pin<kDataWidth>(m_axil_rdata.read(), r_word_.data());
    in.r_data = r_word_.data();
    in.r_response = static_cast<axi::Response>(m_axil_rresp.read());
    in.r_last = true;
    return in;
  }

  void show(const pins::ManagerSide& out) {
    m_axil_awvalid.write(out.aw_valid);
    if (out.aw_valid) m_axil_awaddr.write(pins::pin_of<kAddrWidth>(out.aw.address));
    m_axil_wvalid.write(out.w_valid);
    if (out.w_valid) {
      m_axil_wdata.write(pins::pin_from_bytes<kDataWidth>(out.w_data));
      m_axil_wstrb.write(pins::pin_from_bytes<kDataWidth / 8>(out.w_strobes));
    }
    m_axil_bready.write(out.b_ready);
    m_axil_arvalid.write(out.ar_valid);
    if (out.ar_valid) m_axil_araddr.write(pins::pin_of<kAddrWidth>(out.ar.address));
    m_axil_rready.write(out.r_ready);
  }

  pins::Manager manager_;
  std::array<std::byte, kDataWidth / 8> r_word_{};
};

}  // namespace guestlink
