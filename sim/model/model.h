// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What ModelDriver needs of a Verilated guestlink_top, whichever of the two it is. Private to
// sim/model.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "model/model_context.h"
#include "verilated.h"

namespace guestlink::sim {

/// The ports of a Verilated guestlink_top, by their RTL names; references into the model.
struct Ports {
  CData &clk_i, &rst_ni;
  QData& memory_id_i;
  SData &read_latency_i, &write_latency_i;
  IData &accept_stall_i, &beat_stall_i;
  QData& page_address_i;
  IData& page_session_i;
  CData &page_enable_i, &page_state_o, &page_attached_o, &page_error_o;
  SData& s_axil_awaddr;
  CData &s_axil_awprot, &s_axil_awvalid, &s_axil_awready;
  IData& s_axil_wdata;
  CData &s_axil_wstrb, &s_axil_wvalid, &s_axil_wready;
  CData &s_axil_bresp, &s_axil_bvalid, &s_axil_bready;
  SData& s_axil_araddr;
  CData &s_axil_arprot, &s_axil_arvalid, &s_axil_arready;
  IData& s_axil_rdata;
  CData &s_axil_rresp, &s_axil_rvalid, &s_axil_rready;
  CData &irq_o, &idle_o;
  QData &bytes_read_o, &bytes_written_o, &descriptors_o, &interrupts_o;
  IData &page_accesses_o, &error_count_o, &error_status_o;
  QData& error_address_o;
  IData &fault_count_o, &fault_chanerr_o;
  QData& fault_chansts_o;
};

template <typename Top>
Ports ports_of(Top& top) {
  return {top.clk_i,           top.rst_ni,          top.memory_id_i,     top.read_latency_i,
          top.write_latency_i, top.accept_stall_i,  top.beat_stall_i,    top.page_address_i,
          top.page_session_i,  top.page_enable_i,   top.page_state_o,    top.page_attached_o,
          top.page_error_o,    top.s_axil_awaddr,   top.s_axil_awprot,   top.s_axil_awvalid,
          top.s_axil_awready,  top.s_axil_wdata,    top.s_axil_wstrb,    top.s_axil_wvalid,
          top.s_axil_wready,   top.s_axil_bresp,    top.s_axil_bvalid,   top.s_axil_bready,
          top.s_axil_araddr,   top.s_axil_arprot,   top.s_axil_arvalid,  top.s_axil_arready,
          top.s_axil_rdata,    top.s_axil_rresp,    top.s_axil_rvalid,   top.s_axil_rready,
          top.irq_o,           top.idle_o,          top.bytes_read_o,    top.bytes_written_o,
          top.descriptors_o,   top.interrupts_o,    top.page_accesses_o, top.error_count_o,
          top.error_status_o,  top.error_address_o, top.fault_count_o,   top.fault_chanerr_o,
          top.fault_chansts_o};
}

/// A Verilated guestlink_top with its context.
class Model {
 public:
  Model() = default;
  virtual ~Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  /// Lets the outputs follow the inputs; no time passes.
  virtual void settle() = 0;
  /// One clock cycle: low, then high.
  virtual void clock() = 0;
  virtual Ports& ports() noexcept = 0;
  virtual VerilatedContext& context() noexcept = 0;
};

std::unique_ptr<Model> make_model();
/// Writes an FST file from the first cycle. Throws std::runtime_error if it cannot be made.
std::unique_ptr<Model> make_traced_model(const std::string& trace_file);

}  // namespace guestlink::sim
