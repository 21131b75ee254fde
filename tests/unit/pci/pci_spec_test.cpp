// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "pci/pci_spec.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace guestlink::detail {
namespace {

using Kind = PciBar::Kind;

const std::string kIds = "vfio-user:/run/s,vendor=1,device=2";

void expect_refused(const std::string& text, const std::string& message) {
  try {
    (void)parse_pci_spec(text);
    ADD_FAILURE() << "was taken: " << text;
  } catch (const std::invalid_argument& error) {
    EXPECT_EQ(error.what(), message);
  }
}

TEST(PciSpecTest, LeastSpec) {
  const PciSpec spec = parse_pci_spec(kIds);
  EXPECT_EQ(spec.path, "/run/s");
  PciIdentity expected;
  expected.vendor = 1;
  expected.device = 2;
  EXPECT_EQ(spec.identity, expected);
}

TEST(PciSpecTest, EveryKey) {
  const PciSpec spec = parse_pci_spec(
      "vfio-user:rel/s.sock,bar5=io:0x40,intx,device=0xFFFF,vendor=0x8086,class=0x088000,"
      "revision=255,subsystem-vendor=0x1af4,subsystem=7,bar0=mem:16K,bar1=mem64:1G,"
      "bar3=pref64:2M,msix=2048");
  EXPECT_EQ(spec.path, "rel/s.sock");
  PciIdentity expected;
  expected.vendor = 0x8086;
  expected.device = 0xFFFF;
  expected.class_code = 0x088000;
  expected.revision = 255;
  expected.subsystem_vendor = 0x1AF4;
  expected.subsystem = 7;
  expected.bars[0] = {.kind = Kind::kMemory32, .size = 16 << 10};
  expected.bars[1] = {.kind = Kind::kMemory64, .size = 1 << 30};
  expected.bars[3] = {.kind = Kind::kMemory64, .size = 2 << 20, .prefetchable = true};
  expected.bars[5] = {.kind = Kind::kIo, .size = 64};
  expected.msix_vectors = 2048;
  expected.intx = true;
  EXPECT_EQ(spec.identity, expected);
}

TEST(PciSpecTest, OtherTransports) {
  for (const char* text : {"", "vfio-user", "ivshmem:/s,vendor=1,device=2", "VFIO-USER:/s"}) {
    expect_refused(text, "no transport; expected vfio-user:PATH,vendor=ID,device=ID,...");
  }
}

TEST(PciSpecTest, IdsAreNeeded) {
  for (const char* text : {"vfio-user:", "vfio-user:/s", "vfio-user:/s,vendor=1",
                           "vfio-user:/s,device=1", "vfio-user:/s,intx"}) {
    expect_refused(text, "vendor=ID and device=ID are needed");
  }
}

TEST(PciSpecTest, KeysThatAreNotThere) {
  const std::string known =
      " is not known; one of vendor device class revision subsystem-vendor subsystem bar0 to bar5 "
      "msix intx";
  for (const char* key : {"", "Vendor", "bar", "bar6", "bar10", "bar-", "rom", "intx ", "msi"}) {
    expect_refused(kIds + "," + key + "=1", "key '" + std::string(key) + "'" + known);
  }
  expect_refused(kIds + ",", "key ''" + known);
  expect_refused(kIds + ",,intx", "key ''" + known);
}

TEST(PciSpecTest, KeysGivenTwice) {
  expect_refused(kIds + ",vendor=1", "key 'vendor' is given twice");
  expect_refused(kIds + ",intx,intx", "key 'intx' is given twice");
  expect_refused(kIds + ",bar0=mem:4K,bar0=mem:4K", "key 'bar0' is given twice");
}

TEST(PciSpecTest, IntxHasNoValue) {
  expect_refused(kIds + ",intx=1", "key 'intx' has value '1', expected none");
  expect_refused(kIds + ",intx=", "key 'intx' has value '', expected none");
}

TEST(PciSpecTest, NumbersOutOfRange) {
  const auto expect_most = [](const std::string& key, const std::string& value,
                              const std::string& most) {
    expect_refused(
        "vfio-user:/s," + key + "=" + value,
        "key '" + key + "' has value '" + value + "', expected a number of at most " + most);
  };
  expect_most("vendor", "0x10000", "65535");
  expect_most("device", "65536", "65535");
  expect_most("subsystem-vendor", "64K", "65535");
  expect_most("subsystem", "1G", "65535");
  expect_most("class", "0x1000000", "16777215");
  expect_most("revision", "256", "255");
  expect_most("msix", "2049", "2048");
  for (const char* value : {"", "x", "-1", "1 ", "0x", "1.5", "18446744073709551616"}) {
    expect_most("vendor", value, "65535");
  }
  expect_refused("vfio-user:/s,vendor",
                 "key 'vendor' has value '', expected a number of at most "
                 "65535");
}

TEST(PciSpecTest, MalformedBars) {
  for (const char* value : {"", "4K", "mem", "mem:", "mem:x", "mem:-1", "rom:4K", "io:4:4",
                            "mem32:4K", ":4K", "mem:4K:pref"}) {
    expect_refused(kIds + ",bar0=" + value,
                   "key 'bar0' has value '" + std::string(value) +
                       "', expected mem:SIZE, mem64:SIZE, io:SIZE or pref64:SIZE");
  }
}

}  // namespace
}  // namespace guestlink::detail
