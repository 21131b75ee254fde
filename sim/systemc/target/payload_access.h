// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm>

#include "guestlink/guest_memory.h"

namespace guestlink {

/// The response that stands for a status: kOk TLM_OK_RESPONSE, kOutOfRange
/// TLM_ADDRESS_ERROR_RESPONSE, kReadOnly TLM_COMMAND_ERROR_RESPONSE, all else
/// TLM_GENERIC_ERROR_RESPONSE.
[[nodiscard]] tlm::tlm_response_status response_of(AccessStatus status) noexcept;

/// Does what a payload asks of guest memory, and sets its response and its DMI hint (true after a
/// read or write that is OK). In this order:
///
///     TLM_IGNORE_COMMAND                        OK, nothing looked at and nothing moved
///     another command than read and write       TLM_COMMAND_ERROR_RESPONSE
///     no data pointer                           TLM_GENERIC_ERROR_RESPONSE
///     data length 0, streaming width 0          TLM_BURST_ERROR_RESPONSE
///     byte enables of length 0, or a used one   TLM_BYTE_ENABLE_ERROR_RESPONSE
///     that is neither 0x00 nor 0xFF
///     memory lost                               TLM_GENERIC_ERROR_RESPONSE
///     any addressed byte not RAM                TLM_ADDRESS_ERROR_RESPONSE
///     any to be written read-only               TLM_COMMAND_ERROR_RESPONSE
///
/// Byte n of the data is at address + n % streaming width (IEEE 1666-2011 14.12), and enabled by
/// byte n % length of the enables (14.10). The range is judged whole, whatever the enables: a
/// refused payload moves no byte. Only when the memory is lost on the way may some have moved.
/// Disabled bytes are neither read nor written, in the guest and in the payload. A run of enabled
/// bytes that is 1, 2, 4 or 8 long and aligned to that is single-copy atomic.
///
/// Threads: as GuestMemory's accesses. Nothing allocates, throws, locks or waits.
void execute_payload(GuestMemory& memory, tlm::tlm_generic_payload& payload) noexcept;

/// The same for transport_dbg, which goes by command, address, data and length alone: as many bytes
/// from the first on as are RAM (that may be written); how many. 0 for TLM_IGNORE_COMMAND and when
/// the memory is lost. Leaves the response as it is.
[[nodiscard]] unsigned int execute_debug(GuestMemory& memory,
                                         tlm::tlm_generic_payload& payload) noexcept;

}  // namespace guestlink
