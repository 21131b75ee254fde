// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "last_error.h"

#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <system_error>

namespace guestlink::detail {
namespace {

// Long enough for a message with two paths of PATH_MAX; a longer one is cut.
using Text = std::array<char, 9216>;

struct Failure {
  const char* function;  // null: `text` is the message already
  std::uint64_t address;
  std::uint64_t length;
  AccessStatus status;
  int error;
  Text path;
  Text text;
};

// Trivial, so that a thread pays nothing for it until it fails.
thread_local Failure failure;

void keep(Text& text, const char* from) noexcept {
  std::snprintf(text.data(), text.size(), "%s", from);
}

}  // namespace

void record_failure(const char* function, std::uint64_t address, std::uint64_t length,
                    AccessStatus status, const char* path) noexcept {
  failure.error = errno;
  failure.function = function;
  failure.address = address;
  failure.length = length;
  failure.status = status;
  if (path != nullptr) {
    keep(failure.path, path);
  } else {
    failure.path[0] = '\0';
  }
}

void record_message(const char* message) noexcept {
  failure.function = nullptr;
  keep(failure.text, message);
}

const char* last_error_text() noexcept {
  Failure& last = failure;
  if (last.function == nullptr) return last.text.data();
  const int used = std::snprintf(last.text.data(), last.text.size(),
                                 "%s: address 0x%" PRIx64 ", length %" PRIu64 ": %s (%d)",
                                 last.function, last.address, last.length, to_string(last.status),
                                 static_cast<int>(last.status));
  const auto rest = last.text.size() - static_cast<std::size_t>(used);
  char* const end = last.text.data() + used;
  if (last.status == AccessStatus::kIoError) {
    std::array<char, 128> reason{};
    const char* const text = strerror_r(last.error, reason.data(), reason.size());
    std::snprintf(end, rest, ", file '%s': %s", last.path.data(), text);
  } else if (last.path[0] != '\0') {
    std::snprintf(end, rest, ", file '%s'", last.path.data());
  }
  return last.text.data();
}

}  // namespace guestlink::detail
