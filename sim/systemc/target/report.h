// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <systemc>

namespace guestlink {

/// The type of the reports of GuestMemoryTarget, for sc_report_handler::set_actions.
inline constexpr const char* kMemoryReport = "/Guestlink/memory";

/// SC_REPORT_ERROR and SC_REPORT_WARNING whose text names the module first. An error throws
/// sc_core::sc_report unless the report handler's actions say otherwise.
inline void report_error(const char* module, const std::string& text) {
  SC_REPORT_ERROR(kMemoryReport, (std::string(module) + ": " + text).c_str());
}
inline void report_warning(const char* module, const std::string& text) {
  SC_REPORT_WARNING(kMemoryReport, (std::string(module) + ": " + text).c_str());
}

}  // namespace guestlink
