// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "attach/qmp_client.h"

namespace {

// The objects of a stream that arrives in pieces of a size; "!" where it is refused.
std::vector<std::string> objects_of(std::string_view stream, std::size_t piece) {
  guestlink::detail::QmpFramer framer;
  std::vector<std::string> objects;
  try {
    for (; !stream.empty(); stream.remove_prefix(std::min(piece, stream.size()))) {
      framer.add(stream.substr(0, piece));
      while (auto object = framer.next()) objects.push_back(*object);
    }
  } catch (const std::runtime_error&) {
    objects.emplace_back("!");
  }
  return objects;
}

}  // namespace

// How a stream is cut up on its way does not matter.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view stream(reinterpret_cast<const char*>(data), size);
  if (objects_of(stream, 1) != objects_of(stream, size)) std::abort();
  if (objects_of(stream, 7) != objects_of(stream, size)) std::abort();
  return 0;
}
