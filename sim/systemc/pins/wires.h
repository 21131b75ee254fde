// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The wires of an AXI4-Lite or AXI4 bus, bound to a module's ports by the names that the ecosystem
// gives them: the bridges of this folder, Verilated tops, or any sc_module with such ports.
#pragma once

#include <systemc>

#include "systemc/pins/pin_types.h"

// A port that the module must have: the compiler's message names it.
#define GUESTLINK_BIND(wire, port) module.port(this->wire)
// A port that AXI4 lets a module leave out; the other side then sees the wire at 0.
#define GUESTLINK_BIND_IF_THERE(wire, port) \
  if constexpr (requires { module.port; }) module.port(this->wire)

namespace guestlink {

/// An AXI4-Lite bus: 32 or 64 bits of data.
template <unsigned kAddrWidth, unsigned kDataWidth = 32>
struct AxilWires : sc_core::sc_module {
  template <unsigned kWidth>
  using Pin = pins::Pin<kWidth>;

  explicit AxilWires(const sc_core::sc_module_name& name) : sc_module(name) {}

  sc_core::sc_signal<Pin<kAddrWidth>> awaddr{"awaddr"};
  sc_core::sc_signal<Pin<3>> awprot{"awprot"};
  sc_core::sc_signal<bool> awvalid{"awvalid"};
  sc_core::sc_signal<bool> awready{"awready"};
  sc_core::sc_signal<Pin<kDataWidth>> wdata{"wdata"};
  sc_core::sc_signal<Pin<kDataWidth / 8>> wstrb{"wstrb"};
  sc_core::sc_signal<bool> wvalid{"wvalid"};
  sc_core::sc_signal<bool> wready{"wready"};
  sc_core::sc_signal<Pin<2>> bresp{"bresp"};
  sc_core::sc_signal<bool> bvalid{"bvalid"};
  sc_core::sc_signal<bool> bready{"bready"};
  sc_core::sc_signal<Pin<kAddrWidth>> araddr{"araddr"};
  sc_core::sc_signal<Pin<3>> arprot{"arprot"};
  sc_core::sc_signal<bool> arvalid{"arvalid"};
  sc_core::sc_signal<bool> arready{"arready"};
  sc_core::sc_signal<Pin<kDataWidth>> rdata{"rdata"};
  sc_core::sc_signal<Pin<2>> rresp{"rresp"};
  sc_core::sc_signal<bool> rvalid{"rvalid"};
  sc_core::sc_signal<bool> rready{"rready"};

  /// To a manager's `m_axil_*`.
  template <typename Module>
  void bind_manager(Module& module) {
    GUESTLINK_BIND(awaddr, m_axil_awaddr);
    GUESTLINK_BIND_IF_THERE(awprot, m_axil_awprot);
    GUESTLINK_BIND(awvalid, m_axil_awvalid);
    GUESTLINK_BIND(awready, m_axil_awready);
    GUESTLINK_BIND(wdata, m_axil_wdata);
    GUESTLINK_BIND(wstrb, m_axil_wstrb);
    GUESTLINK_BIND(wvalid, m_axil_wvalid);
    GUESTLINK_BIND(wready, m_axil_wready);
    GUESTLINK_BIND_IF_THERE(bresp, m_axil_bresp);
    GUESTLINK_BIND(bvalid, m_axil_bvalid);
    GUESTLINK_BIND(bready, m_axil_bready);
    GUESTLINK_BIND(araddr, m_axil_araddr);
    GUESTLINK_BIND_IF_THERE(arprot, m_axil_arprot);
    GUESTLINK_BIND(arvalid, m_axil_arvalid);
    GUESTLINK_BIND(arready, m_axil_arready);
    GUESTLINK_BIND(rdata, m_axil_rdata);
    GUESTLINK_BIND_IF_THERE(rresp, m_axil_rresp);
    GUESTLINK_BIND(rvalid, m_axil_rvalid);
    GUESTLINK_BIND(rready, m_axil_rready);
  }

  /// To a subordinate's `s_axil_*`.
  template <typename Module>
  void bind_subordinate(Module& module) {
    GUESTLINK_BIND(awaddr, s_axil_awaddr);
    GUESTLINK_BIND_IF_THERE(awprot, s_axil_awprot);
    GUESTLINK_BIND(awvalid, s_axil_awvalid);
    GUESTLINK_BIND(awready, s_axil_awready);
    GUESTLINK_BIND(wdata, s_axil_wdata);
    GUESTLINK_BIND(wstrb, s_axil_wstrb);
    GUESTLINK_BIND(wvalid, s_axil_wvalid);
    GUESTLINK_BIND(wready, s_axil_wready);
    GUESTLINK_BIND_IF_THERE(bresp, s_axil_bresp);
    GUESTLINK_BIND(bvalid, s_axil_bvalid);
    GUESTLINK_BIND(bready, s_axil_bready);
    GUESTLINK_BIND(araddr, s_axil_araddr);
    GUESTLINK_BIND_IF_THERE(arprot, s_axil_arprot);
    GUESTLINK_BIND(arvalid, s_axil_arvalid);
    GUESTLINK_BIND(arready, s_axil_arready);
    GUESTLINK_BIND(rdata, s_axil_rdata);
    GUESTLINK_BIND_IF_THERE(rresp, s_axil_rresp);
    GUESTLINK_BIND(rvalid, s_axil_rvalid);
    GUESTLINK_BIND(rready, s_axil_rready);
  }

  /// To a monitor's `*_i`, such as the Verilated rtl/checkers/axil_checker.sv.
  template <typename Module>
  void bind_monitor(Module& module) {
    GUESTLINK_BIND(awaddr, awaddr_i);
    GUESTLINK_BIND(awprot, awprot_i);
    GUESTLINK_BIND(awvalid, awvalid_i);
    GUESTLINK_BIND(awready, awready_i);
    GUESTLINK_BIND(wdata, wdata_i);
    GUESTLINK_BIND(wstrb, wstrb_i);
    GUESTLINK_BIND(wvalid, wvalid_i);
    GUESTLINK_BIND(wready, wready_i);
    GUESTLINK_BIND(bresp, bresp_i);
    GUESTLINK_BIND(bvalid, bvalid_i);
    GUESTLINK_BIND(bready, bready_i);
    GUESTLINK_BIND(araddr, araddr_i);
    GUESTLINK_BIND(arprot, arprot_i);
    GUESTLINK_BIND(arvalid, arvalid_i);
    GUESTLINK_BIND(arready, arready_i);
    GUESTLINK_BIND(rdata, rdata_i);
    GUESTLINK_BIND(rresp, rresp_i);
    GUESTLINK_BIND(rvalid, rvalid_i);
    GUESTLINK_BIND(rready, rready_i);
  }
};

/// An AXI4 bus: 32 to 1024 bits of data.
template <unsigned kDataWidth, unsigned kAddrWidth = 64, unsigned kIdWidth = 4>
struct Axi4Wires : sc_core::sc_module {
  template <unsigned kWidth>
  using Pin = pins::Pin<kWidth>;

  explicit Axi4Wires(const sc_core::sc_module_name& name) : sc_module(name) {}

  sc_core::sc_signal<Pin<kIdWidth>> awid{"awid"};
  sc_core::sc_signal<Pin<kAddrWidth>> awaddr{"awaddr"};
  sc_core::sc_signal<Pin<8>> awlen{"awlen"};
  sc_core::sc_signal<Pin<3>> awsize{"awsize"};
  sc_core::sc_signal<Pin<2>> awburst{"awburst"};
  sc_core::sc_signal<bool> awlock{"awlock"};
  sc_core::sc_signal<Pin<4>> awcache{"awcache"};
  sc_core::sc_signal<Pin<3>> awprot{"awprot"};
  sc_core::sc_signal<Pin<4>> awqos{"awqos"};
  sc_core::sc_signal<Pin<4>> awregion{"awregion"};
  sc_core::sc_signal<bool> awvalid{"awvalid"};
  sc_core::sc_signal<bool> awready{"awready"};
  sc_core::sc_signal<Pin<kDataWidth>> wdata{"wdata"};
  sc_core::sc_signal<Pin<kDataWidth / 8>> wstrb{"wstrb"};
  sc_core::sc_signal<bool> wlast{"wlast"};
  sc_core::sc_signal<bool> wvalid{"wvalid"};
  sc_core::sc_signal<bool> wready{"wready"};
  sc_core::sc_signal<Pin<kIdWidth>> bid{"bid"};
  sc_core::sc_signal<Pin<2>> bresp{"bresp"};
  sc_core::sc_signal<bool> bvalid{"bvalid"};
  sc_core::sc_signal<bool> bready{"bready"};
  sc_core::sc_signal<Pin<kIdWidth>> arid{"arid"};
  sc_core::sc_signal<Pin<kAddrWidth>> araddr{"araddr"};
  sc_core::sc_signal<Pin<8>> arlen{"arlen"};
  sc_core::sc_signal<Pin<3>> arsize{"arsize"};
  sc_core::sc_signal<Pin<2>> arburst{"arburst"};
  sc_core::sc_signal<bool> arlock{"arlock"};
  sc_core::sc_signal<Pin<4>> arcache{"arcache"};
  sc_core::sc_signal<Pin<3>> arprot{"arprot"};
  sc_core::sc_signal<Pin<4>> arqos{"arqos"};
  sc_core::sc_signal<Pin<4>> arregion{"arregion"};
  sc_core::sc_signal<bool> arvalid{"arvalid"};
  sc_core::sc_signal<bool> arready{"arready"};
  sc_core::sc_signal<Pin<kIdWidth>> rid{"rid"};
  sc_core::sc_signal<Pin<kDataWidth>> rdata{"rdata"};
  sc_core::sc_signal<Pin<2>> rresp{"rresp"};
  sc_core::sc_signal<bool> rlast{"rlast"};
  sc_core::sc_signal<bool> rvalid{"rvalid"};
  sc_core::sc_signal<bool> rready{"rready"};

  /// To a manager's `m_axi_*`.
  template <typename Module>
  void bind_manager(Module& module) {
    GUESTLINK_BIND_IF_THERE(awid, m_axi_awid);
    GUESTLINK_BIND(awaddr, m_axi_awaddr);
    GUESTLINK_BIND(awlen, m_axi_awlen);
    GUESTLINK_BIND(awsize, m_axi_awsize);
    GUESTLINK_BIND(awburst, m_axi_awburst);
    GUESTLINK_BIND_IF_THERE(awlock, m_axi_awlock);
    GUESTLINK_BIND_IF_THERE(awcache, m_axi_awcache);
    GUESTLINK_BIND_IF_THERE(awprot, m_axi_awprot);
    GUESTLINK_BIND_IF_THERE(awqos, m_axi_awqos);
    GUESTLINK_BIND_IF_THERE(awregion, m_axi_awregion);
    GUESTLINK_BIND(awvalid, m_axi_awvalid);
    GUESTLINK_BIND(awready, m_axi_awready);
    GUESTLINK_BIND(wdata, m_axi_wdata);
    GUESTLINK_BIND(wstrb, m_axi_wstrb);
    GUESTLINK_BIND(wlast, m_axi_wlast);
    GUESTLINK_BIND(wvalid, m_axi_wvalid);
    GUESTLINK_BIND(wready, m_axi_wready);
    GUESTLINK_BIND_IF_THERE(bid, m_axi_bid);
    GUESTLINK_BIND_IF_THERE(bresp, m_axi_bresp);
    GUESTLINK_BIND(bvalid, m_axi_bvalid);
    GUESTLINK_BIND(bready, m_axi_bready);
    GUESTLINK_BIND_IF_THERE(arid, m_axi_arid);
    GUESTLINK_BIND(araddr, m_axi_araddr);
    GUESTLINK_BIND(arlen, m_axi_arlen);
    GUESTLINK_BIND(arsize, m_axi_arsize);
    GUESTLINK_BIND(arburst, m_axi_arburst);
    GUESTLINK_BIND_IF_THERE(arlock, m_axi_arlock);
    GUESTLINK_BIND_IF_THERE(arcache, m_axi_arcache);
    GUESTLINK_BIND_IF_THERE(arprot, m_axi_arprot);
    GUESTLINK_BIND_IF_THERE(arqos, m_axi_arqos);
    GUESTLINK_BIND_IF_THERE(arregion, m_axi_arregion);
    GUESTLINK_BIND(arvalid, m_axi_arvalid);
    GUESTLINK_BIND(arready, m_axi_arready);
    GUESTLINK_BIND_IF_THERE(rid, m_axi_rid);
    GUESTLINK_BIND(rdata, m_axi_rdata);
    GUESTLINK_BIND_IF_THERE(rresp, m_axi_rresp);
    GUESTLINK_BIND_IF_THERE(rlast, m_axi_rlast);
    GUESTLINK_BIND(rvalid, m_axi_rvalid);
    GUESTLINK_BIND(rready, m_axi_rready);
  }

  /// To a subordinate's `s_axi_*`.
  template <typename Module>
  void bind_subordinate(Module& module) {
    GUESTLINK_BIND_IF_THERE(awid, s_axi_awid);
    GUESTLINK_BIND(awaddr, s_axi_awaddr);
    GUESTLINK_BIND(awlen, s_axi_awlen);
    GUESTLINK_BIND(awsize, s_axi_awsize);
    GUESTLINK_BIND(awburst, s_axi_awburst);
    GUESTLINK_BIND_IF_THERE(awlock, s_axi_awlock);
    GUESTLINK_BIND_IF_THERE(awcache, s_axi_awcache);
    GUESTLINK_BIND_IF_THERE(awprot, s_axi_awprot);
    GUESTLINK_BIND_IF_THERE(awqos, s_axi_awqos);
    GUESTLINK_BIND_IF_THERE(awregion, s_axi_awregion);
    GUESTLINK_BIND(awvalid, s_axi_awvalid);
    GUESTLINK_BIND(awready, s_axi_awready);
    GUESTLINK_BIND(wdata, s_axi_wdata);
    GUESTLINK_BIND(wstrb, s_axi_wstrb);
    GUESTLINK_BIND(wlast, s_axi_wlast);
    GUESTLINK_BIND(wvalid, s_axi_wvalid);
    GUESTLINK_BIND(wready, s_axi_wready);
    GUESTLINK_BIND_IF_THERE(bid, s_axi_bid);
    GUESTLINK_BIND_IF_THERE(bresp, s_axi_bresp);
    GUESTLINK_BIND(bvalid, s_axi_bvalid);
    GUESTLINK_BIND(bready, s_axi_bready);
    GUESTLINK_BIND_IF_THERE(arid, s_axi_arid);
    GUESTLINK_BIND(araddr, s_axi_araddr);
    GUESTLINK_BIND(arlen, s_axi_arlen);
    GUESTLINK_BIND(arsize, s_axi_arsize);
    GUESTLINK_BIND(arburst, s_axi_arburst);
    GUESTLINK_BIND_IF_THERE(arlock, s_axi_arlock);
    GUESTLINK_BIND_IF_THERE(arcache, s_axi_arcache);
    GUESTLINK_BIND_IF_THERE(arprot, s_axi_arprot);
    GUESTLINK_BIND_IF_THERE(arqos, s_axi_arqos);
    GUESTLINK_BIND_IF_THERE(arregion, s_axi_arregion);
    GUESTLINK_BIND(arvalid, s_axi_arvalid);
    GUESTLINK_BIND(arready, s_axi_arready);
    GUESTLINK_BIND_IF_THERE(rid, s_axi_rid);
    GUESTLINK_BIND(rdata, s_axi_rdata);
    GUESTLINK_BIND_IF_THERE(rresp, s_axi_rresp);
    GUESTLINK_BIND_IF_THERE(rlast, s_axi_rlast);
    GUESTLINK_BIND(rvalid, s_axi_rvalid);
    GUESTLINK_BIND(rready, s_axi_rready);
  }

  /// To a monitor's `*_i`, such as the Verilated rtl/checkers/axi4_checker.sv.
  template <typename Module>
  void bind_monitor(Module& module) {
    GUESTLINK_BIND(awid, awid_i);
    GUESTLINK_BIND(awaddr, awaddr_i);
    GUESTLINK_BIND(awlen, awlen_i);
    GUESTLINK_BIND(awsize, awsize_i);
    GUESTLINK_BIND(awburst, awburst_i);
    GUESTLINK_BIND(awlock, awlock_i);
    GUESTLINK_BIND(awcache, awcache_i);
    GUESTLINK_BIND(awprot, awprot_i);
    GUESTLINK_BIND(awqos, awqos_i);
    GUESTLINK_BIND(awvalid, awvalid_i);
    GUESTLINK_BIND(awready, awready_i);
    GUESTLINK_BIND(wdata, wdata_i);
    GUESTLINK_BIND(wstrb, wstrb_i);
    GUESTLINK_BIND(wlast, wlast_i);
    GUESTLINK_BIND(wvalid, wvalid_i);
    GUESTLINK_BIND(wready, wready_i);
    GUESTLINK_BIND(bid, bid_i);
    GUESTLINK_BIND(bresp, bresp_i);
    GUESTLINK_BIND(bvalid, bvalid_i);
    GUESTLINK_BIND(bready, bready_i);
    GUESTLINK_BIND(arid, arid_i);
    GUESTLINK_BIND(araddr, araddr_i);
    GUESTLINK_BIND(arlen, arlen_i);
    GUESTLINK_BIND(arsize, arsize_i);
    GUESTLINK_BIND(arburst, arburst_i);
    GUESTLINK_BIND(arlock, arlock_i);
    GUESTLINK_BIND(arcache, arcache_i);
    GUESTLINK_BIND(arprot, arprot_i);
    GUESTLINK_BIND(arqos, arqos_i);
    GUESTLINK_BIND(arvalid, arvalid_i);
    GUESTLINK_BIND(arready, arready_i);
    GUESTLINK_BIND(rid, rid_i);
    GUESTLINK_BIND(rdata, rdata_i);
    GUESTLINK_BIND(rresp, rresp_i);
    GUESTLINK_BIND(rlast, rlast_i);
    GUESTLINK_BIND(rvalid, rvalid_i);
    GUESTLINK_BIND(rready, rready_i);
  }
};

}  // namespace guestlink

#undef GUESTLINK_BIND
#undef GUESTLINK_BIND_IF_THERE
