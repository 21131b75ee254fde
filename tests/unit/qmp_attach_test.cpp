// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "attach/peer_process.h"
#include "attach/self_test.h"
#include "guestlink/attach.h"
#include "support/fake_qemu.h"
#include "support/scripted_qmp.h"
#include "support/temporary_directory.h"

namespace guestlink::test {
namespace {

using nlohmann::json;

constexpr std::uint64_t kBase = 0x40000000;
constexpr std::size_t kSize = 0x10000;
constexpr AccessStatus kOk = AccessStatus::kOk;

class QmpAttachTest : public testing::Test {
 protected:
  Attachment attach_to(const std::string& keys = "") {
    server_.emplace([this](QmpPeer& peer) { qemu.serve(peer); });
    return attach_with_report("qmp:" + server_->path() + keys);
  }

  void expect_failure(const std::string& part, const std::string& keys = "") {
    try {
      (void)attach_to(keys);
      ADD_FAILURE() << "attached, expected: " << part;
    } catch (const AttachError& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
      EXPECT_EQ(error.kind(), AttachError::Kind::kFailed) << error.what();
      EXPECT_EQ(std::string(error.what()).find("attach spec 'qmp:"), 0U) << error.what();
    }
  }

  static void expect_warning(const Attachment& attachment, const std::string& part) {
    const auto& warnings = attachment.report.warnings;
    EXPECT_TRUE(std::any_of(
        warnings.begin(), warnings.end(),
        [&](const std::string& warning) { return warning.find(part) != std::string::npos; }))
        << part << (warnings.empty() ? "\n  no warnings" : "\n  first of them: " + warnings[0]);
  }

  // As if QEMU had the bytes from `offset` on of an open file at the start of the guest's RAM.
  void map_as_qemu(int fd, off_t offset = 0) {
    void* const host = mmap(nullptr, kSize, PROT_READ, MAP_SHARED, fd, offset);
    ASSERT_NE(host, MAP_FAILED);
    mappings_.push_back(host);
    char line[80];
    std::snprintf(line, sizeof line,
                  "Host virtual address for 0x40000000 (mem) is 0x%" PRIxPTR "\r\n",
                  reinterpret_cast<std::uintptr_t>(host));
    qemu.monitor["gpa2hva 0x40000000"] = line;
  }

  void TearDown() override {
    server_.reset();
    for (void* host : mappings_) munmap(host, kSize);
  }

  TemporaryDirectory directory;
  std::string ram = directory.file("ram", std::string(kSize, 'r'));
  FakeQemu qemu{ram};

 private:
  std::optional<ScriptedQmp> server_;
  std::vector<void*> mappings_;
};

TEST_F(QmpAttachTest, MapsWhatQemuDescribes) {
  Attachment attachment = attach_to();
  const AttachReport& report = attachment.report;
  EXPECT_EQ(report.qemu_version, "7.2.22");
  EXPECT_EQ(report.machine, "virt-7.2");
  EXPECT_EQ(report.accelerator, "tcg");
  ASSERT_EQ(report.rows.size(), 1U);
  EXPECT_EQ(report.rows[0].guest_address, kBase);
  EXPECT_EQ(report.rows[0].length, kSize);
  EXPECT_EQ(report.rows[0].permission, Permission::kReadWrite);
  EXPECT_EQ(report.rows[0].backend, "mem");
  EXPECT_EQ(report.rows[0].path, ram);
  EXPECT_NE(report.rows[0].inode, 0U);
  EXPECT_EQ(report.rows[0].file_offset, 0U);
  EXPECT_TRUE(report.warnings.empty()) << report.warnings[0];
  ASSERT_EQ(attachment.memory.store<std::uint8_t>(kBase + 3, 'W'), kOk);
  EXPECT_EQ(content_of(ram).substr(0, 5), "rrrWr");
}

TEST_F(QmpAttachTest, OffsetOfTheBackendIsAdded) {
  ram = directory.file("ram", std::string(0x2000, 'x') + std::string(kSize, 'r'));
  qemu.properties["/objects/mem offset"] = 0x2000;
  qemu.saved_base -= 0x2000;
  qemu.monitor["info mtree -f"] =
      FakeQemu::view("  40001000-4000ffff (prio 0, ram): mem @0000000000001000\r\n");
  Attachment attachment = attach_to();
  EXPECT_EQ(attachment.report.rows[0].file_offset, 0x3000U);
  ASSERT_EQ(attachment.memory.store<std::uint8_t>(kBase + 0x1000, 'W'), kOk);
  EXPECT_EQ(content_of(ram).find('W'), 0x3000U);
  EXPECT_EQ(attachment.memory.store<std::uint8_t>(kBase, 'W'), AccessStatus::kOutOfRange);
}

TEST_F(QmpAttachTest, RomAndReadOnlyKeyRefuseWrites) {
  qemu.monitor["info mtree -f"] = FakeQemu::view(
      "  40000000-40007fff (prio 0, rom): mem\r\n"
      "  40008000-4000ffff (prio 0, ram): mem @8000\r\n");
  Attachment attachment = attach_to();
  EXPECT_EQ(attachment.report.rows[0].permission, Permission::kReadOnly);
  EXPECT_EQ(attachment.memory.store<std::uint8_t>(kBase, 1), AccessStatus::kReadOnly);
  EXPECT_EQ(attachment.memory.store<std::uint8_t>(kBase + 0x8000, 1), kOk);
  Attachment read_only = attach_to(",ro");
  EXPECT_EQ(read_only.report.rows[0].permission, Permission::kReadOnly);
  EXPECT_EQ(read_only.report.rows[1].permission, Permission::kReadWrite);  // the guest's own
  EXPECT_EQ(read_only.memory.store<std::uint8_t>(kBase + 0x8000, 1), AccessStatus::kReadOnly);
}

TEST_F(QmpAttachTest, KeysThatQemuKnowsBetterAreRefused) {
  const std::pair<const char*, const char*> table[] = {
      {"qmp:", "no path after 'qmp:'"},
      {"qmp:,ro", "no path after 'qmp:'"},
      {"qmp:x,size=4K", "key 'size' is not for qmp:, which asks QEMU"},
      {"qmp:x,machine=pc", "key 'machine' is not for qmp:"},
      {"qmp:x,base=0", "key 'base' is not for qmp:"},
      {"qmp:x,image=y", "key 'image' is not for qmp:"},
      {"qmp:x,fill=0", "key 'fill' is not for qmp:"},
  };
  for (const auto& [spec, part] : table) {
    try {
      (void)attach(spec);
      ADD_FAILURE() << spec;
    } catch (const AttachError& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
      EXPECT_EQ(error.kind(), AttachError::Kind::kSpec) << spec;
    }
  }
}

TEST_F(QmpAttachTest, AnotherFileFailsTheSelfTest) {
  qemu.saved_file = directory.file("other", std::string(0x123, 'r') + std::string(kSize, 'o'));
  expect_failure(
      "map row at 0x40000000 failed its self-test: the guest's byte at 0x40000123 is not "
      "the file's at offset 0x123");
}

TEST_F(QmpAttachTest, SelfTestThatCannotBeMadeIsAWarning) {
  qemu.saved_file.clear();
  const Attachment attachment = attach_to();
  expect_warning(attachment, "the self-test could not be made: QEMU refused 'pmemsave': Could not");
  expect_warning(attachment,
                 "nothing proves that the file is the one QEMU has, for the rows at "
                 "0x40000000");
}

TEST_F(QmpAttachTest, PageOfZeroesProvesNothing) {
  ram = directory.sparse_file("ram", kSize);
  expect_warning(attach_to(), "nothing proves that the file is the one QEMU has");
  const int fd = open(ram.c_str(), O_RDONLY | O_CLOEXEC);
  map_as_qemu(fd);
  EXPECT_TRUE(attach_to().report.warnings.empty());
  close(fd);
}

TEST_F(QmpAttachTest, SelfTestTakesAPageWithData) {
  ram = directory.sparse_file("ram", kSize);
  std::fstream(ram).seekp(0x9123) << "data";
  EXPECT_TRUE(attach_to().report.warnings.empty());
  qemu.saved_file = directory.sparse_file("other", kSize);
  expect_failure("the guest's byte at 0x40009123 is not the file's at offset 0x9123");
}

TEST_F(QmpAttachTest, PrivateRamIsRefused) {
  qemu.properties["/objects/mem share"] = false;
  expect_failure("backend 'mem' is private to QEMU; start QEMU with -machine memory-backend=mem");
  qemu.monitor["info mtree -f"] = FakeQemu::view("  40000000-4000ffff (prio 0, ram): board\r\n");
  expect_failure(
      "no memory backend holds any of it; backend 'mem' is shared, but no RAM is in it: "
      "add -machine memory-backend=mem");
}

TEST_F(QmpAttachTest, PrivatePartIsAHoleAndAWarning) {
  qemu.monitor["info mtree -f"] = FakeQemu::view(
      "  20000000-2000ffff (prio 0, ram): m0\r\n  40000000-4000ffff (prio 0, ram): mem\r\n");
  qemu.returns["query-memdev"] = {
      {{"id", "m0"}, {"share", false}}, {{"id", "mem"}}, json::object()};
  qemu.properties["/objects/m0 type"] = "memory-backend-ram";
  qemu.properties["/objects/m0 size"] = kSize;
  qemu.properties["/objects/m0 share"] = false;
  Attachment attachment = attach_to();
  expect_warning(attachment, "backend 'm0' is private to QEMU");
  ASSERT_EQ(attachment.report.rows.size(), 1U);
  EXPECT_EQ(attachment.memory.store<std::uint8_t>(0x20000000, 1), AccessStatus::kOutOfRange);
  EXPECT_EQ(attachment.memory.store<std::uint8_t>(kBase, 1), kOk);
}

TEST_F(QmpAttachTest, SizeOfTheFileIsChecked) {
  std::filesystem::resize_file(ram, kSize - 1);
  expect_failure("has 0xffff bytes, backend 'mem' (memory-backend-file) 0x10000: it was cut short");
  std::filesystem::resize_file(ram, kSize + 0x100000);
  expect_warning(attach_to(),
                 "has 0x110000 bytes, backend 'mem' (memory-backend-file) 0x10000: the "
                 "rest of it");
}

TEST_F(QmpAttachTest, FileThatCannotBeOpenedIsNamed) {
  std::filesystem::remove(ram);
  expect_failure("file '" + ram + "' does not exist; it is the mem-path that QEMU has for backend");
  qemu.properties["/objects/mem mem-path"] = directory.file("");
  expect_failure("is a directory, expected the file of a memory backend");
  qemu.properties["/objects/mem mem-path"] = "relative/path";
  expect_failure("has the path 'relative/path', so it can be opened only through QEMU's process");
  qemu.properties.erase("/objects/mem mem-path");
  qemu.properties["/objects/mem type"] = "memory-backend-memfd";
  expect_failure("backend 'mem' (memory-backend-memfd) has no path, so it can be opened only");
}

TEST_F(QmpAttachTest, FileWithoutANameIsOpenedThroughQemu) {
  qemu.properties.erase("/objects/mem mem-path");
  const int fd = open(ram.c_str(), O_RDWR | O_CLOEXEC);
  map_as_qemu(fd);
  Attachment attachment = attach_to();
  EXPECT_EQ(attachment.report.rows[0].path.find("/proc/"), 0U) << attachment.report.rows[0].path;
  EXPECT_TRUE(attachment.report.warnings.empty()) << attachment.report.warnings[0];
  ASSERT_EQ(attachment.memory.store<std::uint8_t>(kBase, 'W'), kOk);
  EXPECT_EQ(content_of(ram)[0], 'W');
  close(fd);
}

TEST_F(QmpAttachTest, QemusOwnDescriptorIsMeantByProcSelf) {
  const int fd = open(ram.c_str(), O_RDWR | O_CLOEXEC);
  qemu.properties["/objects/mem mem-path"] = "/proc/self/fd/" + std::to_string(fd);
  const Attachment attachment = attach_to();
  EXPECT_EQ(attachment.report.rows[0].path,
            "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd));
  close(fd);
}

TEST_F(QmpAttachTest, ReplacedFileIsTakenFromQemu) {
  const int fd = open(ram.c_str(), O_RDWR | O_CLOEXEC);
  map_as_qemu(fd);
  const std::string kept = directory.file("kept");
  std::filesystem::rename(ram, kept);
  qemu.saved_file = kept;
  (void)directory.file("ram", std::string(kSize, 'n'));
  Attachment attachment = attach_to();
  expect_warning(attachment, "is not the file that QEMU has mapped (was it removed or replaced?)");
  ASSERT_EQ(attachment.memory.store<std::uint8_t>(kBase, 'W'), kOk);
  EXPECT_EQ(content_of(kept)[0], 'W');
  EXPECT_EQ(content_of(ram)[0], 'n');
  close(fd);
}

TEST_F(QmpAttachTest, OffsetThatQemuHasNotMappedIsRefused) {
  std::filesystem::resize_file(ram, 2 * kSize);
  const int fd = open(ram.c_str(), O_RDWR | O_CLOEXEC);
  map_as_qemu(fd, 0x1000);
  expect_failure(
      "map row at 0x40000000 is at offset 0x0 of its file by QEMU's word, but QEMU has "
      "0x1000 mapped there");
  close(fd);
}

TEST_F(QmpAttachTest, MapThatChangesMeanwhileIsRefused) {
  qemu.next_view = FakeQemu::view("  40000000-40007fff (prio 0, ram): mem\r\n");
  expect_failure("the guest's memory map changed meanwhile; attach again");
}

TEST_F(QmpAttachTest, WhatWorksButNotAsExpectedIsAWarning) {
  const auto warnings = [this] { return attach_to(); };
  qemu.properties["/machine smp"] = {{"cpus", 1}, {"maxcpus", 1}};
  expect_warning(warnings(), "TCG with one possible CPU");
  qemu.returns["query-kvm"]["enabled"] = true;
  EXPECT_TRUE(warnings().report.warnings.empty());
  qemu.returns["query-kvm"]["enabled"] = false;
  qemu.properties["/machine smp"] = {{"cpus", 2}, {"maxcpus", 2}};
  qemu.returns["query-cpus-fast"] = {{{"thread-id", 7}}, {{"thread-id", 7}}};
  expect_warning(warnings(), "TCG runs all CPUs in one thread");
  qemu.monitor["info jit"] = "Error: JIT information is only available with accel=tcg\r\n";
  EXPECT_EQ(warnings().report.accelerator, "unknown");
  EXPECT_TRUE(warnings().report.warnings.empty());
  qemu.returns["query-status"]["status"] = "inmigrate";
  expect_warning(warnings(), "the guest is being moved or saved (inmigrate)");
  qemu.returns["query-status"]["status"] = "guest-panicked";
  expect_warning(warnings(), "the guest has stopped (guest-panicked)");
}

// Each answer in turn is one of another type; it may only give an error or not matter.
TEST_F(QmpAttachTest, AnswersOfTheWrongTypeAreErrors) {
  const json values[] = {nullptr,
                         -1,
                         1e300,
                         "\x1B[2J",
                         json::array({1, nullptr}),
                         json::array({json::array()}),
                         {{"id", 5}, {"qemu", 7}, {"type", {}}},
                         {{"enabled", 3}, {"arch", 1}, {"status", false}, {"maxcpus", "one"}}};
  const FakeQemu good = qemu;
  int refused = 0;
  const auto try_all = [&](std::map<std::string, json> FakeQemu::*answers) {
    for (const auto& [name, answer] : good.*answers) {
      for (const json& value : values) {
        qemu = good;
        (qemu.*answers)[name] = value;
        try {
          (void)attach_to();
        } catch (const AttachError& error) {
          EXPECT_EQ(error.kind(), AttachError::Kind::kFailed) << name << " " << value;
          EXPECT_EQ(std::string(error.what()).find("json.exception"), std::string::npos)
              << error.what();
          ++refused;
        }
      }
    }
  };
  try_all(&FakeQemu::returns);
  try_all(&FakeQemu::properties);
  try_all(&FakeQemu::monitor);
  EXPECT_GT(refused, 80);
}

TEST(SelfTestTest, OnlyBytesThatStayCount) {
  const auto mismatch = [](const std::string& before, const std::string& saved,
                           const std::string& after) {
    return detail::find_mismatch(std::as_bytes(std::span(before)), std::as_bytes(std::span(saved)),
                                 std::as_bytes(std::span(after)));
  };
  EXPECT_EQ(mismatch("abcd", "abcd", "abcd"), std::nullopt);
  EXPECT_EQ(mismatch("abcd", "abXd", "abcd"), 2U);
  EXPECT_EQ(mismatch("abcd", "abXd", "abYd"), std::nullopt);
  EXPECT_EQ(mismatch("abcd", "aXXd", "abYd"), 1U);
}

TEST(PeerProcessTest, OnlySharedFilesOfTheMapsCount) {
  using detail::parse_maps_line;
  const auto shared = parse_maps_line(
      "7fe8e7e00000-7fe907e00000 rw-s 00400000 fe:01 72054                      /dev/shm/a b");
  ASSERT_TRUE(shared);
  EXPECT_EQ(shared->first, 0x7FE8E7E00000U);
  EXPECT_EQ(shared->end, 0x7FE907E00000U);
  EXPECT_EQ(shared->inode, 72054U);
  EXPECT_EQ(shared->offset_of(0x7FE8E7E01000), 0x401000U);
  EXPECT_FALSE(parse_maps_line("7fe8e7e00000-7fe907e00000 rw-p 00000000 fe:01 72054 /dev/shm/a"));
  EXPECT_FALSE(parse_maps_line("7fe8e7e00000-7fe907e00000 rw-s 00000000 00:00 0"));
  EXPECT_FALSE(parse_maps_line("rubbish"));
  EXPECT_FALSE(parse_maps_line(""));
  EXPECT_FALSE(detail::PeerProcess(0).find(0x1000));
}

}  // namespace
}  // namespace guestlink::test
