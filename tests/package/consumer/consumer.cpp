// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// A user's program: nothing but the public headers and the library target.

#include <cstdint>
#include <cstdio>

#include "guestlink/attach.h"

int main() {
  guestlink::GuestMemory memory = guestlink::attach("mock:,size=1M,base=0x80000000");
  const auto stored = memory.store<std::uint64_t>(0x80000008, 0x1122334455667788);
  std::uint64_t value = 0;
  const auto loaded = memory.load<std::uint64_t>(0x80000008, value);
  const bool right = stored == guestlink::AccessStatus::kOk &&
                     loaded == guestlink::AccessStatus::kOk && value == 0x1122334455667788;
  std::puts(right ? "consumer: PASS" : "consumer: FAIL");
  return right ? 0 : 1;
}
