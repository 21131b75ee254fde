// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci/access_log.h"

#include <cinttypes>
#include <cstdio>
#include <stdexcept>

namespace guestlink::sim {

AccessLog::AccessLog(const std::string& path, const PciModel& model)
    : path_(path), file_(path), model_(model) {
  if (!file_) throw std::runtime_error("cannot write the log '" + path + "'");
}

void AccessLog::accessed(const MmioRequest& request, std::uint64_t data, bool okay) {
  char line[120];
  std::snprintf(line, sizeof line,
                "%10" PRIu64 " bar%u %s 0x%" PRIx64 " %u bytes 0x%" PRIx64 "%s\n", model_.cycles(),
                request.bar, request.write ? "write" : "read ", request.offset, request.size,
                request.write ? request.data : data, okay ? "" : " ERROR");
  file_ << line;
}

void AccessLog::interrupt_changed(std::uint32_t vector, bool level) {
  char line[80];
  std::snprintf(line, sizeof line, "%10" PRIu64 " interrupt %u %s\n", model_.cycles(), vector,
                level ? "high" : "low");
  file_ << line;
}

void AccessLog::was_reset() {
  char line[80];
  std::snprintf(line, sizeof line, "%10" PRIu64 " reset\n", model_.cycles());
  file_ << line;
}

void AccessLog::close() {
  file_.close();
  if (!file_) throw std::runtime_error("cannot write the log '" + path_ + "': is there room?");
}

}  // namespace guestlink::sim
