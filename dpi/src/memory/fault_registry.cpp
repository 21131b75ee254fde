// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "memory/fault_registry.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace guestlink::detail {
namespace {

// Made before main, and there to the end: the handler may be called at any time.
constinit std::array<FaultSlot, kMaximumMappings> slots{};
constinit struct sigaction previous = {};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "the handler may not lock");

// A slot that is being changed holds no mapping in use, so it cannot be the one looked for: `begin`
// is the last to be written and the first to be cleared.
FaultSlot* find_slot(std::uintptr_t address) noexcept {
  for (FaultSlot& slot : slots) {
    const std::uintptr_t begin = slot.begin.load(std::memory_order_acquire);
    if (begin <= FaultSlot::kTaken || address - begin >= slot.length) continue;
    if (slot.begin.load(std::memory_order_acquire) == begin) return &slot;
  }
  return nullptr;
}

// Whether the access at `address` can go on.
bool contain(std::uintptr_t address) noexcept {
  FaultSlot* const slot = find_slot(address);
  if (slot == nullptr) return false;
  const std::uint64_t offset = address - slot->begin;
  std::uint64_t none = FaultSlot::kNoFault;
  slot->first_fault.compare_exchange_strong(none, offset);
  // Before the page is there: who reads its zeroes then finds that the memory is lost.
  MemoryState* const state = slot->state;
  if (state != nullptr) state->detach();
  // The system call itself, since a sanitizer's mmap is not meant for a handler.
  const std::uintptr_t start = address - offset % slot->page;
  return syscall(SYS_mmap, start, slot->page.load(), PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0L) >= 0;
}

void act_as_default(bool from_access) noexcept {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  sigaction(SIGBUS, &action, nullptr);
  // An access is tried again on return and raises the signal anew, with its address in the core.
  if (!from_access) raise(SIGBUS);
}

// As if we had never been there.
void pass_on(int number, siginfo_t* info, void* context) noexcept {
  const bool from_access = info->si_code > 0 && info->si_code != BUS_MCEERR_AO;
  if ((previous.sa_flags & SA_SIGINFO) == 0 && previous.sa_handler == SIG_IGN && !from_access) {
    return;
  }
  if ((previous.sa_flags & SA_SIGINFO) == 0 &&
      (previous.sa_handler == SIG_DFL || previous.sa_handler == SIG_IGN)) {
    return act_as_default(from_access);  // no one can ignore an access that cannot be made
  }
  if ((static_cast<unsigned>(previous.sa_flags) & SA_RESETHAND) != 0) act_as_default(true);
  if ((previous.sa_flags & SA_SIGINFO) != 0) return previous.sa_sigaction(number, info, context);
  previous.sa_handler(number);
}

void handle(int number, siginfo_t* info, void* context) noexcept {
  const int kept = errno;
  // A misaligned access stays one whatever page is there.
  const bool missing_page =
      info->si_code == BUS_ADRERR || info->si_code == BUS_OBJERR || info->si_code == BUS_MCEERR_AR;
  if (!missing_page || !contain(reinterpret_cast<std::uintptr_t>(info->si_addr))) {
    pass_on(number, info, context);
  }
  errno = kept;
}

bool install() noexcept {
  sigaction(SIGBUS, nullptr, &previous);
  struct sigaction action = {};
  action.sa_sigaction = handle;
  action.sa_mask = previous.sa_mask;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | (previous.sa_flags & (SA_NODEFER | SA_RESTART));
  return sigaction(SIGBUS, &action, nullptr) == 0;
}

}  // namespace

FaultSlot* add_mapping(const void* begin, std::uint64_t length, std::uint64_t page) noexcept {
  [[maybe_unused]] static const bool kInstalled = install();
  for (FaultSlot& slot : slots) {
    std::uintptr_t free = FaultSlot::kFree;
    if (!slot.begin.compare_exchange_strong(free, FaultSlot::kTaken)) continue;
    slot.length = length;
    slot.page = page;
    slot.first_fault = FaultSlot::kNoFault;
    slot.begin.store(reinterpret_cast<std::uintptr_t>(begin), std::memory_order_release);
    return &slot;
  }
  return nullptr;
}

void remove_mapping(FaultSlot& slot) noexcept {
  slot.begin = FaultSlot::kTaken;
  slot.state = nullptr;
  slot.begin.store(FaultSlot::kFree, std::memory_order_release);
}

}  // namespace guestlink::detail
