// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "attach/mtree.h"
#include "attach/qmp_client.h"
#include "guestlink/address_map.h"

namespace guestlink::detail {

/// A memory backend of QEMU, as it describes it.
struct Backend {
  std::string id;
  std::string type;  ///< memory-backend-file, -memfd, -shm, -ram
  std::string path;  ///< mem-path of a file; else empty
  std::uint64_t size = 0;
  std::uint64_t offset = 0;  ///< of its first byte in the file
  bool share = false;
  bool read_only = false;
};

/// What QEMU says of itself and of its guest.
struct QmpGuest {
  std::string version;      ///< such as 7.2.22
  std::string machine;      ///< such as pc-i440fx-7.2
  std::string accelerator;  ///< kvm, tcg, or unknown
  bool x86 = false;
  std::vector<std::string> warnings;
};

/// Asks for all but the memory. Throws std::runtime_error.
QmpGuest ask_guest(QmpClient& qmp);

/// Whether its target is an x86. Throws std::runtime_error.
bool ask_x86(QmpClient& qmp);

/// The backends that hold a row of `view`. Throws std::runtime_error, telling what to change on
/// QEMU's command line, if there is none.
std::vector<Backend> ask_backends(QmpClient& qmp, const std::vector<MtreeRow>& view);

/// The rows of `view` that show a backend, `file` being its index. What a device must not touch is
/// left out: other memory, MMIO, and on x86 0xA0000 to 0xFFFFF, where VGA and write-protected
/// shadow ROM come and go. Throws std::runtime_error for a row that its backend cannot hold.
std::vector<MapRow> guest_rows(const std::vector<MtreeRow>& view,
                               const std::vector<Backend>& backends, bool x86);

}  // namespace guestlink::detail
