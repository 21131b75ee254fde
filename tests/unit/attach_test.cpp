// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "guestlink/attach.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>
#include <vector>

#include "guestlink/number.h"
#include "support/temporary_directory.h"

namespace guestlink::test {
namespace {

constexpr AccessStatus kOk = AccessStatus::kOk;

std::string message_of(const std::string& spec) {
  try {
    (void)attach(spec);
  } catch (const AttachError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

void expect_message(const std::string& spec, const std::string& part) {
  const std::string message = message_of(spec);
  EXPECT_NE(message.find(part), std::string::npos) << message << "\n  lacks: " << part;
  EXPECT_EQ(message.find("attach spec '" + spec + "': "), 0U) << message;
}

TEST(ParseNumberTest, TakesWhatTheGrammarSays) {
  constexpr std::uint64_t kMaximum = std::numeric_limits<std::uint64_t>::max();
  const std::pair<const char*, std::optional<std::uint64_t>> table[] = {
      {"0", 0},
      {"4096", 4096},
      {"64K", 64 << 10},
      {"64M", 64 << 20},
      {"3G", std::uint64_t{3} << 30},
      {"1g", 1 << 30},
      {"0x80000000", 0x80000000},
      {"0XfF", 255},
      {"0x10K", 0x4000},
      {"18446744073709551615", kMaximum},
      {"0xffffffffffffffff", kMaximum},
      {"18446744073709551616", std::nullopt},
      {"17179869184G", std::nullopt},
      {"17179869183G", std::uint64_t{17179869183} << 30},
      {"", std::nullopt},
      {"0x", std::nullopt},
      {"K", std::nullopt},
      {"-1", std::nullopt},
      {"+1", std::nullopt},
      {" 1", std::nullopt},
      {"1 ", std::nullopt},
      {"1.5G", std::nullopt},
      {"1T", std::nullopt},
      {"1KB", std::nullopt},
      {"12x", std::nullopt},
  };
  for (const auto& [text, value] : table) EXPECT_EQ(parse_number(text), value) << text;
}

TEST(AttachTest, BadSpecsNameThePartAndItsValue) {
  const std::pair<const char*, const char*> table[] = {
      {"", "no scheme; expected scheme:target"},
      {"/dev/shm/ram", "no scheme; expected scheme:target"},
      {"moc:,size=4K", "scheme 'moc' is not known; one of file qmp mock"},
      {":,size=4K", "scheme '' is not known"},
      {"qmp:/nowhere/qmp", "QMP socket '/nowhere/qmp' does not exist; start QEMU with -qmp"},
      {"mock:", "key 'size' is missing; mock: needs one"},
      {"mock:,size", "key 'size' has value '', expected a size such as 64M"},
      {"mock:,size=", "key 'size' has value '', expected a size such as 64M"},
      {"mock:,size=lots", "key 'size' has value 'lots', expected a size such as 64M"},
      {"mock:,size=99999999999G", "key 'size' has value '99999999999G', expected a size"},
      {"mock:,size=-4K", "key 'size' has value '-4K', expected a size"},
      {"mock:,size=0", "size 0x0 is not a positive multiple of 0x1000"},
      {"mock:,size=5000", "size 0x1388 is not a positive multiple of 0x1000"},
      {"mock:,size=4K,size=4K", "key 'size' is given twice"},
      {"mock:,size=4K,", "a key is missing after ','"},
      {"mock:,,size=4K", "a key is missing after ','"},
      {"mock:,size=4K,=3", "a key is missing after ','"},
      {"mock:,size=4K,colour=red",
       "key 'colour' is not known; one of size machine base image fill ro shared"},
      {"mock:,size=4K,Size=4K", "key 'Size' is not known"},
      {"mock:,size=4K,ro=1", "key 'ro' takes no value, but has '1'"},
      {"mock:,size=4K,ro,ro", "key 'ro' is given twice"},
      {"mock:,size=4K,shared=", "key 'shared' takes no value, but has ''"},
      {"mock:,size=4K,shared,shared", "key 'shared' is given twice"},
      {"mock:,size=4K,fill=256", "key 'fill' has value '256', expected a byte, 0 to 0xFF"},
      {"mock:,size=4K,fill=red", "key 'fill' has value 'red', expected a byte, 0 to 0xFF"},
      {"mock:,size=4K,machine=", "key 'machine' has no value"},
      {"mock:,size=4K,machine=atari", "machine 'atari' is not known; one of pc q35"},
      {"mock:,size=4K,machine=pc,base=0", "keys 'machine' (pc) and 'base' (0x0) are both given"},
      {"mock:,size=4K,base=0x800", "base 0x800 is no multiple of 0x1000"},
      {"mock:,size=8K,base=0xffffffffffffe000", "ends above 2^64 - 1"},
      {"mock:,size=4K,base=high", "key 'base' has value 'high', expected a guest address"},
      {"mock:,size=4G,machine=zynq", "size 0x100000000 does not fit machine zynq"},
      {"mock:,size=256G,machine=arm-virt", "size 0x4000000000 does not fit machine arm-virt"},
      {"mock:,size=4K,image=/nowhere/image", "file '/nowhere/image' does not exist; key 'image'"},
      {"mock:/nowhere/ram,size=4K", "file '/nowhere/ram' cannot be created: No such file"},
      {"file:", "no path after 'file:'"},
      {"file:,machine=pc", "no path after 'file:'"},
      {"file:/nowhere/ram", "neither machine= nor base= is given"},
      {"file:/nowhere/ram,machine=pc",
       "file '/nowhere/ram' does not exist; start QEMU with -object"},
      {"file:/nowhere/ram,machine=pc,fill=0", "key 'fill' is for mock: only"},
      {"file:/nowhere/ram,machine=pc,image=x", "key 'image' is for mock: only"},
      {"file:/dev/null,base=0", "'/dev/null' is not a regular file, expected the file that QEMU"},
  };
  for (const auto& [spec, part] : table) expect_message(spec, part);
}

TEST(AttachTest, FaultsOfTheFileAreToldWithItsSize) {
  const TemporaryDirectory directory;
  const std::string folder = directory.file("");
  expect_message("file:" + folder + ",machine=pc",
                 "'" + folder + "' is a directory, expected the file");
  expect_message("file:" + folder + ",machine=pc,ro", "'" + folder + "' is a directory");
  const std::string empty = directory.file("empty", "");
  expect_message("file:" + empty + ",machine=pc",
                 "file '" + empty + "' has 0x0 bytes: it is empty");
  const std::string odd = directory.sparse_file("odd", 5000);
  expect_message("file:" + odd + ",machine=pc", "file '" + odd + "' has 0x1388 bytes, no multiple");
  const std::string small = directory.sparse_file("small", 0x8000);
  expect_message("file:" + small + ",machine=pc,size=64K",
                 "file '" + small + "' has 0x8000 bytes, too small for size=0x10000");
  expect_message("file:" + small + ",machine=mps2-an385", "size 0x8000 does not fit machine mps2");
  expect_message("file:" + small + ",base=0x1234", "base 0x1234 is no multiple of 0x1000");
  const std::string large = directory.sparse_file("large", 0x100000000);
  expect_message("file:" + large + ",machine=zynq", "size 0x100000000 does not fit machine zynq");
  const std::string fifo = directory.file("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  expect_message("file:" + fifo + ",base=0", "'" + fifo + "' is not a regular file");
  expect_message("file:" + fifo + ",base=0,ro", "'" + fifo + "' is not a regular file");
}

// Runs `body` in a child without root's rights, and skips where such a user cannot reach `folder`
// (a chroot with a private root directory).
template <typename Body>
void as_nobody(const std::string& folder, Body body) {
  constexpr int kUnreachable = 98;
  constexpr uid_t kNobody = 65534;
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && (setgid(kNobody) != 0 || setuid(kNobody) != 0)) _exit(99);
    if (access(folder.c_str(), X_OK) != 0) _exit(kUnreachable);
    body();
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kUnreachable) {
    GTEST_SKIP() << "a user without rights cannot reach " << folder;
  }
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(AttachTest, MissingRightsAreToldAndReadOnlyMayStillDo) {
  const TemporaryDirectory directory;
  const std::string ram = directory.sparse_file("ram", 0x2000);
  const std::string hidden = directory.sparse_file("hidden", 0x2000);
  ASSERT_EQ(chmod(directory.file("").c_str(), 0755), 0);
  ASSERT_EQ(chmod(ram.c_str(), 0444), 0);
  ASSERT_EQ(chmod(hidden.c_str(), 0), 0);
  as_nobody(directory.file(""), [&] {
    expect_message("file:" + ram + ",base=0",
                   "cannot be opened for reading and writing: Permission denied; run as a user who "
                   "may write it, or add ,ro to only read");
    expect_message("file:" + hidden + ",base=0,ro",
                   "cannot be opened for reading: Permission denied");
    std::uint64_t value = 0;
    EXPECT_EQ(attach("file:" + ram + ",base=0,ro").load(0, value), kOk);
  });
}

TEST(AttachTest, FileIsMappedByItsMachineAndNeverChanged) {
  const TemporaryDirectory directory;
  const std::string path = directory.sparse_file("ram", 0x200000);
  struct stat before = {};
  ASSERT_EQ(stat(path.c_str(), &before), 0);
  {
    GuestMemory memory = attach("file:" + path + ",machine=arm-virt");
    ASSERT_EQ(memory.store<std::uint32_t>(0x40000010, 0x11223344), kOk);
    EXPECT_EQ(memory.store<std::uint32_t>(0x10, 0), AccessStatus::kOutOfRange);
    EXPECT_EQ(memory.store<std::uint32_t>(0x40200000, 0), AccessStatus::kOutOfRange);
  }
  EXPECT_EQ(content_of(path).substr(16, 4), "\x44\x33\x22\x11");
  struct stat after = {};
  ASSERT_EQ(stat(path.c_str(), &after), 0);
  EXPECT_EQ(after.st_ino, before.st_ino);
  EXPECT_EQ(after.st_size, before.st_size);
  EXPECT_EQ(after.st_mode, before.st_mode);
}

TEST(AttachTest, SizeOfAFileMayBeLessThanTheFile) {
  const TemporaryDirectory directory;
  const std::string path = directory.sparse_file("ram", 0x10000);
  const GuestMemory memory = attach("file:" + path + ",base=0x80000000,size=32K");
  ASSERT_EQ(memory.regions().size(), 1U);
  EXPECT_EQ(memory.regions()[0].guest_address, 0x80000000U);
  EXPECT_EQ(memory.regions()[0].length, 0x8000U);
}

TEST(AttachTest, LowMemoryOfAPcIsAHoleFromVgaToOneMegabyte) {
  GuestMemory memory = attach("mock:,size=16M,machine=pc");
  std::uint8_t byte = 0;
  EXPECT_EQ(memory.load(0x9FFFF, byte), kOk);
  EXPECT_EQ(memory.load(0xA0000, byte), AccessStatus::kOutOfRange);
  EXPECT_EQ(memory.load(0xFFFFF, byte), AccessStatus::kOutOfRange);
  EXPECT_EQ(memory.load(0x100000, byte), kOk);
  std::vector<std::byte> block(0x100000);
  EXPECT_EQ(memory.write(0x80000, block), AccessStatus::kOutOfRange);
}

TEST(AttachTest, ReadOnlyRefusesEveryWriteAndIsMappedSo) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("ram");
  GuestMemory memory = attach("mock:" + path + ",size=4K,fill=0x77,ro");
  std::uint8_t byte = 0;
  ASSERT_EQ(memory.load(0, byte), kOk);
  EXPECT_EQ(byte, 0x77);
  EXPECT_EQ(memory.store<std::uint8_t>(0, 1), AccessStatus::kReadOnly);
  EXPECT_FALSE(memory.regions()[0].writable());
  // Not even a stray pointer of ours can write.
  EXPECT_EXIT(
      {
        (void)std::signal(SIGSEGV, SIG_DFL);  // a sanitizer would exit instead
        *const_cast<volatile std::byte*>(memory.regions()[0].host) = std::byte{1};
        _exit(0);
      },
      testing::KilledBySignal(SIGSEGV), "");
}

TEST(AttachTest, MockFileIsMadeReusedAndRefusedAtAnotherSize) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("ram");
  const std::string spec = "mock:" + path + ",size=64K";
  std::uint32_t value = 0;
  {
    GuestMemory memory = attach(spec);
    ASSERT_EQ(memory.load(0x8000, value), kOk);
    EXPECT_EQ(value, 0U);
    ASSERT_EQ(memory.store<std::uint32_t>(0x8000, 0xCAFEBABE), kOk);
  }
  ASSERT_EQ(attach(spec).load(0x8000, value), kOk);
  EXPECT_EQ(value, 0xCAFEBABE);
  expect_message("mock:" + path + ",size=32K",
                 "file '" + path + "' exists and has 0x10000 bytes, not size=0x8000");
  EXPECT_EQ(std::filesystem::file_size(path), 0x10000U);
  ASSERT_EQ(attach(spec + ",fill=0x5A").load(0xFFFC, value), kOk);
  EXPECT_EQ(value, 0x5A5A5A5AU);
  ASSERT_EQ(attach(spec + ",fill=0").load(0x8000, value), kOk);
  EXPECT_EQ(value, 0U);
}

TEST(AttachTest, ImageIsLaidOverTheFillFromTheStartOfRam) {
  const TemporaryDirectory directory;
  const std::string image = directory.file("image", "boot code");
  const GuestMemory memory = attach("mock:,size=64K,base=0x80000000,fill=0xEE,image=" + image);
  std::array<std::byte, 12> bytes{};
  ASSERT_EQ(memory.read(0x80000000, bytes), kOk);
  EXPECT_EQ(std::memcmp(bytes.data(), "boot code\xEE\xEE\xEE", bytes.size()), 0);
}

// Files of /proc have content and a size of 0.
TEST(AttachTest, ImageIsBoundedByWhatItHoldsNotByItsSize) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("ram");
  expect_message("mock:" + path + ",size=4K,image=/proc/kallsyms",
                 "image '/proc/kallsyms' has more than size=0x1000 bytes");
  expect_message("mock:,size=4K,image=/proc/kallsyms", "has more than size=0x1000 bytes");
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(AttachTest, MockFileIsNotItsOwnImage) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("ram", std::string(0x1000, 'x'));
  expect_message("mock:" + path + ",size=4K,fill=0,image=" + path, "is the mock RAM file itself");
  EXPECT_EQ(content_of(path), std::string(0x1000, 'x'));
}

TEST(AttachTest, LinkToNothingIsNamed) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("link");
  ASSERT_EQ(symlink("nothing", path.c_str()), 0);
  expect_message("mock:" + path + ",size=4K", "is a symbolic link to nothing");
}

TEST(AttachTest, LongestNameIsFine) {
  const TemporaryDirectory directory;
  const GuestMemory memory = attach("mock:" + directory.file(std::string(255, 'n')) + ",size=4K");
  EXPECT_EQ(memory.regions().size(), 1U);
}

TEST(AttachTest, LongSpecDoesNotHideTheCause) {
  const std::string message = message_of("mock:" + std::string(20000, 'n') + ",size=4K");
  EXPECT_LT(message.find("...: "), 500U);
  EXPECT_NE(message.find("File name too long"), std::string::npos);
}

TEST(AttachTest, FailedMockLeavesNoFile) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("ram");
  const std::string image = directory.sparse_file("image", 0x2000);
  expect_message("mock:" + path + ",size=4K,image=" + image,
                 "image '" + image + "' has 0x2000 bytes, more than size=0x1000");
  expect_message("mock:" + path + ",size=8G,machine=zynq", "does not fit machine zynq");
  expect_message("mock:" + path + ",size=8388608T", "expected a size");
  expect_message("mock:" + path + ",size=0x7ffffffffffff000", "cannot be made 0x7ffffffffffff000");
  EXPECT_FALSE(std::filesystem::exists(path));
  expect_message("mock:" + directory.file("") + ",size=4K", "is a directory");
}

TEST(AttachTest, MockFileAppearsWithItsContent) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("ram");
  constexpr std::uintmax_t kSize = 64U << 20;
  std::atomic<bool> made{false};
  int first_seen = -1;
  std::thread watcher([&] {
    while (!std::filesystem::exists(path) && !made) std::this_thread::yield();
    std::ifstream file(path, std::ios::binary);
    file.seekg(kSize - 1);
    first_seen = file.get();
  });
  (void)attach("mock:" + path + ",size=64M,fill=0x5A");
  made = true;
  watcher.join();
  EXPECT_EQ(first_seen, 0x5A);
  const auto files = std::filesystem::directory_iterator(directory.file(""));
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST(AttachTest, ManyMakersOfOneMockFileShareIt) {
  const TemporaryDirectory directory;
  const std::string spec = "mock:" + directory.file("ram") + ",size=1M,shared";
  std::array<GuestMemory, 4> memories;
  {
    std::vector<std::jthread> makers;
    makers.reserve(memories.size());
    for (GuestMemory& memory : memories) makers.emplace_back([&] { memory = attach(spec); });
  }
  ASSERT_EQ(memories[0].store<std::uint64_t>(0x1000, 42), kOk);
  for (const GuestMemory& memory : memories) {
    std::uint64_t value = 0;
    ASSERT_EQ(memory.load(0x1000, value), kOk);
    EXPECT_EQ(value, 42U);
  }
}

TEST(AttachTest, TwoAttachmentsOfOneFileShareBytes) {
  const TemporaryDirectory directory;
  GuestMemory ours = attach("mock:" + directory.file("ram") + ",size=16M,machine=pc");
  const GuestMemory theirs = attach("file:" + directory.file("ram") + ",machine=pc,ro");
  ASSERT_EQ(ours.store<std::uint64_t>(0x123458, 42), kOk);
  std::uint64_t value = 0;
  ASSERT_EQ(theirs.load(0x123458, value), kOk);
  EXPECT_EQ(value, 42U);
}

}  // namespace
}  // namespace guestlink::test
