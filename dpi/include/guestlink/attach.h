// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "guestlink/address_map.h"
#include "guestlink/guest_memory.h"

namespace guestlink {

/// Why a spec gave no memory: the message holds the spec, the part of it or the path that is at
/// fault, its value, what was expected and what to do.
class AttachError : public std::runtime_error {
 public:
  enum class Kind : std::uint8_t {
    kSpec,    ///< the spec is malformed or contradicts itself
    kFailed,  ///< the spec is right, but what it names cannot be attached to
  };
  AttachError(Kind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}

  [[nodiscard]] Kind kind() const noexcept { return kind_; }

 private:
  Kind kind_;
};

/// One run of guest RAM and the file that holds it.
struct ReportRow {
  std::uint64_t guest_address = 0;
  std::uint64_t length = 0;
  Permission permission = Permission::kReadWrite;  ///< the guest's, whatever `ro` says
  std::string backend;  ///< id of QEMU's memory backend; empty if QEMU was not asked
  std::string path;     ///< that the file was opened by; empty for anonymous memory
  std::uint64_t inode = 0;
  std::uint64_t file_offset = 0;
};

/// What was attached to. A field that is not known is empty.
struct AttachReport {
  std::string qemu_version;
  std::string machine;
  std::string accelerator;            ///< kvm, tcg, or unknown
  std::vector<ReportRow> rows;        ///< ascending
  std::vector<std::string> warnings;  ///< what works, but not as one may expect; a sentence each
};

struct Attachment {
  GuestMemory memory;
  AttachReport report;
};

/// The guest memory that an attach spec names (docs/memory.md has the grammar):
///
///     file:PATH,machine=NAME|base=ADDRESS[,size=SIZE][,ro|,shared][,qtest=PATH]
///     qmp:PATH[,ro|,shared][,watch=PATH][,qtest=PATH]
///     mock:[PATH],size=SIZE[,machine=NAME|,base=ADDRESS][,image=FILE][,fill=BYTE][,ro|,shared]
///
/// `file:` opens what a running guest owns: it never creates, truncates, unlinks or changes the
/// mode of it. `qmp:` asks the QEMU behind a QMP socket for files and map, and opens them likewise.
/// `mock:` creates the file, or reuses one of exactly that size; without a path it is anonymous.
/// A second writer of a file is refused unless it says `shared`. `watch` and `qtest` are for a
/// GuestSession. Throws AttachError. Thread-safe.
GuestMemory attach(std::string_view spec);

/// The same, and what was found.
Attachment attach_with_report(std::string_view spec);

}  // namespace guestlink
