// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Keeps a second writer out of a guest's RAM file, unless both say that they share it.
#pragma once

namespace guestlink::detail {

/// Takes the file's lock for as long as the open file description lasts: the writer's, or with
/// `shared` one that others with `shared` may have too. False if someone else's lock is in the way,
/// which it never is with `shared`, nor on a file system that has no locks. `fd` is open for
/// reading and writing.
bool lock_for_writing(int fd, bool shared) noexcept;

void unlock_for_writing(int fd) noexcept;

}  // namespace guestlink::detail
