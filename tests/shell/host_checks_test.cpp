// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "shell/host_checks.h"

#include <gtest/gtest.h>

#include "support/temporary_directory.h"

namespace guestlink::shell {
namespace {

TEST(HostChecksTest, KnowsAKvmWithoutAProcessorForIt) {
  const test::TemporaryDirectory directory;
  const auto is_software = [&](const std::string& cpuinfo) {
    return is_software_kvm(directory.file("cpuinfo", cpuinfo));
  };
  const std::string name = "processor\t: 0\nmodel name\t: with vmx in its name\n";
  EXPECT_TRUE(is_software(name + "flags\t\t: fpu sse2 vmxnot hypervisor\n"));
  EXPECT_FALSE(is_software(name + "flags\t\t: fpu vmx sse2\n"));
  EXPECT_FALSE(is_software(name + "flags\t\t: fpu sse2 svm\n"));
  EXPECT_FALSE(is_software("processor\t: 0\nFeatures\t: fp asimd\n"));
  EXPECT_FALSE(is_software_kvm(directory.file("missing")));
}

TEST(HostChecksTest, AKvmThatIsNotThereSaysWhatElseWorks) {
  const test::TemporaryDirectory directory;
  const Check check = check_kvm(directory.file("kvm"), directory.file("cpuinfo"));
  EXPECT_EQ(check.verdict, Verdict::kWarn);
  EXPECT_NE(check.found.find("cannot be opened"), std::string::npos) << check.found;
  EXPECT_NE(check.advice.find("-accel tcg works without"), std::string::npos) << check.advice;
}

}  // namespace
}  // namespace guestlink::shell
