// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "attach/qmp_guest.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <stdexcept>
#include <string_view>

#include "attach/spec.h"
#include "guestlink/range.h"

namespace guestlink::detail {
namespace {

using nlohmann::json;

// More rows than any guest has (256 DIMM slots, 26 rows on a Raspberry Pi): each costs round trips.
constexpr std::size_t kMostRows = 1024;
constexpr std::size_t kMostBackends = 512;

[[noreturn]] void refuse(const std::string& what, const json& answer) {
  throw std::runtime_error("QEMU answered " + in_quotes(printable(answer.dump())) +
                           " when asked for " + what);
}

const json& member(const json& object, const char* key, const std::string& what) {
  const auto found = object.find(key);
  if (found == object.end()) refuse(what, object);
  return *found;
}

std::uint64_t number(const json& value, const std::string& what) {
  if (!value.is_number_unsigned()) refuse(what, value);
  return value.get<std::uint64_t>();
}

std::string text(const json& value, const std::string& what) {
  if (!value.is_string()) refuse(what, value);
  return value.get<std::string>();
}

bool flag(const json& value, const std::string& what) {
  if (!value.is_boolean()) refuse(what, value);
  return value.get<bool>();
}

std::string version_of(QmpClient& qmp) {
  const std::string what = "its version";
  const json answer = qmp.execute("query-version");
  const json& numbers = member(answer, "qemu", what);
  std::string version;
  for (const char* part : {"major", "minor", "micro"}) {
    if (!version.empty()) version.append(1, '.');
    version.append(std::to_string(number(member(numbers, part, what), what)));
  }
  return version;
}

std::string machine_of(QmpClient& qmp) {
  constexpr std::string_view kSuffix = "-machine";
  const auto answer = qmp.property("/machine", "type");
  std::string type = answer ? text(*answer, "the type of /machine") : "unknown";
  if (type.ends_with(kSuffix)) type.resize(type.size() - kSuffix.size());
  return printable(type);
}

std::string accelerator_of(QmpClient& qmp) {
  const std::string what = "KVM";
  const json answer = qmp.execute("query-kvm");
  if (flag(member(answer, "enabled", what), what)) return "kvm";
  // No command names the accelerator; this one is refused by all but TCG.
  try {
    return qmp.monitor("info jit").starts_with("Error") ? "unknown" : "tcg";
  } catch (const QmpCommandError&) {
    return "unknown";
  }
}

// QEMU makes a guest's atomic instructions atomic for others only when it runs vCPUs side by side.
std::optional<std::string> atomics_warning(QmpClient& qmp) {
  const auto smp = qmp.property("/machine", "smp");
  constexpr const char* kPossible = "maxcpus";
  if (smp && smp->contains(kPossible) && number((*smp)[kPossible], kPossible) == 1) {
    return "TCG with one possible CPU: the guest's atomic instructions are not atomic for others; "
           "start QEMU with -smp 1,maxcpus=2";
  }
  const json cpus = qmp.execute("query-cpus-fast");
  std::set<std::uint64_t> threads;
  for (const json& cpu : cpus) {
    threads.insert(number(member(cpu, "thread-id", "its CPUs"), "the thread of a CPU"));
  }
  if (cpus.size() < 2 || threads.size() > 1) return std::nullopt;
  return "TCG runs all CPUs in one thread: the guest's atomic instructions are not atomic for "
         "others; start QEMU with -accel tcg,thread=multi";
}

std::optional<std::string> status_warning(QmpClient& qmp) {
  constexpr std::array<std::string_view, 5> kMigrating = {
      "inmigrate", "postmigrate", "finish-migrate", "save-vm", "restore-vm"};
  constexpr std::array<std::string_view, 4> kStopped = {"shutdown", "guest-panicked",
                                                        "internal-error", "io-error"};
  const std::string what = "its status";
  const std::string status = text(member(qmp.execute("query-status"), "status", what), what);
  if (std::find(kMigrating.begin(), kMigrating.end(), status) != kMigrating.end()) {
    return "the guest is being moved or saved (" + status +
           "): what is written to its memory now may be lost";
  }
  if (std::find(kStopped.begin(), kStopped.end(), status) != kStopped.end()) {
    return "the guest has stopped (" + status + ")";
  }
  return std::nullopt;
}

Backend ask_backend(QmpClient& qmp, const std::string& id) {
  const std::string object = "/objects/" + id;
  const auto ask = [&](const char* name) { return qmp.property(object, name); };
  const auto what = [&](const char* name) { return std::string(name) + " of " + object; };
  Backend backend;
  backend.id = id;
  backend.type = text(ask("type").value_or(json()), what("type"));
  backend.size = number(ask("size").value_or(json()), what("size"));
  backend.share = flag(ask("share").value_or(json()), what("share"));
  backend.path = text(ask("mem-path").value_or(""), what("mem-path"));
  backend.offset = number(ask("offset").value_or(0U), what("offset"));
  backend.read_only = flag(ask("readonly").value_or(false), what("readonly"));
  return backend;
}

// What the command line has to have instead, as far as it can be told.
[[noreturn]] void refuse_no_shared(const std::set<std::string>& in_use, const json& memdevs) {
  std::string message = "the guest's RAM cannot be shared: ";
  if (in_use.empty()) message.append("no memory backend holds any of it");
  for (const std::string& id : in_use) {
    message.append(id == *in_use.begin() ? "" : ", ").append("backend ").append(in_quotes(id));
    message.append(" is private to QEMU");
  }
  for (const json& memdev : memdevs) {
    if (!memdev.contains("id") || !flag(member(memdev, "share", "its backends"), "share")) continue;
    const std::string id = text(memdev["id"], "its backends");
    if (in_use.contains(id)) continue;
    throw std::runtime_error(
        message + "; backend " + in_quotes(printable(id)) +
        " is shared, but no RAM is in it: add -machine memory-backend=" + printable(id));
  }
  throw std::runtime_error(message +
                           "; start QEMU with -machine memory-backend=mem and -object "
                           "memory-backend-file,id=mem,size=...,mem-path=/dev/shm/NAME,share=on");
}

bool shows_memory(MtreeType type) { return type == MtreeType::kRam || type == MtreeType::kRom; }

void add_row(std::vector<MapRow>& rows, MapRow row, std::uint64_t first, std::uint64_t last) {
  if (first > last) return;
  row.file_offset += first - row.guest_address;
  row.guest_address = first;
  row.length = last - first + 1;
  rows.push_back(row);
  if (rows.size() > kMostRows) {
    throw std::runtime_error("the guest's RAM has more than " + std::to_string(kMostRows) +
                             " rows");
  }
}

}  // namespace

bool ask_x86(QmpClient& qmp) {
  const std::string what = "its target";
  const std::string arch = text(member(qmp.execute("query-target"), "arch", what), what);
  return arch == "x86_64" || arch == "i386";
}

QmpGuest ask_guest(QmpClient& qmp) {
  QmpGuest guest;
  guest.version = version_of(qmp);
  guest.machine = machine_of(qmp);
  guest.accelerator = accelerator_of(qmp);
  guest.x86 = ask_x86(qmp);
  if (auto warning = status_warning(qmp)) guest.warnings.push_back(*warning);
  if (guest.accelerator != "tcg") return guest;
  if (auto warning = atomics_warning(qmp)) guest.warnings.push_back(*warning);
  return guest;
}

std::vector<Backend> ask_backends(QmpClient& qmp, const std::vector<MtreeRow>& view) {
  std::set<std::string> shown;
  for (const MtreeRow& row : view) {
    if (shows_memory(row.type)) shown.insert(row.name);
  }
  const json memdevs = qmp.execute("query-memdev");
  if (!memdevs.is_array() || memdevs.size() > kMostBackends) refuse("its backends", memdevs);
  std::set<std::string> in_use;
  std::vector<Backend> backends;
  for (const json& memdev : memdevs) {
    if (!memdev.contains("id")) continue;  // not made with -object: no row can name it
    const std::string id = text(memdev["id"], "its backends");
    if (!shown.contains(id) || !in_use.insert(id).second) continue;
    backends.push_back(ask_backend(qmp, id));
  }
  const auto shared = [](const Backend& backend) { return backend.share; };
  if (std::none_of(backends.begin(), backends.end(), shared)) refuse_no_shared(in_use, memdevs);
  return backends;
}

std::vector<MapRow> guest_rows(const std::vector<MtreeRow>& view,
                               const std::vector<Backend>& backends, bool x86) {
  constexpr std::uint64_t kLowHole = 0xA0000;
  constexpr std::uint64_t kLowHoleEnd = 0x100000;
  std::vector<MapRow> rows;
  for (const MtreeRow& shown : view) {
    const auto backend =
        std::find_if(backends.begin(), backends.end(),
                     [&](const Backend& candidate) { return candidate.id == shown.name; });
    if (backend == backends.end() || !backend->share || !shows_memory(shown.type)) continue;
    if (shown.last - shown.first >= backend->size ||
        !range_fits(shown.offset, shown.last - shown.first + 1, backend->size) ||
        backend->offset + backend->size < backend->size) {
      throw std::runtime_error("map row at " + hex(shown.first) +
                               " does not fit into its backend " + in_quotes(backend->id) + " of " +
                               hex(backend->size) + " bytes");
    }
    const bool writable = shown.type == MtreeType::kRam && !backend->read_only;
    const MapRow row = {.guest_address = shown.first,
                        .file = static_cast<std::uint32_t>(backend - backends.begin()),
                        .file_offset = backend->offset + shown.offset,
                        .permission = writable ? Permission::kReadWrite : Permission::kReadOnly};
    if (!x86) {
      add_row(rows, row, shown.first, shown.last);
    } else {
      add_row(rows, row, shown.first, std::min(shown.last, kLowHole - 1));
      add_row(rows, row, std::max(shown.first, kLowHoleEnd), shown.last);
    }
  }
  return rows;
}

}  // namespace guestlink::detail
