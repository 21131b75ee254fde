// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Handles of PCI endpoints for C++ programs that make one and hand it to a model. Needs no svdpi.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "guestlink/access_status.h"
#include "guestlink/pci_endpoint.h"

namespace guestlink {

/// Endpoints that may be open at once in one process.
inline constexpr std::size_t kMaximumEndpoints = 64;

/// Makes an endpoint, with guest memory in the table of memory handles, and returns its id: what
/// `guestlink_pci_id` gives in SystemVerilog. `client`, where there is one, is a connected socket
/// in the place of the spec's path. Throws what PciEndpoint does, and std::runtime_error if a table
/// is full. Thread-safe.
std::uint64_t open_endpoint(std::string_view spec);
std::uint64_t open_endpoint(std::string_view spec, FileDescriptor client);

/// The endpoint of an id, or null; and the id of its memory, or 0. Valid until it is closed.
PciEndpoint* endpoint_from_id(std::uint64_t id) noexcept;
std::uint64_t endpoint_memory_id(std::uint64_t id) noexcept;

/// Ends the connection and closes the memory: kOk once, then kBadHandle.
AccessStatus close_endpoint(std::uint64_t id) noexcept;

}  // namespace guestlink
