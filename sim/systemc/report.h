// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <systemc>

namespace guestlink {

/// The type of every report of the SystemC modules, for sc_report_handler::set_actions.
inline constexpr const char* kReportType = "/guestlink";

/// SC_REPORT_ERROR and SC_REPORT_WARNING whose text names the module first. An error throws
/// sc_core::sc_report unless the report handler's actions say otherwise.
inline void report_error(const char* module, const std::string& text) {
  SC_REPORT_ERROR(kReportType, ("module '" + std::string(module) + "': " + text).c_str());
}
inline void report_warning(const char* module, const std::string& text) {
  SC_REPORT_WARNING(kReportType, ("module '" + std::string(module) + "': " + text).c_str());
}

}  // namespace guestlink
