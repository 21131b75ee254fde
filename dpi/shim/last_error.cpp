// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "last_error.h"

#include <algorithm>
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
  std::uint64_t handle;
  Operands operands;  // its path is the copy below
  AccessStatus status;
  int error;
  Text path;
  Text text;
};

// Zeroes at first: a thread pays nothing for it until it fails.
thread_local constinit Failure failure{};

void keep(Text& text, const char* from) noexcept {
  std::snprintf(text.data(), text.size(), "%s", from);
}

// Writes a message piece by piece, and cuts it where the room ends.
class Writer {
 public:
  explicit Writer(Text& text) : at_(text.data()), left_(text.size()) {}
  void print(const char* text) noexcept { print("%s", text); }
  template <typename... Arguments>
  void print(const char* format, Arguments... arguments) noexcept {
    const int length = std::snprintf(at_, left_, format, arguments...);
    const std::size_t used = std::min(static_cast<std::size_t>(std::max(length, 0)), left_ - 1);
    at_ += used;
    left_ -= used;
  }

 private:
  char* at_;
  std::size_t left_;
};

void print_operands(Writer& out, const Failure& last) noexcept {
  const Operands& operands = last.operands;
  if (last.status == AccessStatus::kBadHandle) {
    out.print("handle 0x%" PRIx64, last.handle);
  } else if (std::strcmp(operands.address_name, "index") == 0) {
    out.print("index %" PRIu64, operands.address);
  } else {
    out.print("%s 0x%" PRIx64, operands.address_name, operands.address);
    if (operands.other_name != nullptr) {
      out.print(", %s 0x%" PRIx64, operands.other_name, operands.other);
    }
    out.print(", length %" PRIu64, operands.length);
  }
}

// Which rule of the arguments was broken; a beat or an atomic is as long as it must be aligned.
void print_rule(Writer& out, const Operands& operands) noexcept {
  const bool misaligned = operands.length > 1 && operands.address % operands.length != 0;
  if (misaligned && operands.other_name == nullptr) {
    out.print(": the address is no multiple of %" PRIu64, operands.length);
  } else {
    out.print(": a null pointer, or an array not of one dimension");
  }
}

}  // namespace

void record_failure(const char* function, std::uint64_t handle, AccessStatus status,
                    const Operands& operands) noexcept {
  failure.error = errno;
  failure.function = function;
  failure.handle = handle;
  failure.status = status;
  failure.operands = operands;
  keep(failure.path, operands.path != nullptr ? operands.path : "");
}

void record_message(const char* message) noexcept {
  failure.function = nullptr;
  const std::size_t length = std::strlen(message);
  if (length < failure.text.size()) return keep(failure.text, message);
  // Too long only for a name in it: the cause stands at the end.
  constexpr int kHalf = std::tuple_size_v<Text> / 2 - 8;
  std::snprintf(failure.text.data(), failure.text.size(), "%.*s ... %s", kHalf, message,
                message + (length - kHalf));
}

const char* last_error_text() noexcept {
  Failure& last = failure;
  if (last.function == nullptr) return last.text.data();
  Writer out(last.text);
  out.print("%s: ", last.function);
  print_operands(out, last);
  out.print(": %s (%d)", to_string(last.status), static_cast<int>(last.status));
  if (last.path[0] != '\0') out.print(", file '%s'", last.path.data());
  if (last.status == AccessStatus::kIoError) {
    std::array<char, 128> reason{};
    out.print(": %s", strerror_r(last.error, reason.data(), reason.size()));
  }
  if (last.status == AccessStatus::kBadArgument) print_rule(out, last.operands);
  return last.text.data();
}

}  // namespace guestlink::detail
