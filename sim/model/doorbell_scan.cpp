// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "model/doorbell_scan.h"

#include <array>
#include <cstring>
#include <thread>

namespace guestlink::sim {
namespace {

constexpr std::uint64_t kSelfOffset = 0x10;
constexpr std::uint64_t kVersionOffset = 0x18;
constexpr std::uint64_t kHeartbeatOffset = 0x20;
constexpr std::uint64_t kStateOffset = 0x50;
constexpr std::uint64_t kSessionOffset = 0x58;
constexpr std::uint32_t kVersion = 1;
constexpr std::uint64_t kStateOpen = 1;

std::array<std::uint64_t, 2> signature() {
  constexpr char kFirst[] = "GUESTLIN";
  constexpr char kSecond[] = "K-DBELL1";
  std::array<std::uint64_t, 2> words{};
  std::memcpy(&words[0], kFirst, 8);
  std::memcpy(&words[1], kSecond, 8);
  return words;
}

std::uint64_t word(const GuestMemory& memory, std::uint64_t address) {
  std::uint64_t value = 0;
  return memory.load(address, value) == AccessStatus::kOk ? value : 0;
}

}  // namespace

std::optional<DoorbellScanner::Candidate> DoorbellScanner::examine(std::uint64_t address) const {
  static const auto kWanted = signature();
  if (word(memory_, address) != kWanted[0]) [[likely]]
    return std::nullopt;
  if (word(memory_, address + 8) != kWanted[1]) return std::nullopt;
  if (word(memory_, address + kSelfOffset) != address) return std::nullopt;
  const std::uint64_t version = word(memory_, address + kVersionOffset);
  const auto session = static_cast<std::uint32_t>(version >> 32);
  if (static_cast<std::uint32_t>(version) != kVersion || session == 0) return std::nullopt;
  if (word(memory_, address + kStateOffset) != kStateOpen) return std::nullopt;
  if (word(memory_, address + kSessionOffset) != session) return std::nullopt;
  return Candidate{{address, session}, word(memory_, address + kHeartbeatOffset)};
}

// The page is examined after its heartbeat was seen to move, so what is returned was valid then.
std::optional<DoorbellPage> DoorbellScanner::find_live(const std::vector<Candidate>& found) const {
  for (const Candidate& now : found) {
    for (const Candidate& before : candidates_) {
      if (before.page != now.page || before.heartbeat == now.heartbeat) continue;
      const auto again = examine(now.page.address);
      if (again && again->page == now.page) return now.page;
    }
  }
  return std::nullopt;
}

std::optional<DoorbellPage> DoorbellScanner::scan() {
  std::vector<Candidate> found;
  for (const GuestRange& range : memory_.populated_ranges()) {
    const std::uint64_t skip = (kPageBytes - range.guest_address % kPageBytes) % kPageBytes;
    for (std::uint64_t at = skip; at < range.length && range.length - at >= kPageBytes;
         at += kPageBytes) {
      if (const auto candidate = examine(range.guest_address + at)) found.push_back(*candidate);
    }
  }
  const auto live = find_live(found);
  candidates_ = std::move(found);
  return live;
}

std::optional<DoorbellPage> DoorbellScanner::wait(std::chrono::milliseconds limit,
                                                  const std::function<bool()>& stop,
                                                  std::chrono::milliseconds pause) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (true) {
    if (const auto page = scan()) return page;
    if (stop && stop()) return std::nullopt;
    if (std::chrono::steady_clock::now() >= end) return std::nullopt;
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace guestlink::sim
