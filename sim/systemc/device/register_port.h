// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "systemc/axi/burst.h"

namespace guestlink {

/// An AXI4-Lite manager that makes one access at a time, clock by clock; 32 or 64 bits of data. It
/// shows address and data of a write together, and takes answers at once.
class RegisterPort {
 public:
  struct Access {
    bool write = false;
    std::uint64_t address = 0;
    std::uint64_t data = 0;
    std::uint8_t strobes = 0;
  };
  /// What it drives.
  struct Driven {
    bool aw_valid = false;
    bool w_valid = false;
    bool b_ready = false;
    bool ar_valid = false;
    bool r_ready = false;
    Access access;
  };
  /// What the device shows before a clock edge.
  struct Shown {
    bool aw_ready = false;
    bool w_ready = false;
    bool b_valid = false;
    bool ar_ready = false;
    bool r_valid = false;
    axi::Response b_response = axi::Response::kOkay;
    axi::Response r_response = axi::Response::kOkay;
    std::uint64_t r_data = 0;
  };

  void start(const Access& access) noexcept;
  /// A rising clock edge; whether the access ended with it.
  bool clock(const Shown& shown) noexcept;
  /// Ends the access without an answer.
  void abort() noexcept;

  [[nodiscard]] const Driven& driven() const noexcept { return driven_; }
  [[nodiscard]] bool busy() const noexcept { return driven_.b_ready || driven_.r_ready; }
  /// Rising edges that the access has seen.
  [[nodiscard]] std::uint64_t clocks() const noexcept { return clocks_; }
  /// Of the last access that ended.
  [[nodiscard]] axi::Response response() const noexcept { return response_; }
  [[nodiscard]] std::uint64_t data() const noexcept { return data_; }

 private:
  Driven driven_;
  std::uint64_t clocks_ = 0;
  axi::Response response_ = axi::Response::kOkay;
  std::uint64_t data_ = 0;
};

}  // namespace guestlink
