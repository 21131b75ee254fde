// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace guestlink::shell {

enum class Verdict { kOk, kWarn, kFail };

/// One thing that a machine needs, or that is better to have.
struct Check {
  Verdict verdict = Verdict::kOk;
  std::string name;
  std::string found;
  std::string advice;  ///< what to do; empty for kOk
};

/// QEMU: whether it is there, its version, the backends and devices it has. Starts it, with options
/// that only print.
std::vector<Check> check_qemu(const std::string& program);
Check check_verilator();
Check check_shared_memory(const std::string& folder);
/// Opens it and makes a virtual machine with a CPU, which nothing runs on.
Check check_kvm(const std::string& device, const std::string& cpuinfo);
/// Whether a KVM here has no processor that helps it (kvm_pvm): an unmodified Linux hangs early in
/// its boot there. An x86 processor that virtualizes says so in its line of flags of /proc/cpuinfo,
/// the file; others have no such line.
bool is_software_kvm(const std::string& cpuinfo);
/// What the process may use: locked memory, size of a file, mappings.
std::vector<Check> check_limits();

}  // namespace guestlink::shell
