// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <cinttypes>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "shell/command.h"
#include "shell/commands.h"
#include "shell/progress.h"
#include "shell/ranges.h"

namespace guestlink::shell {
namespace {

const char* name_of(Permission permission) {
  return permission == Permission::kReadWrite ? "rw" : "ro";
}

nlohmann::ordered_json to_json(const ReportRow& row) {
  return {{"guest_address", hex(row.guest_address)},
          {"length", row.length},
          {"permission", name_of(row.permission)},
          {"backend", row.backend},
          {"path", row.path},
          {"inode", row.inode},
          {"file_offset", hex(row.file_offset)}};
}

int show_map(const Command& command) {
  const Attachment attachment = command.attach(Access::kRead);
  const auto& rows = attachment.report.rows;
  if (command.json()) {
    auto list = nlohmann::ordered_json::array();
    for (const ReportRow& row : rows) list.push_back(to_json(row));
    Command::print({{"rows", list}});
    return kExitOk;
  }
  std::printf("%-33s  %10s  %-2s  %-12s  %-8s  %s\n", "guest address", "size", "", "file offset",
              "backend", "file");
  for (const ReportRow& row : rows) {
    const std::string range =
        hex(row.guest_address) + " - " + hex(row.guest_address + row.length - 1);
    std::printf("%-33s  %10s  %-2s  %-12s  %-8s  %s\n", range.c_str(),
                size_text(row.length).c_str(), name_of(row.permission),
                hex(row.file_offset).c_str(), row.backend.empty() ? "-" : row.backend.c_str(),
                row.path.empty() ? "(anonymous)" : row.path.c_str());
  }
  return kExitOk;
}

void show_text(const AttachReport& report, std::uint64_t total, std::uint64_t populated) {
  const auto line = [](const char* what, const std::string& value) {
    if (!value.empty()) std::printf("%-12s %s\n", what, value.c_str());
  };
  line("QEMU", report.qemu_version);
  line("machine", report.machine);
  line("accelerator", report.accelerator);
  line("RAM", size_text(total) + " (" + hex(total) + ") in " + std::to_string(report.rows.size()) +
                  " row" + (report.rows.size() == 1 ? "" : "s"));
  line("populated", size_text(populated));
  std::set<std::string> shown;
  for (const ReportRow& row : report.rows) {
    const std::string path = row.path.empty() ? "(anonymous)" : row.path;
    if (shown.insert(path).second) {
      line("file", path + ", inode " + std::to_string(row.inode));
    }
  }
  for (const std::string& warning : report.warnings) line("warning", warning);
}

int show_info(const Command& command) {
  const auto [memory, report] = command.attach(Access::kRead);
  const auto segments = segments_of(memory, kAllAddresses);
  const std::uint64_t total = total_length(segments);
  const std::uint64_t populated = populated_length(segments);
  if (!command.json()) {
    show_text(report, total, populated);
    return kExitOk;
  }
  auto rows = nlohmann::ordered_json::array();
  for (const ReportRow& row : report.rows) rows.push_back(to_json(row));
  Command::print({{"qemu_version", report.qemu_version},
                  {"machine", report.machine},
                  {"accelerator", report.accelerator},
                  {"ram_bytes", total},
                  {"populated_bytes", populated},
                  {"rows", rows},
                  {"warnings", report.warnings}});
  return kExitOk;
}

}  // namespace

void add_map(CLI::App& app, int& status) {
  const auto command =
      std::make_shared<Command>(app, "map", "Show where guest RAM is: addresses, files, offsets",
                                "guestlink map file:/dev/shm/ram,machine=q35");
  command->note(
      "What no row covers is not RAM for Guestlink: devices, ROM, and on x86 0xa0000 to\n"
      "0xfffff.");
  command->body(status, [command] { return show_map(*command); });
}

void add_info(CLI::App& app, int& status) {
  const auto command = std::make_shared<Command>(
      app, "info", "Show what is attached to: QEMU, machine, RAM in use, warnings",
      "guestlink info qmp:/run/vm.sock");
  command->body(status, [command] { return show_info(*command); });
}

}  // namespace guestlink::shell
