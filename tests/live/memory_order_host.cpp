// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
//
// memory_order_host SPEC [--seconds S] [--expect-losses]: the host's half of the memory-order
// tests. Looks for the page of guest/memory_order.c in the guest's RAM and leads it through the
// steps, each S seconds long (0.4). Exit code 0: neither side saw anything wrong. With
// --expect-losses, for a QEMU that makes the guest's atomics plain, 0 means instead that additions
// were lost.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "../../guest/order_page.h"
#include "guestlink/attach.h"

namespace guestlink::live {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kAttachLimit = std::chrono::seconds(60);  // a guest's boot, under load
constexpr auto kLimit = std::chrono::seconds(20);        // of every other wait
// Less than this, and the two were not at it together. A step is prolonged for it: where the two
// share one CPU, a round of store buffering takes two time slices.
constexpr std::uint64_t kLeastCount = 100;
constexpr std::uint64_t kLeastChanges = 10;
constexpr int kMostTries = 10;
constexpr unsigned kBatch = 64;  // accesses between two looks at the clock

void check(AccessStatus status, std::uint64_t address) {
  if (status == AccessStatus::kOk) return;
  std::ostringstream text;
  text << "access at 0x" << std::hex << address << ": status " << static_cast<int>(status);
  throw std::runtime_error(text.str());
}

// Waits until `done`, spinning first: the other side is mostly a few hundred nanoseconds away.
template <typename Done>
void wait_until(const std::string& what, Done done) {
  constexpr unsigned kSpins = 2000;
  const auto end = Clock::now() + kLimit;
  for (unsigned looks = 0; !done(); ++looks) {
    if (looks < kSpins) continue;
    std::this_thread::yield();
    if (Clock::now() > end) {
      throw std::runtime_error(what + " did not come within " + std::to_string(kLimit.count()) +
                               " s");
    }
  }
}

/// The words of the page, by their offsets.
class OrderPage {
 public:
  OrderPage(GuestMemory& memory, std::uint64_t address) : memory_(memory), address_(address) {}

  [[nodiscard]] std::uint64_t load(unsigned offset) const {
    std::uint64_t value = 0;
    check(memory_.load(address_ + offset, value), address_ + offset);
    return value;
  }
  void store(unsigned offset, std::uint64_t value) {
    check(memory_.store(address_ + offset, value), address_ + offset);
  }
  template <typename T>
  T fetch_add(unsigned offset, T operand) {
    T previous = 0;
    check(memory_.fetch_add(address_ + offset, operand, previous), address_ + offset);
    return previous;
  }
  bool compare_swap(unsigned offset, std::uint64_t expected, std::uint64_t desired) {
    std::uint64_t previous = 0;
    check(memory_.compare_swap(address_ + offset, expected, desired, previous), address_ + offset);
    return previous == expected;
  }

  using Line = std::array<std::uint64_t, kOrderPayloadWords>;
  [[nodiscard]] Line read_line(unsigned offset) const {
    Line line;
    check(memory_.read_beat<sizeof(Line)>(address_ + offset, line.data()), address_ + offset);
    return line;
  }
  void write_line(unsigned offset, const Line& line) {
    constexpr std::uint64_t kAllStrobes = ~std::uint64_t{0};
    check(memory_.write_beat<sizeof(Line)>(address_ + offset, line.data(), &kAllStrobes),
          address_ + offset);
  }

 private:
  GuestMemory& memory_;
  std::uint64_t address_;
};

/// Finds the page of a program that runs: its heartbeat moves, unlike that of a page which an
/// earlier guest left.
class PageFinder {
 public:
  explicit PageFinder(GuestMemory& memory) : memory_(memory) {}

  std::uint64_t wait() {
    const auto end = Clock::now() + kAttachLimit;
    while (true) {
      if (const auto address = look()) return *address;
      if (Clock::now() > end) throw std::runtime_error("no page of memory_order: " + seen());
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

 private:
  std::optional<std::uint64_t> look() {
    constexpr std::uint64_t kPage = 4096;
    for (const GuestRange& range : memory_.populated_ranges()) {
      const std::uint64_t end = range.guest_address + range.length;
      for (std::uint64_t at = (range.guest_address + kPage - 1) / kPage * kPage; at + kPage <= end;
           at += kPage) {
        if (is_live(at)) return at;
      }
    }
    return std::nullopt;
  }

  bool is_live(std::uint64_t address) {
    const OrderPage page(memory_, address);
    if (page.load(kOrderSignature0) != ORDER_SIGNATURE_0) return false;
    if (page.load(kOrderSignature1) != ORDER_SIGNATURE_1) return false;
    if (page.load(kOrderAddress) != address || page.load(kOrderSession) == 0) return false;
    const std::uint64_t beat = page.load(kOrderHeartbeat);
    const auto [before, is_new] = heartbeats_.try_emplace(address, beat);
    return !is_new && before->second != beat;
  }

  [[nodiscard]] std::string seen() const {
    return std::to_string(heartbeats_.size()) +
           " with its signature, and none has a heartbeat, in " +
           std::to_string(kAttachLimit.count()) + " s";
  }

  GuestMemory& memory_;
  std::map<std::uint64_t, std::uint64_t> heartbeats_;
};

/// What one side did in a step.
struct Tally {
  std::uint64_t count = 0;
  std::uint64_t changes = 0;
  std::uint64_t wrong = 0;
  std::uint64_t got = 0;  // the first wrong value
  std::uint64_t wanted = 0;

  void note_wrong(std::uint64_t found, std::uint64_t instead) {
    if (wrong++ != 0) return;
    got = found;
    wanted = instead;
  }
};

class MemoryOrder {
 public:
  MemoryOrder(OrderPage page, std::chrono::duration<double> seconds)
      : page_(page), seconds_(std::chrono::duration_cast<Clock::duration>(seconds)) {}

  void attach() { page_.store(kOrderAttached, page_.load(kOrderSession)); }

  /// What a guest whose atomics and fences are plain gets wrong. No lock: its compare-and-swap that
  /// fails stores what it found, which may be the lock that the host has given back since.
  void run_on_plain_atomics() {
    fetch_add<std::uint64_t>("fetch-add, 64 bits", kOrderFetchAdd64);
    fetch_add<std::uint32_t>("fetch-add, 32 bits", kOrderFetchAdd32);
    store_buffering("store buffering, fences", kOrderStoreBuffering);
  }

  void run() {
    run_on_plain_atomics();
    spin_lock();
    message_to_host();
    message_to_guest();
    store_buffering("store buffering, no fences", kOrderStoreBufferingUnfenced);
    pattern_to_host();
    pattern_to_guest();
  }

  /// Gives the guest the host's verdict and takes the guest's.
  void end() {
    page_.store(kOrderVerdict, failures_.empty() ? 1 : 0);
    begin_step(kOrderEnd);
    wait_until("the guest's verdict", [&] { return page_.load(kOrderFinished) == step_; });
    if (page_.load(kOrderWrong) != 0) failures_.push_back("the guest's verdict is FAIL");
  }

  [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }
  [[nodiscard]] std::uint64_t lost_additions() const { return lost_additions_; }

 private:
  void begin_step(unsigned kind) {
    for (unsigned at = kOrderTested; at < kOrderTestedEnd; at += 8) page_.store(at, 0);
    page_.store(kOrderCommand, ++step_ << 8 | kind);
  }

  // Does `batch` again and again, which counts in `host`, while the guest does its half; gives the
  // guest's tally.
  template <typename Batch>
  Tally run_step(unsigned kind, const Tally& host, Batch batch) {
    begin_step(kind);
    wait_until("the guest's start of step " + std::to_string(step_),
               [&] { return page_.load(kOrderStarted) == step_; });
    const auto end = Clock::now() + seconds_;
    while (Clock::now() < end || host.count < kLeastCount) batch();
    page_.store(kOrderStop, step_);
    wait_until("the guest's end of step " + std::to_string(step_),
               [&] { return page_.load(kOrderFinished) == step_; });
    return {page_.load(kOrderCount), page_.load(kOrderChanges), page_.load(kOrderWrong),
            page_.load(kOrderGot), page_.load(kOrderWanted)};
  }

  // One line on what was done, and the failures of the step.
  void report(const std::string& name, const Tally& host, const Tally& guest,
              const std::string& result) {
    std::cout << name << ": host " << host.count << ", guest " << guest.count << ": " << result
              << std::endl;
    judge(name + ", host", host);
    judge(name + ", guest", guest);
  }

  void judge(const std::string& name, const Tally& tally) {
    std::ostringstream text;
    if (tally.count < kLeastCount) {
      text << "only " << tally.count << " done, at least " << kLeastCount << " expected";
    } else if (tally.wrong != 0) {
      text << tally.wrong << " of " << tally.count << " wrong, the first 0x" << std::hex
           << tally.got << " instead of 0x" << tally.wanted;
    } else {
      return;
    }
    failures_.push_back(name + ": " + text.str());
  }

  void expect_changes(const std::string& name, const Tally& reader) {
    if (reader.changes >= kLeastChanges) return;
    failures_.push_back(name + ": only " + std::to_string(reader.changes) + " new values seen");
  }

  template <typename T>
  void fetch_add(const std::string& name, unsigned kind) {
    Tally host;
    T least = 0;
    const Tally guest = run_step(kind, host, [&] {
      for (unsigned i = 0; i < kBatch; ++i) {
        const T previous = page_.fetch_add<T>(kOrderSum, 1);
        // The number of steps from the least it may be; the sum of 32 bits may wrap.
        if (static_cast<std::make_signed_t<T>>(previous - least) < 0) {
          host.note_wrong(previous, least);
        }
        least = previous + 1;
      }
      host.count += kBatch;
    });
    const auto expected = static_cast<T>(host.count + guest.count);
    const auto lost = static_cast<T>(expected - static_cast<T>(page_.load(kOrderSum)));
    lost_additions_ += lost;
    report(name, host, guest, std::to_string(lost) + " lost");
    if (lost != 0) failures_.push_back(name + ": " + std::to_string(lost) + " additions lost");
  }

  void take_lock() {
    wait_until("the spin lock", [&] { return page_.compare_swap(kOrderLock, 0, kOrderHostsLock); });
  }

  void spin_lock() {
    Tally host;
    const Tally guest = run_step(kOrderSpinLock, host, [&] {
      for (unsigned i = 0; i < kBatch; ++i) {
        take_lock();
        page_.store(kOrderCounter, page_.load(kOrderCounter) + 1);
        const std::uint64_t owner = page_.load(kOrderLock);
        if (owner != kOrderHostsLock) host.note_wrong(owner, kOrderHostsLock);
        page_.store(kOrderLock, 0);
      }
      host.count += kBatch;
    });
    const std::uint64_t lost = host.count + guest.count - page_.load(kOrderCounter);
    report("spin lock of compare-and-swap", host, guest, std::to_string(lost) + " lost");
    if (lost != 0) failures_.push_back("spin lock: " + std::to_string(lost) + " counts lost");
  }

  void message_to_host() {
    Tally host;
    std::uint64_t last = 0;
    const Tally guest = run_step(kOrderMessageToHost, host, [&] {
      for (unsigned i = 0; i < kBatch; ++i) {
        const std::uint64_t flag = page_.load(kOrderFlag);
        const OrderPage::Line payload = page_.read_line(kOrderPayload);
        const std::uint64_t oldest = *std::min_element(payload.begin(), payload.end());
        if (oldest < flag) host.note_wrong(oldest, flag);
        host.changes += flag != last ? 1 : 0;
        last = flag;
      }
      host.count += kBatch;
    });
    report("messages to the host", host, guest,
           std::to_string(host.wrong) + " stale, " + std::to_string(host.changes) + " new seen");
    expect_changes("messages to the host", host);
  }

  void message_to_guest() {
    Tally host;
    const Tally guest = run_step(kOrderMessageToGuest, host, [&] {
      for (unsigned i = 0; i < kBatch; ++i) {
        OrderPage::Line payload;
        payload.fill(++host.count);
        page_.write_line(kOrderPayload, payload);
        page_.store(kOrderFlag, host.count);
      }
    });
    report("messages to the guest", host, guest,
           std::to_string(guest.wrong) + " stale, " + std::to_string(guest.changes) + " new seen");
    expect_changes("messages to the guest", guest);
  }

  // Each side writes its word and reads the other's. Not both may miss what the other wrote, if
  // both have a fence in between; without fences it is seen how often the two met.
  void store_buffering(const std::string& name, unsigned kind) {
    const bool fenced = kind == kOrderStoreBuffering;
    Tally host;
    std::uint64_t both_missed = 0;
    std::uint64_t delay = 0;
    const Tally guest = run_step(kind, host, [&] {
      for (unsigned i = 0; i < kBatch; ++i) {
        const std::uint64_t round = ++host.count;
        page_.store(kOrderRound, round);
        for (volatile std::uint64_t spin = 0; spin < delay;) spin = spin + 1;
        page_.store(kOrderX, round);
        if (fenced) GuestMemory::fence();
        const bool host_missed = page_.load(kOrderY) != round;
        wait_until("the guest's round " + std::to_string(round),
                   [&] { return page_.load(kOrderRoundDone) == round; });
        const bool guest_missed = page_.load(kOrderSeen) != round;
        both_missed += host_missed && guest_missed ? 1 : 0;
        // Towards the moment at which the guest does the same: who misses was too early.
        if (host_missed && !guest_missed) ++delay;
        if (!host_missed && guest_missed && delay > 0) --delay;
      }
    });
    report(name, host, guest, std::to_string(both_missed) + " times both missed");
    if (fenced && both_missed != 0) {
      failures_.push_back(name + ": both sides missed the other's store " +
                          std::to_string(both_missed) + " times in " + std::to_string(host.count));
    }
  }

  void pattern_to_host() {
    Tally host;
    std::uint64_t last = 0;
    const Tally guest = run_step(kOrderPatternToHost, host, [&] {
      for (unsigned i = 0; i < kBatch; ++i) {
        const std::uint64_t found = page_.load(kOrderPattern);
        if (found != ORDER_PATTERN(0) && found != ORDER_PATTERN(1) && found != 0) {
          host.note_wrong(found, ORDER_PATTERN(0));
        }
        host.changes += found != last ? 1 : 0;
        last = found;
      }
      host.count += kBatch;
    });
    report("words read by the host", host, guest,
           std::to_string(host.wrong) + " torn, " + std::to_string(host.changes) + " new seen");
    expect_changes("words read by the host", host);
  }

  void pattern_to_guest() {
    Tally host;
    const Tally guest = run_step(kOrderPatternToGuest, host, [&] {
      for (unsigned i = 0; i < kBatch; ++i) {
        ++host.count;
        page_.store(kOrderPattern, ORDER_PATTERN(host.count));
      }
    });
    report("words read by the guest", host, guest,
           std::to_string(guest.wrong) + " torn, " + std::to_string(guest.changes) + " new seen");
    expect_changes("words read by the guest", guest);
  }

  OrderPage page_;
  Clock::duration seconds_;
  std::uint64_t step_ = 0;
  std::uint64_t lost_additions_ = 0;
  std::vector<std::string> failures_;
};

struct Options {
  std::string spec;
  double seconds = 0.4;
  bool expect_losses = false;
};

std::optional<Options> parse(int argc, char** argv) {
  if (argc < 2) return std::nullopt;
  Options options{.spec = argv[1]};
  for (int i = 2; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--expect-losses") {
      options.expect_losses = true;
    } else if (std::string_view(argv[i]) == "--seconds" && i + 1 < argc) {
      options.seconds = std::strtod(argv[++i], nullptr);
    } else {
      return std::nullopt;
    }
  }
  return options.seconds > 0 && options.seconds < 20 ? std::optional(options) : std::nullopt;
}

int verdict(const MemoryOrder& order, bool expect_losses) {
  for (const std::string& failure : order.failures()) std::cout << "FAIL " << failure << "\n";
  if (!expect_losses) return order.failures().empty() ? 0 : 1;
  std::cout << order.lost_additions() << " additions lost, as was "
            << (order.lost_additions() != 0 ? "" : "not ") << "to be expected" << std::endl;
  return order.lost_additions() != 0 ? 0 : 1;
}

int run(const Options& options) {
  GuestMemory memory = attach(options.spec);
  MemoryOrder order(OrderPage(memory, PageFinder(memory).wait()),
                    std::chrono::duration<double>(options.seconds));
  order.attach();
  if (options.expect_losses) {
    // Where the two got hardly any time on two CPUs at once, none may be lost: again, then.
    for (int i = 0; i < kMostTries && order.lost_additions() == 0; ++i)
      order.run_on_plain_atomics();
  } else {
    order.run();
  }
  order.end();
  return verdict(order, options.expect_losses);
}

}  // namespace
}  // namespace guestlink::live

int main(int argc, char** argv) {
  const auto options = guestlink::live::parse(argc, argv);
  if (!options) {
    std::fputs("usage: memory_order_host SPEC [--seconds S] [--expect-losses]\n", stderr);
    return 2;
  }
  try {
    return guestlink::live::run(*options);
  } catch (const std::exception& error) {
    std::cout.flush();
    std::fprintf(stderr, "memory_order_host: %s\n", error.what());
    return 1;
  }
}
