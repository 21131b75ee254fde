// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "guestlink/address_map.h"
#include "guestlink/guest_memory.h"
#include "shell/input_file.h"
#include "shell/output_file.h"
#include "shell/ranges.h"

namespace guestlink::shell {

/// Guest memory at one moment.
class Moment {
 public:
  virtual ~Moment() = default;
  /// Where RAM is: ascending, apart.
  [[nodiscard]] virtual std::span<const GuestRange> rows() const = 0;
  /// Where anything but zeroes may be: ascending, apart.
  [[nodiscard]] virtual std::vector<GuestRange> runs() const = 0;
  /// What is in no run is zero. Throws Failure.
  virtual void read(std::uint64_t address, std::span<std::byte> data) const = 0;
};

/// What is attached to, as it is when it is read; where it has data is looked at once, here.
class LiveMoment : public Moment {
 public:
  explicit LiveMoment(const GuestMemory& memory);
  [[nodiscard]] std::span<const GuestRange> rows() const override { return rows_; }
  [[nodiscard]] std::vector<GuestRange> runs() const override;
  void read(std::uint64_t address, std::span<std::byte> data) const override;

 private:
  const GuestMemory& memory_;
  std::vector<GuestRange> rows_;
  std::vector<Segment> segments_;
};

/// A file that write_snapshot made; docs/shell.md has its format. Nothing in it is trusted.
class SnapshotFile : public Moment {
 public:
  /// Throws Failure naming the field that is wrong.
  explicit SnapshotFile(const std::string& path);
  [[nodiscard]] std::span<const GuestRange> rows() const override { return rows_; }
  [[nodiscard]] std::vector<GuestRange> runs() const override { return runs_; }
  void read(std::uint64_t address, std::span<std::byte> data) const override;

 private:
  void read_rows(std::uint64_t offset, std::uint64_t count);
  void read_runs(std::uint64_t offset, std::uint64_t count, std::uint64_t data_bytes);
  [[noreturn]] void refuse(const std::string& what) const;

  InputFile file_;
  std::vector<GuestRange> rows_;
  std::vector<GuestRange> runs_;
  std::vector<std::uint64_t> offsets_;  // of each run in the file
};

struct SnapshotSize {
  std::uint64_t ram_bytes = 0;
  std::uint64_t data_bytes = 0;
};

/// Writes all pages that are not zero.
SnapshotSize write_snapshot(const GuestMemory& memory, OutputFile& file);

}  // namespace guestlink::shell
