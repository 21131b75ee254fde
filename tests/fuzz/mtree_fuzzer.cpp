// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <stdexcept>

#include "attach/mtree.h"
#include "attach/qmp_guest.h"

using guestlink::AddressMap;
using guestlink::detail::Backend;

// Any text is refused or gives a map without a row in the low hole of x86.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<Backend> backends = {{.id = "mem",
                                          .type = "memory-backend-file",
                                          .path = "/mem",
                                          .size = std::uint64_t{1} << 40,
                                          .offset = 0x1000,
                                          .share = true,
                                          .read_only = false}};
  try {
    const auto view = guestlink::detail::parse_mtree(text);
    const AddressMap map(guestlink::detail::guest_rows(view, backends, true));
    if (map.find(0xA0000) != nullptr || map.find(0xFFFFF) != nullptr) std::abort();
  } catch (const std::invalid_argument&) {
  } catch (const std::runtime_error&) {
  }
  return 0;
}
