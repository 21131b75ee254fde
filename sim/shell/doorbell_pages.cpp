// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "shell/doorbell_pages.h"

#include <string_view>

#include "shell/interrupt.h"

namespace guestlink::shell {
namespace {

constexpr std::uint64_t kSelfOffset = 0x10;
constexpr std::uint64_t kSessionOffset = 0x1C;
constexpr std::uint64_t kHeartbeatOffset = 0x20;
constexpr std::uint64_t kStateOffset = 0x50;
constexpr std::chrono::milliseconds kHeartbeatPause{50};  // a live one moves every 10 ms

template <typename T>
T value_at(const GuestMemory& memory, std::uint64_t address) {
  T value = 0;
  return memory.load(address, value) == AccessStatus::kOk ? value : 0;
}

}  // namespace

std::vector<std::byte> doorbell_signature() {
  // In two parts, so that this program in a guest's memory is not taken for a page.
  std::vector<std::byte> bytes;
  for (const std::string_view part : {"GUESTLIN", "K-DBELL1"}) {
    for (const char c : part) bytes.push_back(static_cast<std::byte>(c));
  }
  return bytes;
}

std::vector<DoorbellPage> examine_doorbells(const GuestMemory& memory,
                                            const std::vector<std::uint64_t>& addresses) {
  std::vector<DoorbellPage> pages;
  std::vector<std::uint64_t> heartbeats;
  for (const std::uint64_t address : addresses) {
    pages.push_back({.address = address,
                     .self_address = value_at<std::uint64_t>(memory, address + kSelfOffset),
                     .session = value_at<std::uint32_t>(memory, address + kSessionOffset),
                     .state = value_at<std::uint64_t>(memory, address + kStateOffset)});
    heartbeats.push_back(value_at<std::uint64_t>(memory, address + kHeartbeatOffset));
  }
  if (!pages.empty()) pause_for(kHeartbeatPause);
  for (std::size_t i = 0; i < pages.size(); ++i) {
    pages[i].live =
        value_at<std::uint64_t>(memory, pages[i].address + kHeartbeatOffset) != heartbeats[i];
  }
  return pages;
}

}  // namespace guestlink::shell
