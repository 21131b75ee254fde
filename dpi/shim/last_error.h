// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "guestlink/access_status.h"

namespace guestlink::detail {

/// Keeps what failed, for this thread: a few stores, no text. `function` must live for ever; `path`
/// is copied. errno is kept too, for kIoError.
void record_failure(const char* function, std::uint64_t address, std::uint64_t length,
                    AccessStatus status, const char* path = nullptr) noexcept;

/// Keeps the text of a failed set-up.
void record_message(const char* message) noexcept;

/// The last failure as text; "" if there was none. Valid until this thread calls it again.
const char* last_error_text() noexcept;

}  // namespace guestlink::detail
