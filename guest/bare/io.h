// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// What only the processor can do: ports, memory registers, time stamps, interrupts on and off.
#pragma once

#include <stdint.h>

static inline void out8(uint16_t port, uint8_t value) {
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t in8(uint16_t port) {
  uint8_t value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

static inline void out16(uint16_t port, uint16_t value) {
  __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint16_t in16(uint16_t port) {
  uint16_t value;
  __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

static inline void out32(uint16_t port, uint32_t value) {
  __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint32_t in32(uint16_t port) {
  uint32_t value;
  __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

static inline void write8(uintptr_t address, uint8_t value) { *(volatile uint8_t*)address = value; }
static inline void write16(uintptr_t address, uint16_t value) {
  *(volatile uint16_t*)address = value;
}
static inline void write32(uintptr_t address, uint32_t value) {
  *(volatile uint32_t*)address = value;
}
static inline uint8_t read8(uintptr_t address) { return *(volatile uint8_t*)address; }
static inline uint16_t read16(uintptr_t address) { return *(volatile uint16_t*)address; }
static inline uint32_t read32(uintptr_t address) { return *(volatile uint32_t*)address; }

static inline uint64_t time_stamp(void) {
  uint32_t low;
  uint32_t high;
  __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
  return (uint64_t)high << 32 | low;
}

/// x86 keeps loads and stores in order; this keeps the compiler from moving them.
static inline void barrier(void) { __asm__ volatile("" : : : "memory"); }

/// In a loop that waits: lets the emulator do something else.
static inline void pause(void) { __asm__ volatile("pause" : : : "memory"); }

static inline void interrupts_on(void) { __asm__ volatile("sti" : : : "memory"); }
static inline void interrupts_off(void) { __asm__ volatile("cli" : : : "memory"); }
