// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// axi_guest_ram_core, case by case: boundaries, errors, timing, and that it never hangs.
#include <unistd.h>

#include <filesystem>

#include "axi_models.h"

namespace guestlink::test {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

// A path where no file is yet, in a directory of its own that goes in the end.
class TemporaryPath {
 public:
  TemporaryPath() : directory_(::testing::TempDir() + "guestlink-axi-XXXXXX") {
    EXPECT_NE(mkdtemp(directory_.data()), nullptr) << directory_;
  }
  ~TemporaryPath() { std::filesystem::remove_all(directory_); }
  TemporaryPath(const TemporaryPath&) = delete;
  TemporaryPath& operator=(const TemporaryPath&) = delete;
  std::string text() const { return directory_ + "/ram"; }

 private:
  std::string directory_;
};

template <typename Bench>
class AxiGuestRamTest : public ::testing::Test {
 protected:
  static constexpr unsigned kBytes = Bench::kBytes;
  static inline const unsigned kFull = log2_of(kBytes);

  // Joins the bench to the memory, after which its timing is one clock and no stalls.
  void attach(unsigned long long id) {
    bench_.model().memory_id_i = id;
    set_latency(1, 1);
    bench_.model().accept_stall_i = 0;
    bench_.model().beat_stall_i = 0;
    bench_.reset();
  }

  void set_latency(unsigned read, unsigned write) {
    bench_.read_latency = read;
    bench_.write_latency = write;
    bench_.model().read_latency_i = static_cast<std::uint16_t>(read);
    bench_.model().write_latency_i = static_cast<std::uint16_t>(write);
  }

  // The worst response to one burst; kNone when the bench failed.
  unsigned answer(const Burst& burst) {
    const Burst done = bench_.single(burst);
    EXPECT_EQ(bench_.failure(), "") << burst.text();
    unsigned worst = kOkay;
    for (unsigned response : done.responses) worst = std::max(worst, response);
    return done.responses.empty() ? kNone : worst;
  }

  unsigned read_one(std::uint64_t address) { return answer(read_burst(address, 1, 0)); }
  unsigned write_one(std::uint64_t address) {
    return answer(write_burst(address, 1, 0, kBytes, 0x5a));
  }

  static std::uint8_t byte_at(void* handle, std::uint64_t address) {
    unsigned char value = 0;
    EXPECT_EQ(guestlink_read8(handle, address, &value), GUESTLINK_OK) << address;
    return value;
  }

  static constexpr unsigned kNone = 99;
  Bench bench_;
};
TYPED_TEST_SUITE(AxiGuestRamTest, AllBenches);

// A 4 GiB q35: RAM at 0 to 640 KiB, 1 MiB to 2 GiB and 4 to 6 GiB.
TYPED_TEST(AxiGuestRamTest, BoundaryTableOfSingleBytes) {
  struct Row {
    std::uint64_t address;
    unsigned response;
  };
  constexpr Row kRows[] = {
      {0, kOkay},     // first byte of the memory
      {4095, kOkay},  // either side of a page boundary
      {4096, kOkay},
      {0x9ffff, kOkay},    // last byte of a region
      {0xa0000, kDecErr},  // last + 1: a window that is not RAM
      {0xfffff, kDecErr},
      {kMiB, kOkay},          // first byte after the hole
      {2 * kGiB - 1, kOkay},  // either side of the PCI hole
      {2 * kGiB, kDecErr},
      {4 * kGiB - 1, kDecErr},
      {4 * kGiB, kOkay},
      {6 * kGiB - 1, kOkay},  // last byte of the memory
      {6 * kGiB, kDecErr},
      {~std::uint64_t{0}, kDecErr},  // where an address wraps
      {~std::uint64_t{0} - 4095, kDecErr},
  };
  OpenMemory memory("mock:,size=4G,machine=q35");
  ASSERT_NE(memory.handle(), nullptr);
  this->attach(memory.id());
  for (const Row& row : kRows) {
    EXPECT_EQ(this->write_one(row.address), row.response) << "write " << row.address;
    EXPECT_EQ(this->read_one(row.address), row.response) << "read " << row.address;
    if (row.response != kOkay) continue;
    EXPECT_EQ(this->byte_at(memory.handle(), row.address), 0x5a) << row.address;
  }
}

// Bursts that end with the address space do not go on at address 0.
TYPED_TEST(AxiGuestRamTest, BurstsAtTheEndOfTheAddressSpaceStayThere) {
  OpenMemory low("mock:,size=64K,base=0,fill=0xA5");
  OpenMemory high("mock:,size=64K,base=0xfffffffffffe0000");
  ASSERT_TRUE(low.handle() != nullptr && high.handle() != nullptr);
  ShadowMemory shadow(low.handle());
  this->attach(low.id());
  const std::uint64_t last = ~std::uint64_t{0} - 2 * this->kBytes + 1;
  for (const BurstType type : {BurstType::kIncr, BurstType::kWrap, BurstType::kFixed}) {
    EXPECT_EQ(this->answer(write_burst(last, 2, this->kFull, this->kBytes, 0x11, type)), kDecErr);
    EXPECT_EQ(this->answer(read_burst(last, 2, this->kFull, type)), kDecErr);
  }
  EXPECT_EQ(shadow.difference(), "");
  ShadowMemory high_shadow(high.handle());
  this->bench_.shadow = &high_shadow;
  this->attach(high.id());
  const std::uint64_t end = 0xffffffffffff0000;
  EXPECT_EQ(this->answer(write_burst(end - 2 * this->kBytes, 2, this->kFull, this->kBytes, 0x22)),
            kOkay);
  EXPECT_EQ(this->answer(write_burst(end, 2, this->kFull, this->kBytes, 0x33)), kDecErr);
  EXPECT_EQ(high_shadow.difference(), "");
}

TYPED_TEST(AxiGuestRamTest, UnalignedAndNarrowWritesLeaveGuardBytesAlone) {
  OpenMemory memory("mock:,size=64K,base=0,fill=0xA5");
  ASSERT_NE(memory.handle(), nullptr);
  ShadowMemory shadow(memory.handle());
  this->bench_.shadow = &shadow;
  this->attach(memory.id());
  for (unsigned size = 0; size <= this->kFull; ++size) {
    for (unsigned offset = 0; offset < 2 * this->kBytes; ++offset) {
      const std::uint8_t value = static_cast<std::uint8_t>(offset + size);
      this->bench_.push(write_burst(0x1000 + offset, 3, size, this->kBytes, value));
      this->bench_.push(read_burst(0x1000 + offset, 3, size));
    }
  }
  this->bench_.run(100000);
  EXPECT_EQ(this->bench_.failure(), "");
  EXPECT_EQ(shadow.difference(), "");
}

TYPED_TEST(AxiGuestRamTest, ReadOnlyMemoryAnswersSlvErrAndChangesNothing) {
  const TemporaryPath path;
  const std::string spec = "mock:" + path.text() + ",size=64K,base=0";
  {
    OpenMemory writable(spec + ",fill=0xA5");
    OpenMemory memory(spec + ",ro");
    ASSERT_TRUE(writable.handle() != nullptr && memory.handle() != nullptr);
    ShadowMemory shadow(memory.handle());
    this->bench_.shadow = &shadow;
    this->attach(memory.id());
    EXPECT_EQ(this->answer(write_burst(0x100, 4, this->kFull, this->kBytes, 0x5a)), kSlvErr);
    EXPECT_EQ(this->bench_.model().error_status_o, 2U);
    EXPECT_EQ(this->bench_.model().error_count_o, 4U);
    EXPECT_EQ(this->answer(read_burst(0x100, 4, this->kFull)), kOkay);
    EXPECT_EQ(shadow.difference(), "");
    EXPECT_EQ(this->byte_at(writable.handle(), 0x100), 0xa5);
  }
}

// What was a SIGBUS of the whole simulator.
TYPED_TEST(AxiGuestRamTest, MemoryThatIsCutShortAnswersSlvErrFromThenOn) {
  const TemporaryPath path;
  OpenMemory memory("mock:" + path.text() + ",size=64K,base=0,fill=0xA5");
  this->attach(memory.id());
  EXPECT_EQ(this->answer(read_burst(0x8000, 4, this->kFull)), kOkay);
  std::filesystem::resize_file(path.text(), 0x1000);
  EXPECT_EQ(this->answer(write_burst(0x8000, 4, this->kFull, this->kBytes, 0x5a)), kSlvErr);
  EXPECT_EQ(this->bench_.model().error_count_o, 4U);
  EXPECT_EQ(this->bench_.model().error_status_o, 3U);  // the first beat's was PARTIAL
  EXPECT_EQ(guestlink_status(memory.handle()), GUESTLINK_DETACHED);
  EXPECT_EQ(this->read_one(0), kSlvErr);
  EXPECT_EQ(this->write_one(0), kSlvErr);
  EXPECT_EQ(this->bench_.model().error_count_o, 6U);
  EXPECT_EQ(this->bench_.model().error_status_o, 3U);
}

TYPED_TEST(AxiGuestRamTest, NoMemoryAndClosedMemoryAnswerSlvErr) {
  this->attach(0);
  EXPECT_EQ(this->read_one(0), kSlvErr);
  EXPECT_EQ(this->write_one(0), kSlvErr);
  OpenMemory memory("mock:,size=64K,base=0");
  const unsigned long long id = memory.id();
  this->attach(id);
  EXPECT_EQ(this->read_one(0), kOkay);
  memory.close();
  EXPECT_EQ(this->read_one(0), kSlvErr);
  EXPECT_EQ(this->write_one(0), kSlvErr);
  EXPECT_EQ(this->bench_.model().error_status_o, 4U);
  this->attach(id);
  EXPECT_EQ(this->read_one(0), kSlvErr);
}

// Beats of one burst end differently when the memory changes under it; B has the worst.
TYPED_TEST(AxiGuestRamTest, WriteResponseIsTheWorstOfTheBeats) {
  OpenMemory high("mock:,size=64K,base=0x10000");
  OpenMemory low("mock:,size=64K,base=0");
  ASSERT_TRUE(high.handle() != nullptr && low.handle() != nullptr);
  struct Row {
    unsigned long long first_id;  // of the first beats of a write to address 0
    unsigned long long then_id;   // of the others
    unsigned response;
  };
  const Row rows[] = {
      {low.id(), 0, kSlvErr},         {0, low.id(), kSlvErr},  {low.id(), high.id(), kDecErr},
      {high.id(), low.id(), kDecErr}, {0, high.id(), kDecErr}, {high.id(), 0, kDecErr},
      {low.id(), low.id(), kOkay},
  };
  for (const Row& row : rows) {
    this->attach(row.first_id);
    this->bench_.push(write_burst(0, 16, 0, this->kBytes, 1));
    for (int n = 0; n < 8; ++n) this->bench_.step();
    this->bench_.model().memory_id_i = row.then_id;
    this->bench_.run(100);
    ASSERT_EQ(this->bench_.done().size(), 1U);
    EXPECT_EQ(this->bench_.done()[0].responses[0], row.response) << &row - rows;
  }
  EXPECT_EQ(this->bench_.failure(), "");
}

TYPED_TEST(AxiGuestRamTest, ErrorOutputsTellTheLastFailedBeat) {
  OpenMemory memory("mock:,size=64K,base=0");
  this->attach(memory.id());
  auto& model = this->bench_.model();
  EXPECT_EQ(model.error_count_o, 0U);
  EXPECT_EQ(this->answer(read_burst(0x12340, 4, 2)), kDecErr);
  EXPECT_EQ(model.error_status_o, 1U);
  EXPECT_EQ(model.error_address_o, 0x1234cU);
  EXPECT_EQ(model.error_count_o, 4U);
  EXPECT_EQ(this->write_one(0x20003), kDecErr);
  EXPECT_EQ(model.error_address_o, 0x20003U);
  EXPECT_EQ(model.error_count_o, 5U);
  EXPECT_EQ(this->read_one(0), kOkay);
  EXPECT_EQ(model.error_count_o, 5U);
  EXPECT_EQ(model.error_o, 0U);
}

// Each is answered in full with SLVERR, and nothing is written; the checkers, which object, are
// off.
TYPED_TEST(AxiGuestRamTest, IllegalBurstsAreAnsweredAndTouchNothing) {
  OpenMemory memory("mock:,size=64K,base=0");
  ShadowMemory shadow(memory.handle());
  this->bench_.shadow = &shadow;
  this->bench_.context().assertOn(false);
  this->attach(memory.id());
  struct Row {
    std::uint64_t address;
    unsigned beats;
    unsigned size;
    BurstType type;
  };
  const Row rows[] = {
      {0x1000, 2, 7, BurstType::kIncr},  // wider than the bus, but on the widest
      {0x1ffc, 2, 2, BurstType::kIncr},  // crosses 4 KiB
      {0x1f01, 256, 0, BurstType::kIncr},
      {0x1000, 3, 2, BurstType::kWrap},  // not 2, 4, 8 or 16 beats
      {0x1000, 1, 2, BurstType::kWrap},
      {0x1000, 32, 2, BurstType::kWrap},
      {0x1002, 4, 2, BurstType::kWrap},    // unaligned
      {0x1000, 17, 2, BurstType::kFixed},  // too long
      {0x1000, 256, 2, BurstType::kFixed},
      {0x1000, 4, 2, BurstType::kReserved},
  };
  for (const Row& row : rows) {
    if ((1U << row.size) == this->kBytes && row.size == 7) continue;
    Burst write = write_burst(row.address, row.beats, row.size, this->kBytes, 0x5a, row.type);
    write.strobe.assign(write.strobe.size(), 1);
    EXPECT_EQ(this->answer(write), kSlvErr) << write.text();
    EXPECT_EQ(this->answer(read_burst(row.address, row.beats, row.size, row.type)), kSlvErr);
    EXPECT_EQ(this->bench_.model().error_status_o, 5U);
  }
  EXPECT_EQ(this->read_one(0x1000), kOkay);
  EXPECT_EQ(shadow.difference(), "");
}

TYPED_TEST(AxiGuestRamTest, LatencyIsExact) {
  OpenMemory memory("mock:,size=64K,base=0");
  this->attach(memory.id());
  for (unsigned latency : {0U, 1U, 2U, 3U, 20U, 100U, 65535U}) {
    this->set_latency(latency, latency);
    const Burst read = this->bench_.single(read_burst(0, 4, this->kFull));
    EXPECT_EQ(read.first_response_cycle - read.accepted_cycle, std::max(latency, 1U));
    EXPECT_EQ(read.last_response_cycle - read.first_response_cycle, 3U);
    const Burst write = this->bench_.single(write_burst(0, 4, this->kFull, this->kBytes, 1));
    EXPECT_EQ(write.first_response_cycle - write.last_data_cycle, std::max(latency, 1U));
  }
  EXPECT_EQ(this->bench_.failure(), "");
}

// A stream of bursts takes a clock a beat and one latency, both directions at once, when enough
// bursts may be outstanding to cover the latency: 16 of 16 beats cover 100 clocks, and of 1 beat 8
// clocks.
TYPED_TEST(AxiGuestRamTest, StreamsABeatAClockEachWay) {
  OpenMemory memory("mock:,size=64K,base=0");
  this->attach(memory.id());
  struct Row {
    unsigned latency;
    unsigned beats;
  };
  constexpr unsigned kOverhead = 4;
  for (const Row row : {Row{1, 16}, Row{20, 16}, Row{100, 16}, Row{1, 1}, Row{8, 1}}) {
    this->set_latency(row.latency, row.latency);
    constexpr unsigned kBursts = 64;
    for (unsigned n = 0; n < kBursts; ++n) {
      this->bench_.push(read_burst((n % 2) * 0x1000, row.beats, this->kFull));
      this->bench_.push(
          write_burst(0x2000 + (n % 2) * 0x1000, row.beats, this->kFull, this->kBytes, 7));
    }
    const std::uint64_t start = this->bench_.cycle();
    this->bench_.run(100000);
    const std::uint64_t clocks = this->bench_.cycle() - start;
    EXPECT_LE(clocks, kBursts * row.beats + row.latency + kOverhead)
        << row.latency << " " << row.beats;
    EXPECT_GE(clocks, kBursts * row.beats + row.latency);
  }
  EXPECT_EQ(this->bench_.failure(), "");
}

TYPED_TEST(AxiGuestRamTest, StallPatternsStallWhatTheySay) {
  OpenMemory memory("mock:,size=64K,base=0");
  this->attach(memory.id());
  constexpr unsigned kBeats = 16;
  const auto clocks_of_stream = [this] {
    for (unsigned n = 0; n < 64; ++n) this->bench_.push(read_burst(0, kBeats, this->kFull));
    const std::uint64_t start = this->bench_.cycle();
    this->bench_.run(1000000);
    return this->bench_.cycle() - start;
  };
  this->bench_.model().beat_stall_i = 0xaaaaaaaa;  // half the clocks
  EXPECT_NEAR(static_cast<double>(clocks_of_stream()), 2.0 * 64 * kBeats, 40);
  this->bench_.model().beat_stall_i = 0;
  this->bench_.model().accept_stall_i = 0x7fffffff;  // one burst every 32 clocks
  EXPECT_NEAR(static_cast<double>(clocks_of_stream()), 32.0 * 64, 64);
  EXPECT_EQ(this->bench_.failure(), "");
}

TYPED_TEST(AxiGuestRamTest, AcceptsNoMoreThanTheOutstandingDepth) {
  OpenMemory memory("mock:,size=64K,base=0");
  this->attach(memory.id());
  this->set_latency(1000, 1000);
  for (unsigned n = 0; n < 2 * kOutstandingDepth; ++n) {
    this->bench_.push(read_burst(0, 1, 0));
    this->bench_.push(write_burst(0, 1, 0, this->kBytes, 1));
  }
  unsigned reads = 0;
  unsigned writes = 0;
  for (int n = 0; n < 500; ++n) {
    this->bench_.step();
    this->bench_.model().clk_i = 0;
    this->bench_.model().eval();
    reads += this->bench_.model().s_axi_arready;
    writes += this->bench_.model().s_axi_awready;
  }
  EXPECT_EQ(this->bench_.model().s_axi_arready, 0U);
  EXPECT_EQ(this->bench_.model().s_axi_awready, 0U);
  EXPECT_LE(reads, kOutstandingDepth + 1);
  EXPECT_LE(writes, kOutstandingDepth + 1);
  this->bench_.run(10000);
  EXPECT_EQ(this->bench_.done().size(), 4 * kOutstandingDepth);
  EXPECT_EQ(this->bench_.failure(), "");
}

// A reset with bursts in flight forgets them.
TYPED_TEST(AxiGuestRamTest, ResetForgetsBurstsInFlight) {
  OpenMemory memory("mock:,size=64K,base=0");
  this->attach(memory.id());
  this->set_latency(50, 50);
  for (unsigned n = 0; n < 4; ++n) {
    this->bench_.push(read_burst(0, 8, 0));
    this->bench_.push(write_burst(0, 8, 0, this->kBytes, 1));
  }
  for (int n = 0; n < 10; ++n) this->bench_.step();
  this->bench_.forget();
  this->bench_.reset();
  for (int n = 0; n < 200; ++n) this->bench_.step();
  EXPECT_EQ(this->bench_.failure(), "");
  EXPECT_EQ(this->write_one(3), kOkay);
  EXPECT_EQ(this->read_one(3), kOkay);
}

// The bench is watched by the checker that the file list binds to the front end.
TYPED_TEST(AxiGuestRamTest, BoundCheckerEndsTheSimulationOfABrokenManager) {
  this->attach(0);
  EXPECT_DEATH(
      {
        dup2(STDERR_FILENO, STDOUT_FILENO);  // where Verilator writes the name of the assertion
        this->bench_.model().accept_stall_i = 0xffffffff;
        this->bench_.push(read_burst(0, 1, 0));
        for (int n = 0; n < 4; ++n) this->bench_.step();
        this->bench_.forget();  // takes ARVALID back before ARREADY
        this->bench_.step();
      },
      "ArValidHeld");
}

}  // namespace
}  // namespace guestlink::test
