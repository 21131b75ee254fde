// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <systemc>

namespace guestlink::pins {

/// Message type of all reports of the bridges, for sc_report_handler::set_actions.
inline constexpr const char* kReportType = "/guestlink/pins";

/// Reports an error, at elaboration, that names the module and the parameter.
inline void require_from_one(const sc_core::sc_module& module, const char* parameter,
                             std::uint64_t value) {
  if (value != 0) return;
  const std::string text =
      std::string(module.name()) + ": parameter " + parameter + " is 0, and must be at least 1";
  SC_REPORT_ERROR(kReportType, text.c_str());
}

}  // namespace guestlink::pins
