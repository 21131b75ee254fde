// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/modes.h"
#include "cli/scoreboard.h"
#include "guestlink/address_map.h"
#include "guestlink/range.h"

namespace guestlink::sim {
namespace {

// Offsets in BAR0, from the I/OAT driver's registers.h; channel 0 is at 0x80.
constexpr std::uint32_t kTransferCap = 0x00;       // byte 1 of this word
constexpr std::uint32_t kInterruptControl = 0x00;  // byte 3 of it
constexpr std::uint32_t kAttention = 0x04;
constexpr std::uint32_t kChannelControl = 0x80;
constexpr std::uint32_t kChannelCommand = 0x84;  // DMACOUNT is its upper half
constexpr std::uint32_t kChannelStatus = 0x88;
constexpr std::uint32_t kChainAddress = 0x90;
constexpr std::uint32_t kCompletionAddress = 0x98;
constexpr std::uint32_t kChannelError = 0xA8;
constexpr std::uint32_t kCommandReset = 1U << 5;
constexpr std::uint32_t kChannelRun = 0x1D;  // re-arm, completion on error, abort, error interrupt

constexpr std::uint64_t kStepCycles = 64;
constexpr std::uint64_t kInterruptCycles = 5000;
constexpr std::uint64_t kFaultCycles = 50000;
constexpr std::uint64_t kIdleCycles = 20000;  // an engine idle for so long will not go on by itself
constexpr std::uint64_t kHalted = 3;

/// Why the self-test ended early. Its text goes to the user.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
/// The driver stopped or a signal came: no verdict.
class Stopped : public std::exception {};

std::uint32_t random_pattern(std::mt19937_64& random) {
  switch (random() % 4) {
    case 0:
      return static_cast<std::uint32_t>(random() & random());
    case 1:
      return static_cast<std::uint32_t>(random()) & 0x7FFFFFFFU;
    default:
      return 0;
  }
}

std::uint16_t random_latency(std::mt19937_64& random) {
  static constexpr std::uint64_t kLimits[] = {1, 1, 8, 40, 200};
  return static_cast<std::uint16_t>(1 + random() % kLimits[random() % std::size(kLimits)]);
}

/// Where the scoreboard goes: a random place in what may be overwritten.
std::uint64_t choose_base(const Session& session, std::mt19937_64& random) {
  std::vector<GuestRange> rooms;
  for (const Region& region : session.memory.regions()) {
    std::uint64_t first = region.guest_address;
    std::uint64_t end = first + region.writable_length;
    if (session.options.range_size != 0) {  // which does not wrap
      first = std::max(first, session.options.range_base);
      end = std::min(end, session.options.range_base + session.options.range_size);
    }
    if (first >= end) continue;  // before aligning, which would wrap at the top
    const std::uint64_t skip = (64 - first % 64) % 64;
    if (range_fits(skip, Scoreboard::kBytes, end - first)) {
      rooms.push_back({first + skip, end - first - skip});
    }
  }
  if (rooms.empty()) {
    throw Failure("no " + std::to_string(Scoreboard::kBytes >> 10) +
                  " KiB of writable guest memory in one piece that may be overwritten");
  }
  const GuestRange& room = rooms[random() % rooms.size()];
  return room.guest_address + 64 * (random() % ((room.length - Scoreboard::kBytes) / 64 + 1));
}

class SelfTest {
 public:
  SelfTest(Session& session, std::uint32_t seed)
      : session_(session),
        random_(seed),
        board_(session.memory, choose_base(session, random_), seed ^ 0x5C0B0A4DU) {}

  void run() {
    start_channel();
    while (done_ < session_.options.descriptors) {
      set_timing();
      const auto& batch =
          board_.make_batch(session_.options.descriptors - static_cast<std::uint32_t>(done_));
      ring(batch.size());
      wait_for_completion(batch);
      inject_error(batch);
      check(batch);
      done_ += batch.size();
      if (random_() % 4 == 0) run_fault(batch.back().address);
      session_.console.progress(session_.driver, "self-test");
    }
  }

  [[nodiscard]] std::uint64_t faults() const noexcept { return faults_; }

 private:
  void set_timing() {
    const Options& given = session_.options;
    timing_.read_latency = random_latency(random_);
    timing_.write_latency = random_latency(random_);
    timing_.accept_stall = random_pattern(random_);
    timing_.beat_stall = random_pattern(random_);
    timing_.read_latency = given.read_latency.value_or(timing_.read_latency);
    timing_.write_latency = given.write_latency.value_or(timing_.write_latency);
    timing_.accept_stall = given.accept_stall.value_or(timing_.accept_stall);
    timing_.beat_stall = given.beat_stall.value_or(timing_.beat_stall);
    session_.driver.set_timing(timing_);
  }

  // ---------------------------------------------------------------- registers
  std::uint32_t read(std::uint32_t offset) {
    const auto access = session_.driver.read_register(offset);
    if (!access.ok()) fail_access("read", offset, access);
    return access.data;
  }
  void write(std::uint32_t offset, std::uint32_t data, std::uint32_t strobes = 0xF) {
    const auto access = session_.driver.write_register(offset, data, strobes);
    if (!access.ok()) fail_access("write", offset, access);
  }
  void write64(std::uint32_t offset, std::uint64_t data) {
    write(offset, static_cast<std::uint32_t>(data));
    write(offset + 4, static_cast<std::uint32_t>(data >> 32));
  }
  [[noreturn]] void fail_access(const char* what, std::uint32_t offset,
                                const EngineDriver::RegisterAccess& access) {
    if (session_.driver.stop_reason() != StopReason::kNone) throw Stopped();
    throw Failure(
        std::string("register ") + what + " at " + hex(offset) +
        (access.done ? ": response " + std::to_string(access.response) : ": no answer in time"));
  }
  void step(std::uint64_t cycles) {
    if (interrupted() || session_.driver.step(cycles) < cycles) throw Stopped();
    if (session_.guest.gone()) throw Stopped();
  }

  // ---------------------------------------------------------------- what a driver does
  void start_channel() {
    write(kChannelCommand, kCommandReset, 0x1);
    for (int reads = 0; (read(kChannelCommand) & kCommandReset) != 0; ++reads) {
      if (reads == 1000) throw Failure("the channel's reset does not end");
    }
    rung_ = 0;
    write(kInterruptControl, 1U << 24, 0x8);
    write(kChannelControl, kChannelRun, 0x3);
    write64(kCompletionAddress, board_.completion_address());
    write64(kChainAddress, board_.first_descriptor());
  }

  // In one to four portions, so that the engine is found idle and busy alike.
  void ring(std::size_t count) {
    while (count > 0) {
      const std::size_t portion = random_() % 2 ? count : 1 + random_() % count;
      rung_ += portion;
      count -= portion;
      write(kChannelCommand, static_cast<std::uint32_t>(rung_ & 0xFFFF) << 16, 0xC);
      if (count > 0) step(1 + random_() % 500);
    }
  }

  [[nodiscard]] std::uint64_t completion() const {
    std::uint64_t record = 0;
    (void)session_.memory.load(board_.completion_address(), record);
    return record;
  }

  // What latency costs at most: none of the bus transactions overlap.
  [[nodiscard]] std::uint64_t latency_of(std::uint64_t transactions) const {
    return transactions * (std::uint64_t{timing_.read_latency} + timing_.write_latency);
  }

  void wait_for_completion(const std::vector<Job>& batch) {
    std::uint64_t bytes = 0;
    for (const Job& job : batch) bytes += job.descriptor.size;
    const std::uint64_t limit = session_.driver.cycles() + 100000 + 50 * bytes +
                                20000 * batch.size() +
                                latency_of(16 + 4 * batch.size() + bytes / 1024);
    const std::uint64_t last = batch.back().address;
    std::uint64_t busy = session_.driver.cycles();  // last
    while ((completion() & ~std::uint64_t{63}) != last || !session_.driver.engine_idle()) {
      step(kStepCycles);
      if (session_.driver.interrupt()) handle_interrupt();
      session_.console.progress(session_.driver, "self-test");
      if (!session_.driver.engine_idle()) busy = session_.driver.cycles();
      if (session_.driver.cycles() < std::min(limit, busy + kIdleCycles)) continue;
      throw Failure("descriptors " + std::to_string(batch.front().index) + " to " +
                    std::to_string(batch.back().index) + " did not complete in time: " + state());
    }
    wait_for_interrupt();
  }

  // The batch's last descriptor asked for one: handled above if it came while waiting.
  void wait_for_interrupt() {
    for (std::uint64_t cycle = 0; cycle < kInterruptCycles && !handled_; ++cycle) {
      step(1);
      if (session_.driver.interrupt()) handle_interrupt();
    }
    if (!handled_) throw Failure("no interrupt after the last descriptor: " + state());
    handled_ = false;
  }

  void handle_interrupt() {
    const std::uint32_t control = read(kInterruptControl) >> 24;
    if ((control & 3) != 3) throw Failure("INTRCTRL is " + hex(control) + " in an interrupt");
    if ((read(kAttention) & 1) == 0) throw Failure("ATTNSTATUS has no bit set in an interrupt");
    write(kInterruptControl, control << 24, 0x8);
    write(kChannelControl, kChannelRun, 0x3);
    handled_ = true;
  }

  std::string state() {
    return "CHANSTS " + hex(read(kChannelStatus) | std::uint64_t{read(kChannelStatus + 4)} << 32) +
           ", CHANERR " + hex(read(kChannelError)) + ", completion record " + hex(completion()) +
           (session_.driver.engine_idle() ? ", idle" : ", busy");
  }

  // ---------------------------------------------------------------- faults
  /// An address behind the last of the memory, where no RAM is.
  [[nodiscard]] std::uint64_t hole() const {
    const Region& last = session_.memory.regions().back();
    return last.guest_address + last.length;
  }

  static std::uint32_t error_bit(Fault fault) {
    switch (fault) {
      case Fault::kSizeZero:
      case Fault::kSizeAboveLimit:
        return 1U << 11;
      case Fault::kOperation:
        return 1U << 10;
      case Fault::kSourceHole:
        return 1U << 8;
      case Fault::kDestinationHole:
        return 1U << 9;
    }
    return 0;
  }

  /// A descriptor that must be refused: the channel halts behind the last good one, says why,
  /// touches nothing else, and works again after a reset.
  void run_fault(std::uint64_t last_good) {
    const auto fault = static_cast<Fault>(random_() % kFaults);
    const std::uint32_t limit = 1U << ((read(kTransferCap) >> 8) & 0x1F);
    board_.make_fault(fault, hole(), limit);
    rung_ += 2;
    write(kChannelCommand, static_cast<std::uint32_t>(rung_ & 0xFFFF) << 16, 0xC);
    const std::uint64_t end = session_.driver.cycles() + kFaultCycles + latency_of(16);
    while (completion() != (last_good | kHalted) || !session_.driver.engine_idle()) {
      step(kStepCycles);
      if (session_.driver.interrupt()) handle_interrupt();
      if (session_.driver.cycles() > end) throw fault_failure(fault, "is not reported");
    }
    wait_for_interrupt();
    if (read(kChannelError) != error_bit(fault)) throw fault_failure(fault, "set other bits");
    board_.accept_fault(fault);
    if (const auto difference = board_.compare()) throw fault_failure(fault, difference->c_str());
    write(kChannelError, error_bit(fault));
    if (read(kChannelError) != 0) throw fault_failure(fault, "cannot be cleared");
    start_channel();
    ++faults_;
  }

  Failure fault_failure(Fault fault, const char* what) {
    return Failure("a descriptor refused for CHANERR " + hex(error_bit(fault)) + " after " +
                   std::to_string(done_) + " good ones: " + what + ": " + state());
  }

  // ---------------------------------------------------------------- verdict
  void inject_error(const std::vector<Job>& batch) {
    const auto& wanted = session_.options.inject_error;
    if (!wanted) return;
    for (const Job& job : batch) {
      if (job.index != *wanted) continue;
      std::uint8_t byte = 0;
      const std::uint64_t at = job.descriptor.destination + job.descriptor.size / 2;
      (void)session_.memory.load(at, byte);
      (void)session_.memory.store(at, static_cast<std::uint8_t>(byte ^ 0x40U));
      session_.console.say("spoilt the byte at " + hex(at) + ", as asked by --inject-error");
    }
  }

  void check(const std::vector<Job>& batch) {
    const std::uint64_t status = read(kChannelStatus) | std::uint64_t{read(kChannelStatus + 4)}
                                                            << 32;
    if (status != completion() || status != (batch.back().address | 1)) {
      throw Failure("after descriptor " + std::to_string(batch.back().index) + " at " +
                    hex(batch.back().address) + ": " + state());
    }
    if (read(kChannelError) != 0) throw Failure("CHANERR is set: " + state());
    if (const auto difference = board_.compare()) throw Failure(*difference);
    const std::uint64_t counted = session_.driver.counters().descriptors;
    if (counted != done_ + batch.size()) {
      throw Failure("the engine counted " + std::to_string(counted) + " descriptors, not " +
                    std::to_string(done_ + batch.size()));
    }
  }

  Session& session_;
  std::mt19937_64 random_;
  Scoreboard board_;
  EngineDriver::Timing timing_;
  std::uint64_t done_ = 0;
  std::uint64_t rung_ = 0;
  std::uint64_t faults_ = 0;
  bool handled_ = false;  ///< an interrupt since the last one that was waited for
};

std::uint32_t choose_seed(const Options& options) {
  return options.seed ? *options.seed : std::random_device{}();
}

}  // namespace

std::optional<int> run_self_test(Session& session) {
  Summary& summary = session.summary;
  const std::uint32_t seed = choose_seed(session.options);
  summary.seed = seed;
  session.console.say("self-test: " + std::to_string(session.options.descriptors) +
                      " descriptors, seed " + std::to_string(seed));
  try {
    SelfTest test(session, seed);
    test.run();
    session.console.say(std::to_string(test.faults()) +
                        " faulty descriptors between them were refused as they should be");
  } catch (const Stopped&) {
    if (session.guest.gone()) return std::nullopt;
    summary.stop_reason = interrupted() ? "signal" : to_string(session.driver.stop_reason());
    return kExitFailed;
  } catch (const Failure& failure) {
    if (session.guest.gone()) return std::nullopt;  // that is why
    summary.stop_reason = "self-test failed";
    session.console.problem(summary, failure.what());
    return kExitFailed;
  }
  summary.stop_reason = "self-test passed";
  return kExitOk;
}

}  // namespace guestlink::sim
