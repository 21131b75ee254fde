// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Which command becomes which, which are refused, and what is said. "@" stands for the three
// additions that most commands get, in their place behind QEMU's name.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "launcher/cpu_room.h"
#include "launcher/plan.h"
#include "launcher/ram_size.h"

namespace guestlink::launcher {
namespace {

using Words = std::vector<std::string>;

constexpr std::uint64_t kMiB = 1 << 20;
const Inherited kInherited{
    .ram = 5, .qmp_settings = "/run/q.conf", .qtest_settings = "/run/t.conf"};

Plan plan_of(const Words& words) { return make_plan(words, kInherited); }

std::string ram_object(std::uint64_t bytes) {
  return "memory-backend-file,id=guestlink-ram,size=" + std::to_string(bytes) +
         ",mem-path=/proc/self/fd/5,share=on";
}

std::string joined(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += "<" + word + ">";
  return text;
}

struct Rewrite {
  const char* what;
  Words given;
  Words rewritten;  // behind the RAM object and before -readconfig: what may differ
  std::uint64_t mib = 128;
};

// The words that every case shares are put in by the test: name, -object, ..., -readconfig.
const Rewrite kRewrites[] = {
    {"nothing given", {}, {"-machine", "memory-backend=guestlink-ram", "-smp", "1,maxcpus=2", "@"}},
    {"-M", {"-M", "q35"}, {"-smp", "1,maxcpus=2", "@", "-M", "q35,memory-backend=guestlink-ram"}},
    {"--machine, behind other options",
     {"-S", "--machine", "pc-i440fx-7.2,usb=off", "disk.img"},
     {"-smp", "1,maxcpus=2", "@", "-S", "--machine",
      "pc-i440fx-7.2,usb=off,memory-backend=guestlink-ram", "disk.img"}},
    {"-machine twice: the last one is edited, as QEMU merges them",
     {"-machine", "q35", "-M", "accel=kvm"},
     {"@", "-machine", "q35", "-M", "accel=kvm,memory-backend=guestlink-ram"}},
    {"no such spelling in QEMU: it has to say so",
     {"-M=q35"},
     {"-machine", "memory-backend=guestlink-ram", "-smp", "1,maxcpus=2", "@", "-M=q35"}},
    {"a value that looks like an option is a value",
     {"-append", "-M", "-name", "-m", "-smp", "2"},
     {"-machine", "memory-backend=guestlink-ram", "@", "-append", "-M", "-name", "-m", "-smp",
      "2"}},
    {"a switch takes no value",
     {"-nographic", "-m", "1G", "-enable-kvm", "-M", "pc"},
     {"@", "-nographic", "-m", "1G", "-enable-kvm", "-M", "pc,memory-backend=guestlink-ram"},
     1024},
    {"spaces, empty words, brackets, @file, doubled commas",
     {"-smp", "4", "-append", "a  b -- c", "", "[x,y]", "@file", "-drive", "file=a,,b,if=none"},
     {"-machine", "memory-backend=guestlink-ram", "@", "-smp", "4", "-append", "a  b -- c", "",
      "[x,y]", "@file", "-drive", "file=a,,b,if=none"}},
    {"-m with keys, in two options",
     {"-m", "size=2G,slots=2,maxmem=4G", "-m", "slots=4", "-smp", "2"},
     {"-machine", "memory-backend=guestlink-ram", "@", "-m", "size=2G,slots=2,maxmem=4G", "-m",
      "slots=4", "-smp", "2"},
     2048},
    {"the last -m counts",
     {"-m", "1G", "-m", "512", "-smp", "2"},
     {"-machine", "memory-backend=guestlink-ram", "@", "-m", "1G", "-m", "512", "-smp", "2"},
     512},
    {"-m without a size, and -m 0, are the default",
     {"-m", "0", "-smp", "2"},
     {"-machine", "memory-backend=guestlink-ram", "@", "-m", "0", "-smp", "2"}},
    {"-smp 1",
     {"-smp", "1"},
     {"-machine", "memory-backend=guestlink-ram", "@", "-smp", "1,maxcpus=2"}},
    {"-smp maxcpus=1 alone keeps one CPU",
     {"-smp", "maxcpus=1"},
     {"-machine", "memory-backend=guestlink-ram", "@", "-smp", "maxcpus=1,cpus=1,maxcpus=2"}},
    {"-smp with all of the topology",
     {"-smp", "1,sockets=1,cores=1,threads=1"},
     {"-machine", "memory-backend=guestlink-ram", "@", "-smp",
      "1,sockets=1,cores=1,threads=1,maxcpus=2,sockets=2"}},
    {"-smp with room already",
     {"-smp", "1,maxcpus=4"},
     {"-machine", "memory-backend=guestlink-ram", "@", "-smp", "1,maxcpus=4"}},
    {"-smp in two options",
     {"-smp", "1", "-smp", "cores=2"},
     {"-machine", "memory-backend=guestlink-ram", "@", "-smp", "1", "-smp", "cores=2"}},
    {"-accel tcg",
     {"-accel", "tcg,thread=multi"},
     {"-machine", "memory-backend=guestlink-ram", "-smp", "1,maxcpus=2", "@", "-accel",
      "tcg,thread=multi"}},
    {"-accel kvm needs no second CPU",
     {"-accel", "kvm"},
     {"-machine", "memory-backend=guestlink-ram", "@", "-accel", "kvm"}},
    {"-accel kvm, or else tcg",
     {"-accel", "kvm", "-accel", "tcg"},
     {"-machine", "memory-backend=guestlink-ram", "-smp", "1,maxcpus=2", "@", "-accel", "kvm",
      "-accel", "tcg"}},
    {"-machine accel=kvm:tcg",
     {"-machine", "accel=kvm:tcg"},
     {"-smp", "1,maxcpus=2", "@", "-machine", "accel=kvm:tcg,memory-backend=guestlink-ram"}},
    {"a machine with one CPU", {"-M", "isapc"}, {"@", "-M", "isapc,memory-backend=guestlink-ram"}},
    {"a machine that starts with several CPUs",
     {"-M", "xlnx-zcu102"},
     {"@", "-M", "xlnx-zcu102,memory-backend=guestlink-ram"}},
    {"the same machine, told to have one",
     {"-M", "xlnx-zcu102", "-smp", "1"},
     {"@", "-M", "xlnx-zcu102,memory-backend=guestlink-ram", "-smp", "1,maxcpus=2"}},
    {"-machine smp.: left to the user",
     {"-M", "q35,smp.cpus=1"},
     {"@", "-M", "q35,smp.cpus=1,memory-backend=guestlink-ram"}},
    {"a backend for something else is left alone",
     {"-smp", "2", "-object", "memory-backend-ram,id=dimm,size=1G", "-device",
      "pc-dimm,memdev=dimm"},
     {"-machine", "memory-backend=guestlink-ram", "@", "-smp", "2", "-object",
      "memory-backend-ram,id=dimm,size=1G", "-device", "pc-dimm,memdev=dimm"}},
    {"a QMP socket of the user's stays",
     {"-smp", "2", "-qmp", "unix:a,server=on"},
     {"-machine", "memory-backend=guestlink-ram", "@", "-smp", "2", "-qmp", "unix:a,server=on"}},
    {"an option whose value is missing stays last",
     {"-smp", "2", "-m"},
     {"-machine", "memory-backend=guestlink-ram", "@", "-smp", "2", "-m"}},
};

// The whole command of a case.
Words expected_words(const Rewrite& rewrite) {
  Words words{"qemu-system-x86_64", "-object", ram_object(rewrite.mib * kMiB)};
  for (const std::string& word : rewrite.rewritten) {
    if (word == "@") {
      words.insert(words.end(), {"-readconfig", "/run/q.conf", "-readconfig", "/run/t.conf"});
    } else {
      words.push_back(word);
    }
  }
  return words;
}

TEST(LauncherPlanTest, RewritesCommands) {
  for (const Rewrite& rewrite : kRewrites) {
    Words given{"qemu-system-x86_64"};
    given.insert(given.end(), rewrite.given.begin(), rewrite.given.end());
    const Plan plan = plan_of(given);
    EXPECT_EQ(joined(plan.words), joined(expected_words(rewrite))) << rewrite.what;
    EXPECT_EQ(plan.ram_bytes, rewrite.mib * kMiB) << rewrite.what;
  }
}

TEST(LauncherPlanTest, LeavesCommandsThatOnlyPrintAlone) {
  for (const Words& words :
       {Words{"qemu-system-x86_64", "-M", "help"}, Words{"qemu-system-x86_64", "-machine", "?"},
        Words{"qemu-system-x86_64", "-version"}, Words{"qemu-system-x86_64", "--help"},
        Words{"qemu-system-x86_64", "-device", "virtio-net-pci,help"}}) {
    const Plan plan = plan_of(words);
    EXPECT_TRUE(plan.help) << joined(words);
    EXPECT_EQ(plan.words, words);
    EXPECT_TRUE(plan.changes.empty());
  }
  EXPECT_FALSE(plan_of({"qemu-system-x86_64", "-append", "help"}).help);
}

TEST(LauncherPlanTest, LeavesWordsBeforeQemuAlone) {
  const Plan plan = plan_of({"taskset", "-c", "0", "/opt/bin/qemu-system-aarch64", "-M", "virt"});
  EXPECT_EQ(joined(plan.words), "<taskset><-c><0></opt/bin/qemu-system-aarch64><-object><" +
                                    ram_object(128 * kMiB) +
                                    "><-smp><1,maxcpus=2><-readconfig></run/q.conf>"
                                    "<-readconfig></run/t.conf>"
                                    "<-M><virt,memory-backend=guestlink-ram>");
}

struct Own {
  const char* what;
  Words given;
};

const Own kOwn[] = {
    {"a shared file",
     {"-object", "memory-backend-file,id=mem,size=1G,mem-path=/dev/shm/a,,b,share=on", "-M",
      "q35,memory-backend=mem"}},
    {"as JSON",
     {"-object",
      R"({"qom-type":"memory-backend-file","id":"mem","size":1,"mem-path":"/x","share":true})",
      "-machine", "memory-backend=mem"}},
    {"a memfd, which is shared if nothing is said",
     {"-object", "memory-backend-memfd,id=mem,size=1G", "-M", "memory-backend=mem"}},
    {"an offset",
     {"-object", "memory-backend-file,id=mem,size=1G,mem-path=/x,share=yes,offset=4M", "-M",
      "memory-backend=mem"}},
    {"NUMA",
     {"-object", "memory-backend-file,id=a,size=1G,mem-path=/x,share=on", "-numa",
      "node,memdev=a"}},
};

TEST(LauncherPlanTest, KeepsSharedRamOfTheUsers) {
  for (const Own& own : kOwn) {
    Words given{"qemu-system-x86_64", "-smp", "2"};
    given.insert(given.end(), own.given.begin(), own.given.end());
    Words expected = given;
    expected.insert(expected.begin() + 1,
                    {"-readconfig", "/run/q.conf", "-readconfig", "/run/t.conf"});
    const Plan plan = plan_of(given);
    EXPECT_EQ(joined(plan.words), joined(expected)) << own.what;
    EXPECT_EQ(plan.ram_bytes, 0U) << own.what;
  }
}

struct Refusal {
  Words given;
  const char* message;
};

const Refusal kRefusals[] = {
    {{"-daemonize"}, "-daemonize"},
    {{"-mem-path", "/dev/hugepages"}, "share=on -machine memory-backend=mem"},
    {{"-m", "lots"}, "-m: 'lots' is not a size"},
    {{"-m", "512MB"}, "'512MB'"},
    {{"-m", "-1"}, "'-1'"},
    {{"-m", "size="}, "''"},
    {{"-m", "99999999999999999999"}, "'99999999999999999999'"},
    {{"-machine", "q35,memory.size=1G"}, "say it with -m"},
    {{"-machine", "memory-backend=mem"}, "memory-backend=mem: no -object"},
    {{"-object", "rng-random,id=mem", "-machine", "memory-backend=mem"}, "no -object memory"},
    {{"-object", "memory-backend-ram,id=mem,size=1G", "-machine", "memory-backend=mem"},
     "memory-backend-ram without share=on is private"},
    {{"-object", "memory-backend-file,id=mem,mem-path=/x,share=off", "-M", "memory-backend=mem"},
     "add share=on"},
    {{"-object", "memory-backend-memfd,id=m,share=off", "-numa", "node,memdev=m"},
     "-numa memdev=m"},
};

TEST(LauncherPlanTest, RefusesWhatCannotBeRight) {
  for (const Refusal& refusal : kRefusals) {
    Words given{"qemu-system-x86_64"};
    given.insert(given.end(), refusal.given.begin(), refusal.given.end());
    try {
      (void)plan_of(given);
      ADD_FAILURE() << joined(given) << " is not refused";
    } catch (const UsageError& error) {
      EXPECT_NE(std::string(error.what()).find(refusal.message), std::string::npos)
          << joined(given) << ": " << error.what();
    }
  }
  EXPECT_THROW((void)plan_of({}), UsageError);
}

TEST(LauncherPlanTest, SaysEachChangeInALine) {
  const Plan plan = plan_of({"qemu-system-x86_64", "-M", "q35", "-m", "1.5G"});
  ASSERT_EQ(plan.changes.size(), 5U);
  EXPECT_NE(plan.changes[0].find("1536 MiB in a sealed memory file"), std::string::npos);
  EXPECT_NE(plan.changes[1].find("-machine q35,memory-backend="), std::string::npos);
  EXPECT_NE(plan.changes[2].find("-smp 1,maxcpus=2: with one possible CPU"), std::string::npos);
  EXPECT_NE(plan.changes[4].find("-readconfig /run/t.conf: a qtest socket"), std::string::npos);
  EXPECT_NE(plan.changes[3].find("-readconfig /run/q.conf"), std::string::npos);
  for (const std::string& change : plan.changes) EXPECT_EQ(change.find('\n'), std::string::npos);
}

TEST(LauncherPlanTest, AddsNoSecondQtest) {
  EXPECT_TRUE(plan_of({"qemu-system-x86_64"}).qtest);
  EXPECT_FALSE(plan_of({"qemu-system-x86_64", "-qtest", "unix:x,server=on,wait=off"}).qtest);
  const Plan plan = plan_of({"qemu-system-x86_64", "-object", "qtest,id=q,chardev=c"});
  EXPECT_FALSE(plan.qtest);
  EXPECT_EQ(joined(plan.words).find("/run/t.conf"), std::string::npos);
}

TEST(LauncherPlanTest, Warns) {
  const std::pair<Words, const char*> cases[] = {
      {{"-accel", "tcg,thread=single"}, "thread=single"},
      {{"-icount", "shift=1"}, "-icount"},
      {{"-readconfig", "vm.conf"}, "not looked at"},
      {{"-loadvm", "s"}, "guestlink-ram"},
  };
  for (const auto& [given, text] : cases) {
    Words words{"qemu-system-x86_64"};
    words.insert(words.end(), given.begin(), given.end());
    const Plan plan = plan_of(words);
    ASSERT_EQ(plan.warnings.size(), 1U) << joined(words);
    EXPECT_NE(plan.warnings[0].find(text), std::string::npos) << plan.warnings[0];
  }
  EXPECT_TRUE(plan_of({"qemu-system-x86_64"}).warnings.empty());
}

TEST(LauncherRamSizeTest, ReadsSizesAsQemuDoes) {
  EXPECT_EQ(parse_ram_size("512"), 512 * kMiB);
  EXPECT_EQ(parse_ram_size("512M"), 512 * kMiB);
  EXPECT_EQ(parse_ram_size("2g"), 2048 * kMiB);
  EXPECT_EQ(parse_ram_size("1.5G"), 1536 * kMiB);
  EXPECT_EQ(parse_ram_size("0.5"), kMiB / 2);
  EXPECT_EQ(parse_ram_size("100k"), 106496U);  // QEMU rounds up to 8 KiB
  EXPECT_EQ(parse_ram_size("1000001B"), 1007616U);
  EXPECT_EQ(parse_ram_size("1T"), kMiB * kMiB);
  EXPECT_EQ(parse_ram_size("8E"), std::uint64_t{1} << 63);
  for (const char* text : {"", "M", "1.", ".5G", "1x", "1 M", "0x200", "16E", "8.5E", "1GG"}) {
    EXPECT_FALSE(parse_ram_size(text)) << text;
  }
  EXPECT_EQ(size_text(3 << 20), "3 MiB");
  EXPECT_EQ(size_text(std::uint64_t{4} << 30), "4 GiB");
  EXPECT_EQ(size_text(106496), "104 KiB");
}

TEST(LauncherCpuRoomTest, KnowsWhichMachinesTakeTwoCpus) {
  EXPECT_EQ(cpu_room_of("x86_64", ""), CpuRoom::kOne);
  EXPECT_EQ(cpu_room_of("x86_64", "pc-q35-6.0"), CpuRoom::kOne);
  EXPECT_EQ(cpu_room_of("aarch64", "virt"), CpuRoom::kOne);
  EXPECT_EQ(cpu_room_of("riscv64", "virt"), CpuRoom::kOne);
  EXPECT_EQ(cpu_room_of("aarch64", "xlnx-zcu102"), CpuRoom::kSeveral);
  EXPECT_EQ(cpu_room_of("aarch64", ""), CpuRoom::kUnknown);
  EXPECT_EQ(cpu_room_of("arm", "xilinx-zynq-a9"), CpuRoom::kUnknown);
  EXPECT_EQ(cpu_room_of("x86_64", "isapc"), CpuRoom::kUnknown);
}

}  // namespace
}  // namespace guestlink::launcher
