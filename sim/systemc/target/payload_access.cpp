// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/target/payload_access.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "guestlink/range.h"

namespace guestlink {
namespace {

using Payload = tlm::tlm_generic_payload;
using Status = tlm::tlm_response_status;

Status response_of(AccessStatus status) noexcept {
  switch (status) {
    case AccessStatus::kOk:
      return tlm::TLM_OK_RESPONSE;
    case AccessStatus::kOutOfRange:
      return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    case AccessStatus::kReadOnly:
      return tlm::TLM_COMMAND_ERROR_RESPONSE;
    default:
      return tlm::TLM_GENERIC_ERROR_RESPONSE;
  }
}

bool enables_are_sound(const Payload& payload) noexcept {
  const unsigned char* const enables = payload.get_byte_enable_ptr();
  if (enables == nullptr) return true;
  const std::span bytes(enables, payload.get_byte_enable_length());
  return !bytes.empty() && std::all_of(bytes.begin(), bytes.end(), [](unsigned char enable) {
    return enable == TLM_BYTE_ENABLED || enable == TLM_BYTE_DISABLED;
  });
}

Status check(const GuestMemory& memory, const Payload& payload) noexcept {
  if (payload.get_data_length() == 0 || payload.get_streaming_width() == 0)
    return tlm::TLM_BURST_ERROR_RESPONSE;
  if (!enables_are_sound(payload)) return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
  const unsigned length = std::min(payload.get_data_length(), payload.get_streaming_width());
  if (memory.lost()) return tlm::TLM_GENERIC_ERROR_RESPONSE;
  const Access access = payload.is_write() ? Access::kWrite : Access::kRead;
  const Status status = response_of(memory.check(payload.get_address(), length, access));
  if (status == tlm::TLM_OK_RESPONSE && payload.get_data_ptr() == nullptr)
    return tlm::TLM_GENERIC_ERROR_RESPONSE;
  return status;
}

template <Scalar T>
AccessStatus move_scalar(GuestMemory& memory, bool write, std::uint64_t address,
                         unsigned char* data) noexcept {
  T value{};
  if (write) {
    std::memcpy(&value, data, sizeof value);
    return memory.store(address, value);
  }
  const AccessStatus status = memory.load(address, value);
  if (status == AccessStatus::kOk) std::memcpy(data, &value, sizeof value);
  return status;
}

AccessStatus move(GuestMemory& memory, bool write, std::uint64_t address, unsigned char* data,
                  std::size_t length) noexcept {
  switch (address % length == 0 ? length : 0) {
    case 1:
      return move_scalar<std::uint8_t>(memory, write, address, data);
    case 2:
      return move_scalar<std::uint16_t>(memory, write, address, data);
    case 4:
      return move_scalar<std::uint32_t>(memory, write, address, data);
    case 8:
      return move_scalar<std::uint64_t>(memory, write, address, data);
    default:
      break;
  }
  auto* const bytes = reinterpret_cast<std::byte*>(data);
  if (write) return memory.write(address, std::span<const std::byte>(bytes, length));
  return memory.read(address, std::span(bytes, length));
}

// Enabled bytes that follow each other in one beat are one access.
AccessStatus move_by_runs(GuestMemory& memory, const Payload& payload) noexcept {
  const std::uint64_t length = payload.get_data_length();
  const std::uint64_t width = std::min(length, std::uint64_t{payload.get_streaming_width()});
  const unsigned char* const enables = payload.get_byte_enable_ptr();
  const auto enabled = [&](std::uint64_t n) {
    return enables == nullptr || enables[n % payload.get_byte_enable_length()] == TLM_BYTE_ENABLED;
  };
  for (std::uint64_t begin = 0; begin < length;) {
    const std::uint64_t beat_end = std::min(length, (begin / width + 1) * width);
    std::uint64_t end = begin;
    while (end < beat_end && enabled(end)) ++end;
    if (end != begin) {
      const AccessStatus status =
          move(memory, payload.is_write(), payload.get_address() + begin % width,
               payload.get_data_ptr() + begin, end - begin);
      if (status != AccessStatus::kOk) return status;
    }
    begin = end == begin ? end + 1 : end;
  }
  return AccessStatus::kOk;
}

}  // namespace

Status access_payload(GuestMemory& memory, const Payload& payload) {
  if (payload.get_command() == tlm::TLM_IGNORE_COMMAND) return tlm::TLM_OK_RESPONSE;
  if (!payload.is_read() && !payload.is_write()) return tlm::TLM_GENERIC_ERROR_RESPONSE;
  const unsigned length = payload.get_data_length();
  const bool plain = payload.get_byte_enable_ptr() == nullptr && length != 0 &&
                     payload.get_streaming_width() >= length && payload.get_data_ptr() != nullptr;
  if (plain) [[likely]]
    return response_of(
        move(memory, payload.is_write(), payload.get_address(), payload.get_data_ptr(), length));
  const Status status = check(memory, payload);
  if (status != tlm::TLM_OK_RESPONSE) return status;
  return response_of(move_by_runs(memory, payload));
}

unsigned debug_payload(GuestMemory& memory, const Payload& payload) {
  const bool moves = payload.is_read() || payload.is_write();
  if (!moves || payload.get_data_ptr() == nullptr || memory.lost()) return 0;
  const Access access = payload.is_write() ? Access::kWrite : Access::kRead;
  const std::uint64_t begin = payload.get_address();
  std::uint64_t length = 0;
  for (const Region& region : memory.regions()) {  // ascending
    const std::uint64_t next = begin + length;
    const std::uint64_t offset = next - region.guest_address;
    if (offset >= region.length || (access == Access::kWrite && !region.writable())) continue;
    length += region.length - offset;
  }
  length = std::min(length, std::uint64_t{payload.get_data_length()});
  if (length == 0) return 0;
  const AccessStatus status =
      move(memory, payload.is_write(), begin, payload.get_data_ptr(), length);
  return status == AccessStatus::kOk ? static_cast<unsigned>(length) : 0;
}

}  // namespace guestlink
