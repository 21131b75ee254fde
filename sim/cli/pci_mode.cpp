// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/pci_mode.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <stdexcept>

#include "cli/console.h"
#include "cli/run.h"
#include "cli/summary.h"
#include "guestlink/address_map.h"
#include "guestlink_endpoints.h"
#include "pci/access_log.h"
#include "pci/pci_model.h"
#include "pci/pci_runner.h"
#include "pci/pseudo_terminal.h"

namespace guestlink::sim {
namespace {

// Cycles between two looks at signals and errors: a millisecond or two of host time.
constexpr std::uint64_t kBurstCycles = 1024;
// A sleep between two looks at signals, of which each ends one at once.
constexpr auto kNap = std::chrono::milliseconds(500);
// What a device gets to end what it was doing when the guest has gone.
constexpr std::uint64_t kLastCycles = 100'000;

const PciDeviceKind& kind_of(const std::string& name) {
  const auto kinds = pci_device_kinds();
  return *std::find_if(kinds.begin(), kinds.end(),
                       [&](const PciDeviceKind& kind) { return kind.name == name; });
}

// Throws std::invalid_argument for an option that the device has nothing of.
const PciDeviceKind& checked_kind(const PciOptions& pci) {
  const PciDeviceKind& kind = kind_of(pci.device);
  if (!pci.serial.empty() && !kind.has_line) {
    throw std::invalid_argument("--serial: " + pci.device + " has no serial line");
  }
  return kind;
}

/// An endpoint of the DPI's table, for as long as the model uses it.
class OpenEndpoint {
 public:
  explicit OpenEndpoint(const std::string& spec) : id_(open_endpoint(spec)) {}
  ~OpenEndpoint() { (void)close_endpoint(id_); }
  OpenEndpoint(const OpenEndpoint&) = delete;
  OpenEndpoint& operator=(const OpenEndpoint&) = delete;
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  [[nodiscard]] std::uint64_t memory_id() const noexcept { return endpoint_memory_id(id_); }
  [[nodiscard]] PciEndpoint& operator*() const noexcept { return *endpoint_from_id(id_); }
  [[nodiscard]] PciEndpoint* operator->() const noexcept { return endpoint_from_id(id_); }

 private:
  std::uint64_t id_;
};

PciModel::Options model_options(const Options& options, const PciOptions& pci, SerialEnd* serial) {
  PciModel::Options result;
  result.trace_file = options.trace;
  result.timing = timing_of(options);
  result.lock_step = pci.lock_step;
  result.serial = serial;
  return result;
}

/// One device and one guest, from the socket to the summary.
class PciServer {
 public:
  PciServer(const Options& options, const PciOptions& pci, Console& console, Summary& summary)
      : options_(options),
        pci_(pci),
        console_(console),
        summary_(summary),
        kind_(checked_kind(pci)),
        endpoint_("vfio-user:" + options.vfio_user + "," + kind_.keys),
        serial_(pci.serial.empty() ? nullptr : std::make_unique<PseudoTerminal>(pci.serial)),
        model_(kind_.make(model_options(options, pci, serial_.get()))),
        runner_(
            *model_, *endpoint_,
            pci.free_running ? PciRunner::Clocking::kFreeRunning : PciRunner::Clocking::kIdleSkip) {
    if (!pci.log.empty()) {
      log_.emplace(pci.log, *model_);
      endpoint_->observe(&*log_);
    }
    model_->start(endpoint_.id(), endpoint_.memory_id());
  }

  int run() {
    invite();
    const bool came = wait_for_guest();
    if (came) serve();
    report();
    summary_.cycles = model_->cycles();
    counters_ = model_->counters();
    interrupts_ = endpoint_->interrupts_sent();
    if (log_) log_->close();
    return came && summary_.stop_reason == "guest has gone" ? kExitOk : kExitFailed;
  }

  [[nodiscard]] std::string json() const {
    nlohmann::ordered_json json;
    json["stop_reason"] = summary_.stop_reason;
    json["device"] = kind_.name;
    json["cycles"] = summary_.cycles;
    json["wall_seconds"] = summary_.wall_seconds;
    json["cycles_per_second"] = summary_.cycles_per_second();
    for (const auto& [name, value] : counters_) json[name] = value;
    json["interrupts_sent"] = interrupts_;
    json["errors"] = summary_.errors;
    // A file name in an error message may hold any bytes.
    return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  }

  [[nodiscard]] std::string text() const {
    std::string text = "stopped          " + summary_.stop_reason + "\n";
    const auto line = [&](std::string name, const std::string& value) {
      std::replace(name.begin(), name.end(), '_', ' ');
      name.resize(17, ' ');
      text += name + value + "\n";
    };
    char rate[100];
    std::snprintf(rate, sizeof rate, "%llu in %.2f s, %.0f cycles/s",
                  static_cast<unsigned long long>(summary_.cycles), summary_.wall_seconds,
                  summary_.cycles_per_second());
    line("cycles", rate);
    for (const auto& [name, value] : counters_) line(name, std::to_string(value));
    line("interrupts_sent", std::to_string(interrupts_));
    line("errors", std::to_string(summary_.errors.size()));
    return text;
  }

 private:
  void invite() {
    console_.say("listening at " + options_.vfio_user + " as " + kind_.name + ", " + kind_.summary);
    console_.say("give QEMU (10.1 or newer) this device:");
    console_.say("  " + endpoint_->qemu_option(pci_.lock_step));
    console_.say("and RAM that both can map, which share=on makes it:");
    console_.say(
        "  -object memory-backend-memfd,id=mem,size=SIZE,share=on -M q35,memory-backend=mem");
  }

  void clock() {
    const std::array<int, 1> line{serial_ ? serial_->fd() : -1};
    const bool listens = serial_ && serial_->has_room();
    (void)runner_.run(kBurstCycles, kNap, std::span(line).first(listens ? 1 : 0));
    if (serial_) serial_->refill();
    // A device at work does not ask whether the guest is still there.
    endpoint_->poll();
  }

  // Whether one came.
  bool wait_for_guest() {
    while (endpoint_->link() == PciLink::kListening) {
      if (stopped()) return false;
      if (console_.seconds() > options_.attach_timeout) {
        char text[120];
        std::snprintf(text, sizeof text, "no QEMU has connected within %g s: --attach-timeout",
                      options_.attach_timeout);
        console_.problem(summary_, text);
        summary_.stop_reason = "attach timeout";
        return false;
      }
      console_.progress("still waiting for QEMU");
      clock();
    }
    console_.say("QEMU has connected");
    return true;
  }

  void serve() {
    while (endpoint_->link() == PciLink::kConnected && !stopped()) {
      clock();
      report();
      progress();
    }
    if (endpoint_->link() != PciLink::kEnded || !summary_.stop_reason.empty()) return;
    for (std::uint64_t cycle = 0; cycle < kLastCycles && !model_->idle(); ++cycle) model_->clock();
    summary_.stop_reason = endpoint_->failure().empty() ? "guest has gone" : "protocol error";
    if (!endpoint_->failure().empty()) console_.problem(summary_, endpoint_->failure());
  }

  bool stopped() {
    if (interrupted()) summary_.stop_reason = "signal";
    if (model_->stop_reason() != StopReason::kNone) {
      summary_.stop_reason = to_string(model_->stop_reason());
    }
    if (options_.max_cycles != 0 && model_->cycles() >= options_.max_cycles) {
      summary_.stop_reason = "cycle limit";
    }
    return !summary_.stop_reason.empty();
  }

  void report() {
    for (std::string text = endpoint_->take_message(); !text.empty();
         text = endpoint_->take_message()) {
      console_.say(text);
    }
    const PciModel::DmaErrors now = model_->dma_errors();
    if (now.count == dma_errors_) return;
    const std::string why = endpoint_->dma_problem(now.address);
    if (now.count > dma_errors_) {
      console_.say("DMA refused by guest memory: " +
                   std::string(to_string(static_cast<AccessStatus>(static_cast<int>(now.status)))) +
                   " at " + hex(now.address) + " (" + std::to_string(now.count - dma_errors_) +
                   " beats)" + (why.empty() ? "" : ", " + why));
    }
    dma_errors_ = now.count;  // less after a reset
  }

  void progress() {
    if (model_->cycles() == progress_cycles_) return;  // idle: nothing to tell
    console_.progress("serving: " + std::to_string(model_->cycles()) + " cycles");
    progress_cycles_ = model_->cycles();
  }

  const Options& options_;
  const PciOptions& pci_;
  Console& console_;
  Summary& summary_;
  const PciDeviceKind& kind_;
  std::optional<AccessLog> log_;  // outlives the endpoint, which tells it
  OpenEndpoint endpoint_;
  std::unique_ptr<PseudoTerminal> serial_;
  std::unique_ptr<PciModel> model_;
  PciRunner runner_;
  std::uint32_t dma_errors_ = 0;
  std::uint64_t progress_cycles_ = 0;
  PciModel::Counters counters_;
  std::uint64_t interrupts_ = 0;
};

// `text` is the summary.
int serve_guest(const Options& options, const PciOptions& pci, Console& console, Summary& summary,
                std::string& text) {
  PciServer server(options, pci, console, summary);
  const int code = server.run();
  summary.wall_seconds = console.seconds();
  text = options.json ? server.json() : server.text();
  return code;
}

}  // namespace

void add_pci_options(CLI::App& app, Options& options, PciOptions& pci) {
  app.get_option("--attach")->required(false);
  const std::string group = "PCI device";
  app.get_option_group("Mode")
      ->add_option("--vfio-user", options.vfio_user,
                   "Be a PCI device of the QEMU that connects to this socket, until it ends")
      ->type_name("PATH")
      ->excludes(app.get_option("--attach"));
  std::vector<std::string> names;
  std::string summaries;
  for (const PciDeviceKind& kind : pci_device_kinds()) {
    names.emplace_back(kind.name);
    summaries += (summaries.empty() ? "" : "; ") + std::string(kind.name) + ": " + kind.summary;
  }
  app.add_option("--device", pci.device, "Which: " + summaries)
      ->check(CLI::IsMember(names))
      ->capture_default_str()
      ->group(group);
  CLI::Option* const free_run =
      app.add_flag("--free-run", pci.free_running,
                   "Clock the device all the time, not only while it has something to do")
          ->group(group);
  app.add_flag("--lock-step", pci.lock_step,
               "Answer each access of the guest when the device has become idle, so that runs "
               "repeat")
      ->group(group)
      ->excludes(free_run);
  app.add_option("--serial", pci.serial,
                 "Make this a link to the other end of the UART's line, a pseudo-terminal")
      ->type_name("PATH")
      ->group(group);
  app.add_option("--log", pci.log,
                 "Write every register access and interrupt, with its clock cycle, to this file")
      ->type_name("FILE")
      ->group(group);
}

int run_pci(const Options& options, const PciOptions& pci) {
  Console console(options);
  Summary summary;
  catch_signals();
  int code = kExitFailed;
  std::string text;
  try {
    check_trace(options, {});
    code = serve_guest(options, pci, console, summary, text);
    if (!options.trace.empty()) check_trace_written(options.trace);  // closed with the model
  } catch (const std::invalid_argument& error) {
    console.problem(summary, error.what());
    code = kExitUsage;
  } catch (const std::exception& error) {
    console.problem(summary, error.what());
    code = kExitFailed;
  }
  if (text.empty() && options.json) {
    text = nlohmann::ordered_json{{"stop_reason", "error"}, {"errors", summary.errors}}.dump(
               2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
           "\n";
  }
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
    std::perror((options.program + ": cannot write the summary").c_str());
    return kExitFailed;
  }
  return code;
}

}  // namespace guestlink::sim
