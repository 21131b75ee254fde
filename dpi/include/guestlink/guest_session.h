// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "guestlink/access_status.h"
#include "guestlink/attach.h"
#include "guestlink/guest_memory.h"

namespace guestlink {

/// What a watched guest did.
struct GuestEvent {
  enum class Kind : std::uint8_t {
    kReset,       ///< its machine was reset; its memory stays as it is
    kEnded,       ///< QEMU or the guest has ended, or the connection that watched it
    kMapChanged,  ///< a part of the attached memory has gone (a DIMM was unplugged)
    kMapGrew,     ///< there is more memory than is attached; attached memory is as it was
    kPaused,      ///< its CPUs were stopped
    kResumed,     ///< and run again
  };
  Kind kind;
  std::string text;  ///< a sentence for the user, with what to do
};

/// Whether an event of this kind makes the attached memory lost.
[[nodiscard]] constexpr bool ends_attachment(GuestEvent::Kind kind) noexcept {
  return kind <= GuestEvent::Kind::kMapChanged;
}

/// What became of a write of code; `detail` says more of what failed than the status.
struct CodeWrite {
  AccessStatus status = AccessStatus::kOk;
  std::string detail;
};

/// The memory of a guest, followed over what the guest does.
///
/// A reset, the guest's end and a change of its map make the memory lost at once (every access is
/// kDetached, generation() grows by one), without a call into this object: a thread waits for
/// QEMU's events. reattach() makes it good again (generation() grows by one more).
///
///     qmp:PATH              events and end of the QMP connection, which QEMU gives to one client
///                           at a time; another socket for it with the key watch=PATH
///     file:PATH             the end of the QEMU that has the file mapped, if this user may see it
///     mock:PATH, GuestMemory  nothing
///
/// QEMU tells of a reset while it takes place and does not wait: what an access began before this
/// process hears of it may still arrive, some 100 microseconds of it (docs/faults.md).
///
/// Threads. take_events() and loss() from any; the rest like GuestMemory's construction.
class GuestSession {
 public:
  enum class Watch : std::uint8_t { kYes, kNo };

  /// Attaches to what `spec` names. kNo is for a session too short to be worth a watch. Throws
  /// AttachError.
  explicit GuestSession(std::string spec, Watch watch = Watch::kYes);
  /// Memory from elsewhere: not watched, and it cannot be attached again.
  explicit GuestSession(GuestMemory memory);
  GuestSession(GuestSession&& other) noexcept;
  GuestSession& operator=(GuestSession&& other) noexcept;
  ~GuestSession();

  [[nodiscard]] GuestMemory& memory() noexcept { return memory_; }
  [[nodiscard]] const GuestMemory& memory() const noexcept { return memory_; }
  [[nodiscard]] const AttachReport& report() const noexcept;
  /// Whether the guest's end would be noticed.
  [[nodiscard]] bool watched() const noexcept;
  /// What happened since the last call, oldest first; of very much the newest.
  std::vector<GuestEvent> take_events();
  /// Why the memory is lost, in words; "" while it is not.
  [[nodiscard]] std::string loss() const;

  /// Attaches anew to what the spec names, lost or not. Until that works the memory is lost. Throws
  /// AttachError: kFailed while the guest is not back.
  void reattach();

  /// Writes what the guest's CPUs may have executed, or may be migrating. TCG keeps translations of
  /// code that shared memory cannot reach: there it goes through QEMU, by the qtest socket that the
  /// spec names (key qtest=PATH; `guestlink run` makes one). Elsewhere (KVM, mock:) it is a write.
  /// kUnsupported: a guest that may run under TCG, and no socket. Some 10 MB/s by qtest.
  CodeWrite write_code(std::uint64_t address, std::span<const std::byte> data);

 private:
  struct Link;

  GuestMemory memory_;
  std::unique_ptr<Link> link_;
};

}  // namespace guestlink
