// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What guest memory costs over a raw pointer to the same bytes. Each measure stands beside its
// base; run with
//
//     memory_bench --benchmark_enable_random_interleaving=true --benchmark_repetitions=15
//
// and compare medians of that one run. docs/memory.md has the numbers.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

#include "guestlink/attach.h"
#include "guestlink_dpi.h"
#include "guestlink_handles.h"

namespace {

using guestlink::AccessStatus;
using guestlink::GuestMemory;

// In the large row of a pc, as DMA buffers are, and in its low 640 KiB, which is found out of line.
constexpr std::uint64_t kAddress = 0x1000000;
constexpr std::uint64_t kLowAddress = 0x10000;
constexpr std::uint64_t kWindow = 4096;  // addresses go round in it, so that none is a constant

// Registered for the whole run: the handle table frees nothing at exit.
struct Target {
  std::uint64_t id = guestlink::register_memory(guestlink::attach("mock:,size=64M,machine=pc"));
  GuestMemory* memory = guestlink::memory_from_id(id);
  void* handle = guestlink_from_id(id);

  [[nodiscard]] std::byte* host(std::uint64_t address) const {
    for (const guestlink::Region& region : memory->regions()) {
      const std::uint64_t offset = address - region.guest_address;
      if (offset < region.length) return region.host + offset;
    }
    throw std::runtime_error("address is not RAM");
  }
};

Target& target() {
  static Target instance;
  return instance;
}

// Stops the benchmark when an access that cannot fail does.
void expect_ok(benchmark::State& state, int status) {
  if (status != GUESTLINK_OK) state.SkipWithError(guestlink_last_error());
}
void expect_ok(benchmark::State& state, AccessStatus status) {
  if (status != AccessStatus::kOk) state.SkipWithError(to_string(status));
}

// One for all: its place in the caches and pages decides as much as the copy does.
constexpr std::int64_t kBlockBytes = 64 << 10;
alignas(4096) std::array<std::byte, kBlockBytes> block;

void BM_memcpy_out(benchmark::State& state) {
  const std::byte* const host = target().host(kAddress);
  for (auto _ : state) {
    std::memcpy(block.data(), host, block.size());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * kBlockBytes);
}

void BM_block_read(benchmark::State& state) {
  const GuestMemory& memory = *target().memory;
  for (auto _ : state) {
    expect_ok(state, memory.read(kAddress, block));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * kBlockBytes);
}

void BM_memcpy_in(benchmark::State& state) {
  std::byte* const host = target().host(kAddress);
  for (auto _ : state) {
    std::memcpy(host, block.data(), block.size());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * kBlockBytes);
}

void BM_block_write(benchmark::State& state) {
  GuestMemory& memory = *target().memory;
  for (auto _ : state) {
    expect_ok(state, memory.write(kAddress, block));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * kBlockBytes);
}

std::uint64_t next_offset(std::uint64_t offset, std::uint64_t step) {
  return (offset + step) % kWindow;
}

void BM_load64_raw(benchmark::State& state) {
  const std::byte* const host = target().host(kAddress);
  std::uint64_t offset = 0;
  for (auto _ : state) {
    std::uint64_t value = *reinterpret_cast<const volatile std::uint64_t*>(host + offset);
    benchmark::DoNotOptimize(value);
    offset = next_offset(offset, 8);
  }
}

void load64(benchmark::State& state, std::uint64_t base) {
  const GuestMemory& memory = *target().memory;
  std::uint64_t offset = 0;
  for (auto _ : state) {
    std::uint64_t value = 0;
    expect_ok(state, memory.load(base + offset, value));
    benchmark::DoNotOptimize(value);
    offset = next_offset(offset, 8);
  }
}
void BM_load64(benchmark::State& state) { load64(state, kAddress); }
void BM_load64_low_row(benchmark::State& state) { load64(state, kLowAddress); }

void BM_load64_c_abi(benchmark::State& state) {
  void* const handle = target().handle;
  std::uint64_t offset = 0;
  for (auto _ : state) {
    unsigned long long value = 0;
    expect_ok(state, guestlink_read64(handle, kAddress + offset, &value));
    benchmark::DoNotOptimize(value);
    offset = next_offset(offset, 8);
  }
}

void BM_fetch_add64_c_abi(benchmark::State& state) {
  void* const handle = target().handle;
  for (auto _ : state) {
    unsigned long long previous = 0;
    expect_ok(state, guestlink_fetch_add64(handle, kAddress, 1, &previous));
    benchmark::DoNotOptimize(previous);
  }
}

template <std::size_t Bits>
struct BeatFunctions;
template <>
struct BeatFunctions<32> {
  static constexpr auto kRead = guestlink_read_beat32;
  static constexpr auto kWrite = guestlink_write_beat32;
};
template <>
struct BeatFunctions<64> {
  static constexpr auto kRead = guestlink_read_beat64;
  static constexpr auto kWrite = guestlink_write_beat64;
};
template <>
struct BeatFunctions<128> {
  static constexpr auto kRead = guestlink_read_beat128;
  static constexpr auto kWrite = guestlink_write_beat128;
};
template <>
struct BeatFunctions<256> {
  static constexpr auto kRead = guestlink_read_beat256;
  static constexpr auto kWrite = guestlink_write_beat256;
};
template <>
struct BeatFunctions<512> {
  static constexpr auto kRead = guestlink_read_beat512;
  static constexpr auto kWrite = guestlink_write_beat512;
};
template <>
struct BeatFunctions<1024> {
  static constexpr auto kRead = guestlink_read_beat1024;
  static constexpr auto kWrite = guestlink_write_beat1024;
};

template <std::size_t Bits>
void BM_beat_read_raw(benchmark::State& state) {
  const std::byte* const host = target().host(kAddress);
  std::array<std::byte, Bits / 8> beat;
  std::uint64_t offset = 0;
  for (auto _ : state) {
    std::memcpy(beat.data(), host + offset, beat.size());
    benchmark::DoNotOptimize(beat);
    benchmark::ClobberMemory();
    offset = next_offset(offset, beat.size());
  }
}

template <std::size_t Bits>
void BM_beat_read(benchmark::State& state) {
  void* const handle = target().handle;
  std::array<svBitVecVal, Bits / 32> beat;
  std::uint64_t offset = 0;
  for (auto _ : state) {
    expect_ok(state, BeatFunctions<Bits>::kRead(handle, kAddress + offset, beat.data()));
    benchmark::DoNotOptimize(beat);
    benchmark::ClobberMemory();
    offset = next_offset(offset, Bits / 8);
  }
}

template <std::size_t Bits>
void BM_beat_write_raw(benchmark::State& state) {
  std::byte* const host = target().host(kAddress);
  std::array<std::byte, Bits / 8> beat{};
  std::uint64_t offset = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(beat);
    std::memcpy(host + offset, beat.data(), beat.size());
    benchmark::ClobberMemory();
    offset = next_offset(offset, beat.size());
  }
}

template <std::size_t Bits>
void beat_write(benchmark::State& state, svBitVecVal enabled) {
  void* const handle = target().handle;
  std::array<svBitVecVal, Bits / 32> beat{};
  std::array<svBitVecVal, (Bits / 8 + 31) / 32> strobe;
  strobe.fill(enabled);
  std::uint64_t offset = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(beat);
    expect_ok(state,
              BeatFunctions<Bits>::kWrite(handle, kAddress + offset, beat.data(), strobe.data()));
    benchmark::ClobberMemory();
    offset = next_offset(offset, Bits / 8);
  }
}
template <std::size_t Bits>
void BM_beat_write(benchmark::State& state) {
  beat_write<Bits>(state, ~svBitVecVal{0});
}
// The worst strobes: every second byte.
template <std::size_t Bits>
void BM_beat_write_strobed(benchmark::State& state) {
  beat_write<Bits>(state, 0x55555555);
}

void BM_crc32c(benchmark::State& state) {
  const GuestMemory& memory = *target().memory;
  for (auto _ : state) {
    std::uint32_t crc = 0;
    expect_ok(state, memory.crc32c(kAddress, kBlockBytes, crc));
    benchmark::DoNotOptimize(crc);
  }
  state.SetBytesProcessed(state.iterations() * kBlockBytes);
}

void BM_open_close(benchmark::State& state) {
  for (auto _ : state) {
    void* const handle = guestlink_open("mock:,size=64K");
    expect_ok(state, guestlink_close(handle));
  }
}

BENCHMARK(BM_memcpy_out);
BENCHMARK(BM_block_read);
BENCHMARK(BM_memcpy_in);
BENCHMARK(BM_block_write);
BENCHMARK(BM_load64_raw);
BENCHMARK(BM_load64);
BENCHMARK(BM_load64_low_row);
BENCHMARK(BM_load64_c_abi);
BENCHMARK(BM_fetch_add64_c_abi);
BENCHMARK(BM_beat_read_raw<32>);
BENCHMARK(BM_beat_read<32>);
BENCHMARK(BM_beat_read_raw<64>);
BENCHMARK(BM_beat_read<64>);
BENCHMARK(BM_beat_read_raw<128>);
BENCHMARK(BM_beat_read<128>);
BENCHMARK(BM_beat_read_raw<256>);
BENCHMARK(BM_beat_read<256>);
BENCHMARK(BM_beat_read_raw<512>);
BENCHMARK(BM_beat_read<512>);
BENCHMARK(BM_beat_read_raw<1024>);
BENCHMARK(BM_beat_read<1024>);
BENCHMARK(BM_beat_write_raw<32>);
BENCHMARK(BM_beat_write<32>);
BENCHMARK(BM_beat_write_raw<64>);
BENCHMARK(BM_beat_write<64>);
BENCHMARK(BM_beat_write_raw<128>);
BENCHMARK(BM_beat_write<128>);
BENCHMARK(BM_beat_write_raw<256>);
BENCHMARK(BM_beat_write<256>);
BENCHMARK(BM_beat_write_raw<512>);
BENCHMARK(BM_beat_write<512>);
BENCHMARK(BM_beat_write_strobed<512>);
BENCHMARK(BM_beat_write_raw<1024>);
BENCHMARK(BM_beat_write<1024>);
BENCHMARK(BM_crc32c);
BENCHMARK(BM_open_close);

}  // namespace

BENCHMARK_MAIN();
