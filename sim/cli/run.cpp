// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/run.h"

#include <array>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cli/modes.h"
#include "guestlink/attach.h"
#include "guestlink/range.h"

namespace guestlink::sim {

EngineDriver::Timing timing_of(const Options& options) {
  EngineDriver::Timing timing;
  timing.read_latency = options.read_latency.value_or(timing.read_latency);
  timing.write_latency = options.write_latency.value_or(timing.write_latency);
  timing.accept_stall = options.accept_stall.value_or(timing.accept_stall);
  timing.beat_stall = options.beat_stall.value_or(timing.beat_stall);
  return timing;
}

// The FST writer removes what is at its path: it must be neither a device nor the guest's RAM nor
// another file of the spec, one that attaching has just made included.
void check_trace(const Options& options, const AttachReport& report) {
  namespace fs = std::filesystem;
  if (options.trace.empty() || !fs::exists(options.trace)) return;
  if (!fs::is_regular_file(options.trace)) {
    throw std::runtime_error("trace file '" + options.trace + "' is no regular file");
  }
  std::vector<std::string> files;
  for (const ReportRow& row : report.rows) files.push_back(row.path);
  std::istringstream parts(options.attach.substr(options.attach.find(':') + 1));
  for (std::string part; std::getline(parts, part, ',');) {
    files.push_back(part.starts_with("image=") ? part.substr(part.find('=') + 1) : part);
  }
  for (const std::string& file : files) {
    std::error_code ignored;
    if (fs::equivalent(options.trace, file, ignored)) {
      throw std::runtime_error("trace file '" + options.trace + "' is a file of the attach spec");
    }
  }
}

// An FST file is a row of blocks, each a byte of type and its length less one, big-endian in 8
// bytes (the format of GTKWave's fstapi). Verilator's writer does not tell that a write failed.
void check_trace_written(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::uintmax_t size = std::filesystem::file_size(path);
  std::uintmax_t position = 0;
  while (position < size) {
    std::array<unsigned char, 9> head{};
    file.seekg(static_cast<std::streamoff>(position));
    if (!file.read(reinterpret_cast<char*>(head.data()), head.size())) break;
    std::uint64_t length = 0;
    for (std::size_t i = 1; i < head.size(); ++i) length = length << 8 | head[i];
    if (!range_fits(position + 1, length, size)) break;
    position += 1 + length;
  }
  if (size != 0 && position == size) return;
  throw std::runtime_error("trace file '" + path + "' is not whole, its last block is at byte " +
                           std::to_string(position) + " of " + std::to_string(size) +
                           ": is its file system full?");
}

namespace {

// What a mode makes of memory that goes away under it may be an exception.
std::optional<int> run_once(Session& session) {
  try {
    return session.options.doorbell ? run_doorbell(session) : run_self_test(session);
  } catch (const std::exception&) {
    if (!session.guest.gone()) throw;
    return std::nullopt;
  }
}

int run_mode(Session& session) {
  while (true) {
    if (const auto code = run_once(session)) return *code;
    if (!session.guest.come_back(session.driver)) return kExitFailed;
  }
}

int drive(const Options& options, GuestSession& guest, EngineDriver& driver, Console& console,
          Summary& summary) {
  driver.set_timing(timing_of(options));
  console.say("attached " + options.attach);
  for (const std::string& warning : guest.report().warnings) console.say("warning: " + warning);
  GuestFollower follower(guest, options, console, summary);
  Session session{options, guest.memory(), follower, driver, console, summary};
  const int code = run_mode(session);
  summary.cycles = driver.cycles();
  summary.wall_seconds = console.seconds();
  summary.counters += driver.counters();
  summary.generation = guest.memory().generation();
  return code;
}

int simulate(const Options& options, const Simulator& simulator, Console& console,
             Summary& summary) {
  GuestSession guest(options.attach);
  check_trace(options, guest.report());
  const int code =
      simulator(options, std::move(guest), [&](GuestSession& session, EngineDriver& driver) {
        return drive(options, session, driver, console, summary);
      });
  if (!options.trace.empty()) check_trace_written(options.trace);  // closed with the driver
  return code;
}

}  // namespace

int run(const Options& options, const Simulator& simulator) {
  Console console(options);
  Summary summary;
  summary.seed = options.seed;
  int code = kExitFailed;
  catch_signals();
  try {
    code = simulate(options, simulator, console, summary);
  } catch (const AttachError& error) {
    summary.stop_reason = "error";
    console.problem(summary, error.what());
    if (error.kind() == AttachError::Kind::kSpec) code = kExitUsage;
  } catch (const std::exception& error) {
    summary.stop_reason = "error";
    console.problem(summary, error.what());
  }
  if (summary.cycles == 0 && !options.json) return code;  // all there is to say has been said
  const std::string text = options.json ? to_json(summary) + "\n" : to_text(summary);
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
    std::perror((options.program + ": cannot write the summary").c_str());
    return kExitFailed;
  }
  return code;
}

}  // namespace guestlink::sim
