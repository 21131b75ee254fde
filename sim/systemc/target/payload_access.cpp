// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/target/payload_access.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace guestlink {
namespace {

using tlm::tlm_generic_payload;
using tlm::tlm_response_status;

template <Scalar T>
AccessStatus load_run(const GuestMemory& memory, std::uint64_t address, std::byte* data) noexcept {
  T value{};
  const AccessStatus status = memory.load(address, value);
  if (status == AccessStatus::kOk) std::memcpy(data, &value, sizeof value);
  return status;
}

template <Scalar T>
AccessStatus store_run(GuestMemory& memory, std::uint64_t address, const std::byte* data) noexcept {
  T value;
  std::memcpy(&value, data, sizeof value);
  return memory.store(address, value);
}

// Whole runs of bytes, of at least one.
AccessStatus read_run(GuestMemory& memory, std::uint64_t address,
                      std::span<std::byte> data) noexcept {
  if (data.size() > 8 || address % data.size() != 0) return memory.read(address, data);
  switch (data.size()) {
    case 1:
      return load_run<std::uint8_t>(memory, address, data.data());
    case 2:
      return load_run<std::uint16_t>(memory, address, data.data());
    case 4:
      return load_run<std::uint32_t>(memory, address, data.data());
    case 8:
      return load_run<std::uint64_t>(memory, address, data.data());
    default:
      return memory.read(address, data);
  }
}

AccessStatus write_run(GuestMemory& memory, std::uint64_t address,
                       std::span<std::byte> data) noexcept {
  if (data.size() > 8 || address % data.size() != 0) return memory.write(address, data);
  switch (data.size()) {
    case 1:
      return store_run<std::uint8_t>(memory, address, data.data());
    case 2:
      return store_run<std::uint16_t>(memory, address, data.data());
    case 4:
      return store_run<std::uint32_t>(memory, address, data.data());
    case 8:
      return store_run<std::uint64_t>(memory, address, data.data());
    default:
      return memory.write(address, data);
  }
}

using Run = AccessStatus (*)(GuestMemory&, std::uint64_t, std::span<std::byte>) noexcept;

std::span<std::byte> data_of(const tlm_generic_payload& payload) noexcept {
  return {reinterpret_cast<std::byte*>(payload.get_data_ptr()), payload.get_data_length()};
}

std::span<const unsigned char> enables_of(const tlm_generic_payload& payload) noexcept {
  if (payload.get_byte_enable_ptr() == nullptr) return {};
  return {payload.get_byte_enable_ptr(), payload.get_byte_enable_length()};
}

// Enables behind the last byte of data are not looked at.
bool enables_valid(const tlm_generic_payload& payload) noexcept {
  if (payload.get_byte_enable_ptr() == nullptr) return true;
  const auto enables = enables_of(payload);
  const auto used = enables.first(std::min<std::size_t>(enables.size(), payload.get_data_length()));
  return !enables.empty() && std::all_of(used.begin(), used.end(), [](unsigned char enable) {
    return enable == TLM_BYTE_DISABLED || enable == TLM_BYTE_ENABLED;
  });
}

// One beat of a burst: data from `first` on, in runs of enabled bytes.
AccessStatus move_beat(GuestMemory& memory, const tlm_generic_payload& payload, std::size_t first,
                       std::size_t length, Run move) noexcept {
  const auto enables = enables_of(payload);
  const auto beat = data_of(payload).subspan(first, length);
  if (enables.empty()) return move(memory, payload.get_address(), beat);
  const auto enabled = [&](std::size_t at) {
    return enables[(first + at) % enables.size()] == TLM_BYTE_ENABLED;
  };
  for (std::size_t at = 0; at < length;) {
    if (!enabled(at)) {
      ++at;
      continue;
    }
    std::size_t end = at + 1;
    while (end < length && enabled(end)) ++end;
    const AccessStatus status =
        move(memory, payload.get_address() + at, beat.subspan(at, end - at));
    if (status != AccessStatus::kOk) return status;
    at = end;
  }
  return AccessStatus::kOk;
}

AccessStatus move_beats(GuestMemory& memory, const tlm_generic_payload& payload, Access access,
                        Run move) noexcept {
  const std::size_t length = payload.get_data_length();
  const std::size_t width = std::min<std::size_t>(payload.get_streaming_width(), length);
  const AccessStatus checked = memory.check(payload.get_address(), width, access);
  if (checked != AccessStatus::kOk) return checked;
  for (std::size_t first = 0; first < length; first += width) {
    const AccessStatus status =
        move_beat(memory, payload, first, std::min(width, length - first), move);
    if (status != AccessStatus::kOk) return status;
  }
  return AccessStatus::kOk;
}

tlm_response_status execute(GuestMemory& memory, const tlm_generic_payload& payload, Access access,
                            Run move) noexcept {
  if (payload.get_data_ptr() == nullptr) return tlm::TLM_GENERIC_ERROR_RESPONSE;
  if (payload.get_data_length() == 0 || payload.get_streaming_width() == 0) {
    return tlm::TLM_BURST_ERROR_RESPONSE;
  }
  const bool plain = payload.get_byte_enable_ptr() == nullptr &&
                     payload.get_streaming_width() >= payload.get_data_length();
  if (plain) return response_of(move(memory, payload.get_address(), data_of(payload)));
  if (!enables_valid(payload)) return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
  return response_of(move_beats(memory, payload, access, move));
}

// How many of `length` bytes from `address` on may be accessed, till the first that may not.
std::uint64_t reachable(const GuestMemory& memory, std::uint64_t address, std::uint64_t length,
                        Access access) noexcept {
  std::uint64_t reached = 0;
  while (reached < length) {
    const Region* const row = find_row(memory.regions(), address + reached);
    if (row == nullptr || (access == Access::kWrite && !row->writable())) break;
    const std::uint64_t offset = address + reached - row->guest_address;
    reached += std::min(length - reached, row->length - offset);
  }
  return reached;
}

unsigned int debug(GuestMemory& memory, const tlm_generic_payload& payload, Access access,
                   Run move) noexcept {
  const auto data = data_of(payload);
  if (data.data() == nullptr) return 0;
  const std::uint64_t length = reachable(memory, payload.get_address(), data.size(), access);
  if (length == 0) return 0;
  const AccessStatus status = move(memory, payload.get_address(), data.first(length));
  return status == AccessStatus::kOk ? static_cast<unsigned int>(length) : 0;
}

}  // namespace

tlm_response_status response_of(AccessStatus status) noexcept {
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

void execute_payload(GuestMemory& memory, tlm_generic_payload& payload) noexcept {
  tlm_response_status response = tlm::TLM_COMMAND_ERROR_RESPONSE;
  if (payload.is_read()) {
    response = execute(memory, payload, Access::kRead, read_run);
  } else if (payload.is_write()) {
    response = execute(memory, payload, Access::kWrite, write_run);
  } else if (payload.get_command() == tlm::TLM_IGNORE_COMMAND) {
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    return;
  }
  payload.set_response_status(response);
  payload.set_dmi_allowed(response == tlm::TLM_OK_RESPONSE);
}

unsigned int execute_debug(GuestMemory& memory, tlm_generic_payload& payload) noexcept {
  if (payload.is_read()) return debug(memory, payload, Access::kRead, read_run);
  if (payload.is_write()) return debug(memory, payload, Access::kWrite, write_run);
  return 0;
}

}  // namespace guestlink
