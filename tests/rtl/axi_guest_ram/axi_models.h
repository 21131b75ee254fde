// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The Verilated axi_guest_ram_core in the widths under test, and a memory joined to one.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "Vaxi_guest_ram_1024.h"
#include "Vaxi_guest_ram_128.h"
#include "Vaxi_guest_ram_32.h"
#include "Vaxi_guest_ram_512.h"
#include "Vaxi_guest_ram_64.h"
#include "Vaxi_guest_ram_depth1.h"
#include "Vaxi_guest_ram_depth3.h"

#include "axi_bench.h"

namespace guestlink::test {

using Bench32 = AxiBench<Vaxi_guest_ram_32, 32>;
using Bench64 = AxiBench<Vaxi_guest_ram_64, 64>;
using Bench128 = AxiBench<Vaxi_guest_ram_128, 128>;
using Bench512 = AxiBench<Vaxi_guest_ram_512, 512>;
using Bench1024 = AxiBench<Vaxi_guest_ram_1024, 1024>;
using AllBenches = ::testing::Types<Bench32, Bench64, Bench128, Bench512, Bench1024>;

// Not deep enough for a beat a clock, so for the scoreboard only.
using BenchDepth1 = AxiBench<Vaxi_guest_ram_depth1, 64>;
using BenchDepth3 = AxiBench<Vaxi_guest_ram_depth3, 256>;
using RandomBenches =
    ::testing::Types<Bench32, Bench64, Bench128, Bench512, Bench1024, BenchDepth1, BenchDepth3>;

// The parameters of AllBenches, in CMakeLists.txt.
constexpr unsigned kOutstandingDepth = 16;
constexpr unsigned kIds = 16;

// An open guest memory, closed at the end.
class OpenMemory {
 public:
  explicit OpenMemory(const std::string& spec) : handle_(guestlink_open(spec.c_str())) {
    EXPECT_NE(handle_, nullptr) << spec << ": " << guestlink_last_error();
  }
  ~OpenMemory() { close(); }
  OpenMemory(const OpenMemory&) = delete;
  OpenMemory& operator=(const OpenMemory&) = delete;

  void* handle() const { return handle_; }
  unsigned long long id() const { return guestlink_id(handle_); }
  void close() {
    if (handle_ != nullptr) guestlink_close(handle_);
    handle_ = nullptr;
  }

 private:
  void* handle_;
};

inline unsigned log2_of(unsigned value) {
  unsigned bits = 0;
  while ((1U << bits) < value) ++bits;
  return bits;
}

inline Burst read_burst(std::uint64_t address, unsigned beats, unsigned size,
                        BurstType type = BurstType::kIncr) {
  Burst burst;
  burst.address = address;
  burst.len = beats - 1;
  burst.size = size;
  burst.type = type;
  return burst;
}

// Writes `value` to every byte of the burst.
inline Burst write_burst(std::uint64_t address, unsigned beats, unsigned size, unsigned bus_bytes,
                         std::uint8_t value, BurstType type = BurstType::kIncr) {
  Burst burst = read_burst(address, beats, size, type);
  burst.write = true;
  burst.data.assign(std::size_t{beats} * bus_bytes, value);
  burst.strobe.assign(std::size_t{beats} * bus_bytes, 0);
  if ((1U << size) > bus_bytes) return burst;
  for (unsigned n = 0; n < beats; ++n) {
    const BeatBytes bytes = burst.beat(n, bus_bytes);
    for (unsigned k = 0; k < bytes.count; ++k)
      burst.strobe[std::size_t{n} * bus_bytes + bytes.lane + k] = 1;
  }
  return burst;
}

// The seed of a random test: GUESTLINK_SEED, or one of its own, printed so that a failure can be
// repeated.
inline std::uint64_t test_seed(std::uint64_t fallback) {
  const char* text = std::getenv("GUESTLINK_SEED");
  const std::uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 0) : fallback;
  ::testing::Test::RecordProperty("seed", std::to_string(seed));
  std::printf("GUESTLINK_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace guestlink::test
