// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "model/engine_driver.h"

namespace guestlink::sim {

const char* to_string(StopReason reason) noexcept {
  switch (reason) {
    case StopReason::kNone:
      return "none";
    case StopReason::kCycleLimit:
      return "cycle limit";
    case StopReason::kRequested:
      return "requested";
    case StopReason::kFinish:
      return "finish";
    case StopReason::kAssertion:
      return "assertion";
  }
  return "unknown";
}

EngineDriver::Counters& EngineDriver::Counters::operator+=(const Counters& later) {
  Counters sum = later;
  sum.bytes_read += bytes_read;
  sum.bytes_written += bytes_written;
  sum.descriptors += descriptors;
  sum.interrupts += interrupts;
  sum.page_accesses += page_accesses;
  sum.errors += errors;
  sum.faults += faults;
  return *this = sum;
}

}  // namespace guestlink::sim
