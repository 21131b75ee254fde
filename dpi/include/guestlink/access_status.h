// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace guestlink {

/// Outcome of an access to guest memory. The values are the contract of docs/architecture.md: the
/// same in `guestlink_status_e` (SystemVerilog) and in every `int` of the C ABI. An access that
/// fails moves no byte, but for kPartial and kIoError.
enum class [[nodiscard]] AccessStatus : int{
    kOk = 0,
    kOutOfRange = 1,   ///< some addressed byte is not RAM
    kReadOnly = 2,     ///< a write to read-only memory
    kDetached = 3,     ///< the memory is gone
    kBadHandle = 4,    ///< null, closed or never opened handle (C ABI only)
    kBadArgument = 5,  ///< a misaligned atomic or beat, a bad size or a null pointer
    kIoError = 6,      ///< a file to load from or save to, or QEMU's qtest socket, failed
    kPartial = 7,      ///< the memory went away during this write: what arrived is not known
    kUnsupported = 8,  ///< this guest has no way to do it
};

/// The contract's name of a status, "OK" to "UNSUPPORTED"; "UNKNOWN" for any other value. Static
/// storage.
constexpr const char* to_string(AccessStatus status) noexcept {
  switch (status) {
    case AccessStatus::kOk:
      return "OK";
    case AccessStatus::kOutOfRange:
      return "OUT_OF_RANGE";
    case AccessStatus::kReadOnly:
      return "READ_ONLY";
    case AccessStatus::kDetached:
      return "DETACHED";
    case AccessStatus::kBadHandle:
      return "BAD_HANDLE";
    case AccessStatus::kBadArgument:
      return "BAD_ARGUMENT";
    case AccessStatus::kIoError:
      return "IO_ERROR";
    case AccessStatus::kPartial:
      return "PARTIAL";
    case AccessStatus::kUnsupported:
      return "UNSUPPORTED";
  }
  return "UNKNOWN";
}

}  // namespace guestlink
