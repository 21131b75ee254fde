// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// COM1, and the end of the program.
#pragma once

#include <stdarg.h>
#include <stdnoreturn.h>

/// What `-device isa-debug-exit,iobase=0xf4` gets; QEMU's exit status is twice that, plus one.
enum {
  kExitPass = 0x10,  // 33
  kExitFail = 0x11,  // 35
};

void console_open(void);
/// A line. Conversions: %s, %c, and %u, %x, %llx with an optional 0 and width.
void say(const char* format, ...) __attribute__((format(printf, 1, 2)));
/// The same without an end of line.
void say_part(const char* format, ...) __attribute__((format(printf, 1, 2)));
/// Ends the line and the program.
noreturn void finish(int code);
/// The last line "PCI-CHECK: FAIL why", and the end.
noreturn void fail(const char* format, ...) __attribute__((format(printf, 1, 2)));
