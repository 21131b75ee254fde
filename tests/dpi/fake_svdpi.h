// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// Stands in for a simulator: open arrays as IEEE 1800 Annex H describes them, for C++ tests of the
// shim.
#pragma once

#include <cstddef>
#include <vector>

namespace guestlink::test {

/// An actual argument for `byte unsigned data[]`, of range [left:right].
struct OpenArray {
  int left = 0;
  int right = -1;
  std::vector<std::byte> bytes;  ///< in the order of the C layout: lowest index first
  bool has_c_layout = true;      ///< else svGetArrayPtr gives null and elements are had one by one
  bool has_elements = true;      ///< else not even that
  int dimensions = 1;

  /// [0:size-1] of `content`.
  explicit OpenArray(std::vector<std::byte> content)
      : right(static_cast<int>(content.size()) - 1), bytes(std::move(content)) {}
};

}  // namespace guestlink::test
