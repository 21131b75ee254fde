// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <systemc>

namespace guestlink::pins {

// Message types of the bridges' reports, for sc_report_handler::set_actions.
inline constexpr const char* kParameterReport = "/Guestlink/pins/parameter";  ///< errors
inline constexpr const char* kBusReport = "/Guestlink/pins/bus";              ///< warnings

/// Reports an error, at elaboration, that names the module and the parameter.
inline void require_from_one(const sc_core::sc_module& module, const char* parameter,
                             std::uint64_t value) {
  if (value != 0) return;
  const std::string text =
      std::string(module.name()) + ": parameter " + parameter + " is 0, and must be at least 1";
  SC_REPORT_ERROR(kParameterReport, text.c_str());
}

}  // namespace guestlink::pins
