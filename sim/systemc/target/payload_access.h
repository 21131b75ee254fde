// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm>

#include "guestlink/guest_memory.h"

namespace guestlink {

/// Does what a generic payload says in guest memory; the response status it has earned, which the
/// caller sets:
///
///     done; TLM_IGNORE_COMMAND                                 TLM_OK_RESPONSE
///     no bytes; a streaming width of 0                         TLM_BURST_ERROR_RESPONSE
///     enables of length 0, or neither 0x00 nor 0xFF            TLM_BYTE_ENABLE_ERROR_RESPONSE
///     a byte that is not RAM; a range that wraps               TLM_ADDRESS_ERROR_RESPONSE
///     a write that touches read-only memory                    TLM_COMMAND_ERROR_RESPONSE
///     memory that is lost; no data pointer; another command    TLM_GENERIC_ERROR_RESPONSE
///
/// The first that holds, from above. One that is refused moves no byte; memory that goes away
/// meanwhile may have taken some of a write. Bytes that are not enabled are neither read nor
/// written, but must be RAM all the same. With a streaming width below the length the beats go to
/// the same addresses, one after the other (IEEE 1666-2011, 14.12). 1, 2, 4 or 8 bytes at an
/// aligned address, all enabled, are one single-copy atomic access: a load acquires, a store
/// releases.
tlm::tlm_response_status access_payload(GuestMemory& memory,
                                        const tlm::tlm_generic_payload& payload);

/// The same for the debug transport: the bytes moved, from the first on, up to the first that may
/// not be. Enables and streaming width do not count (IEEE 1666-2011, 11.2.4).
unsigned debug_payload(GuestMemory& memory, const tlm::tlm_generic_payload& payload);

}  // namespace guestlink
