// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <thread>

#include "cli/modes.h"
#include "guestlink/access_status.h"
#include "guestlink/address_map.h"
#include "model/doorbell_scan.h"

namespace guestlink::sim {
namespace {

using Clock = Console::Clock;

// Cycles between two looks at signals, page and clock: a millisecond or two of host time.
constexpr std::uint64_t kBusyCycles = 1024;
// A guest that asks for nothing is polled in short bursts with sleeps between, so that the guest
// gets the host's core: two polls a burst, and naps that grow with the silence.
constexpr std::uint64_t kIdleCycles = 64;
constexpr auto kNapAfter = std::chrono::milliseconds(2);
constexpr auto kShortNap = std::chrono::microseconds(100);
constexpr auto kLongNapAfter = std::chrono::milliseconds(200);
constexpr auto kLongNap = std::chrono::milliseconds(1);
constexpr std::uint64_t kHandshakeCycles = 10000;

/// The bits of CHANERR in words; their numbers are the Linux driver's
/// (drivers/dma/ioat/registers.h).
std::string chanerr_names(std::uint32_t bits) {
  static constexpr const char* kNames[] = {"source address",
                                           "destination address",
                                           "next descriptor",
                                           "descriptor alignment",
                                           "chain address",
                                           "CHANCMD",
                                           "",
                                           "",
                                           "read data",
                                           "write data",
                                           "descriptor control",
                                           "length",
                                           "completion address"};
  std::string names;
  for (std::size_t bit = 0; bit < std::size(kNames); ++bit) {
    if ((bits >> bit & 1) != 0) names += (names.empty() ? "" : ", ") + std::string(kNames[bit]);
  }
  return names;
}

/// One page, from the scan to the verdict.
class DoorbellServer {
 public:
  explicit DoorbellServer(Session& session) : session_(session) {}

  std::optional<int> run() {
    if (const auto page = find_page()) {
      session_.summary.page_address = page->address;
      if (attach(*page)) {
        serve();
        return finish();
      }
    }
    if (session_.guest.gone()) return std::nullopt;
    return kExitFailed;
  }

 private:
  std::optional<DoorbellPage> find_page() {
    DoorbellScanner scanner(session_.memory);
    session_.console.say("looking for a doorbell page in guest RAM");
    const auto limit = std::chrono::milliseconds(
        static_cast<std::int64_t>(session_.options.attach_timeout * 1000));
    const auto page = scanner.wait(limit, [&] {
      const std::size_t stale = scanner.stale_pages();
      session_.console.progress(
          "still looking: the guest has not published its page yet" +
          (stale == 0 ? "" : " (" + std::to_string(stale) + " without a heartbeat)"));
      return interrupted() || session_.guest.gone();
    });
    if (page) {
      session_.console.say("doorbell page found at " + hex(page->address) + ", session " +
                           hex(page->session));
      return page;
    }
    if (session_.guest.gone()) return std::nullopt;
    session_.summary.stop_reason = interrupted() ? "signal" : "attach timeout";
    if (!interrupted()) report_no_page(scanner.stale_pages());
    return std::nullopt;
  }

  void report_no_page(std::size_t stale) {
    char text[200];
    std::snprintf(
        text, sizeof text,
        "no live doorbell page within %g s (%zu without a heartbeat): is the guest program "
        "running, and is this its RAM?",
        session_.options.attach_timeout, stale);
    session_.console.problem(session_.summary, text);
  }

  bool attach(const DoorbellPage& page) {
    EngineDriver& driver = session_.driver;
    driver.enable_page(page.address, page.session);
    for (std::uint64_t ran = 0; ran < kHandshakeCycles && !driver.page().attached; ++ran) {
      if (driver.page().error || driver.step(1) == 0) break;
    }
    if (driver.page().attached) return true;
    if (session_.guest.gone()) return false;
    session_.summary.stop_reason = stopped_by_driver() ? driver_reason() : "page error";
    session_.console.problem(session_.summary,
                             "could not write to the page at " + hex(page.address));
    return false;
  }

  void serve() {
    session_.console.say("attached to the guest program; serving");
    last_activity_ = Clock::now();
    std::uint64_t burst = kBusyCycles;
    while (true) {
      session_.driver.step(burst);
      if (!closed_by_guest() && session_.guest.gone()) return;
      report_errors();
      report_faults();
      if (!session_.driver.page().attached || stopped_by_driver()) return;
      if (interrupted()) return stop("signal");
      session_.console.progress(session_.driver, "serving");
      const auto silence = watch();
      if (out_of_patience(silence)) return;
      const bool nap = silence >= kNapAfter && session_.driver.engine_idle();
      burst = nap ? kIdleCycles : kBusyCycles;
      if (nap) std::this_thread::sleep_for(silence < kLongNapAfter ? kShortNap : kLongNap);
    }
  }

  /// How long neither the guest has asked for anything nor the engine moved anything.
  Clock::duration watch() {
    const EngineDriver::Counters now = session_.driver.counters();
    const auto now_time = Clock::now();
    const std::uint64_t activity =
        now.page_accesses + now.descriptors + now.interrupts + now.bytes_read + now.bytes_written;
    if (activity != activity_) last_activity_ = now_time;
    activity_ = activity;
    return now_time - last_activity_;
  }

  bool out_of_patience(Clock::duration silence) {
    const double limit = session_.options.idle_timeout;
    const double seconds = std::chrono::duration<double>(silence).count();
    if (limit <= 0 || seconds < limit) return false;
    char text[200];
    std::snprintf(
        text, sizeof text,
        "the guest asked for nothing for %g s and has not closed its page; a longer wait: "
        "--idle-timeout",
        limit);
    session_.console.problem(session_.summary, text);
    stop("idle timeout");
    return true;
  }

  // Its verdict counts, even if it has gone since.
  [[nodiscard]] bool closed_by_guest() const {
    const EngineDriver::PageStatus page = session_.driver.page();
    return !page.attached && !page.error;
  }

  void report_errors() {
    const EngineDriver::Counters now = session_.driver.counters();
    if (now.errors == errors_) return;
    session_.console.problem(
        session_.summary,
        std::string("DMA refused by guest memory: ") +
            to_string(static_cast<AccessStatus>(static_cast<int>(now.error_status))) + " at " +
            hex(now.error_address) + " (" + std::to_string(now.errors - errors_) + " beats)");
    errors_ = now.errors;
  }

  void report_faults() {
    const EngineDriver::Counters now = session_.driver.counters();
    if (now.faults == faults_) return;
    const std::uint64_t last_completed = now.fault_chansts & ~std::uint64_t{63};
    session_.console.problem(
        session_.summary, "the engine stopped: CHANERR " + hex(now.fault_chanerr) + " (" +
                              chanerr_names(now.fault_chanerr) + "), last descriptor completed " +
                              hex(last_completed));
    faults_ = now.faults;
  }

  void stop(const char* reason) { session_.summary.stop_reason = reason; }

  [[nodiscard]] bool stopped_by_driver() const {
    return session_.driver.stop_reason() != StopReason::kNone;
  }
  [[nodiscard]] std::string driver_reason() const {
    return to_string(session_.driver.stop_reason());
  }

  /// Tells the guest that nobody serves the page any more, when it is not the guest who ended it.
  void detach() {
    EngineDriver& driver = session_.driver;
    driver.set_cycle_limit(0);
    driver.disable_page();
    for (std::uint64_t ran = 0; ran < kHandshakeCycles && driver.page().attached; ++ran) {
      if (driver.step(1) == 0) return;
    }
  }

  std::optional<int> finish() {
    Summary& summary = session_.summary;
    const EngineDriver::PageStatus page = session_.driver.page();
    if (!closed_by_guest() && session_.guest.gone()) {
      // Another file may be at the path; this one's guest can still be told.
      if (page.attached && !session_.memory.lost()) detach();
      return std::nullopt;
    }
    if (summary.stop_reason.empty() && page.attached) summary.stop_reason = driver_reason();
    if (page.attached) detach();
    if (!summary.stop_reason.empty()) return kExitFailed;
    if (page.error) {
      summary.stop_reason = "page error";
      session_.console.problem(
          summary,
          "the doorbell page is gone or guest memory refused it, at " + hex(*summary.page_address));
      return kExitFailed;
    }
    summary.stop_reason = "guest closed the page";
    summary.guest_verdict = page.state == 2 ? "pass" : page.state == 3 ? "fail" : "none";
    session_.console.say("the guest closed its page, verdict: " + summary.guest_verdict);
    return page.state == 2 ? kExitOk : kExitFailed;
  }

  Session& session_;
  Clock::time_point last_activity_;
  std::uint64_t activity_ = 0;
  std::uint32_t errors_ = 0;
  std::uint32_t faults_ = 0;
};

}  // namespace

std::optional<int> run_doorbell(Session& session) { return DoorbellServer(session).run(); }

}  // namespace guestlink::sim
