// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The copy engine, Verilated as a SystemC module, between the bridges: programmed over TLM, its
// memory a TLM target. Both buses are checked.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "Vaxi4_pins_checker_512.h"
#include "Vaxil_pins_checker.h"
#include "Vioat_pins.h"
#include "support/seed.h"
#include "systemc/pins/axi4_to_tlm.h"
#include "systemc/pins/pins_bench.h"
#include "systemc/pins/tlm_to_axil.h"

namespace guestlink::test {
namespace {

constexpr std::uint64_t kBase = 0x7'0000'0000;
constexpr std::size_t kSize = 0x20'0000;
constexpr std::uint64_t kSources = kBase;
constexpr std::uint64_t kDests = kBase + 0x8'0000;
constexpr std::uint64_t kChain = kBase + 0x18'0000;
constexpr std::uint64_t kRecord = kBase + 0x1F'F000;

// Registers and bits from docs/ioat.md
enum Register : std::uint64_t {
  kInterruptControl = 0x03,
  kChanCtrl = 0x80,
  kCommand = 0x84,
  kDmaCount = 0x86,
  kChanStatus = 0x88,
  kChainAddress = 0x90,
  kRecordAddress = 0x98,
  kChanError = 0xA8,
};
constexpr std::uint8_t kReset = 0x20;
constexpr std::uint32_t kInterruptAndRecord = 1 | 8;
constexpr std::uint64_t kStatusBits = 7;

struct Descriptor {
  std::uint32_t size, control;
  std::uint64_t source, dest, next;
  std::uint64_t reserved[4];
};
static_assert(sizeof(Descriptor) == 64);

struct Bench {
  Bench() {
    driver.socket.bind(registers.socket);
    register_bus.bind_manager(registers);
    register_bus.bind_subordinate(engine);
    register_bus.bind_monitor(register_checker);
    memory_bus.bind_manager(engine);
    memory_bus.bind_subordinate(to_memory);
    memory_bus.bind_monitor(memory_checker);
    to_memory.socket.bind(memory.socket);
    clocking.drive(engine);
    clocking.drive(registers);
    clocking.drive(to_memory);
    clocking.drive(register_checker);
    clocking.drive(memory_checker);
    engine.irq_o(irq);
    engine.idle_o(idle);
    engine.descriptor_done_o(descriptor_done);
    engine.chanerr_o(chanerr);
    engine.chansts_o(chansts);
  }

  template <typename Value>
  void write(std::uint64_t address, Value value) {
    Bytes bytes(sizeof value);
    std::memcpy(bytes.data(), &value, sizeof value);
    ASSERT_EQ(driver.write(address, bytes), tlm::TLM_OK_RESPONSE) << "register " << address;
  }
  template <typename Value>
  Value read(std::uint64_t address) {
    const Bytes bytes = driver.read(address, sizeof(Value));
    Value value{};
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  void start(std::uint16_t descriptors) {
    write<std::uint8_t>(kCommand, kReset);
    while ((read<std::uint8_t>(kCommand) & kReset) != 0) {
    }
    write<std::uint32_t>(kChanError, ~0U);
    write<std::uint64_t>(kRecordAddress, kRecord);
    write<std::uint64_t>(kChainAddress, kChain);
    write<std::uint16_t>(kChanCtrl, 0x1D);
    write<std::uint8_t>(kInterruptControl, 1);
    write<std::uint16_t>(kDmaCount, descriptors);
  }
  std::uint64_t record() const {
    std::uint64_t value = 0;
    std::memcpy(&value, &memory.bytes[kRecord - kBase], sizeof value);
    return value;
  }

  Clocking clocking;
  AxilWires<14> register_bus{"register_bus"};
  Axi4Wires<512> memory_bus{"memory_bus"};
  Initiator driver{"driver"};
  TlmToAxil<14> registers{"registers"};
  Axi4ToTlm<512> to_memory{"to_memory", {64}};
  MemoryTarget memory{"memory", kBase, kSize};
  Vioat_pins engine{"engine"};
  Vaxil_pins_checker register_checker{"register_checker"};
  Vaxi4_pins_checker_512 memory_checker{"memory_checker"};
  sc_core::sc_signal<bool> irq, idle, descriptor_done;
  sc_core::sc_signal<std::uint32_t> chanerr;
  sc_core::sc_signal<std::uint64_t> chansts;
};

// A chain of copies of any size and alignment, and what they must leave.
Bytes put_chain(Bench& bench, std::mt19937_64& random, unsigned count) {
  bench.memory.bytes = random_bytes(random, kSize);
  Bytes expected = bench.memory.bytes;
  std::uint64_t dest = kDests;
  for (unsigned n = 0; n < count; ++n) {
    Descriptor descriptor{};
    descriptor.size = static_cast<std::uint32_t>(1 + random() % 20'000);
    descriptor.control = n + 1 == count ? kInterruptAndRecord : 0;
    descriptor.source = kSources + random() % 0x7'0000;
    descriptor.dest = dest += random() % 100;
    descriptor.next = kChain + 64 * std::uint64_t{n + 1};
    dest += descriptor.size;
    std::memcpy(&bench.memory.bytes[kChain - kBase + 64 * std::size_t{n}], &descriptor, 64);
    std::memcpy(&expected[kChain - kBase + 64 * std::size_t{n}], &descriptor, 64);
    std::memcpy(&expected[descriptor.dest - kBase], &expected[descriptor.source - kBase],
                descriptor.size);
  }
  return expected;
}

void copy_chain_test(const std::function<sc_core::sc_time(std::mt19937_64&)>& delay) {
  std::mt19937_64 random(random_seed());
  Bench bench;
  bench.memory.delay = [&](const Call&) { return delay(random); };
  bench.clocking.run(
      [&] {
        for (unsigned round = 0; round < 3; ++round) {
          const unsigned count = 20;
          Bytes expected = put_chain(bench, random, count);
          bench.start(count);
          if (!bench.irq.read()) sc_core::wait(bench.irq.posedge_event());
          EXPECT_EQ(bench.record() & ~std::uint64_t{63}, kChain + std::uint64_t{64} * (count - 1));
          EXPECT_EQ(bench.read<std::uint64_t>(kChanStatus) & kStatusBits, 1U) << "not done";
          EXPECT_EQ(bench.read<std::uint32_t>(kChanError), 0U);
          std::memcpy(&expected[kRecord - kBase], &bench.memory.bytes[kRecord - kBase], 8);
          ASSERT_TRUE(bench.memory.bytes == expected) << "round " << round;
          bench.write<std::uint8_t>(kInterruptControl, 0);
        }
      },
      500'000);
}

TEST(PinsIoatTest, CopiesAChain) {
  copy_chain_test([](std::mt19937_64&) { return sc_core::SC_ZERO_TIME; });
}

TEST(PinsIoatTest, CopiesAChainInASlowMemory) {
  copy_chain_test([](std::mt19937_64& random) {
    const auto some = [&] { return kPeriod * static_cast<double>(random() % 100) / 7; };
    if (random() % 4 == 0) sc_core::wait(some());
    return some();
  });
}

// A read that memory refuses: CHANERR says so, and so does the status.
TEST(PinsIoatTest, AnErrorOfTheMemoryReachesTheChannel) {
  std::mt19937_64 random(random_seed());
  Bench bench;
  bench.clocking.run([&] {
    put_chain(bench, random, 1);
    bench.memory.errors = {{kSources + 0x8'0000 - 1, tlm::TLM_GENERIC_ERROR_RESPONSE}};
    const std::uint64_t source = kSources + 0x8'0000 - 4;
    std::memcpy(&bench.memory.bytes[kChain - kBase + 8], &source, 8);
    bench.start(1);
    if (!bench.irq.read()) sc_core::wait(bench.irq.posedge_event());
    EXPECT_EQ(bench.read<std::uint32_t>(kChanError), 1U << 8) << "read data error";
    EXPECT_EQ(bench.read<std::uint64_t>(kChanStatus) & kStatusBits, 3U) << "not halted";
  });
}

}  // namespace
}  // namespace guestlink::test
