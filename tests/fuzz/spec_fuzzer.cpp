// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <stdexcept>

#include "attach/spec.h"

// Any text is refused or gives a scheme and a target that stand in it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto spec = guestlink::detail::parse_spec(text);
    if (!text.starts_with(spec.scheme + ":" + spec.target)) std::abort();
  } catch (const std::invalid_argument&) {
  }
  return 0;
}
