// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Each function: look the handle up, convert, one call, convert. Open arrays are in
// guestlink_dpi_block.cpp.
#include "guestlink_dpi.h"

#include <bit>
#include <concepts>
#include <exception>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "access.h"
#include "guestlink/guest_session.h"

namespace {

using guestlink::AccessStatus;
using guestlink::GuestMemory;
using guestlink::GuestSession;
using guestlink::detail::access;
using guestlink::detail::id_of;
using guestlink::detail::Operands;
using std::uint64_t;

// The C types differ from the <cstdint> ones of the same size (unsigned long long, unsigned long).
template <std::unsigned_integral T>
using Word = std::conditional_t<
    sizeof(T) == 1, std::uint8_t,
    std::conditional_t<sizeof(T) == 2, std::uint16_t,
                       std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;

// Runs `call` with a word of our own and hands it out only if that succeeds.
template <std::unsigned_integral T, typename Call>
AccessStatus with_output(T* output, Call call) noexcept {
  if (output == nullptr) return AccessStatus::kBadArgument;
  Word<T> word{};
  const AccessStatus status = call(word);
  if (status == AccessStatus::kOk) *output = word;
  return status;
}

template <std::unsigned_integral T>
int load(const char* function, void* handle, uint64_t address, T* data) noexcept {
  return access(function, handle, {address, sizeof(T)}, [=](GuestMemory& memory) {
    return with_output(data, [&](Word<T>& word) { return memory.load(address, word); });
  });
}

template <std::unsigned_integral T>
int store(const char* function, void* handle, uint64_t address, T data) noexcept {
  return access(function, handle, {address, sizeof(T)}, [=](GuestMemory& memory) {
    return memory.store(address, static_cast<Word<T>>(data));
  });
}

template <std::unsigned_integral T>
int compare_swap(const char* function, void* handle, uint64_t address, T expected, T desired,
                 T* previous) noexcept {
  return access(function, handle, {address, sizeof(T)}, [=](GuestMemory& memory) {
    return with_output(previous, [&](Word<T>& word) {
      return memory.compare_swap<Word<T>>(address, expected, desired, word);
    });
  });
}

template <std::unsigned_integral T>
int fetch_add(const char* function, void* handle, uint64_t address, T operand,
              T* previous) noexcept {
  return access(function, handle, {address, sizeof(T)}, [=](GuestMemory& memory) {
    return with_output(
        previous, [&](Word<T>& word) { return memory.fetch_add<Word<T>>(address, operand, word); });
  });
}

template <std::size_t Bits>
int read_beat(const char* function, void* handle, uint64_t address, svBitVecVal* data) noexcept {
  return access(function, handle, {address, Bits / 8}, [=](GuestMemory& memory) {
    if (data == nullptr) return AccessStatus::kBadArgument;
    return memory.read_beat<Bits / 8>(address, data);
  });
}

template <std::size_t Bits>
int write_beat(const char* function, void* handle, uint64_t address, const svBitVecVal* data,
               const svBitVecVal* strobe) noexcept {
  return access(function, handle, {address, Bits / 8}, [=](GuestMemory& memory) {
    if (data == nullptr || strobe == nullptr) return AccessStatus::kBadArgument;
    return memory.write_beat<Bits / 8>(address, data, strobe);
  });
}

// Null if the memory cannot be registered.
void* open_memory(const char* spec) {
  if (spec == nullptr) throw std::invalid_argument("attach spec is a null pointer");
  const uint64_t id = guestlink::register_session(guestlink::GuestSession(spec));
  if (id == 0) {
    throw std::runtime_error("attach spec '" + std::string(spec) +
                             "': " + std::to_string(guestlink::kMaximumHandles) +
                             " handles are open already; close one first");
  }
  return guestlink_from_id(id);
}

// Whether there was memory for the text.
bool record_loss(const GuestSession& session) noexcept try {
  guestlink::detail::record_message(session.loss().c_str());
  return true;
} catch (const std::exception&) {
  return false;
}

}  // namespace

void* guestlink_open(const char* spec) try {
  return open_memory(spec);
} catch (const std::exception& error) {
  guestlink::detail::record_message(error.what());
  return nullptr;
}

const char* guestlink_last_error(void) { return guestlink::detail::last_error_text(); }

int guestlink_close(void* handle) {
  const AccessStatus status = guestlink::close_memory(id_of(handle));
  if (status != AccessStatus::kOk)
    guestlink::detail::record_failure(__func__, id_of(handle), status, {});
  return static_cast<int>(status);
}

int guestlink_status(void* handle) {
  const GuestSession* const session = guestlink::session_from_id(id_of(handle));
  if (session != nullptr && !session->memory().lost()) return GUESTLINK_OK;
  if (session != nullptr && record_loss(*session)) return GUESTLINK_DETACHED;
  const AccessStatus status =
      session != nullptr ? AccessStatus::kDetached : AccessStatus::kBadHandle;
  guestlink::detail::record_failure(__func__, id_of(handle), status, {});
  return static_cast<int>(status);
}

int guestlink_reattach(void* handle) try {
  GuestSession* const session = guestlink::session_from_id(id_of(handle));
  if (session == nullptr) {
    guestlink::detail::record_failure(__func__, id_of(handle), AccessStatus::kBadHandle, {});
    return GUESTLINK_BAD_HANDLE;
  }
  session->reattach();
  return GUESTLINK_OK;
} catch (const std::exception& error) {
  guestlink::detail::record_message(error.what());
  return GUESTLINK_DETACHED;
}

unsigned long long guestlink_generation(void* handle) {
  const GuestMemory* const memory = guestlink::memory_from_id(id_of(handle));
  return memory != nullptr ? memory->generation() : 0;
}

unsigned long long guestlink_id(void* handle) {
  return guestlink::memory_from_id(id_of(handle)) != nullptr ? id_of(handle) : 0;
}

void* guestlink_from_id(unsigned long long id) {
  if (guestlink::memory_from_id(id) == nullptr) return nullptr;
  return std::bit_cast<void*>(std::uint64_t{id});  // a token, see id_of
}

const char* guestlink_status_name(int status) {
  return guestlink::to_string(static_cast<AccessStatus>(status));
}

int guestlink_read8(void* handle, unsigned long long address, unsigned char* data) {
  return load(__func__, handle, address, data);
}
int guestlink_read16(void* handle, unsigned long long address, unsigned short* data) {
  return load(__func__, handle, address, data);
}
int guestlink_read32(void* handle, unsigned long long address, unsigned int* data) {
  return load(__func__, handle, address, data);
}
int guestlink_read64(void* handle, unsigned long long address, unsigned long long* data) {
  return load(__func__, handle, address, data);
}
int guestlink_write8(void* handle, unsigned long long address, unsigned char data) {
  return store(__func__, handle, address, data);
}
int guestlink_write16(void* handle, unsigned long long address, unsigned short data) {
  return store(__func__, handle, address, data);
}
int guestlink_write32(void* handle, unsigned long long address, unsigned int data) {
  return store(__func__, handle, address, data);
}
int guestlink_write64(void* handle, unsigned long long address, unsigned long long data) {
  return store(__func__, handle, address, data);
}

int guestlink_compare_swap32(void* handle, unsigned long long address, unsigned int expected,
                             unsigned int desired, unsigned int* previous) {
  return compare_swap(__func__, handle, address, expected, desired, previous);
}
int guestlink_compare_swap64(void* handle, unsigned long long address, unsigned long long expected,
                             unsigned long long desired, unsigned long long* previous) {
  return compare_swap(__func__, handle, address, expected, desired, previous);
}
int guestlink_fetch_add32(void* handle, unsigned long long address, unsigned int operand,
                          unsigned int* previous) {
  return fetch_add(__func__, handle, address, operand, previous);
}
int guestlink_fetch_add64(void* handle, unsigned long long address, unsigned long long operand,
                          unsigned long long* previous) {
  return fetch_add(__func__, handle, address, operand, previous);
}

int guestlink_read_beat32(void* handle, unsigned long long address, svBitVecVal* data) {
  return read_beat<32>(__func__, handle, address, data);
}
int guestlink_read_beat64(void* handle, unsigned long long address, svBitVecVal* data) {
  return read_beat<64>(__func__, handle, address, data);
}
int guestlink_read_beat128(void* handle, unsigned long long address, svBitVecVal* data) {
  return read_beat<128>(__func__, handle, address, data);
}
int guestlink_read_beat256(void* handle, unsigned long long address, svBitVecVal* data) {
  return read_beat<256>(__func__, handle, address, data);
}
int guestlink_read_beat512(void* handle, unsigned long long address, svBitVecVal* data) {
  return read_beat<512>(__func__, handle, address, data);
}
int guestlink_read_beat1024(void* handle, unsigned long long address, svBitVecVal* data) {
  return read_beat<1024>(__func__, handle, address, data);
}
int guestlink_write_beat32(void* handle, unsigned long long address, const svBitVecVal* data,
                           const svBitVecVal* strobe) {
  return write_beat<32>(__func__, handle, address, data, strobe);
}
int guestlink_write_beat64(void* handle, unsigned long long address, const svBitVecVal* data,
                           const svBitVecVal* strobe) {
  return write_beat<64>(__func__, handle, address, data, strobe);
}
int guestlink_write_beat128(void* handle, unsigned long long address, const svBitVecVal* data,
                            const svBitVecVal* strobe) {
  return write_beat<128>(__func__, handle, address, data, strobe);
}
int guestlink_write_beat256(void* handle, unsigned long long address, const svBitVecVal* data,
                            const svBitVecVal* strobe) {
  return write_beat<256>(__func__, handle, address, data, strobe);
}
int guestlink_write_beat512(void* handle, unsigned long long address, const svBitVecVal* data,
                            const svBitVecVal* strobe) {
  return write_beat<512>(__func__, handle, address, data, strobe);
}
int guestlink_write_beat1024(void* handle, unsigned long long address, const svBitVecVal* data,
                             const svBitVecVal* strobe) {
  return write_beat<1024>(__func__, handle, address, data, strobe);
}

int guestlink_fill(void* handle, unsigned long long address, unsigned long long length,
                   unsigned char value) {
  return access(__func__, handle, {address, length}, [=](GuestMemory& memory) {
    return memory.fill(address, length, std::byte{value});
  });
}

int guestlink_copy(void* handle, unsigned long long destination, unsigned long long source,
                   unsigned long long length) {
  const Operands operands{.address = destination,
                          .length = length,
                          .address_name = "destination",
                          .other_name = "source",
                          .other = source};
  return access(__func__, handle, operands,
                [=](GuestMemory& memory) { return memory.copy(destination, source, length); });
}

int guestlink_compare(void* handle, unsigned long long a, unsigned long long b,
                      unsigned long long length, unsigned long long* first_difference) {
  const Operands operands{
      .address = a, .length = length, .address_name = "a", .other_name = "b", .other = b};
  return access(__func__, handle, operands, [=](GuestMemory& memory) {
    return with_output(first_difference,
                       [&](uint64_t& offset) { return memory.compare(a, b, length, offset); });
  });
}

int guestlink_crc32c(void* handle, unsigned long long address, unsigned long long length,
                     unsigned int* crc) {
  return access(__func__, handle, {address, length}, [=](GuestMemory& memory) {
    return with_output(crc,
                       [&](std::uint32_t& value) { return memory.crc32c(address, length, value); });
  });
}

int guestlink_load_file(void* handle, unsigned long long address, const char* path,
                        unsigned long long* length) {
  Operands operands{.address = address, .path = path};
  return access(__func__, handle, operands, [&](GuestMemory& memory) {
    return with_output(length, [&](uint64_t& size) {
      const AccessStatus status = memory.load_file(address, path, size);
      operands.length = size;
      return status;
    });
  });
}

int guestlink_save_file(void* handle, unsigned long long address, unsigned long long length,
                        const char* path) {
  const Operands operands{.address = address, .length = length, .path = path};
  return access(__func__, handle, operands,
                [=](GuestMemory& memory) { return memory.save_file(address, length, path); });
}

int guestlink_region(void* handle, unsigned int index, unsigned long long* base,
                     unsigned long long* length, int* writable) {
  return access(__func__, handle, {.address = index, .address_name = "index"},
                [=](GuestMemory& memory) {
                  if (base == nullptr || length == nullptr || writable == nullptr) {
                    return AccessStatus::kBadArgument;
                  }
                  const auto regions = memory.regions();
                  if (index >= regions.size()) return AccessStatus::kOutOfRange;
                  *base = regions[index].guest_address;
                  *length = regions[index].length;
                  *writable = regions[index].writable() ? 1 : 0;
                  return AccessStatus::kOk;
                });
}

void guestlink_fence(void) { GuestMemory::fence(); }
