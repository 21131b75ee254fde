// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "support/boundary_table.h"

namespace guestlink::test {

/// What every writing operation below leaves in each byte it writes.
inline constexpr std::byte kWritten{0x5A};

/// One function that takes an address, whichever language it is called in.
struct Operation {
  std::string name;
  std::uint64_t length = 0;  ///< bytes it accesses; 0: as many as it is told
  Access access = Access::kRead;
  bool aligned = false;  ///< whether it wants `address` to be a multiple of `length`
  /// Runs it. A reading one puts what it read, if that is bytes, into `data`.
  std::function<AccessStatus(std::uint64_t address, std::uint64_t length,
                             std::vector<std::byte>& data)>
      run;

  friend void PrintTo(const Operation& operation, std::ostream* stream) {
    *stream << operation.name;
  }
};

inline void expect_only_written(const std::vector<std::byte>& before,
                                const std::vector<std::byte>& after, const BoundaryCase& row) {
  std::vector<std::byte> expected = before;
  for (std::uint64_t i = 0; i < row.length; ++i) {
    expected[EdgeMemory::index_of(row.address + i)] = kWritten;
  }
  EXPECT_TRUE(after == expected) << "a byte is wrong, in the range or outside it";
}

inline void expect_read(const std::vector<std::byte>& before, const std::vector<std::byte>& data,
                        const BoundaryCase& row) {
  for (std::uint64_t i = 0; i < data.size(); ++i) {
    ASSERT_EQ(data[i], before[EdgeMemory::index_of(row.address + i)]) << "byte " << i;
  }
}

inline void check_boundary_case(EdgeMemory& edge, const Operation& operation,
                                const BoundaryCase& row) {
  SCOPED_TRACE(operation.name + " " + row.name + " address " + hex(row.address) + " length " +
               std::to_string(row.length));
  AccessStatus expected = operation.access == Access::kRead ? row.read : row.write;
  if (operation.aligned && row.address % row.length != 0) expected = AccessStatus::kBadArgument;
  const auto before = edge.snapshot();
  std::vector<std::byte> data;
  const AccessStatus status = operation.run(row.address, row.length, data);
  ASSERT_STREQ(to_string(status), to_string(expected));
  const auto after = edge.snapshot();
  if (status == AccessStatus::kOk && operation.access == Access::kWrite) {
    expect_only_written(before, after, row);
  } else {
    EXPECT_TRUE(after == before) << "a byte changed";
    if (status == AccessStatus::kOk) expect_read(before, data, row);
  }
}

/// The whole table for one operation on a fresh memory per case, which `prepare` gets before.
template <typename Prepare>
void check_boundaries(Prepare prepare) {
  const std::vector<std::uint64_t> any_length{0, 1, 2, 3, 7, 8, 9, 64, 100, 4095, 4096};
  EdgeMemory edge;
  const Operation operation = prepare(edge);
  const auto lengths =
      operation.length != 0 ? std::vector<std::uint64_t>{operation.length} : any_length;
  for (const std::uint64_t length : lengths) {
    for (const BoundaryCase& row : boundary_table(length)) {
      check_boundary_case(edge, operation, row);
    }
  }
}

}  // namespace guestlink::test
