// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "launcher/plan.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "launcher/backend.h"
#include "launcher/command_line.h"
#include "launcher/cpu_room.h"
#include "launcher/ram_size.h"

namespace guestlink::launcher {
namespace {

constexpr const char* kRamId = "guestlink-ram";
constexpr const char* kWhyTwo =
    "with one possible CPU, TCG makes the guest's atomic instructions plain ones";
constexpr std::uint64_t kDefaultRam = std::uint64_t{128} << 20;  // QEMU's, when there is no -m

class Planner {
 public:
  Planner(const std::vector<std::string>& words, const Inherited& inherited)
      : command_(words), inherited_(inherited), words_(words) {}

  Plan make();

 private:
  [[nodiscard]] std::optional<std::string> machine(std::string_view key) const {
    return command_.merged("machine", key, "type");
  }
  [[nodiscard]] std::uint64_t ram_bytes() const;
  [[nodiscard]] bool may_use_tcg() const;
  void refuse_what_cannot_work() const;
  bool keep_users_ram();
  void check_users_backend(const std::string& id, const char* option);
  void add_ram();
  void raise_cpus();
  void raise_given_cpus(const CommandLine::Option& last, bool cpus_given);
  void add_sockets();
  void warn();

  CommandLine command_;
  const Inherited& inherited_;
  std::vector<std::string> words_;      // the user's, as far as one is edited in its place
  std::vector<std::string> additions_;  // put between QEMU's name and the user's options
  Plan plan_;
};

void Planner::refuse_what_cannot_work() const {
  if (command_.has("daemonize")) {
    throw UsageError(
        "-daemonize: QEMU would leave the launcher, which is to end it; drop it, and put "
        "'guestlink run' itself in the background");
  }
  if (command_.has("mem-path")) {
    throw UsageError(
        "-mem-path: RAM made that way is private to QEMU; drop it, or state the RAM yourself: "
        "-object "
        "memory-backend-file,id=mem,size=SIZE,mem-path=PATH,share=on -machine memory-backend=mem");
  }
  if (machine("memory.size")) throw UsageError("-machine memory.size: say it with -m");
}

void Planner::check_users_backend(const std::string& id, const char* option) {
  const std::optional<Backend> backend = find_backend(command_, id);
  const std::string what = std::string(option) + id;
  if (!backend) {
    throw UsageError(what +
                     ": no -object memory-backend-... with this id; drop it, and the RAM is "
                     "made here");
  }
  if (!backend->shared) {
    throw UsageError(what + ": " + backend->type + " without share=on is private to QEMU; add " +
                     "share=on to its -object, or drop both, and the RAM is made here");
  }
}

// True if the command has RAM of its own, which is then known to be shared.
bool Planner::keep_users_ram() {
  bool kept = false;
  for (const CommandLine::Option& option : command_.options()) {
    if (option.name != "numa") continue;
    const auto memdev = KeyValues(option.value, "type").find("memdev");
    if (!memdev) continue;
    check_users_backend(*memdev, "-numa memdev=");
    kept = true;
  }
  if (const auto id = machine("memory-backend"); id && !kept) {
    check_users_backend(*id, "-machine memory-backend=");
    kept = true;
  }
  return kept;
}

std::uint64_t Planner::ram_bytes() const {
  const std::string text = command_.merged("m", "size", "size").value_or("0");
  const auto bytes = parse_ram_size(text);
  if (!bytes) {
    throw UsageError("-m: '" + text + "' is not a size such as 512 (MiB), 512M, 1.5G or 2G");
  }
  return *bytes == 0 ? kDefaultRam : *bytes;
}

void Planner::add_ram() {
  plan_.ram_bytes = ram_bytes();
  additions_.insert(additions_.end(),
                    {"-object", std::string("memory-backend-file,id=") + kRamId + ",size=" +
                                    std::to_string(plan_.ram_bytes) + ",mem-path=/proc/self/fd/" +
                                    std::to_string(inherited_.ram) + ",share=on"});
  plan_.changes.push_back("added " + additions_[0] + " " + additions_[1] + ": " +
                          size_text(plan_.ram_bytes) +
                          " in a sealed memory file: shared, without a name, and never shrunk");
  const std::string property = std::string("memory-backend=") + kRamId;
  std::string value = property;
  if (const CommandLine::Option* last = command_.last("machine")) {
    if (last->value_index == 0) return;  // QEMU will say that -machine wants a value
    value = last->value + "," + property;
    words_[last->value_index] = value;
  } else {
    additions_.insert(additions_.end(), {"-machine", value});
  }
  plan_.changes.push_back("-machine " + value + ": makes it the guest's RAM");
}

bool Planner::may_use_tcg() const {
  bool named = command_.has("enable-kvm");
  for (const CommandLine::Option& option : command_.options()) {
    if (option.name != "accel") continue;
    named = true;
    if (KeyValues(option.value, "accel").find("accel") == "tcg") return true;
  }
  if (const auto accelerators = machine("accel")) {
    named = true;
    if ((":" + *accelerators + ":").find(":tcg:") != std::string::npos) return true;
  }
  return !named;
}

// A key of -smp, as a number; 1 where it is missing or something only QEMU can judge.
unsigned long cpus_of(const CommandLine& command, std::string_view key) {
  const std::string text = command.merged("smp", key, "cpus").value_or("1");
  unsigned long value = 1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool is_given(const CommandLine& command, std::string_view key) {
  return command.merged("smp", key, "cpus").value_or("0") != "0";
}

// The keys that make one possible CPU into two, the guest still starting with one.
void Planner::raise_given_cpus(const CommandLine::Option& last, bool cpus_given) {
  std::string value = last.value;
  if (!cpus_given) value += ",cpus=1";
  value += ",maxcpus=2";
  const bool all =
      is_given(command_, "sockets") && is_given(command_, "cores") && is_given(command_, "threads");
  if (all) value += ",sockets=2";
  words_[last.value_index] = value;
  plan_.changes.push_back("-smp " + value + ": " + kWhyTwo);
}

void Planner::raise_cpus() {
  if (!may_use_tcg()) return;
  for (const char* key : {"cpus", "maxcpus", "sockets", "dies", "clusters", "cores", "threads"}) {
    if (cpus_of(command_, key) > 1) return;
  }
  for (const CommandLine::Option& option : command_.options()) {
    if (option.name == "machine" && KeyValues(option.value, "type").has_prefix("smp.")) return;
  }
  const CpuRoom room = cpu_room_of(command_.target(), machine("type").value_or(""));
  const CommandLine::Option* last = command_.last("smp");
  if (room == CpuRoom::kUnknown || (room == CpuRoom::kSeveral && last == nullptr)) return;
  if (last != nullptr) {
    if (last->value_index != 0) raise_given_cpus(*last, is_given(command_, "cpus"));
    return;
  }
  additions_.insert(additions_.end(), {"-smp", "1,maxcpus=2"});
  plan_.changes.push_back(std::string("added -smp 1,maxcpus=2: ") + kWhyTwo);
}

// By file: -qmp on the command line would take away the default monitor (Ctrl-A c of -nographic).
void Planner::add_sockets() {
  additions_.insert(additions_.end(), {"-readconfig", inherited_.qmp_settings});
  plan_.changes.push_back("added -readconfig " + inherited_.qmp_settings +
                          ": two more QMP sockets, private to you");
  // QEMU has one qtest at most.
  plan_.qtest = !command_.has("qtest") && !has_object(command_, "qtest");
  if (!plan_.qtest) return;
  additions_.insert(additions_.end(), {"-readconfig", inherited_.qtest_settings});
  plan_.changes.push_back("added -readconfig " + inherited_.qtest_settings +
                          ": a qtest socket, for writes to code that TCG has translated");
}

void Planner::warn() {
  const bool single = command_.has("icount") ||
                      command_.merged("accel", "thread", "accel").value_or("") == "single";
  if (single && may_use_tcg()) {
    plan_.warnings.push_back(
        "with -icount or thread=single, TCG makes the guest's atomic instructions plain ones");
  }
  if (command_.has("readconfig")) {
    plan_.warnings.push_back(
        "-readconfig: the file is not looked at; memory and machine are to be on the command line");
  }
  if (plan_.ram_bytes != 0 && (command_.has("loadvm") || command_.has("incoming"))) {
    plan_.warnings.push_back(
        std::string(
            "-loadvm, -incoming: QEMU accepts only what was saved with RAM of the same name, ") +
        kRamId);
  }
}

Plan Planner::make() {
  plan_.help = command_.asks_for_help();
  if (!plan_.help) {
    refuse_what_cannot_work();
    if (!keep_users_ram()) add_ram();
    raise_cpus();
    add_sockets();
    warn();
  }
  plan_.words = std::move(words_);
  const auto behind_name =
      plan_.words.begin() + static_cast<std::ptrdiff_t>(command_.program()) + 1;
  plan_.words.insert(behind_name, additions_.begin(), additions_.end());
  return std::move(plan_);
}

}  // namespace

Plan make_plan(const std::vector<std::string>& words, const Inherited& inherited) {
  if (words.empty()) throw UsageError("no command behind '--'");
  return Planner(words, inherited).make();
}

}  // namespace guestlink::launcher
