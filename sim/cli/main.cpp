// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <utility>

#include "cli/modes.h"
#include "guestlink/attach.h"
#include "guestlink_handles.h"

namespace guestlink::sim {
namespace {

ModelDriver::Timing timing_of(const Options& options) {
  ModelDriver::Timing timing;
  timing.read_latency = options.read_latency.value_or(timing.read_latency);
  timing.write_latency = options.write_latency.value_or(timing.write_latency);
  timing.accept_stall = options.accept_stall.value_or(timing.accept_stall);
  timing.beat_stall = options.beat_stall.value_or(timing.beat_stall);
  return timing;
}

/// An entry in the DPI's table of handles, for as long as the model uses it.
class Handle {
 public:
  explicit Handle(GuestMemory memory) : id_(register_memory(std::move(memory))) {
    if (id_ == 0) throw std::runtime_error("no room in the table of memory handles");
  }
  ~Handle() { (void)close_memory(id_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  [[nodiscard]] GuestMemory& memory() const noexcept { return *memory_from_id(id_); }

 private:
  std::uint64_t id_;
};

int simulate(const Options& options, Console& console, Summary& summary) {
  const Handle handle(attach(options.attach));
  ModelDriver driver({handle.id(), options.trace, options.max_cycles});
  driver.set_timing(timing_of(options));
  console.say("attached " + options.attach);
  Session session{options, handle.memory(), driver, console, summary};
  const int code = options.doorbell ? run_doorbell(session) : run_self_test(session);
  summary.cycles = driver.cycles();
  summary.wall_seconds = console.seconds();
  summary.counters = driver.counters();
  return code;
}

int run(const Options& options) {
  Console console(options);
  Summary summary;
  summary.seed = options.seed;
  int code = kExitFailed;
  catch_signals();
  try {
    code = simulate(options, console, summary);
  } catch (const std::exception& error) {
    summary.stop_reason = "error";
    console.problem(summary, error.what());
  }
  if (summary.cycles == 0 && !options.json) return code;  // all there is to say has been said
  std::fputs((options.json ? to_json(summary) + "\n" : to_text(summary)).c_str(), stdout);
  return code;
}

}  // namespace
}  // namespace guestlink::sim

int main(int argc, char** argv) {
  guestlink::sim::Options options;
  if (const auto code = guestlink::sim::parse_options(argc, argv, options)) return *code;
  return guestlink::sim::run(options);
}
