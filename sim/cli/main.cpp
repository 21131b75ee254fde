// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <exception>
#include <filesystem>
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

// The FST writer removes what is at its path: it must not be the RAM file, or a device.
void check_trace(const std::string& trace) {
  namespace fs = std::filesystem;
  if (trace.empty() || !fs::exists(trace) || fs::is_regular_file(trace)) return;
  throw std::runtime_error("trace file '" + trace + "' is no regular file");
}

void check_trace(const std::string& trace, const AttachReport& report) {
  namespace fs = std::filesystem;
  if (trace.empty() || !fs::exists(trace)) return;
  for (const ReportRow& row : report.rows) {
    if (fs::exists(row.path) && fs::equivalent(trace, row.path)) {
      throw std::runtime_error("trace file '" + trace + "' is the guest's RAM file");
    }
  }
}

int run_mode(Session& session) {
  try {
    return session.options.doorbell ? run_doorbell(session) : run_self_test(session);
  } catch (const std::exception&) {
    if (!session.memory.lost()) throw;
    return kExitFailed;
  }
}

// Whatever a mode made of the loss of its memory, that is why it ended.
int report_loss(Session& session, int code) {
  if (!session.memory.lost()) return code;
  session.summary.stop_reason = "memory lost";
  session.console.problem(session.summary, session.memory.loss());
  return kExitFailed;
}

int simulate(const Options& options, Console& console, Summary& summary) {
  check_trace(options.trace);
  Attachment attachment = attach_with_report(options.attach);
  check_trace(options.trace, attachment.report);
  const Handle handle(std::move(attachment.memory));
  ModelDriver driver({handle.id(), options.trace, options.max_cycles});
  driver.set_timing(timing_of(options));
  console.say("attached " + options.attach);
  for (const std::string& warning : attachment.report.warnings) console.say("warning: " + warning);
  Session session{options, handle.memory(), driver, console, summary};
  const int code = report_loss(session, run_mode(session));
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
  const std::string text = options.json ? to_json(summary) + "\n" : to_text(summary);
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
    std::perror("guestlink-sim: cannot write the summary");
    return kExitFailed;
  }
  return code;
}

}  // namespace
}  // namespace guestlink::sim

int main(int argc, char** argv) {
  guestlink::sim::Options options;
  if (const auto code = guestlink::sim::parse_options(argc, argv, options)) return *code;
  return guestlink::sim::run(options);
}
