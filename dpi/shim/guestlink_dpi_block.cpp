// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// The functions with open arrays. A file of their own: only they call svdpi functions, which a C++
// program without a simulator does not have.
#include <algorithm>
#include <array>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "access.h"
#include "guestlink/address_map.h"
#include "guestlink_dpi.h"

namespace {

using guestlink::Access;
using guestlink::AccessStatus;
using guestlink::GuestMemory;
using guestlink::detail::access;

constexpr int kDimension = 1;

bool one_dimensional(svOpenArrayHandle data) noexcept {
  return data != nullptr && svDimensions(data) == kDimension;
}

std::uint64_t length_of(svOpenArrayHandle data) noexcept {
  if (!one_dimensional(data)) return 0;
  const int size = svSize(data, kDimension);
  return size > 0 ? static_cast<std::uint64_t>(size) : 0;
}

// The element for the byte at offset, where a simulator has no C layout of the whole array to give.
std::byte* element_at(svOpenArrayHandle data, std::uint64_t offset) noexcept {
  const int index = svLow(data, kDimension) + static_cast<int>(offset);
  return static_cast<std::byte*>(svGetArrElemPtr1(data, index));
}

// Calls move(address, buffer, offset) for parts of a block through a buffer of ours.
template <typename Move>
AccessStatus in_parts(std::uint64_t address, std::uint64_t length, Move move) noexcept {
  std::array<std::byte, 4096> buffer;
  AccessStatus status = AccessStatus::kOk;
  for (std::uint64_t offset = 0; offset < length && status == AccessStatus::kOk;) {
    const auto part = std::span(buffer).first(std::min(length - offset, std::uint64_t{4096}));
    status = move(address + offset, part, offset);
    offset += part.size();
  }
  return status;
}

AccessStatus read_elements(GuestMemory& memory, std::uint64_t address, std::uint64_t length,
                           svOpenArrayHandle data) noexcept {
  const AccessStatus status = memory.check(address, length, Access::kRead);
  if (status != AccessStatus::kOk) return status;
  return in_parts(address, length,
                  [&](std::uint64_t at, std::span<std::byte> part, std::uint64_t offset) {
                    const AccessStatus result = memory.read(at, part);
                    for (std::size_t i = 0; i < part.size(); ++i) {
                      std::byte* const element = element_at(data, offset + i);
                      if (element == nullptr) return AccessStatus::kBadArgument;
                      *element = part[i];
                    }
                    return result;
                  });
}

AccessStatus write_elements(GuestMemory& memory, std::uint64_t address, std::uint64_t length,
                            svOpenArrayHandle data) noexcept {
  const AccessStatus status = memory.check(address, length, Access::kWrite);
  if (status != AccessStatus::kOk) return status;
  return in_parts(address, length,
                  [&](std::uint64_t at, std::span<std::byte> part, std::uint64_t offset) {
                    for (std::size_t i = 0; i < part.size(); ++i) {
                      const std::byte* const element = element_at(data, offset + i);
                      if (element == nullptr) return AccessStatus::kBadArgument;
                      part[i] = *element;
                    }
                    return memory.write(at, part);
                  });
}

// The array's bytes in our own memory, whatever layout the simulator has; throws if it has none.
std::vector<std::byte> bytes_of(svOpenArrayHandle data) {
  std::vector<std::byte> bytes(length_of(data));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::byte* const element = element_at(data, i);
    if (element == nullptr) throw std::invalid_argument("an element of the array has no address");
    bytes[i] = *element;
  }
  return bytes;
}

int write_code(guestlink::GuestSession& session, std::uint64_t address, svOpenArrayHandle data) {
  const auto [status, detail] = session.write_code(address, bytes_of(data));
  if (status == AccessStatus::kOk) return GUESTLINK_OK;
  const std::string text = "guestlink_write_code: address " + guestlink::hex(address) +
                           ", length " + std::to_string(length_of(data)) + ": " +
                           to_string(status) + " (" + std::to_string(static_cast<int>(status)) +
                           ")" + (detail.empty() ? "" : ": " + detail);
  guestlink::detail::record_message(text.c_str());
  return static_cast<int>(status);
}

}  // namespace

int guestlink_read_block(void* handle, unsigned long long address, const svOpenArrayHandle data) {
  const std::uint64_t length = length_of(data);
  return access(__func__, handle, {address, length}, [=](GuestMemory& memory) {
    if (!one_dimensional(data)) return AccessStatus::kBadArgument;
    auto* const bytes = static_cast<std::byte*>(svGetArrayPtr(data));
    if (bytes == nullptr) return read_elements(memory, address, length, data);
    return memory.read(address, {bytes, length});
  });
}

int guestlink_write_block(void* handle, unsigned long long address, const svOpenArrayHandle data) {
  const std::uint64_t length = length_of(data);
  return access(__func__, handle, {address, length}, [=](GuestMemory& memory) {
    if (!one_dimensional(data)) return AccessStatus::kBadArgument;
    const auto* const bytes = static_cast<const std::byte*>(svGetArrayPtr(data));
    if (bytes == nullptr) return write_elements(memory, address, length, data);
    return memory.write(address, {bytes, length});
  });
}

int guestlink_write_code(void* handle, unsigned long long address, const svOpenArrayHandle data) {
  using guestlink::detail::id_of;
  guestlink::GuestSession* const session = guestlink::session_from_id(id_of(handle));
  const AccessStatus bad =
      session == nullptr ? AccessStatus::kBadHandle : AccessStatus::kBadArgument;
  if (session != nullptr && one_dimensional(data)) {
    try {
      return write_code(*session, address, data);
    } catch (const std::exception& error) {
      guestlink::detail::record_message(error.what());
      return GUESTLINK_BAD_ARGUMENT;
    }
  }
  guestlink::detail::record_failure(__func__, id_of(handle), bad, {address, length_of(data)});
  return static_cast<int>(bad);
}
