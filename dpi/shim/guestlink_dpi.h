/* Copyright The Guestlink Authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The C ABI of Guestlink: what `guestlink_pkg` imports and `libguestlink_dpi.so` exports, nothing
 * else. docs/dpi.md is the contract. The types are those that simulators generate for two-state DPI
 * arguments; tests compile this header together with Verilator's generated one.
 *
 * Every access returns a status (0 is done, see the enum); one that fails moves no byte and leaves
 * output arguments alone, but for the one that meets the loss of the memory (docs/dpi.md), and
 * guestlink_last_error() tells what it was. Addresses are
 * guest-physical and lengths are bytes. Nothing is thrown, printed or ended. Functions may be
 * called from any thread at once; a handle must not be closed while another thread uses it.
 */
#ifndef GUESTLINK_DPI_H_
#define GUESTLINK_DPI_H_

#include "svdpi.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

enum guestlink_status_e {
  GUESTLINK_OK = 0,
  GUESTLINK_OUT_OF_RANGE = 1, /* some addressed byte is not RAM */
  GUESTLINK_READ_ONLY = 2,    /* a write to read-only memory */
  GUESTLINK_DETACHED = 3,     /* the memory is gone */
  GUESTLINK_BAD_HANDLE = 4,   /* null, closed or never opened handle */
  GUESTLINK_BAD_ARGUMENT = 5, /* a misaligned atomic or beat, a bad size or a null pointer */
  GUESTLINK_IO_ERROR = 6,     /* a file to load from or save to, or the qtest socket, failed */
  GUESTLINK_PARTIAL = 7,      /* the memory went away during this write */
  GUESTLINK_UNSUPPORTED = 8   /* this guest has no way to do it */
};

/* Whether a guest is at a PCI endpoint; the values are PciLink of the C++ API. */
enum guestlink_pci_link_e {
  GUESTLINK_PCI_LISTENING = 0, /* none has come yet */
  GUESTLINK_PCI_CONNECTED = 1,
  GUESTLINK_PCI_ENDED = 2 /* it has gone, and no other will come; and for a bad handle */
};

/* What guestlink_mmio_next() has found. */
enum guestlink_mmio_e {
  GUESTLINK_MMIO_NONE = 0,
  GUESTLINK_MMIO_REQUEST = 1, /* make this access */
  GUESTLINK_MMIO_RESET = 2    /* reset the device */
};

/* Attaches to the memory an attach spec names; null if that fails. */
void* guestlink_open(const char* spec);
/* What the last failed call of this thread was, with its arguments and status; "" if none failed.
 * Valid until the next call of it by this thread. */
const char* guestlink_last_error(void);
/* Done once, then GUESTLINK_BAD_HANDLE. */
int guestlink_close(void* handle);
/* GUESTLINK_OK, GUESTLINK_DETACHED once the memory is lost (guestlink_last_error() then says why
 * and what to do), or GUESTLINK_BAD_HANDLE. */
int guestlink_status(void* handle);
/* Attaches anew to what the handle's spec names, after a reset or a restart of the guest. The
 * handle stays the same; no other call on it may be under way. GUESTLINK_OK, or GUESTLINK_DETACHED
 * while the guest is not back (guestlink_last_error() says why). */
int guestlink_reattach(void* handle);
/* Grows with each loss of the memory and each new attachment: odd while there, from 1 on, even once
 * lost. 0 for a handle that is not open. */
unsigned long long guestlink_generation(void* handle);
/* A handle as a number, for ports; 0 for one that is not open. And back; null for what is not open.
 */
unsigned long long guestlink_id(void* handle);
void* guestlink_from_id(unsigned long long id);
/* "OK" to "UNSUPPORTED", else "UNKNOWN". */
const char* guestlink_status_name(int status);

/* Scalars, little-endian. Naturally aligned ones are single-copy atomic; reads acquire, writes
 * release. */
int guestlink_read8(void* handle, unsigned long long address, unsigned char* data);
int guestlink_read16(void* handle, unsigned long long address, unsigned short* data);
int guestlink_read32(void* handle, unsigned long long address, unsigned int* data);
int guestlink_read64(void* handle, unsigned long long address, unsigned long long* data);
int guestlink_write8(void* handle, unsigned long long address, unsigned char data);
int guestlink_write16(void* handle, unsigned long long address, unsigned short data);
int guestlink_write32(void* handle, unsigned long long address, unsigned int data);
int guestlink_write64(void* handle, unsigned long long address, unsigned long long data);

/* Atomics on aligned words; `previous` is the value found, swapped or not. */
int guestlink_compare_swap32(void* handle, unsigned long long address, unsigned int expected,
                             unsigned int desired, unsigned int* previous);
int guestlink_compare_swap64(void* handle, unsigned long long address, unsigned long long expected,
                             unsigned long long desired, unsigned long long* previous);
int guestlink_fetch_add32(void* handle, unsigned long long address, unsigned int operand,
                          unsigned int* previous);
int guestlink_fetch_add64(void* handle, unsigned long long address, unsigned long long operand,
                          unsigned long long* previous);

/* Bus beats of W bits at an address aligned to W/8: bit [W-1:0] data, bit [W/8-1:0] strobe. Byte
 * lane n is data[8*n +: 8] and the byte at address + n. Each aligned 8-byte lane with all strobes
 * is one access. */
int guestlink_read_beat32(void* handle, unsigned long long address, svBitVecVal* data);
int guestlink_read_beat64(void* handle, unsigned long long address, svBitVecVal* data);
int guestlink_read_beat128(void* handle, unsigned long long address, svBitVecVal* data);
int guestlink_read_beat256(void* handle, unsigned long long address, svBitVecVal* data);
int guestlink_read_beat512(void* handle, unsigned long long address, svBitVecVal* data);
int guestlink_read_beat1024(void* handle, unsigned long long address, svBitVecVal* data);
int guestlink_write_beat32(void* handle, unsigned long long address, const svBitVecVal* data,
                           const svBitVecVal* strobe);
int guestlink_write_beat64(void* handle, unsigned long long address, const svBitVecVal* data,
                           const svBitVecVal* strobe);
int guestlink_write_beat128(void* handle, unsigned long long address, const svBitVecVal* data,
                            const svBitVecVal* strobe);
int guestlink_write_beat256(void* handle, unsigned long long address, const svBitVecVal* data,
                            const svBitVecVal* strobe);
int guestlink_write_beat512(void* handle, unsigned long long address, const svBitVecVal* data,
                            const svBitVecVal* strobe);
int guestlink_write_beat1024(void* handle, unsigned long long address, const svBitVecVal* data,
                             const svBitVecVal* strobe);

/* Blocks of the size of `data`, a one-dimensional `byte unsigned data[]`: its element of the lowest
 * index is the byte at `address`, whichever way its range runs. */
int guestlink_read_block(void* handle, unsigned long long address, const svOpenArrayHandle data);
int guestlink_write_block(void* handle, unsigned long long address, const svOpenArrayHandle data);

/* A block that the guest's CPUs may have executed, or may be migrating: where TCG keeps
 * translations of it, it goes through QEMU by the socket that the spec's key qtest= names, slow and
 * right. GUESTLINK_UNSUPPORTED without one, GUESTLINK_IO_ERROR or GUESTLINK_PARTIAL if QEMU does
 * not answer. Not to be called by two threads at once on one handle. */
int guestlink_write_code(void* handle, unsigned long long address, const svOpenArrayHandle data);

int guestlink_fill(void* handle, unsigned long long address, unsigned long long length,
                   unsigned char value);
/* The ranges may overlap. */
int guestlink_copy(void* handle, unsigned long long destination, unsigned long long source,
                   unsigned long long length);
/* `first_difference` is the offset of the first byte that differs, or `length`. */
int guestlink_compare(void* handle, unsigned long long a, unsigned long long b,
                      unsigned long long length, unsigned long long* first_difference);
/* CRC-32C (Castagnoli). */
int guestlink_crc32c(void* handle, unsigned long long address, unsigned long long length,
                     unsigned int* crc);
/* The whole regular file `path` to `address`; `length` is its size. */
int guestlink_load_file(void* handle, unsigned long long address, const char* path,
                        unsigned long long* length);
/* The range to the file `path`, made or replaced as a whole. */
int guestlink_save_file(void* handle, unsigned long long address, unsigned long long length,
                        const char* path);

/* RAM region number `index`, in ascending order of address; GUESTLINK_OUT_OF_RANGE past the last.
 */
int guestlink_region(void* handle, unsigned int index, unsigned long long* base,
                     unsigned long long* length, int* writable);
/* Full memory barrier between this thread's accesses before and after it. */
void guestlink_fence(void);

/* A PCI device of a guest: docs/pci.md has the spec, dpi/include/guestlink/pci_endpoint.h the
 * rules. One thread at a time for each endpoint and its memory. Null if the spec is malformed or
 * the socket cannot be made. */
void* guestlink_pci_open(const char* spec);
/* Ends the connection, and closes the memory: done once, then GUESTLINK_BAD_HANDLE. */
int guestlink_pci_close(void* handle);
/* What the device may reach by DMA: a handle for all functions above, as long as the endpoint is
 * open. guestlink_close() refuses it: GUESTLINK_BAD_ARGUMENT. */
void* guestlink_pci_memory(void* handle);
/* A handle as a number, for ports, and back: as guestlink_id() and guestlink_from_id(). */
unsigned long long guestlink_pci_id(void* handle);
void* guestlink_pci_from_id(unsigned long long id);
/* A value of guestlink_pci_link_e. */
int guestlink_pci_link(void* handle);
/* Sleeps until the guest wants something, so long (60,000 ms) at most; the link then. */
int guestlink_pci_wait(void* handle, unsigned int milliseconds);
/* The next thing that the user should know; "" if there is none. Valid until the next call of this
 * or another function here that gives text, by this thread. */
const char* guestlink_pci_message(void* handle);
/* Why the connection was ended by this side, or that QEMU refused the device; "" if the guest went,
 * or is there. Valid as the message is. */
const char* guestlink_pci_failure(void* handle);
/* The option that gives QEMU this device. */
const char* guestlink_pci_option(void* handle, int lock_step);

/* For axil_guest_mmio, each clock: what the RTL behind BAR `bar` has to do now, a value of
 * guestlink_mmio_e. `address` is in the BAR, `size` 1, 2, 4 or 8 bytes. */
int guestlink_mmio_next(void* handle, unsigned int bar, int takes_resets,
                        unsigned long long* address, unsigned long long* data, unsigned int* size,
                        int* write);
/* It is done; `data` is what was read. Not `okay`: the guest reads ones. */
int guestlink_mmio_complete(void* handle, unsigned long long data, int okay);
/* For guest_irq: the interrupt wire of a vector has changed, or was pulsed.
 * GUESTLINK_BAD_ARGUMENT: the device has no such vector. */
int guestlink_irq_level(void* handle, unsigned int vector, int level);
int guestlink_irq_pulse(void* handle, unsigned int vector);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* GUESTLINK_DPI_H_ */
