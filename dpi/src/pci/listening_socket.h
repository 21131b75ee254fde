// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "guestlink/mapping.h"

namespace guestlink::detail {

/// A non-blocking unix stream socket that listens at `path`, of mode 0600. Its folder is made, of
/// mode 0700, if only that is missing. The socket is made in a private folder beside `path` and
/// moved there when it listens: at no moment may others connect, and who finds it can connect. A
/// socket that nobody has is replaced; anything else at `path` is refused, and not disturbed.
/// Throws std::runtime_error.
FileDescriptor listen_unix(const std::string& path);

}  // namespace guestlink::detail
