// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// BAR0: reset values, access rules, interrupt registers, and what the stock Linux driver does at
// probe.
#include "ioat_bench.h"

namespace guestlink_test {
namespace {

using Bench = IoatBench<Device64>;

struct Register32 {
  std::uint32_t offset, reset, writable;
};
// Bits that read back as written; all else is read-only or acts when written
constexpr Register32 kRegisters[] = {
    {0x00, 0x0000'1401,
     0x0901'0000},           // CHANCNT 1, XFERCAP 20, GENCTRL bit 0, INTRCTRL bits 0 and 3
    {0x08, 0x0000'0034, 0},  // VER, PERPORTOFFSET
    {0x0C, 0, 0},            // INTRDELAY, DEVICE_STATUS
    {0x10, 0, 0},            // DMA_CAP: copy only
    {0x4C, 0, 0},            // CHWPREFLMT
    {0x80, 0x0002'0000, 0x0000'033C},  // CHANCTRL, DMA_COMP
    {0x88, 0x0000'0003, 0},            // CHANSTS: halted
    {0x8C, 0, 0},
    {0x90, 0, ~0U},  // CHAINADDR
    {0x94, 0, ~0U},
    {0x98, 0, ~0U},  // CHANCMP
    {0x9C, 0, ~0U},
    {0xA8, 0, 0},    // CHANERR
    {0xAC, 0, ~0U},  // CHANERRMASK
    {0xB0, 0, ~0U},  // DCACTRL
};

TEST(IoatRegisterTest, ResetValuesAndAccess) {
  Bench bench;
  for (const Register32& r : kRegisters) {
    SCOPED_TRACE(testing::Message() << "offset 0x" << std::hex << r.offset);
    EXPECT_EQ(bench.read32(r.offset), r.reset);
    bench.write32(r.offset, ~0U);
    EXPECT_EQ(bench.read32(r.offset), (r.reset & ~r.writable) | r.writable);
    bench.write32(r.offset, 0);
    EXPECT_EQ(bench.read32(r.offset), r.reset & ~r.writable);
    bench.write32(r.offset, 0xA5C3'3CA5, 0x5);
    EXPECT_EQ(bench.read32(r.offset),
              (r.reset & ~r.writable) | (0x00C3'00A5 & r.writable & 0x00FF'00FF));
    bench.write32(r.offset, 0);
  }
}

TEST(IoatRegisterTest, EverythingElseReadsZeroAndIgnoresWrites) {
  Bench bench;
  for (std::uint32_t offset = 0; offset < 0x4000; offset += offset < 0x200 ? 4 : 0x7C) {
    bool known = offset == kCommandWord || offset == kAttention;
    for (const Register32& r : kRegisters) known = known || r.offset == offset;
    if (known) continue;
    bench.write32(offset, ~0U);
    EXPECT_EQ(bench.read32(offset), 0U) << "offset 0x" << std::hex << offset;
  }
  // DRSCTL and the LTR registers of channel 0 fall into what would be channel 1's window
  for (const std::uint32_t offset : {0x134U, 0x13CU, 0x140U, 0x144U}) {
    EXPECT_EQ(bench.read32(offset), 0U);
  }
  for (const Register32& r : kRegisters) EXPECT_EQ(bench.read32(r.offset), r.reset);
}

TEST(IoatRegisterTest, CommandAndCountAreApartInOneWord) {
  Bench bench;
  bench.put_ring({{64, kRecord, bench.kSources, bench.kDests, 0}});
  bench.prepare(bench.kChain);
  for (const std::uint32_t command : {0U, +kAppend, +kSuspend, +kResume, +kAbort}) {
    bench.command(command);  // none of these starts a channel, nor does the count beside them
    EXPECT_EQ(bench.status(), kHalted);
  }
  bench.write32(kCommandWord, 0x0001'0020, 0xC);  // the reset bit is not strobed
  EXPECT_FALSE(bench.resetting());
  bench.wait_status(kDone);
  EXPECT_EQ(bench.read32(kCommandWord), 0x0001'0000U);
  bench.write32(kCommandWord, 0xFFFF'0020, 0x1);  // the count is not strobed
  bench.wait_status(kHalted);
  EXPECT_EQ(bench.read32(kCommandWord), 0U);
}

TEST(IoatRegisterTest, StatusHalvesBelongTogether) {
  Bench bench;
  bench.put_ring({{64, 0, bench.kSources, bench.kDests, 0}});
  bench.prepare(bench.kChain);
  bench.doorbell(1);
  bench.wait_status(kDone);
  EXPECT_EQ(bench.read32(kChanStatus), (bench.kChain & 0xFFFF'FFFF) | kDone);
  bench.reset_channel();  // the high half stays as it was when the low half was read
  EXPECT_EQ(bench.read32(kChanStatus + 4), bench.kChain >> 32);
  EXPECT_EQ(bench.read64(kChanStatus), kHalted);
}

TEST(IoatRegisterTest, InterruptNeedsEnableAndIsClearedByReadingAttention) {
  Bench bench;
  bench.put_ring({{64, kIrq | kRecord, bench.kSources, bench.kDests, 0}});
  bench.prepare(bench.kChain);
  bench.write32(kDevice, 0, 0x8);
  bench.doorbell(1);
  bench.wait_idle();
  EXPECT_FALSE(bench.irq());
  EXPECT_EQ(bench.read32(kDevice) >> 24, 0x2U);  // status without enable
  bench.write32(kDevice, 1U << 24, 0x8);
  EXPECT_TRUE(bench.irq());
  EXPECT_EQ(bench.read32(kDevice) >> 24, 0x7U);
  EXPECT_EQ(bench.read32(kAttention), 1U);
  EXPECT_FALSE(bench.irq());
  EXPECT_EQ(bench.read32(kAttention), 0U);
  EXPECT_EQ(bench.read32(kDevice) >> 24, 0x1U);
}

TEST(IoatRegisterTest, NoInterruptUntilRearmedAndNoneLost) {
  Bench bench;
  bench.put_ring({{64, kIrq | kRecord, bench.kSources, bench.kDests, 0},
                  {64, kIrq | kRecord, bench.kSources, bench.kDests + 64, 0}});
  bench.prepare(bench.kChain);
  const std::uint64_t before = bench.irq_edges();
  bench.doorbell(1);
  bench.wait_idle();
  EXPECT_EQ(bench.irq_edges(), before + 1);
  EXPECT_EQ(bench.read32(kAttention), 1U);
  bench.doorbell(2);  // not armed: remembered
  bench.wait_idle();
  EXPECT_FALSE(bench.irq());
  bench.write32(kChanCtrl, 0x1D, 0x3);
  bench.clocks(3);
  EXPECT_TRUE(bench.irq());
  EXPECT_EQ(bench.irq_edges(), before + 2);
  bench.write32(kChanCtrl, 0x1D,
                0x3);  // MSI-X way: no read of ATTNSTATUS, the re-arm lowers the line
  bench.clocks(3);
  EXPECT_FALSE(bench.irq());
}

/// The order of register accesses of the stock driver at probe, and its self-test.
TEST(IoatRegisterTest, StockDriverProbeAndSelfTest) {
  Bench bench;
  EXPECT_EQ(bench.read32(kDevice) & 0x1F, 1U);
  EXPECT_EQ(bench.read32(kDevice) >> 8 & 0x1F, 20U);
  EXPECT_EQ(bench.read32(kVersion) & 0xFF, 0x34U);
  EXPECT_EQ(bench.read32(kCapability), 0U);
  const std::uint32_t state = bench.status();
  if (state == kActive || state == kDone) bench.command(kSuspend);
  EXPECT_GE(bench.status(), kSuspended);
  bench.write32(kChanError, bench.error());
  bench.reset_channel();
  bench.write32(kDevice, 0x9U << 24, 0x8);

  bench.write32(kChanCtrl, 0x1D, 0x3);
  bench.write64(kRecordAddress, bench.kRecordPage);
  for (const std::uint32_t offset : {0x134U, 0x13CU, 0x140U, 0x144U}) bench.write32(offset, 0x1234);
  Descriptor null{1, kIrq | kRecord | kNull, 0, 0, bench.kChain + 64};
  Descriptor copy{2000, kIrq | kRecord, bench.kSources + 0x123, bench.kDests + 0x45,
                  bench.kChain + 128};
  bench.put(bench.kChain, null);
  bench.put(bench.kChain + 64, copy);
  bench.write64(kChainAddress, bench.kChain);
  bench.doorbell(1);
  EXPECT_LE(bench.status(), kDone);
  bench.wait("interrupt", [&] { return bench.irq(); });
  EXPECT_EQ(bench.record(), bench.kChain | kDone);
  bench.write32(kChanCtrl, 0x1D, 0x3);
  bench.doorbell(2);
  bench.wait("interrupt", [&] { return bench.irq(); });
  EXPECT_EQ(bench.record(), (bench.kChain + 64) | kDone);
  bench.expect_copy(copy);
  bench.expect_memory();
  EXPECT_EQ(bench.error(), 0U);
}

}  // namespace
}  // namespace guestlink_test
