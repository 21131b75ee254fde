// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/engine_driver.h"

namespace guestlink::sim {

/// A serial line's other end, byte by byte; no function waits.
class SerialEnd {
 public:
  SerialEnd() = default;
  virtual ~SerialEnd() = default;
  SerialEnd(const SerialEnd&) = delete;
  SerialEnd& operator=(const SerialEnd&) = delete;

  virtual void put(std::uint8_t byte) = 0;
  /// Whether there is a byte for the device.
  [[nodiscard]] virtual bool ready() const noexcept = 0;
  /// That byte, if there is one.
  virtual std::uint8_t get() = 0;
};

/// A Verilated PCI device: its RTL with the adapters of an endpoint around it. One thread.
class PciModel {
 public:
  struct Options {
    std::string trace_file;  ///< FST, from the first cycle; empty for none
    EngineDriver::Timing timing;
    bool lock_step = false;       ///< answer the guest when the device is idle only
    SerialEnd* serial = nullptr;  ///< of a device that has a line; outlives the model
  };
  /// Accesses to guest memory that were refused, since the device's last reset.
  struct DmaErrors {
    std::uint32_t count = 0;
    std::uint32_t status = 0;   ///< AccessStatus of the last
    std::uint64_t address = 0;  ///< and its guest address
  };
  /// What is counted, by name, in an order for people.
  using Counters = std::vector<std::pair<const char*, std::uint64_t>>;

  PciModel() = default;
  virtual ~PciModel() = default;
  PciModel(const PciModel&) = delete;
  PciModel& operator=(const PciModel&) = delete;

  /// Ids of the endpoint and its memory, then some cycles of reset.
  virtual void start(std::uint64_t endpoint_id, std::uint64_t memory_id) = 0;
  virtual void clock() = 0;
  /// Clock cycles since construction.
  [[nodiscard]] virtual std::uint64_t cycles() const noexcept = 0;
  /// Nothing is pending: clocks change nothing until the guest (or its line) does.
  [[nodiscard]] virtual bool idle() const noexcept = 0;
  [[nodiscard]] virtual bool interrupt() const noexcept = 0;
  /// kFinish or kAssertion once the RTL has ended the simulation.
  [[nodiscard]] virtual StopReason stop_reason() const noexcept = 0;
  [[nodiscard]] virtual DmaErrors dma_errors() const = 0;
  [[nodiscard]] virtual Counters counters() const = 0;
};

/// A PCI device that this program can be.
struct PciDeviceKind {
  const char* name;
  const char* summary;  ///< a line for the help
  const char* keys;     ///< of its device spec, behind the path
  bool has_line;        ///< a serial one
  std::unique_ptr<PciModel> (*make)(const PciModel::Options&);
};

std::span<const PciDeviceKind> pci_device_kinds() noexcept;

}  // namespace guestlink::sim
