// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>

#include <cstdint>
#include <string>

#include "guestlink/pci_endpoint.h"
#include "pci/pci_device.h"

namespace guestlink::detail {

/// A way between a PciDevice and the guest: what arrives it makes calls of the device, and answers
/// go back. One thread; no function waits.
class Transport {
 public:
  Transport() = default;
  virtual ~Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  [[nodiscard]] virtual PciLink link() const noexcept = 0;
  /// Why this side ended the connection; "" if it did not.
  [[nodiscard]] virtual std::string failure() const = 0;
  /// Handles what has arrived, in order, up to what has to wait for the RTL: a read, or anything
  /// but a further access to a BAR behind a write.
  virtual void serve() = 0;
  /// What to wait for until there is something for serve() to do.
  [[nodiscard]] virtual pollfd awaited() const noexcept = 0;

  /// Answers a request of the device's queue, after it has been taken out.
  virtual void answer(const PciDevice::Request& request, std::uint64_t data) = 0;
  /// The device has been reset.
  virtual void answer_reset(std::uint64_t ticket) = 0;
};

}  // namespace guestlink::detail
