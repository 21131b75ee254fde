// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string_view>

#include "guestlink/guest_memory.h"

namespace guestlink {

/// Why a spec gave no memory: the message holds the spec, the part of it or the path that is at
/// fault, its value, what was expected and what to do.
class AttachError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The guest memory that an attach spec names (docs/memory.md has the grammar):
///
///     file:PATH,machine=NAME|base=ADDRESS[,size=SIZE][,ro|,shared]
///     mock:[PATH],size=SIZE[,machine=NAME|,base=ADDRESS][,image=FILE][,fill=BYTE][,ro|,shared]
///
/// `file:` opens what a running guest owns: it never creates, truncates, unlinks or changes the
/// mode of it. `mock:` creates the file, or reuses one of exactly that size; without a path it is
/// anonymous. A file has one writer, unless all say `shared`. Throws AttachError. Thread-safe.
GuestMemory attach(std::string_view spec);

}  // namespace guestlink
