// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "guestlink/mapping.h"

namespace guestlink::detail {

/// Opens what is there, never creates or waits. `expected` is what the path should be and
/// `if_missing` what to do if nothing is there, for the message. Throws std::runtime_error.
FileDescriptor open_existing(const std::string& path, bool read_only, const std::string& expected,
                             const std::string& if_missing);

/// Size of an open file. Throws std::runtime_error for what is not a regular one.
std::uint64_t size_of_file(int fd, const std::string& path, const std::string& expected);

/// Takes the lock of the one writer, or with `shared` that of one of several. `fd` is open for
/// reading and writing. Throws std::runtime_error if somebody else has it.
void claim_for_writing(int fd, const std::string& path, bool shared);

}  // namespace guestlink::detail
