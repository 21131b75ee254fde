// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// write_word SPEC ADDRESS VALUE: stores 8 bytes in the guest's memory, as any user of the spec
// would.
#include <cstdio>
#include <exception>
#include <string>

#include "guestlink/attach.h"

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  try {
    guestlink::GuestMemory memory = guestlink::attach(argv[1]);
    const auto status = memory.store<std::uint64_t>(std::stoull(argv[2], nullptr, 0),
                                                    std::stoull(argv[3], nullptr, 0));
    return status == guestlink::AccessStatus::kOk ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "write_word: %s\n", error.what());
    return 1;
  }
}
