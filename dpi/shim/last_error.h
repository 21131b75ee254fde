// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "guestlink/access_status.h"

namespace guestlink::detail {

/// What a call was given, for its message. Names must live for ever; `path` is copied when kept.
struct Operands {
  std::uint64_t address = 0;
  std::uint64_t length = 0;
  const char* path = nullptr;
  const char* address_name = "address";  ///< "index" goes without a length
  const char* other_name = nullptr;      ///< of a second address, where there is one
  std::uint64_t other = 0;
};

/// Keeps what failed, for this thread: a few stores, no text. `function` must live for ever. errno
/// is kept too, for kIoError.
void record_failure(const char* function, std::uint64_t handle, AccessStatus status,
                    const Operands& operands) noexcept;

/// Keeps the text of a failed set-up.
void record_message(const char* message) noexcept;

/// The last failure as text; "" if there was none. Valid until this thread calls it again.
const char* last_error_text() noexcept;

}  // namespace guestlink::detail
