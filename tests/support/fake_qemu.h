// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "support/scripted_qmp.h"
#include "support/temporary_directory.h"

namespace guestlink::test {

/// What a QEMU says that has one backend, `mem`, of 64 KiB at guest address 0x40000000. A test
/// changes what it is about and serves it.
struct FakeQemu {
  explicit FakeQemu(const std::string& ram_path) {
    using nlohmann::json;
    returns = {
        {"query-version", {{"qemu", {{"major", 7}, {"minor", 2}, {"micro", 22}}}}},
        {"query-kvm", {{"enabled", false}, {"present", true}}},
        {"query-target", {{"arch", "aarch64"}}},
        {"query-status", {{"status", "running"}}},
        {"query-cpus-fast", {{{"thread-id", 1}}, {{"thread-id", 2}}}},
        {"query-memdev", {{{"id", "mem"}, {"share", true}, {"size", 0x10000}}}},
    };
    properties = {
        {"/machine type", "virt-7.2-machine"},
        {"/machine smp", {{"cpus", 2}, {"maxcpus", 2}}},
        {"/objects/mem type", "memory-backend-file"},
        {"/objects/mem size", 0x10000},
        {"/objects/mem share", true},
        {"/objects/mem readonly", false},
        {"/objects/mem mem-path", ram_path},
    };
    monitor["info jit"] = "Translation buffer state:\r\n";
    monitor["info mtree -f"] = view("  40000000-4000ffff (prio 0, ram): mem\r\n");
    saved_file = ram_path;
  }

  static std::string view(const std::string& rows) {
    return "FlatView #1\r\n AS \"memory\", root: system\r\n Root memory region: system\r\n" + rows +
           "\r\n";
  }

  /// Serves one client to its end. Takes this along: what it says changes with it, not after it.
  void serve(QmpPeer& peer) {
    peer.negotiate();
    for (auto command = peer.receive(); !command.is_null(); command = peer.receive()) {
      const std::string name = command["execute"];
      const auto& arguments = command["arguments"];
      if (name == "qom-get") {
        const std::string path = arguments["path"];
        give(peer, command, properties, path + " " + std::string(arguments["property"]));
      } else if (name == "human-monitor-command") {
        if (arguments["command-line"] == "info mtree -f" && views <= 0) peer.send(before_next_view);
        give(peer, command, monitor, arguments["command-line"]);
        if (arguments["command-line"] == "info mtree -f" && --views == 0 && !next_view.empty()) {
          monitor["info mtree -f"] = next_view;
        }
      } else if (name == "pmemsave") {
        save(peer, command);
      } else {
        give(peer, command, returns, name);
      }
    }
  }

  std::map<std::string, nlohmann::json> returns;     ///< by command
  std::map<std::string, nlohmann::json> properties;  ///< by "object name"
  std::map<std::string, nlohmann::json> monitor;     ///< by line
  std::string next_view;                             ///< `info mtree -f` after `views` of it
  int views = 1;
  std::string before_next_view;          ///< said between that question and its answer
  std::string saved_file;                ///< what pmemsave copies from; it fails if empty
  std::int64_t saved_base = 0x40000000;  ///< guest address of that file's first byte

 private:
  static void give(QmpPeer& peer, const nlohmann::json& command,
                   const std::map<std::string, nlohmann::json>& values, const std::string& key) {
    const auto found = values.find(key);
    if (found == values.end()) {
      peer.refuse(command, "'" + key + "' not found");
    } else {
      peer.answer(command, found->second);
    }
  }

  void save(QmpPeer& peer, const nlohmann::json& command) const {
    const auto& arguments = command["arguments"];
    if (saved_file.empty()) {
      peer.refuse(command, "Could not open the file: Permission denied");
      return;
    }
    std::string page(arguments["size"].get<std::size_t>(), '\0');
    std::ifstream ram(saved_file, std::ios::binary);
    ram.seekg(arguments["val"].get<std::int64_t>() - saved_base);
    ram.read(page.data(), static_cast<std::streamsize>(page.size()));
    std::ofstream(arguments["filename"].get<std::string>(), std::ios::binary) << page;
    peer.answer(command, nlohmann::json::object());
  }
};

}  // namespace guestlink::test
