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
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "guestlink/attach.h"
#include "guestlink_dpi.h"
#include "guestlink_endpoints.h"
#include "guestlink_handles.h"

namespace {

using guestlink::AccessStatus;
using guestlink::GuestMemory;

// In the large row of a pc, as DMA buffers are, and in its low 640 KiB, which is found out of line.
constexpr std::uint64_t kAddress = 0x1000000;
constexpr std::uint64_t kLowAddress = 0x10000;
constexpr std::uint64_t kWindow = 4096;  // addresses go round in it, so that none is a constant

// What a clock of axil_guest_mmio costs while the guest wants nothing: every 32nd reads the socket.
void BM_mmio_next(benchmark::State& state) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0)
    return state.SkipWithError("no socket");
  const guestlink::FileDescriptor guest(ends[0]);
  const std::uint64_t id = guestlink::open_endpoint("vfio-user:x,vendor=1,device=1,bar0=mem:4K",
                                                    guestlink::FileDescriptor(ends[1]));
  void* const endpoint = guestlink_pci_from_id(id);
  unsigned long long address = 0;
  unsigned long long data = 0;
  unsigned int size = 0;
  int write = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(guestlink_mmio_next(endpoint, 0, 1, &address, &data, &size, &write));
  }
  (void)guestlink::close_endpoint(id);
}

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

// The library's load but for its look, behind the access, whether the memory is still there: what
// it is longer is the price of surviving a SIGBUS.
class LoadWithoutALook {
 public:
  explicit LoadWithoutALook(const Target& of)
      : rows_(std::make_unique<Rows>(Rows{of.memory->regions()[1], of.memory->regions()[0]})) {}

  AccessStatus load(std::uint64_t address, std::uint64_t& value) const {
    const Rows& rows = *rows_;
#pragma GCC unroll 2
    for (const guestlink::Region& row : rows) {
      const std::uint64_t offset = address - row.guest_address;
      if (!guestlink::aligned_range_fits(offset, row.length)) continue;
      if (address % sizeof value != 0) [[unlikely]]
        return AccessStatus::kBadArgument;
      auto& word = *reinterpret_cast<std::uint64_t*>(row.host + offset);
      value = std::atomic_ref<std::uint64_t>(word).load(std::memory_order_acquire);
      return AccessStatus::kOk;
    }
    return AccessStatus::kOutOfRange;
  }

 private:
  using Rows = std::array<guestlink::Region, 2>;  // the largest first
  std::unique_ptr<const Rows> rows_;
};

void BM_load64_without_a_look(benchmark::State& state) {
  LoadWithoutALook memory(target());
  benchmark::DoNotOptimize(memory);
  std::uint64_t offset = 0;
  for (auto _ : state) {
    std::uint64_t value = 0;
    expect_ok(state, memory.load(kAddress + offset, value));
    benchmark::DoNotOptimize(value);
    offset = next_offset(offset, 8);
  }
}

// The same guest addresses as one row or as many of one size, which are in the file in another
// order. None is larger than another: the two that are tried first take 2 of 64 accesses. All is
// populated, so that no access is a page's first.
constexpr std::uint64_t kMostRows = 64;
constexpr std::uint64_t kRowBytes = 2 << 20;

GuestMemory memory_of_rows(std::uint64_t count) {
  constexpr std::uint64_t kBytes = kMostRows * kRowBytes;
  guestlink::FileDescriptor fd(memfd_create("rows", MFD_CLOEXEC));
  if (fd.get() < 0 || ftruncate(fd.get(), kBytes) != 0) {
    throw std::system_error(errno, std::generic_category(), "memfd");
  }
  std::vector<guestlink::MapRow> rows;
  const std::uint64_t length = kBytes / count;
  for (std::uint64_t i = 0; i < count; ++i) {
    rows.push_back({.guest_address = i * length,
                    .length = length,
                    .file_offset = (i + count / 2) % count * length});
  }
  std::vector<guestlink::Mapping> mappings;
  mappings.emplace_back(std::move(fd), kBytes, true);
  GuestMemory memory(guestlink::AddressMap(std::move(rows)), std::move(mappings));
  if (memory.fill(0, kBytes, std::byte{1}) != AccessStatus::kOk) throw std::runtime_error("fill");
  return memory;
}

template <typename NextAddress>
void load64_in(benchmark::State& state, const GuestMemory& memory, NextAddress next_address) {
  for (auto _ : state) {
    std::uint64_t value = 0;
    expect_ok(state, memory.load(next_address(), value));
    benchmark::DoNotOptimize(value);
  }
}

// Row after row, in each a cache line of another set: all is in the caches, and no access is in the
// row of the one before. The look-up alone.
template <std::uint64_t Rows>
void BM_load64_row_by_row(benchmark::State& state) {
  const GuestMemory memory = memory_of_rows(Rows);
  std::uint64_t row = 0;
  load64_in(state, memory, [&row] {
    row = (row + 1) % kMostRows;
    return row * (kRowBytes + 64);
  });
}

// Anywhere in the 128 MiB, as a guest's pages are: most accesses miss the caches and the TLB.
template <std::uint64_t Rows>
void BM_load64_random(benchmark::State& state) {
  const GuestMemory memory = memory_of_rows(Rows);
  std::uint64_t weyl = 0;
  load64_in(state, memory, [&weyl] {
    weyl += 0x9E3779B97F4A7C15;
    return ((weyl ^ weyl >> 31) * 0xBF58476D1CE4E5B9 >> 37) & ~std::uint64_t{7};
  });
}

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
BENCHMARK(BM_load64_without_a_look);
BENCHMARK(BM_load64_row_by_row<1>);
BENCHMARK(BM_load64_row_by_row<64>);
BENCHMARK(BM_load64_random<1>);
BENCHMARK(BM_load64_random<64>);
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
BENCHMARK(BM_mmio_next);

}  // namespace

BENCHMARK_MAIN();
