// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace guestlink::shell {

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;  ///< it failed, or the answer is "differs" or "not found"
constexpr int kExitUsage = 2;

/// What was asked for makes no sense; ends the program with kExitUsage. The message names the
/// operand or option, its value, and what was expected.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What was asked for could not be done; ends the program with kExitFailed.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// 'text', for messages.
std::string in_quotes(std::string_view text);

/// What errno says.
std::string reason(int error);

}  // namespace guestlink::shell
