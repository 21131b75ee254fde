// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attach/peer_process.h"
#include "attach/qmp_guest.h"

namespace guestlink::detail {

/// Opens the file of a backend: the one that QEMU has mapped, where its process may be looked into
/// (`mapped`), else what is at the backend's path. Throws std::runtime_error with what to do.
OpenedFile open_backend(const Backend& backend, const PeerProcess& process,
                        const std::optional<HostMapping>& mapped, bool read_only,
                        std::vector<std::string>& warnings);

/// Refuses a file too short for its backend; warns of one that is longer, and of a file system with
/// less room than the guest may still take.
void check_size(const Backend& backend, const OpenedFile& file, std::vector<std::string>& warnings);

}  // namespace guestlink::detail
