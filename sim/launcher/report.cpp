// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "launcher/report.h"

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "guestlink/attach.h"
#include "launcher/layout.h"

namespace guestlink::launcher {
namespace {

namespace fs = std::filesystem;

std::string ram_path(const Plan& plan, int pid, int ram_descriptor) {
  if (plan.ram_bytes == 0) return fs::absolute(plan.own_ram).string();
  return "/proc/" + std::to_string(pid) + "/fd/" + std::to_string(ram_descriptor);
}

// Sets the spec, or says why there is none.
void find_spec(GuestReport& report, const Plan& plan, int ram_descriptor) {
  if (!plan.no_layout.empty()) {
    report.no_spec = plan.no_layout;
    return;
  }
  const std::string layout = layout_of(report.facts.target, report.facts.machine);
  if (layout.empty()) {
    report.no_spec = "no layout is known for machine '" + report.facts.machine + "' of target '" +
                     report.facts.target + "'";
    return;
  }
  const std::string spec =
      "file:" + ram_path(plan, report.pid, ram_descriptor) + ",machine=" + layout;
  try {
    (void)attach(spec + ",ro");
    report.spec = spec;
  } catch (const std::exception& error) {
    report.no_spec = error.what();
  }
}

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

GuestReport make_report(const Plan& plan, int pid, int ram_descriptor, const GuestFacts& facts,
                        const std::string& qmp_socket) {
  GuestReport report{
      .pid = pid, .facts = facts, .qmp_socket = qmp_socket, .spec = {}, .no_spec = {}};
  find_spec(report, plan, ram_descriptor);
  return report;
}

std::string to_json(const GuestReport& report, const Plan& plan) {
  nlohmann::ordered_json out;
  out["spec"] = nullptr;
  if (!report.spec.empty()) out["spec"] = report.spec;
  out["no_spec"] = nullptr;
  if (!report.no_spec.empty()) out["no_spec"] = report.no_spec;
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
