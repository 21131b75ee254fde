// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "attach/qemu_finder.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>

#include "attach/peer_process.h"

namespace guestlink::detail {
namespace {

std::optional<pid_t> pid_of(const std::string& name) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return pid;
}

bool is_qemu(const std::string& folder) {
  std::ifstream file(folder + "/cmdline", std::ios::binary);
  return is_qemu_command({std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()});
}

bool maps_file(const std::string& folder, int fd) {
  std::ifstream maps(folder + "/maps");
  for (std::string line; std::getline(maps, line);) {
    const auto mapping = parse_maps_line(line);
    if (mapping && is_mapped(fd, *mapping)) return true;
  }
  return false;
}

}  // namespace

bool is_qemu_command(const std::string& command) {
  std::string_view rest = command;
  for (bool first = true; !rest.empty(); first = false) {
    std::string_view word = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    word.remove_prefix(word.rfind('/') + 1);  // npos + 1 is 0
    if (word.starts_with("qemu-system-") || (first && word.starts_with("qemu"))) return true;
  }
  return false;
}

FileDescriptor open_process(pid_t pid) noexcept {
  return FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

std::vector<FoundQemu> find_qemus(int fd) {
  namespace fs = std::filesystem;
  std::vector<FoundQemu> found;
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end;
       entry.increment(error)) {
    const auto pid = pid_of(entry->path().filename().string());
    const std::string folder = entry->path().string();
    if (!pid || !is_qemu(folder)) continue;
    // Opened before the look at its mappings: of a process that ends in between, nothing is found.
    FileDescriptor process = open_process(*pid);
    if (maps_file(folder, fd)) found.push_back({*pid, std::move(process)});
  }
  return found;
}

}  // namespace guestlink::detail
