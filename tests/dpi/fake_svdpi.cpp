// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "fake_svdpi.h"

#include <svdpi.h>

#include <algorithm>

namespace {

guestlink::test::OpenArray& array_of(svOpenArrayHandle handle) {
  return *static_cast<guestlink::test::OpenArray*>(handle);
}

}  // namespace

int svDimensions(const svOpenArrayHandle handle) { return array_of(handle).dimensions; }

int svLow(const svOpenArrayHandle handle, int) {
  return std::min(array_of(handle).left, array_of(handle).right);
}

int svSize(const svOpenArrayHandle handle, int) {
  return static_cast<int>(array_of(handle).bytes.size());
}

void* svGetArrayPtr(const svOpenArrayHandle handle) {
  return array_of(handle).has_c_layout ? array_of(handle).bytes.data() : nullptr;
}

void* svGetArrElemPtr1(const svOpenArrayHandle handle, int index) {
  auto& array = array_of(handle);
  if (!array.has_elements) return nullptr;
  return &array.bytes.at(static_cast<std::size_t>(index - svLow(handle, 1)));
}
