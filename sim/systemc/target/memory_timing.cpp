// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/target/memory_timing.h"

#include <cmath>
#include <sstream>
#include <string>

#include "systemc/target/report.h"

namespace guestlink {
namespace {

constexpr double kLeastBytesPerSecond = 1000;

template <typename Value>
void refuse(const char* module, const char* parameter, Value& value, const std::string& expected) {
  std::ostringstream text;
  text << "parameter " << parameter << " is " << value << ", expected " << expected;
  value = Value();
  report_error(module, text.str());
}

void check_time(const char* module, const char* parameter, sc_core::sc_time& time) {
  const sc_core::sc_time limit = sc_core::sc_max_time() / 8;
  if (time > limit) refuse(module, parameter, time, "at most " + limit.to_string());
}

}  // namespace

MemoryTiming checked(MemoryTiming timing, const char* module) {
  check_time(module, "read_latency", timing.read_latency);
  check_time(module, "write_latency", timing.write_latency);
  check_time(module, "accept_delay", timing.accept_delay);
  const double rate = timing.bytes_per_second;
  if (rate != 0 && !(std::isfinite(rate) && rate >= kLeastBytesPerSecond)) {
    refuse(module, "bytes_per_second", timing.bytes_per_second, "0 (no limit) or 1000 and more");
  }
  if (timing.max_outstanding == 0) {
    refuse(module, "max_outstanding", timing.max_outstanding, "1 or more");
    timing.max_outstanding = MemoryTiming().max_outstanding;
  }
  return timing;
}

}  // namespace guestlink
