// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "launcher/report.h"

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

namespace guestlink::launcher {
namespace {

namespace fs = std::filesystem;

bool is_special(const std::string& path) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  return fs::exists(status) && !fs::is_regular_file(status);
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream stream(path);
  stream << text;
  if (!stream.flush()) throw std::runtime_error("cannot write " + path);
}

}  // namespace

std::string to_json(const GuestReport& report, const Plan& plan) {
  nlohmann::ordered_json out;
  out["spec"] = report.spec;
  out["qmp_socket"] = report.qmp_socket;
  out["pid"] = report.pid;
  out["machine"] = report.facts.machine;
  out["target"] = report.facts.target;
  out["qemu_version"] = report.facts.version;
  out["kvm"] = report.facts.kvm;
  out["changes"] = plan.changes;
  out["warnings"] = plan.warnings;
  // Words of the user's may be in it, in any encoding.
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

SpecFile::SpecFile(std::string path) : path_(std::move(path)) {
  if (!path_.empty() && !is_special(path_)) fs::remove(path_);
}

SpecFile::~SpecFile() {
  std::error_code ignored;
  if (written_) fs::remove(path_, ignored);
}

void SpecFile::write(const std::string& text) {
  if (path_.empty()) return;
  if (is_special(path_)) {
    write_text(path_, text);
    return;
  }
  const std::string partial = path_ + ".part";
  write_text(partial, text);
  fs::rename(partial, path_);
  written_ = true;
}

}  // namespace guestlink::launcher
