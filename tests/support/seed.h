// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace guestlink::test {

/// The seed of a random test: that of the environment variable GUESTLINK_SEED, else a new one.
/// Printed, so that a failure can be run again.
inline std::uint64_t random_seed() {
  const char* const given = std::getenv("GUESTLINK_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 0) : std::random_device{}();
  std::printf("GUESTLINK_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace guestlink::test
