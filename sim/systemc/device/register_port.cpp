// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "systemc/device/register_port.h"

namespace guestlink {

void RegisterPort::start(const Access& access) noexcept {
  driven_ = {};
  driven_.access = access;
  if (access.write) {
    driven_.aw_valid = driven_.w_valid = driven_.b_ready = true;
  } else {
    driven_.ar_valid = driven_.r_ready = true;
  }
  clocks_ = 0;
}

bool RegisterPort::clock(const Shown& shown) noexcept {
  if (!busy()) return false;
  ++clocks_;
  driven_.aw_valid = driven_.aw_valid && !shown.aw_ready;
  driven_.w_valid = driven_.w_valid && !shown.w_ready;
  driven_.ar_valid = driven_.ar_valid && !shown.ar_ready;
  const bool write = driven_.b_ready;
  if (!(write ? shown.b_valid : shown.r_valid)) return false;
  response_ = write ? shown.b_response : shown.r_response;
  data_ = shown.r_data;
  driven_ = {};
  return true;
}

void RegisterPort::abort() noexcept { driven_ = {}; }

}  // namespace guestlink
