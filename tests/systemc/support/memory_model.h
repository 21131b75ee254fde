// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// A TLM memory that does what a test asks of a target: latency, waiting, errors at an address.
#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <systemc>
#include <tlm>
#include <vector>

namespace guestlink::test {

class MemoryModel : public sc_core::sc_module {
 public:
  tlm_utils::simple_target_socket<MemoryModel> socket{"socket"};

  MemoryModel(const sc_core::sc_module_name& name, std::size_t size)
      : sc_core::sc_module(name), bytes(size) {
    socket.register_b_transport(this, &MemoryModel::transport);
  }

  std::vector<unsigned char> bytes;
  sc_core::sc_time read_latency;  // annotated
  sc_core::sc_time write_latency;
  sc_core::sc_time waiting;  // before it answers, by wait()
  // What is answered instead of OK to an access of these bytes; it then moves nothing.
  std::function<tlm::tlm_response_status(std::uint64_t address, std::uint64_t length)> refuse;
  std::uint64_t transactions = 0;

 private:
  void transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    ++transactions;
    if (waiting != sc_core::SC_ZERO_TIME) wait(waiting);
    delay += payload.is_write() ? write_latency : read_latency;
    payload.set_response_status(access(payload));
  }

  tlm::tlm_response_status access(tlm::tlm_generic_payload& payload) {
    const std::uint64_t address = payload.get_address();
    const unsigned length = payload.get_data_length();
    if (length > bytes.size() || address > bytes.size() - length)
      return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    if (refuse) {
      const tlm::tlm_response_status status = refuse(address, length);
      if (status != tlm::TLM_OK_RESPONSE) return status;
    }
    const unsigned char* const enables = payload.get_byte_enable_ptr();
    for (unsigned n = 0; n < length; ++n) {
      if (enables != nullptr && enables[n % payload.get_byte_enable_length()] == 0) continue;
      if (payload.is_write()) {
        bytes[address + n] = payload.get_data_ptr()[n];
      } else {
        payload.get_data_ptr()[n] = bytes[address + n];
      }
    }
    return tlm::TLM_OK_RESPONSE;
  }
};

}  // namespace guestlink::test
