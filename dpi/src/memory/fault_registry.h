// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What keeps a SIGBUS on guest memory from ending the process. The kernel raises it when a page of
// a mapped file cannot be had: the file was cut short, its file system is full, its device failed.
// The handler looks the address up here, marks the memory lost, and puts an anonymous page in the
// place of the one that is missing; the access goes on, and finds out behind its last byte.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "guestlink/memory_state.h"

namespace guestlink::detail {

/// Mappings that may be there at once in one process.
inline constexpr std::size_t kMaximumMappings = 4096;

/// A mapped range as the handler sees it.
struct FaultSlot {
  static constexpr std::uintptr_t kFree = 0;
  static constexpr std::uintptr_t kTaken = 1;  // by someone who is still filling it in
  static constexpr std::uint64_t kNoFault = std::numeric_limits<std::uint64_t>::max();

  std::atomic<std::uintptr_t> begin{kFree};
  std::atomic<std::uint64_t> length{0};
  std::atomic<std::uint64_t> page{0};         // bytes that are mapped as a whole
  std::atomic<std::uint64_t> first_fault{0};  // offset, or kNoFault
  std::atomic<MemoryState*> state{nullptr};   // null: nobody is to be told yet
};

/// Adds a mapping of `length` bytes made of pages of `page` bytes; the first one installs the
/// handler. Null if kMaximumMappings are there. Thread-safe.
FaultSlot* add_mapping(const void* begin, std::uint64_t length, std::uint64_t page) noexcept;
/// Takes it out again, before it is unmapped.
void remove_mapping(FaultSlot& slot) noexcept;

}  // namespace guestlink::detail
