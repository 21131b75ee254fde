// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "shell/snapshot_file.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "guestlink/range.h"
#include "shell/errors.h"
#include "shell/progress.h"

namespace guestlink::shell {
namespace {

constexpr std::array<char, 8> kMagic{'G', 'L', 'S', 'N', 'A', 'P', '0', '1'};
constexpr std::uint64_t kDataOffset = 4096;
constexpr std::uint64_t kStep = std::uint64_t{1} << 20;

// All little-endian, as the host.
struct Header {
  std::array<char, 8> magic;
  std::uint64_t data_bytes;  // from kDataOffset; the tables follow: rows, runs
  std::uint64_t rows;
  std::uint64_t runs;
};
struct FileRange {
  std::uint64_t guest_address;
  std::uint64_t length;
};
static_assert(sizeof(Header) == 32 && sizeof(FileRange) == 16);

std::vector<FileRange> read_table(const InputFile& file, std::uint64_t offset,
                                  std::uint64_t count) {
  std::vector<FileRange> table(count);
  file.read(offset, std::as_writable_bytes(std::span(table)));
  return table;
}

// From `at` to the end of its page or of the segment.
std::uint64_t page_rest(const Segment& segment, std::uint64_t at) {
  return std::min(kPageBytes - at % kPageBytes, segment.end() - at);
}

/// The pages of a segment that are not zero, as they are found.
class Runs {
 public:
  void add(std::uint64_t address, std::uint64_t length) {
    if (!runs_.empty() && runs_.back().guest_address + runs_.back().length == address) {
      runs_.back().length += length;
    } else {
      runs_.push_back({address, length});
    }
  }
  [[nodiscard]] std::span<const FileRange> all() const { return runs_; }

 private:
  std::vector<FileRange> runs_;
};

void write_segment(const Segment& segment, OutputFile& file, Runs& runs, Progress& progress) {
  std::uint64_t at = segment.guest_address;
  while (at < segment.end()) {
    // As much as is all data goes out in one piece; then one page of zeroes is left out.
    const std::uint64_t start = at;
    std::uint64_t zero = 0;
    while (at < segment.end() && at - start < kStep && zero == 0) {
      const std::uint64_t length = page_rest(segment, at);
      if (is_zero({segment.host + (at - segment.guest_address), length})) {
        zero = length;
      } else {
        at += length;
      }
    }
    if (at > start) {
      file.write({segment.host + (start - segment.guest_address), at - start});
      runs.add(start, at - start);
    }
    at += zero;
    progress.advance(at - start);
  }
}

}  // namespace

SnapshotSize write_snapshot(const GuestMemory& memory, OutputFile& file) {
  if (!file.regular()) throw Failure("a snapshot has to be a regular file");
  Header header{};
  header.magic = kMagic;
  file.write_zeroes(kDataOffset);
  const auto segments = segments_of(memory, kAllAddresses);
  Runs runs;
  Progress progress("saving", populated_length(segments));
  for (const Segment& segment : segments) {
    if (segment.host != nullptr) write_segment(segment, file, runs, progress);
  }
  header.data_bytes = file.length() - kDataOffset;
  header.rows = memory.regions().size();
  header.runs = runs.all().size();
  for (const Region& region : memory.regions()) {
    const FileRange row{region.guest_address, region.length};
    file.write(std::as_bytes(std::span(&row, 1)));
    require_range(memory, {region.guest_address, region.length}, Access::kRead);
  }
  file.write(std::as_bytes(runs.all()));
  file.overwrite(0, std::as_bytes(std::span(&header, 1)));
  return {total_length(segments), header.data_bytes};
}

void SnapshotFile::refuse(const std::string& what) const {
  throw Failure("snapshot " + in_quotes(file_.path()) + ": " + what);
}

SnapshotFile::SnapshotFile(const std::string& path) : file_(path) {
  Header header{};
  if (file_.size() < kDataOffset) refuse("is too short for a snapshot");
  file_.read(0, std::as_writable_bytes(std::span(&header, 1)));
  if (header.magic != kMagic) refuse("does not start with GLSNAP01; guestlink snapshot makes one");
  std::uint64_t left = file_.size() - kDataOffset;
  const auto take = [&](std::uint64_t count, std::uint64_t each, const char* what) {
    if (count > left / each) {
      refuse(std::to_string(count) + " " + what + " do not fit in its " + hex(file_.size()) +
             " bytes");
    }
    left -= count * each;
  };
  take(header.data_bytes, 1, "bytes of data");
  take(header.rows, sizeof(FileRange), "rows");
  take(header.runs, sizeof(FileRange), "runs");
  if (left != 0) refuse("has " + hex(left) + " bytes too many");
  const std::uint64_t tables = kDataOffset + header.data_bytes;
  read_rows(tables, header.rows);
  read_runs(tables + header.rows * sizeof(FileRange), header.runs, header.data_bytes);
}

void SnapshotFile::read_rows(std::uint64_t offset, std::uint64_t count) {
  std::uint64_t end = 0;
  for (const FileRange& row : read_table(file_, offset, count)) {
    if (row.length == 0 || !range_fits(row.guest_address, row.length, ~std::uint64_t{0}) ||
        row.guest_address < end) {
      refuse("the row at " + hex(row.guest_address) + " of " + hex(row.length) +
             " bytes is empty, overlaps or ends above 2^64 - 1");
    }
    end = row.guest_address + row.length;
    rows_.push_back({row.guest_address, row.length});
  }
}

void SnapshotFile::read_runs(std::uint64_t offset, std::uint64_t count, std::uint64_t data_bytes) {
  std::uint64_t end = 0;
  std::uint64_t used = 0;
  for (const FileRange& run : read_table(file_, offset, count)) {
    const std::string name = "the run at " + hex(run.guest_address);
    if (run.length == 0 || run.guest_address < end) refuse(name + " is empty or overlaps");
    if (run.length > data_bytes - used) refuse(name + " has no data in the file");
    for (std::uint64_t at = run.guest_address, left = run.length; left > 0;) {
      const GuestRange* row = find_row(std::span<const GuestRange>(rows_), at);
      if (row == nullptr) refuse(name + " is in no row of RAM");
      const std::uint64_t step = std::min(left, row->length - (at - row->guest_address));
      at += step;
      left -= step;
    }
    runs_.push_back({run.guest_address, run.length});
    offsets_.push_back(kDataOffset + used);
    used += run.length;
    end = run.guest_address + run.length;
  }
  if (used != data_bytes) refuse("has " + hex(data_bytes - used) + " bytes of data in no run");
}

void SnapshotFile::read(std::uint64_t address, std::span<std::byte> data) const {
  std::memset(data.data(), 0, data.size());
  const std::uint64_t end = address + data.size();
  auto run = std::partition_point(runs_.begin(), runs_.end(), [&](const GuestRange& range) {
    return range.guest_address + range.length <= address;
  });
  for (; run != runs_.end() && run->guest_address < end; ++run) {
    const std::uint64_t from = std::max(address, run->guest_address);
    const std::uint64_t length = std::min(end, run->guest_address + run->length) - from;
    const auto index = static_cast<std::size_t>(run - runs_.begin());
    file_.read(offsets_[index] + (from - run->guest_address), data.subspan(from - address, length));
  }
}

LiveMoment::LiveMoment(const GuestMemory& memory)
    : memory_(memory), segments_(segments_of(memory, kAllAddresses)) {
  for (const Region& region : memory.regions()) {
    rows_.push_back({region.guest_address, region.length});
  }
}

std::vector<GuestRange> LiveMoment::runs() const {
  std::vector<GuestRange> runs;
  for (const Segment& segment : segments_) {
    if (segment.host != nullptr) runs.push_back({segment.guest_address, segment.length});
  }
  return runs;
}

void LiveMoment::read(std::uint64_t address, std::span<std::byte> data) const {
  copy_from(segments_, address, data);
  if (!rows_.empty() &&
      memory_.check(rows_[0].guest_address, 1, Access::kRead) != AccessStatus::kOk) {
    throw Failure("the memory went away while it was compared: " + why_gone(memory_));
  }
}

}  // namespace guestlink::shell
