// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "launcher/qmp_probe.h"

#include <array>
#include <cerrno>
#include <stdexcept>
#include <string_view>

#include <sys/socket.h>
#include <nlohmann/json.hpp>

namespace guestlink::launcher {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestLine = 1 << 20;

// QEMU answers in order, so all is asked at once; the answer to the last one ends the talk.
constexpr std::string_view kQuestions =
    R"({"execute":"qmp_capabilities","id":"capabilities"})"
    "\n"
    R"({"execute":"qom-get","arguments":{"path":"/machine","property":"type"},"id":"machine"})"
    "\n"
    R"({"execute":"qom-get","arguments":{"path":"/machine","property":"smp"},"id":"smp"})"
    "\n"
    R"({"execute":"query-target","id":"target"})"
    "\n"
    R"({"execute":"query-kvm","id":"kvm"})"
    "\n";
constexpr std::string_view kLast = "kvm";

std::string machine_name(std::string type) {
  constexpr std::string_view kSuffix = "-machine";
  if (type.ends_with(kSuffix)) type.resize(type.size() - kSuffix.size());
  return type;
}

std::string version_of(const json& greeting) {
  const json version = greeting.value("/version/qemu"_json_pointer, json::object());
  return std::to_string(version.value("major", 0)) + "." +
         std::to_string(version.value("minor", 0)) + "." +
         std::to_string(version.value("micro", 0));
}

void take_answer(const std::string& id, const json& answer, GuestFacts& facts) {
  if (id == "machine") facts.machine = machine_name(answer.get<std::string>());
  if (id == "target") facts.target = answer.value("arch", "");
  if (id == "smp") facts.max_cpus = answer.value("maxcpus", 0);
  if (id == "kvm") facts.kvm = answer.value("enabled", false);
}

}  // namespace

bool QmpProbe::on_readable() {
  std::array<char, 4096> part{};
  const ssize_t count = recv(connection_.get(), part.data(), part.size(), MSG_DONTWAIT);
  if (count < 0) return errno != EAGAIN && errno != EINTR;
  if (count == 0) return true;
  received_.append(part.data(), static_cast<std::size_t>(count));
  if (received_.size() > kLongestLine) throw std::runtime_error("QMP: an endless line");
  for (std::size_t end = 0; (end = received_.find('\n')) != std::string::npos;) {
    const std::string line = received_.substr(0, end);
    received_.erase(0, end + 1);
    if (take_line(line)) return true;
  }
  return false;
}

bool QmpProbe::take_line(const std::string& line) {
  try {
    const json message = json::parse(line);
    if (message.contains("QMP")) {
      facts_.version = version_of(message["QMP"]);
      ask();
    }
    const std::string id = message.value("id", "");
    if (message.contains("return")) take_answer(id, message["return"], facts_);
    answered_ = id == kLast;
    return answered_;
  } catch (const json::exception& error) {
    throw std::runtime_error("QMP: cannot understand '" + line.substr(0, 200) + "'");
  }
}

void QmpProbe::ask() {
  // Far less than a socket buffer holds. A QEMU that has just ended shows at the next read.
  (void)send(connection_.get(), kQuestions.data(), kQuestions.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace guestlink::launcher
