// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The copy subset of Intel I/OAT (QuickData) v3.4 as the RTL engine implements it: registers (BAR0
// byte offsets, channel 0), their bits, and the descriptor. Names follow the Linux driver's
// definitions (drivers/dma/ioat of kernel 6.1), which are the source of these facts.
#pragma once

#include <stdint.h>

/// Device registers.
enum {
  kIoatChancnt = 0x00,     // 8 bits
  kIoatXfercap = 0x01,     // 8 bits: log2 of the largest transfer of one descriptor
  kIoatIntrctrl = 0x03,    // 8 bits
  kIoatAttnstatus = 0x04,  // 32 bits, cleared by reading
  kIoatVer = 0x08,         // 8 bits
};

/// Registers of channel 0.
enum {
  kIoatChanctrl = 0x80,   // 16 bits
  kIoatChancmd = 0x84,    // 8 bits
  kIoatDmacount = 0x86,   // 16 bits
  kIoatChansts = 0x88,    // 64 bits
  kIoatChainaddr = 0x90,  // 64 bits, low half first
  kIoatChancmp = 0x98,    // 64 bits, low half first
  kIoatChanerr = 0xA8,    // 32 bits, write 1 to clear
};

enum {
  kIoatVersion34 = 0x34,
  kIoatIntrMasterEnable = 1 << 0,
  kIoatIntrStatus = 1 << 1,
  kIoatIntrVectorControl = 1 << 3,  // one MSI-X vector a channel
  kIoatChancmdReset = 1 << 5,
  kIoatChanctrlRearm = 1 << 0,
  // What the driver writes: re-arm, completion write on error, abort on any error, error interrupt.
  kIoatChanctrlRun = 0x1D,
};

/// CHANSTS and the completion record: [63:6] last completed descriptor, [2:0] one of these.
enum {
  kIoatStatusMask = 0x7,
  kIoatActive = 0,
  kIoatDone = 1,
  kIoatSuspended = 2,
  kIoatHalted = 3,
};
#define IOAT_ADDRESS_MASK (~UINT64_C(0x3F))

/// CHANERR bits that the checks provoke.
enum {
  kIoatErrorReadData = 1 << 8,
  kIoatErrorWriteData = 1 << 9,
  kIoatErrorControl = 1 << 10,
  kIoatErrorLength = 1 << 11,
};

/// Descriptor control bits.
enum {
  kIoatControlInterrupt = 1 << 0,
  kIoatControlCompletion = 1 << 3,
  kIoatControlFence = 1 << 4,
  kIoatControlNull = 1 << 5,
};
#define IOAT_OPERATION(code) ((uint32_t)(code) << 24)
enum { kIoatOperationXor = 0x87 };  // a copy is 0

/// 64 bytes, 64-byte aligned. The engine reads it and never writes it.
struct ioat_descriptor {
  uint32_t size;     // bytes, 1 to 2^XFERCAP
  uint32_t control;  // the bits above
  uint64_t source;
  uint64_t destination;
  uint64_t next;
  uint64_t reserved[2];
  uint64_t software[2];  // the driver's own
};
_Static_assert(sizeof(struct ioat_descriptor) == 64, "a descriptor is 64 bytes");
