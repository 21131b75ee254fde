// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Interrupt vectors, the local APIC (message-signalled interrupts) and the 8259 pair (INTx).
#pragma once

#include <stdint.h>
#include <stdnoreturn.h>

/// Runs with interrupts off; the end of the interrupt is told to the controller after it.
typedef void (*interrupt_handler)(void);

enum {
  kVectorPic = 0x20,  // 16 of them
  kVectorMsix = 0x40,
  kVectorSpurious = 0xFF,
};

/// Exceptions end the program with FAIL from here on; all interrupts are masked, and then on.
void interrupts_open(void);
void interrupts_set_handler(uint8_t vector, interrupt_handler handler);
/// Lets one line of the 8259 pair through, or none with 0.
void interrupts_select_line(uint8_t line);
/// What a device writes, and where, to raise `kVectorMsix`.
uint32_t interrupts_message_address(void);
/// An exception with no table of handlers: resets the machine.
noreturn void interrupts_triple_fault(void);
