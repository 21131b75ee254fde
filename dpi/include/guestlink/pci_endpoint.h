// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "guestlink/guest_memory.h"

namespace guestlink {

/// An access of the guest to a BAR of the device, to be made by the RTL.
struct MmioRequest {
  std::uint8_t bar = 0;
  bool write = false;
  std::uint8_t size = 0;     ///< 1, 2, 4 or 8 bytes
  std::uint64_t offset = 0;  ///< in the BAR, a multiple of size
  std::uint64_t data = 0;    ///< of a write, little-endian in the low bytes
};

enum class PciLink : std::uint8_t {
  kListening,  ///< no guest has come yet
  kConnected,
  kEnded,  ///< the guest has gone, and no other will come
};

/// Is told what passes between the guest and the RTL, in the calls that make it pass.
class PciObserver {
 public:
  PciObserver() = default;
  virtual ~PciObserver() = default;
  PciObserver(const PciObserver&) = delete;
  PciObserver& operator=(const PciObserver&) = delete;

  /// An access was completed; `data` is what was read.
  virtual void accessed(const MmioRequest& request, std::uint64_t data, bool okay) = 0;
  /// The level of an interrupt wire, or a pulse (high).
  virtual void interrupt_changed(std::uint32_t vector, bool level) = 0;
  /// A reset by the guest was completed.
  virtual void was_reset() = 0;
};

/// A PCI function of a guest whose registers and DMA are RTL. It is made of a spec:
///
///     vfio-user:PATH,vendor=0x8086,device=0x0b00,class=0x088000,bar0=mem:16K,msix=1,intx
///
/// QEMU connects to the socket PATH (docs/pci.md has the grammar and qemu_option() the option).
///
/// The guest's accesses come out one by one, in its order. Its memory, as far as the device may
/// reach it (mapped for DMA, bus master on), is in the GuestMemory given: outside of it an access
/// is kOutOfRange, and when the guest has gone kDetached. Both change within poll(), wait() and
/// complete() only.
///
/// Threads: one at a time, the one that accesses the memory.
class PciEndpoint {
 public:
  /// What next() has found.
  enum class Next : std::uint8_t { kNothing, kRequest, kReset };

  /// Throws std::invalid_argument for a malformed spec and std::runtime_error for a socket that
  /// cannot be made. `memory`, which is replaced, outlives this.
  PciEndpoint(std::string_view spec, GuestMemory& memory);
  /// The same with a connected socket in the place of PATH, which is not used.
  PciEndpoint(std::string_view spec, GuestMemory& memory, FileDescriptor client);
  ~PciEndpoint();
  PciEndpoint(const PciEndpoint&) = delete;
  PciEndpoint& operator=(const PciEndpoint&) = delete;

  /// The option that gives QEMU this device. With `lock_step` the guest's writes wait for the RTL
  /// as its reads do.
  [[nodiscard]] std::string qemu_option(bool lock_step) const;

  [[nodiscard]] PciLink link() const noexcept;
  /// Handles what the guest's side has sent; some system calls.
  void poll();
  /// Waits until the guest wants something, one of `others` (file descriptors) can be read, or
  /// `limit` is over; then polls.
  void wait(std::chrono::milliseconds limit, std::span<const int> others = {});
  /// Whether next() has something for somebody.
  [[nodiscard]] bool pending() const noexcept;

  /// What the RTL behind `bar` has to do now: kRequest fills `request`. kReset is given to who
  /// `takes_resets` only. Each is to be completed before there is another. To be asked each clock:
  /// every kPollClocks-th call of one that found nothing polls.
  Next next(unsigned bar, bool takes_resets, MmioRequest& request);
  static constexpr unsigned kPollClocks = 32;
  /// Calls that left a request of another BAR, or a reset, where it is, before it is given up: the
  /// guest is not to wait for an RTL that is not there.
  static constexpr unsigned kUnservedCalls = 4'000'000;
  /// Done: `data` is what was read. kError: the guest reads ones, as of a bus that nobody answers.
  enum class Outcome : std::uint8_t { kOkay, kError };
  void complete(std::uint64_t data, Outcome outcome);

  /// The RTL's interrupt wire of `vector`: its level, or one pulse. False: no such vector.
  bool set_interrupt(std::uint32_t vector, bool level);
  bool pulse_interrupt(std::uint32_t vector);
  [[nodiscard]] std::uint64_t interrupts_sent() const noexcept;

  /// Null for none; outlives this, or the next call.
  void observe(PciObserver* observer) noexcept { observer_ = observer; }

  /// Why the connection was ended by this side: "" if the guest's side closed it, or is there.
  [[nodiscard]] std::string failure() const;
  /// Why DMA to this address was refused, if this side knows: "" or a sentence.
  [[nodiscard]] std::string dma_problem(std::uint64_t address) const;
  /// The next thing that the user should know, oldest first; "" if there is none.
  std::string take_message();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
  GuestMemory& memory_;
  unsigned clocks_to_poll_ = kPollClocks;
  unsigned unserved_ = 0;
  PciObserver* observer_ = nullptr;
  bool started_ = false;  // the first request or the reset, and not completed

  void publish();
  void give_up_if_unserved();
};

}  // namespace guestlink
