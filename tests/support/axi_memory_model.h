// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// AXI4 memory in C++ for tests: latency, stalls, responses out of order between IDs, errors by
// address range. A write reaches memory only when its response is taken, so software-visible order
// can be checked. Used from one thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace guestlink_test {

constexpr std::size_t kMaxBusBytes = 64;
using Beat = std::array<std::uint8_t, kMaxBusBytes>;

/// What the manager drives in one clock.
struct AxiRequest {
  bool awvalid = false, wvalid = false, wlast = false, bready = false, arvalid = false,
       rready = false;
  std::uint32_t awid = 0, arid = 0;
  std::uint64_t awaddr = 0, araddr = 0;
  std::uint32_t awlen = 0, arlen = 0;
  Beat wdata{};
  std::uint64_t wstrb = 0;
};

/// What the memory drives in one clock.
struct AxiResponse {
  bool awready = false, wready = false, bvalid = false, arready = false, rvalid = false,
       rlast = false;
  std::uint32_t bid = 0, bresp = 0, rid = 0, rresp = 0;
  Beat rdata{};
};

/// How the memory behaves. Chances are in percent, a clock.
struct AxiBehaviour {
  std::uint32_t latency_min = 1, latency_max = 1;
  std::uint32_t aw_ready = 100, w_ready = 100, ar_ready = 100, r_valid = 100, b_valid = 100;
  std::size_t most_bursts = 60;  ///< bursts taken and not answered, reads and writes each
  bool reorder = false;  ///< bursts of different IDs answer in any order, read beats interleave
  bool one_at_a_time = false;  ///< no read moves while a write burst is open: a single-port memory
};

struct AxiBurst {
  std::uint32_t id = 0;
  std::uint64_t address = 0;
  std::uint32_t beats = 0;
  std::uint32_t moved = 0;  ///< beats transferred
  std::uint64_t due = 0;    ///< clock from which the response may come
  std::vector<Beat> data;   ///< write data, kept until the response
  std::vector<std::uint64_t> strobes;
};

class AxiMemoryModel {
 public:
  static constexpr std::uint32_t kDecodeError = 3;
  static constexpr std::uint32_t kSlaveError = 2;

  AxiMemoryModel(std::uint64_t base, std::size_t size, std::size_t bus_bytes, std::uint32_t seed)
      : base_(base), bytes_(size), bus_bytes_(bus_bytes), random_(seed) {}

  AxiBehaviour behaviour;
  /// Called when a write burst's last beat has been taken, before it reaches memory.
  std::function<void(const AxiBurst&)> on_write;
  /// Called when a read burst has been accepted.
  std::function<void(const AxiBurst&)> on_read;
  /// Called when a write's response has been taken and the data is in memory.
  std::function<void(const AxiBurst&)> on_visible;

  std::uint64_t base() const { return base_; }
  std::vector<std::uint8_t>& bytes() { return bytes_; }
  std::uint8_t* at(std::uint64_t address) { return &bytes_.at(address - base_); }
  void fail_reads(std::uint64_t begin, std::uint64_t end) { read_faults_.push_back({begin, end}); }
  void fail_writes(std::uint64_t begin, std::uint64_t end) {
    write_faults_.push_back({begin, end});
  }
  void heal() {
    read_faults_.clear();
    write_faults_.clear();
  }

  /// Bursts accepted and not answered, write beats without address included.
  std::size_t outstanding() const {
    return reads_.size() + open_.size() + answers_.size() + early_data_.size() +
           (r_held_ ? 1U : 0U);
  }
  std::uint64_t read_beats() const { return read_beats_; }
  std::uint64_t write_beats() const { return write_beats_; }
  /// Broken AXI rules seen, empty when all is well.
  const std::string& complaint() const { return complaint_; }

  /// Chooses what to drive in this clock.
  const AxiResponse& drive() {
    const bool closed = behaviour.one_at_a_time && !open_.empty();
    out_.awready = chance(behaviour.aw_ready) && !closed &&
                   open_.size() + answers_.size() < behaviour.most_bursts;
    out_.wready = chance(behaviour.w_ready);
    out_.arready = chance(behaviour.ar_ready) && !closed && reads_.size() < behaviour.most_bursts;
    if (!r_held_ && !closed) choose_read();
    if (!b_held_) choose_answer();
    out_.rvalid = r_held_;
    out_.bvalid = b_held_;
    return out_;
  }

  /// Takes the clock edge: what moved is what was valid and ready in drive()'s answer and `in`.
  void clock(const AxiRequest& in) {
    ++now_;
    if (in.arvalid && out_.arready) accept_read(in);
    if (in.awvalid && out_.awready) accept_write(in);
    if (in.wvalid && out_.wready) accept_data(in);
    if (r_held_ && in.rready) finish_read_beat();
    if (b_held_ && in.bready) finish_answer();
    match_data();
  }

 private:
  struct Range {
    std::uint64_t begin, end;
  };
  struct WriteBeat {
    Beat data;
    std::uint64_t strobes;
    bool last;
  };

  bool chance(std::uint32_t percent) { return percent >= 100 || random_() % 100 < percent; }
  std::uint64_t due() {
    const auto spread = behaviour.latency_max - behaviour.latency_min + 1;
    return now_ + behaviour.latency_min - 1 + random_() % spread;
  }
  void complain(const std::string& what) {
    if (complaint_.empty()) complaint_ = "clock " + std::to_string(now_) + ": " + what;
  }
  bool inside(std::uint64_t address) const {
    return address >= base_ && address - base_ <= bytes_.size() - bus_bytes_;
  }
  static bool hit(const std::vector<Range>& ranges, std::uint64_t begin, std::uint64_t end) {
    for (const Range& r : ranges) {
      if (begin < r.end && r.begin < end) return true;
    }
    return false;
  }
  std::uint32_t status(const std::vector<Range>& faults, std::uint64_t address) const {
    if (!inside(address)) return kDecodeError;
    return hit(faults, address, address + bus_bytes_) ? kSlaveError : 0;
  }
  void check_burst(const char* what, std::uint64_t address, std::uint32_t beats) {
    const std::uint64_t last = address + beats * bus_bytes_ - 1;
    if (address % bus_bytes_ != 0) complain(std::string(what) + " address is not on a beat");
    if (address / 4096 != last / 4096) complain(std::string(what) + " crosses 4 KiB");
  }

  void accept_read(const AxiRequest& in) {
    check_burst("AR", in.araddr, in.arlen + 1);
    reads_.push_back({in.arid, in.araddr, in.arlen + 1, 0, due(), {}, {}});
    if (on_read) on_read(reads_.back());
  }
  void accept_write(const AxiRequest& in) {
    check_burst("AW", in.awaddr, in.awlen + 1);
    open_.push_back({in.awid, in.awaddr, in.awlen + 1, 0, 0, {}, {}});
  }
  void accept_data(const AxiRequest& in) {
    ++write_beats_;
    early_data_.push_back({in.wdata, in.wstrb, in.wlast});
  }
  void match_data() {
    while (!early_data_.empty() && !open_.empty()) {
      AxiBurst& burst = open_.front();
      const WriteBeat beat = early_data_.front();
      early_data_.pop_front();
      burst.data.push_back(beat.data);
      burst.strobes.push_back(beat.strobes);
      const bool last = ++burst.moved == burst.beats;
      if (last != beat.last) complain("WLAST is not on the last beat");
      if (!last) continue;
      burst.due = due();
      if (on_write) on_write(burst);
      answers_.push_back(std::move(burst));
      open_.pop_front();
    }
  }

  /// The index of a burst that may answer now: in order within an ID.
  std::size_t choose(const std::deque<AxiBurst>& bursts) {
    if (!behaviour.reorder) return bursts.front().due <= now_ ? 0 : bursts.size();
    std::vector<std::size_t> ready;
    std::vector<std::uint32_t> seen;
    for (std::size_t i = 0; i < bursts.size(); ++i) {
      const AxiBurst& burst = bursts[i];
      bool first = true;
      for (const std::uint32_t id : seen) first = first && id != burst.id;
      if (!first) continue;
      seen.push_back(burst.id);
      if (burst.due <= now_) ready.push_back(i);
      if (seen.size() == 2) break;
    }
    return ready.empty() ? bursts.size() : ready[random_() % ready.size()];
  }
  void choose_read() {
    if (reads_.empty() || !chance(behaviour.r_valid)) return;
    r_index_ = choose(reads_);
    if (r_index_ == reads_.size()) return;
    const AxiBurst& burst = reads_[r_index_];
    const std::uint64_t address = burst.address + burst.moved * bus_bytes_;
    out_.rid = burst.id;
    out_.rlast = burst.moved + 1 == burst.beats;
    out_.rresp = status(read_faults_, address);
    out_.rdata.fill(0xEE);
    if (out_.rresp == 0) std::copy_n(at(address), bus_bytes_, out_.rdata.begin());
    r_held_ = true;
  }
  void finish_read_beat() {
    ++read_beats_;
    r_held_ = false;
    AxiBurst& burst = reads_[r_index_];
    if (++burst.moved == burst.beats)
      reads_.erase(reads_.begin() + static_cast<std::ptrdiff_t>(r_index_));
  }
  void choose_answer() {
    if (answers_.empty() || !chance(behaviour.b_valid)) return;
    b_index_ = choose(answers_);
    if (b_index_ == answers_.size()) return;
    const AxiBurst& burst = answers_[b_index_];
    out_.bid = burst.id;
    out_.bresp = 0;
    for (std::uint32_t i = 0; i < burst.beats; ++i) {
      const std::uint32_t beat = status(write_faults_, burst.address + i * bus_bytes_);
      if (beat != 0) out_.bresp = beat;
    }
    b_held_ = true;
  }
  void finish_answer() {
    b_held_ = false;
    const AxiBurst burst = std::move(answers_[b_index_]);
    answers_.erase(answers_.begin() + static_cast<std::ptrdiff_t>(b_index_));
    for (std::uint32_t i = 0; i < burst.beats; ++i) store(burst, i);
    if (on_visible) on_visible(burst);
  }
  void store(const AxiBurst& burst, std::uint32_t i) {
    const std::uint64_t address = burst.address + i * bus_bytes_;
    if (status(write_faults_, address) != 0) return;
    std::uint8_t* to = at(address);
    for (std::size_t lane = 0; lane < bus_bytes_; ++lane) {
      if ((burst.strobes[i] >> lane & 1) != 0) to[lane] = burst.data[i][lane];
    }
  }

  std::uint64_t base_;
  std::vector<std::uint8_t> bytes_;
  std::size_t bus_bytes_;
  std::mt19937 random_;
  AxiResponse out_;
  std::uint64_t now_ = 0, read_beats_ = 0, write_beats_ = 0;
  std::deque<AxiBurst> reads_, open_, answers_;
  std::deque<WriteBeat> early_data_;
  std::size_t r_index_ = 0, b_index_ = 0;
  bool r_held_ = false, b_held_ = false;
  std::vector<Range> read_faults_, write_faults_;
  std::string complaint_;
};

}  // namespace guestlink_test
