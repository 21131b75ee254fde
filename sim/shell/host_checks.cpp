// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "shell/host_checks.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <fstream>
#include <optional>
#include <regex>
#include <utility>

#include "guestlink/mapping.h"
#include "shell/errors.h"
#include "shell/program_output.h"
#include "shell/progress.h"

namespace guestlink::shell {
namespace {

constexpr std::chrono::seconds kProgramLimit{10};

using Version = std::pair<unsigned, unsigned>;

// The first number with a dot in it.
std::optional<Version> version_in(const std::string& text) {
  std::smatch match;
  if (!std::regex_search(text, match, std::regex(R"((\d{1,6})\.(\d{1,6}))"))) return std::nullopt;
  return Version{static_cast<unsigned>(std::stoul(match[1])),
                 static_cast<unsigned>(std::stoul(match[2]))};
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

bool has_word(const std::string& text, const std::string& word) {
  return std::regex_search(text, std::regex("(^|[\\s\"])" + word + "($|[\\s\"])"));
}

Check check_version(const std::string& path) {
  constexpr Version kOldest{5, 2};
  const auto text = output_of({path, "--version"}, kProgramLimit);
  const auto version = text ? version_in(*text) : std::nullopt;
  if (!version) {
    return {Verdict::kFail, "QEMU", path + " does not tell its version",
            "run " + path + " --version by hand"};
  }
  const std::string found = first_line(*text) + ", " + path;
  if (*version >= kOldest) return {Verdict::kOk, "QEMU", found, ""};
  return {Verdict::kFail, "QEMU", found, "install QEMU 5.2 or newer; 7.2 to 11.1 are tested"};
}

std::vector<Check> check_features(const std::string& path) {
  struct Feature {
    const char* list;
    const char* name;
    Verdict if_missing;
    const char* advice;
  };
  constexpr Feature kFeatures[] = {
      {"-object", "memory-backend-file", Verdict::kFail,
       "this QEMU cannot share its RAM; install another build"},
      {"-object", "memory-backend-memfd", Verdict::kWarn, "use memory-backend-file"},
      {"-device", "vfio-user-pci", Verdict::kWarn,
       "needed only to attach RTL as a PCI device: QEMU 10.1 or newer has it"},
  };
  std::vector<Check> checks;
  for (const Feature& feature : kFeatures) {
    const auto text = output_of({path, feature.list, "help"}, kProgramLimit);
    const bool present = text && has_word(*text, feature.name);
    checks.push_back({present ? Verdict::kOk : feature.if_missing, feature.name,
                      present ? "present" : "not in this QEMU", present ? "" : feature.advice});
  }
  return checks;
}

std::string limit_text(rlim_t limit) {
  return limit == RLIM_INFINITY ? "unlimited" : size_text(limit);
}

Check check_limit(const char* name, int resource, rlim_t enough, Verdict if_less,
                  const char* advice) {
  rlimit limit = {};
  if (getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0) {
    return {Verdict::kWarn, name, "cannot be read: " + reason(errno), "see ulimit -a"};
  }
  const bool fine = limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= enough;
  return {fine ? Verdict::kOk : if_less, name, limit_text(limit.rlim_cur), fine ? "" : advice};
}

Check check_map_count() {
  constexpr unsigned long kEnough = 65530;  // the kernel's own default
  unsigned long count = 0;
  if (!(std::ifstream("/proc/sys/vm/max_map_count") >> count)) {
    return {Verdict::kWarn, "max map count", "cannot be read",
            "is /proc mounted? mappings of guest RAM need some"};
  }
  const bool fine = count >= kEnough;
  return {fine ? Verdict::kOk : Verdict::kWarn, "max map count", std::to_string(count),
          fine ? "" : "sysctl vm.max_map_count=65530"};
}

}  // namespace

std::vector<Check> check_qemu(const std::string& program) {
  const std::string path = find_program(program);
  if (path.empty()) {
    return {{Verdict::kFail, "QEMU", program + " is not there",
             "install qemu-system-x86 (Debian), or name another with --qemu"}};
  }
  std::vector<Check> checks{check_version(path)};
  if (checks[0].verdict != Verdict::kOk) return checks;
  for (Check& check : check_features(path)) checks.push_back(std::move(check));
  return checks;
}

Check check_verilator() {
  constexpr Version kOldest{5, 6};
  const std::string advice = "install verilator 5.006 or newer, or use another simulator";
  const std::string path = find_program("verilator");
  if (path.empty()) return {Verdict::kWarn, "Verilator", "is not there", advice};
  const auto text = output_of({path, "--version"}, kProgramLimit);
  const auto version = text ? version_in(*text) : std::nullopt;
  if (!version) return {Verdict::kWarn, "Verilator", path + " does not tell its version", advice};
  const bool fine = *version >= kOldest;
  return {fine ? Verdict::kOk : Verdict::kWarn, "Verilator", first_line(*text) + ", " + path,
          fine ? "" : advice};
}

Check check_shared_memory(const std::string& folder) {
  constexpr std::uint64_t kLittle = std::uint64_t{1} << 30;
  struct statvfs info = {};
  if (statvfs(folder.c_str(), &info) != 0) {
    return {Verdict::kWarn, folder, reason(errno),
            "mount a tmpfs there, or put RAM files elsewhere, or use memory-backend-memfd"};
  }
  const std::uint64_t size = std::uint64_t{info.f_blocks} * info.f_frsize;
  const std::uint64_t free = std::uint64_t{info.f_bavail} * info.f_frsize;
  const std::string found = size_text(size) + ", " + size_text(free) + " free";
  if (free >= kLittle) return {Verdict::kOk, folder, found, ""};
  return {Verdict::kWarn, folder, found,
          "a guest whose RAM file finds no room dies; mount -o remount,size=4G " + folder +
              " (docker: --shm-size=4g), or use memory-backend-memfd"};
}

bool is_software_kvm(const std::string& cpuinfo) {
  static const std::regex kFlags("^flags\\s*:.*");
  static const std::regex kVirtualizes(".*\\b(vmx|svm)\\b.*");
  std::ifstream file(cpuinfo);
  for (std::string line; std::getline(file, line);) {
    if (std::regex_match(line, kFlags)) return !std::regex_match(line, kVirtualizes);
  }
  return false;
}

Check check_kvm(const std::string& device, const std::string& cpuinfo) {
  const auto unusable = [&](const std::string& found, const std::string& advice) {
    return Check{Verdict::kWarn, device, found, advice + "; -accel tcg works without"};
  };
  const FileDescriptor kvm(open(device.c_str(), O_RDWR | O_CLOEXEC));
  if (kvm.get() < 0) {
    const int error = errno;
    return unusable("cannot be opened: " + reason(error),
                    error == EACCES ? "add this user to the group kvm"
                                    : "switch virtualization on in the firmware or the outer VM");
  }
  if (ioctl(kvm.get(), KVM_GET_API_VERSION, 0) != KVM_API_VERSION) {
    return unusable("is not the KVM that is known", "is it the kernel's device?");
  }
  const FileDescriptor machine(ioctl(kvm.get(), KVM_CREATE_VM, 0));
  if (machine.get() < 0) return unusable("makes no machine: " + reason(errno), "see dmesg");
  const FileDescriptor cpu(ioctl(machine.get(), KVM_CREATE_VCPU, 0));
  if (cpu.get() < 0) return unusable("makes no CPU: " + reason(errno), "see dmesg");
  if (ioctl(kvm.get(), KVM_CHECK_EXTENSION, KVM_CAP_USER_MEMORY) <= 0) {
    return unusable("takes no memory of ours", "a newer kernel is needed");
  }
  if (is_software_kvm(cpuinfo)) {
    return unusable("is a KVM in software: the processor has neither vmx nor svm",
                    "an unmodified Linux does not boot on it");
  }
  return {Verdict::kOk, device, "makes a machine and a CPU, on a processor that virtualizes", ""};
}

std::vector<Check> check_limits() {
  constexpr rlim_t kLocked = rlim_t{8} << 20;
  constexpr rlim_t kFile = rlim_t{64} << 30;
  return {check_limit("locked memory", RLIMIT_MEMLOCK, kLocked, Verdict::kWarn,
                      "ulimit -l unlimited; for guests with mem-lock or prealloc"),
          check_limit("file size", RLIMIT_FSIZE, kFile, Verdict::kWarn,
                      "ulimit -f unlimited; a larger RAM file ends QEMU by SIGXFSZ"),
          check_map_count()};
}

}  // namespace guestlink::shell
