// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The map of a guest as `qmp:` finds it, on machines and sizes of every kind: what is written
// through it is what QEMU has at that guest address, and the other way round; and the static
// layouts of `machine=` are the same. No guest runs (-S): QEMU is read with the monitor's xp and
// written with qtest.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <random>
#include <sstream>
#include <thread>

#include "guestlink/attach.h"
#include "live/qemu_process.h"
#include "support/seed.h"

namespace guestlink::live {
namespace {

constexpr AccessStatus kOk = AccessStatus::kOk;

constexpr const char* kX86 = "qemu-system-x86_64";

struct Case {
  std::string name;
  std::string arguments;
  std::string layout = {};      // the static layout that is the same, if there is one
  std::uint64_t megabytes = 0;  // its size
  std::string program = kX86;
  int gone_in = INT_MAX;  // QEMU's major version that does not have it any more
  int came_in = 0;        // and the first that has it
};

void PrintTo(const Case& machine, std::ostream* stream) { *stream << machine.arguments; }

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// x86 is what the tests need; the other machines are tried where they can be.
bool may_skip(const std::string& program) {
  const char* const required = std::getenv("GUESTLINK_REQUIRE_LIVE");
  return program != kX86 || required == nullptr || std::string(required) != "1";
}

#define REQUIRE_PROGRAM(program)                               \
  if (!has_program(program)) {                                 \
    if (may_skip(program)) GTEST_SKIP() << "no " << (program); \
    FAIL() << "no " << (program);                              \
  }

std::string file_backend(const std::string& id, const std::string& size) {
  return " -object memory-backend-file,share=on,id=" + id + ",size=" + size + ",mem-path=DIR/" + id;
}

// The arguments of a machine with one file backend of `size`.
std::string with_file(const std::string& machine, const std::string& size) {
  return "-M " + machine + ",memory-backend=mem" + file_backend("mem", size);
}

class QmpMapTest : public testing::TestWithParam<Case> {};

// Every row: both ends and the middle, by our map and by QEMU.
void expect_same_memory(QemuProcess& qemu, Attachment& attachment) {
  std::mt19937_64 random(test::random_seed());
  for (const ReportRow& row : attachment.report.rows) {
    const std::uint64_t middle = row.length / 2 & ~std::uint64_t{7};
    for (const std::uint64_t offset : {std::uint64_t{0}, middle, row.length - 8}) {
      const std::uint64_t address = row.guest_address + offset;
      const std::uint64_t ours = random();
      const std::uint64_t theirs = random();
      std::uint64_t seen = 0;
      ASSERT_EQ(attachment.memory.store(address, ours), kOk) << hex(address);
      ASSERT_EQ(qemu.peek(address), ours) << hex(address);
      qemu.poke(address, theirs);
      ASSERT_EQ(attachment.memory.load(address, seen), kOk) << hex(address);
      ASSERT_EQ(seen, theirs) << hex(address);
    }
  }
}

// What lies between and around the rows is not RAM to us, whatever it is to QEMU.
void expect_holes(const Attachment& attachment) {
  std::uint8_t byte = 0;
  for (const ReportRow& row : attachment.report.rows) {
    const auto begins_at = [](std::uint64_t address) {
      return [address](const ReportRow& other) { return other.guest_address == address; };
    };
    const std::uint64_t end = row.guest_address + row.length;
    const auto& rows = attachment.report.rows;
    if (std::any_of(rows.begin(), rows.end(), begins_at(end))) continue;
    EXPECT_EQ(attachment.memory.load(end, byte), AccessStatus::kOutOfRange) << hex(end);
  }
}

void expect_layout(const AddressMap& map, const AttachReport& report) {
  ASSERT_EQ(map.rows().size(), report.rows.size());
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    const ReportRow& row = report.rows[i];
    EXPECT_EQ(map.rows()[i].guest_address, row.guest_address) << i;
    EXPECT_EQ(map.rows()[i].length, row.length) << i;
    EXPECT_EQ(map.rows()[i].file_offset, row.file_offset) << i;
    EXPECT_EQ(map.rows()[i].permission, row.permission) << i;
  }
}

TEST_P(QmpMapTest, IsTheGuests) {
  const Case& machine = GetParam();
  REQUIRE_PROGRAM(machine.program);
  const int version = major_version(machine.program);
  if (version >= machine.gone_in) GTEST_SKIP() << "QEMU has it no more";
  if (version < machine.came_in) GTEST_SKIP() << "needs QEMU " << machine.came_in;
  QemuProcess qemu(machine.program, words_of("-S " + machine.arguments));
  Attachment attachment = attach_with_report("qmp:" + qemu.socket());
  ASSERT_FALSE(attachment.report.rows.empty());
  expect_same_memory(qemu, attachment);
  expect_holes(attachment);
  if (machine.layout.empty()) return;
  expect_layout(AddressMap::for_machine(machine.layout, machine.megabytes << 20),
                attachment.report);
}

std::vector<Case> x86_cases() {
  std::vector<Case> cases;
  const auto add = [&](const std::string& machine, std::uint64_t megabytes) {
    const std::string size = std::to_string(megabytes) + "M";
    cases.push_back({machine + "_" + size, with_file(machine, size), machine, megabytes});
  };
  for (const unsigned size : {512U, 2048U, 3072U, 3583U, 3584U, 4096U, 6144U}) add("pc", size);
  for (const unsigned size : {512U, 2048U, 2815U, 2816U, 3072U, 4096U, 6144U}) add("q35", size);
  for (const unsigned size : {512U, 4096U}) add("microvm", size);
  const std::string m0 = file_backend("m0", "256M") + " -numa node,memdev=m0";
  const std::string big = file_backend("m0", "1G") + " -numa node,memdev=m0";
  cases.push_back(
      {"pc_numa", "-M pc -m 1G" + m0 + file_backend("m1", "768M") + " -numa node,memdev=m1"});
  cases.push_back(
      {"q35_numa", "-M q35 -m 6G" + big + file_backend("m1", "5G") + " -numa node,memdev=m1"});
  cases.push_back({"pc_dimm", with_file("pc", "1G") + " -m 1G,slots=2,maxmem=4G" +
                                  file_backend("d0", "512M") + " -device pc-dimm,memdev=d0"});
  cases.push_back({"pc_nvdimm", with_file("pc,nvdimm=on", "1G") + " -m 1G,slots=2,maxmem=4G" +
                                    file_backend("d.0-x", "128M") +
                                    " -device nvdimm,memdev=d.0-x"});
  cases.push_back({"pc_low_split", with_file("pc,max-ram-below-4g=1G", "4G")});
  cases.push_back({"q35_no_higher_split", with_file("q35,max-ram-below-4g=4G", "4G"), "q35", 4096});
  cases.push_back({"pc_2_12", with_file("pc-i440fx-2.12", "512M"), "pc", 512, kX86, 11});
  cases.push_back({"pc_vga", with_file("pc", "512M") + " -device VGA", "pc", 512});
  cases.push_back({"pc_memfd",
                   "-M pc,memory-backend=mem -object memory-backend-memfd,id=mem,size=4G", "pc",
                   4096});
  cases.push_back({"pc_shm", "-M pc,memory-backend=mem -object memory-backend-shm,id=mem,size=4G",
                   "pc", 4096, kX86, INT_MAX, 10});
  cases.push_back({"pc_directory",
                   "-M pc,memory-backend=mem -object "
                   "memory-backend-file,id=mem,size=512M,share=on,mem-path=DIR",
                   "pc", 512});
  return cases;
}

std::vector<Case> other_cases() {
  const std::string arm32 = "qemu-system-arm";
  const std::string arm = "qemu-system-aarch64";
  const std::string riscv = "qemu-system-riscv64";
  const std::string two_nodes = file_backend("m0", "256M") + " -numa node,memdev=m0" +
                                file_backend("m1", "768M") + " -numa node,memdev=m1";
  return {
      {"arm32_virt_512M", with_file("virt", "512M"), "arm-virt", 512, arm32},
      {"arm_virt_512M", with_file("virt", "512M"), "arm-virt", 512, arm},
      {"arm_virt_4G", with_file("virt", "4G") + " -m 4G -cpu cortex-a57", "arm-virt", 4096, arm},
      {"arm_virt_numa", "-M virt -m 1G" + two_nodes, "", 0, arm},
      {"zynq", with_file("xilinx-zynq-a9", "512M"), "zynq", 512, arm},
      {"zcu102_4G", with_file("xlnx-zcu102", "4G"), "zcu102", 4096, arm},
      {"versal_4G", with_file("xlnx-versal-virt", "4G"), "versal", 4096, arm},
      {"vexpress_a9", with_file("vexpress-a9", "512M"), "vexpress-a9", 512, arm},
      {"vexpress_a15", with_file("vexpress-a15", "512M"), "vexpress-a15", 512, arm},
      {"sabrelite", with_file("sabrelite", "512M"), "sabrelite", 512, arm},
      {"mps2_an385", with_file("mps2-an385", "16M"), "mps2-an385", 16, arm},
      {"sbsa_ref", with_file("sbsa-ref", "1G"), "sbsa-ref", 1024, arm},
      {"raspi2b", with_file("raspi2b", "1G"), "", 0, arm},
      {"raspi3b", with_file("raspi3b", "1G"), "", 0, arm},
      {"riscv_virt_512M", with_file("virt", "512M") + " -bios none", "riscv-virt", 512, riscv},
      {"riscv_virt_4G", with_file("virt", "4G") + " -bios none", "riscv-virt", 4096, riscv},
      {"riscv_virt_numa", "-M virt -bios none -smp 2 -m 1G" + two_nodes, "", 0, riscv},
      {"sifive_u", with_file("sifive_u", "512M") + " -bios none", "sifive_u", 512, riscv},
      {"spike", with_file("spike", "512M") + " -bios none", "spike", 512, riscv},
  };
}

std::string name_of(const testing::TestParamInfo<Case>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(X86, QmpMapTest, testing::ValuesIn(x86_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Other, QmpMapTest, testing::ValuesIn(other_cases()), name_of);

// QEMU 7.2 has no descriptor for it: only /proc/PID/map_files, which takes CAP_SYS_ADMIN.
TEST(QmpLiveTest, SharedRamBackendHasNoFileOfItsOwn) {
  REQUIRE_PROGRAM(kX86);
  if (geteuid() != 0) GTEST_SKIP() << "not root";
  QemuProcess qemu(kX86, words_of("-S -M pc,memory-backend=mem "
                                  "-object memory-backend-ram,id=mem,size=64M,share=on"));
  Attachment attachment = attach_with_report("qmp:" + qemu.socket());
  expect_same_memory(qemu, attachment);
}

// Huge pages of 2 MiB for one test: those that are free, or that root can have made meanwhile.
class HugePagesForATest {
 public:
  explicit HugePagesForATest(int wanted) {
    if (number_in("free_hugepages") >= wanted) return;
    made_ = wanted;
    std::ofstream(kFolder + "nr_hugepages") << number_in("nr_hugepages") + made_;
  }
  HugePagesForATest(const HugePagesForATest&) = delete;
  HugePagesForATest& operator=(const HugePagesForATest&) = delete;
  ~HugePagesForATest() {
    if (made_ > 0) std::ofstream(kFolder + "nr_hugepages") << number_in("nr_hugepages") - made_;
  }
  [[nodiscard]] static int free() { return number_in("free_hugepages"); }

 private:
  static int number_in(const std::string& name) {
    int number = 0;
    std::ifstream(kFolder + name) >> number;
    return number;
  }

  inline static const std::string kFolder = "/sys/kernel/mm/hugepages/hugepages-2048kB/";
  int made_ = 0;
};

// A file system of huge pages at `folder` while this lives, where root may mount one.
class HugePageMount {
 public:
  explicit HugePageMount(std::string folder) : folder_(std::move(folder)) {
    std::filesystem::create_directory(folder_);
    mounted_ = mount("none", folder_.c_str(), "hugetlbfs", 0, "pagesize=2M") == 0;
  }
  HugePageMount(const HugePageMount&) = delete;
  HugePageMount& operator=(const HugePageMount&) = delete;
  ~HugePageMount() {
    if (mounted_) umount2(folder_.c_str(), MNT_DETACH);
  }
  [[nodiscard]] bool mounted() const { return mounted_; }

 private:
  std::string folder_;
  bool mounted_ = false;
};

void expect_huge_pages_shared(const std::string& backend) {
  QemuProcess qemu(kX86, words_of("-S -M pc,memory-backend=mem -object " + backend));
  Attachment attachment = attach_with_report("qmp:" + qemu.socket());
  expect_same_memory(qemu, attachment);
}

// One test for both: two at once would give back each other's pages.
TEST(QmpLiveTest, HugePages) {
  REQUIRE_PROGRAM(kX86);
  constexpr int kPages = 32;
  const HugePagesForATest pages(kPages);
  if (HugePagesForATest::free() < kPages) {
    GTEST_SKIP() << "no 32 free huge pages of 2 MiB, and no right to make them";
  }
  expect_huge_pages_shared("memory-backend-memfd,id=mem,size=64M,hugetlb=on");
  const test::TemporaryDirectory directory;
  const HugePageMount folder(directory.file("huge"));
  if (!folder.mounted()) GTEST_SKIP() << "as a memfd only: no right to mount a hugetlbfs";
  expect_huge_pages_shared("memory-backend-file,id=mem,size=64M,share=on,mem-path=" +
                           directory.file("huge/ram"));
}

TEST(QmpLiveTest, DescriptorThatQemuInherited) {
  REQUIRE_PROGRAM(kX86);
  const int fd = memfd_create("ram", 0);  // no CLOEXEC: QEMU inherits it
  ASSERT_EQ(ftruncate(fd, 64 << 20), 0);
  QemuProcess qemu(kX86, words_of("-S -M pc,memory-backend=mem -object memory-backend-file,id=mem,"
                                  "size=64M,share=on,mem-path=/proc/self/fd/" +
                                  std::to_string(fd)));
  close(fd);
  Attachment attachment = attach_with_report("qmp:" + qemu.socket());
  EXPECT_EQ(attachment.report.rows[0].path.find("/proc/"), 0U) << attachment.report.rows[0].path;
  expect_same_memory(qemu, attachment);
}

TEST(QmpLiveTest, ForgottenOptionsAreNamed) {
  REQUIRE_PROGRAM(kX86);
  const std::pair<std::string, std::string> table[] = {
      {"-M pc -m 64M" + file_backend("mem", "64M"), "add -machine memory-backend=mem"},
      {"-M pc -m 64M", "backend 'pc.ram' is private to QEMU; start QEMU with -machine memory-"},
      {"-M pc,memory-backend=mem -object memory-backend-file,id=mem,size=64M,mem-path=DIR/mem",
       "backend 'mem' is private to QEMU"},
  };
  for (const auto& [arguments, part] : table) {
    QemuProcess qemu(kX86, words_of("-S " + arguments));
    try {
      (void)attach("qmp:" + qemu.socket());
      ADD_FAILURE() << arguments;
    } catch (const AttachError& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  }
}

TEST(QmpLiveTest, ReplacedFileIsTakenFromQemu) {
  REQUIRE_PROGRAM(kX86);
  QemuProcess qemu(kX86, words_of("-S " + with_file("pc", "64M")));
  std::filesystem::remove(qemu.directory.file("mem"));
  (void)qemu.directory.sparse_file("mem", 64 << 20);
  Attachment attachment = attach_with_report("qmp:" + qemu.socket());
  expect_same_memory(qemu, attachment);
  const auto& warnings = attachment.report.warnings;
  EXPECT_TRUE(std::any_of(warnings.begin(), warnings.end(), [](const std::string& warning) {
    return warning.find("is not the file that QEMU has mapped") != std::string::npos;
  }));
}

// Firmware runs, with a VGA and write-protected shadow ROM; attached to again and again meanwhile.
TEST(QmpLiveTest, RunningGuestIsAttachedToInAMoment) {
  REQUIRE_PROGRAM(kX86);
  QemuProcess qemu(kX86, words_of("-smp 1,maxcpus=2 -device VGA " + with_file("q35", "512M")));
  std::vector<double> milliseconds;
  for (int i = 0; i < 15; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const Attachment attachment = attach_with_report("qmp:" + qemu.socket());
    const std::chrono::duration<double, std::milli> taken =
        std::chrono::steady_clock::now() - start;
    milliseconds.push_back(taken.count());
    const AttachReport& report = attachment.report;
    EXPECT_EQ(report.accelerator, "tcg");
    EXPECT_EQ(report.machine.find("pc-q35-"), 0U) << report.machine;
    ASSERT_GE(report.rows.size(), 2U);
    EXPECT_EQ(report.rows[0].length, 0xA0000U);
    EXPECT_EQ(report.rows[1].guest_address, 0x100000U);
    EXPECT_TRUE(report.warnings.empty()) << report.warnings[0];
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  std::printf("attached to a running guest in %.1f ms (median of 15; %.1f to %.1f)\n",
              milliseconds[7], milliseconds.front(), milliseconds.back());
}

}  // namespace
}  // namespace guestlink::live
