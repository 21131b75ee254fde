// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/axi/transfer.h"

#include <algorithm>
#include <cstring>

namespace guestlink::axi {
namespace {

bool strobed(const std::uint8_t* strobes, std::uint32_t lane) {
  return (std::uint32_t{strobes[lane / 8]} >> lane % 8 & 1U) != 0;
}

}  // namespace

void Transfer::start(const Burst& burst, std::uint32_t bus_bytes) {
  burst_ = burst;
  bus_bytes_ = bus_bytes;
  base_ = burst.lowest() / bus_bytes * bus_bytes;
  enabled_ = 0;
  plan_runs();
  addressed_ = 0;
  for (const Run& run : runs_) addressed_ += run.length;
  const std::size_t words = burst.type == BurstType::kFixed
                                ? burst.beats()
                                : (burst.lowest() - base_ + burst.bytes() - 1) / bus_bytes + 1;
  data_.assign(words * bus_bytes, std::byte{0});
  enables_.assign(words * bus_bytes, kDisabled);
}

void Transfer::refuse(const Burst& burst) {
  burst_ = burst;
  addressed_ = enabled_ = 0;
  runs_.clear();
}

void Transfer::plan_runs() {
  runs_.clear();
  if (burst_.type == BurstType::kFixed) {
    const BeatBytes beat = burst_.beat(0, bus_bytes_);
    for (std::size_t n = 0; n < burst_.beats(); ++n)
      runs_.push_back({beat.address, n * bus_bytes_ + beat.lane, beat.count});
    return;
  }
  const std::uint64_t lowest = burst_.lowest();
  const std::uint64_t upper = lowest + burst_.bytes() - burst_.address;  // bytes to the upper end
  runs_.push_back({burst_.address, static_cast<std::size_t>(burst_.address - base_),
                   static_cast<std::size_t>(upper)});
  if (burst_.type == BurstType::kWrap && burst_.address != lowest) {
    runs_.push_back({lowest, static_cast<std::size_t>(lowest - base_),
                     static_cast<std::size_t>(burst_.address - lowest)});
  }
}

std::size_t Transfer::offset_of_word(std::uint32_t n, const BeatBytes& bytes) const noexcept {
  if (burst_.type == BurstType::kFixed) return std::size_t{n} * bus_bytes_;
  return static_cast<std::size_t>(bytes.address - bytes.lane - base_);
}

std::span<const std::byte> Transfer::word(std::uint32_t n) const noexcept {
  return {data_.data() + offset_of_word(n, burst_.beat(n, bus_bytes_)), bus_bytes_};
}

void Transfer::put(std::uint32_t n, const std::byte* word, const std::uint8_t* strobes) noexcept {
  const BeatBytes bytes = burst_.beat(n, bus_bytes_);
  const std::size_t offset = offset_of_word(n, bytes);
  const auto all = [](std::uint8_t byte) { return byte == 0xFF; };
  if (bytes.count == bus_bytes_ && std::all_of(strobes, strobes + bus_bytes_ / 8, all) &&
      bus_bytes_ >= 8) {
    std::memcpy(data_.data() + offset, word, bus_bytes_);
    std::memset(enables_.data() + offset, kEnabled, bus_bytes_);
    enabled_ += bus_bytes_;
    return;
  }
  for (std::uint32_t lane = bytes.lane; lane < bytes.lane + bytes.count; ++lane) {
    if (!strobed(strobes, lane)) continue;
    data_[offset + lane] = word[lane];
    enables_[offset + lane] = kEnabled;
    ++enabled_;
  }
}

}  // namespace guestlink::axi
