// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// A user's program: nothing but the public headers and the library targets.

#include <cstdint>
#include <cstdio>
#include <utility>

#include "guestlink/attach.h"
#include "guestlink_dpi.h"
#include "guestlink_handles.h"

int main() {
  guestlink::GuestMemory memory = guestlink::attach("mock:,size=1M,base=0x80000000");
  const auto stored = memory.store<std::uint64_t>(0x80000008, 0x1122334455667788);
  std::uint64_t value = 0;
  const auto loaded = memory.load<std::uint64_t>(0x80000008, value);
  const std::uint64_t id = guestlink::register_memory(std::move(memory));
  unsigned long long again = 0;
  const int read = guestlink_read64(guestlink_from_id(id), 0x80000008, &again);
  const bool right = read == GUESTLINK_OK && again == value &&
                     stored == guestlink::AccessStatus::kOk &&
                     loaded == guestlink::AccessStatus::kOk && value == 0x1122334455667788;
  std::puts(right ? "consumer: PASS" : "consumer: FAIL");
  return right ? 0 : 1;
}
