// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "console.h"

#include <stdbool.h>
#include <stdint.h>

#include "io.h"

enum {
  kCom1 = 0x3F8,
  kLineStatus = kCom1 + 5,
  kTransmitReady = 1 << 5,
  kTransmitEmpty = 1 << 6,
  kDebugExit = 0xF4,
};

void console_open(void) {
  out8(kCom1 + 1, 0);     // no interrupts
  out8(kCom1 + 3, 0x80);  // the divisor's latch
  out8(kCom1 + 0, 1);     // 115200 baud
  out8(kCom1 + 1, 0);
  out8(kCom1 + 3, 0x03);  // 8 bits, no parity, 1 stop bit
  out8(kCom1 + 2, 0x07);  // FIFOs on and empty
}

static void put(char character) {
  while ((in8(kLineStatus) & kTransmitReady) == 0) {
    pause();
  }
  out8(kCom1, (uint8_t)character);
}

static void put_text(const char* text) {
  while (*text != '\0') {
    put(*text++);
  }
}

struct number_format {
  unsigned width;
  bool zeros;
  bool wide;
};

static void put_digits(const char* last, unsigned count, struct number_format format) {
  for (unsigned i = count; i < format.width; ++i) {
    put(format.zeros ? '0' : ' ');
  }
  while (count-- > 0) {
    put(*last--);
  }
}

static void put_hex(uint64_t value, struct number_format format) {
  char digits[16];
  unsigned count = 0;
  do {
    digits[count++] = "0123456789abcdef"[value & 0xF];
    value >>= 4;
  } while (value != 0);
  put_digits(digits + count - 1, count, format);
}

static void put_decimal(uint32_t value, struct number_format format) {
  char digits[10];
  unsigned count = 0;
  do {
    digits[count++] = (char)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  put_digits(digits + count - 1, count, format);
}

static const char* read_format(const char* at, struct number_format* format) {
  *format = (struct number_format){0};
  for (; *at >= '0' && *at <= '9'; ++at) {
    format->zeros = format->zeros || (*at == '0' && format->width == 0);
    format->width = format->width * 10 + (unsigned)(*at - '0');
  }
  if (at[0] == 'l' && at[1] == 'l') {
    format->wide = true;
    at += 2;
  }
  return at;
}

static void say_list(const char* at, va_list arguments) {
  for (; *at != '\0'; ++at) {
    if (*at != '%') {
      put(*at);
      continue;
    }
    struct number_format format;
    at = read_format(at + 1, &format);
    switch (*at) {
      case 's':
        put_text(va_arg(arguments, const char*));
        break;
      case 'c':
        put((char)va_arg(arguments, int));
        break;
      case 'u':
        put_decimal(va_arg(arguments, uint32_t), format);
        break;
      case 'x':
        put_hex(format.wide ? va_arg(arguments, uint64_t) : va_arg(arguments, uint32_t), format);
        break;
      default:
        put(*at);
        break;
    }
  }
}

void say(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say_list(format, arguments);
  va_end(arguments);
  put_text("\r\n");
}

void say_part(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say_list(format, arguments);
  va_end(arguments);
}

noreturn void finish(int code) {
  put_text("\r\n");
  while ((in8(kLineStatus) & kTransmitEmpty) == 0) {
    pause();
  }
  out8(kDebugExit, (uint8_t)code);
  for (;;) {  // a machine without that device
    __asm__ volatile("cli; hlt");
  }
}

noreturn void fail(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  put_text("PCI-CHECK: FAIL ");
  say_list(format, arguments);
  va_end(arguments);
  finish(kExitFail);
}
