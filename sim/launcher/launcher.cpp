// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "launcher/launcher.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <system_error>

#include <poll.h>
#include <sys/signalfd.h>

#include "launcher/child.h"
#include "launcher/guest_ram.h"
#include "launcher/plan.h"
#include "launcher/qmp_probe.h"
#include "launcher/report.h"
#include "launcher/run_directory.h"

namespace guestlink::launcher {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kKillAfter{5};  // from SIGTERM

void say(const std::string& text) { std::fprintf(stderr, "guestlink run: %s\n", text.c_str()); }

/// The signals that we wait for, blocked for as long as this lives.
class Signals {
 public:
  Signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD}) sigaddset(&set, number);
    sigprocmask(SIG_BLOCK, &set, &before_);
    descriptor_ = Descriptor(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!descriptor_.is_open()) {
      throw std::system_error(errno, std::generic_category(), "cannot wait for signals");
    }
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  [[nodiscard]] const sigset_t& before() const { return before_; }
  [[nodiscard]] std::optional<signalfd_siginfo> take() const {
    signalfd_siginfo info{};
    if (read(descriptor_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
    return info;
  }

 private:
  Descriptor descriptor_;
  sigset_t before_{};
};

// In single quotes, for the shell.
std::string quoted(const std::string& text) {
  std::string result(1, '\'');
  for (const char letter : text) {
    if (letter == '\'') result.append("'\\'");
    result.push_back(letter);
  }
  result.push_back('\'');
  return result;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

class Session {
 public:
  explicit Session(const Request& request)
      : request_(request),
        ram_(make_guest_ram()),
        plan_(plan_of()),
        spec_file_(request.spec_file) {}

  int run();

 private:
  Plan plan_of() const;
  void start_qemu();
  void wait_for_event();
  void take_signals();
  void take_probe();
  void announce();
  void warn(const std::string& text);
  void start_tool();
  void after_a_child_ended();
  void keep_limits();
  void give_up(const std::string& why);
  [[nodiscard]] bool tool_runs() const { return tool_ && tool_->running(); }
  [[nodiscard]] bool tool_missed() const { return !request_.exec.empty() && !tool_; }
  [[nodiscard]] int result() const;
  void send_all(int signal) const;

  const Request& request_;
  Signals signals_;
  RunDirectory directory_;
  Descriptor ram_;
  Plan plan_;
  SpecFile spec_file_;
  GuestReport report_;
  std::optional<QmpProbe> probe_;
  std::optional<Child> qemu_;
  std::optional<Child> tool_;
  std::optional<Clock::time_point> answer_by_;
  std::optional<Clock::time_point> terminate_at_;
  std::optional<Clock::time_point> kill_at_;
  bool failed_ = false;
};

Plan Session::plan_of() const {
  return make_plan(request_.command, {.ram = ram_.get(),
                                      .qmp_settings = directory_.qmp_settings(),
                                      .qtest_settings = directory_.qtest_settings()});
}

void Session::start_qemu() {
  ChildSettings settings{.words = plan_.words, .inherited = {}, .signal_mask = signals_.before()};
  if (plan_.ram_bytes != 0) settings.inherited.push_back(ram_.get());
  if (!plan_.help) {
    for (const int listener : directory_.listeners()) settings.inherited.push_back(listener);
    probe_.emplace(directory_.connect());
    answer_by_ = Clock::now() + request_.start_limit;
  }
  qemu_.emplace(settings);
  ram_.close();
  directory_.close_listeners();
}

int Session::run() {
  if (plan_.ram_bytes != 0) seal_guest_ram(ram_, plan_.ram_bytes);
  if (!request_.quiet) {
    for (const std::string& change : plan_.changes) say(change);
  }
  for (const std::string& warning : plan_.warnings) say("warning: " + warning);
  start_qemu();
  while (qemu_->running() || tool_runs()) {
    wait_for_event();
    take_signals();
    if (probe_) take_probe();
    keep_limits();
  }
  return result();
}

void Session::wait_for_event() {
  std::optional<Clock::time_point> next;
  for (const auto& limit : {answer_by_, terminate_at_, kill_at_}) {
    if (limit && (!next || *limit < *next)) next = limit;
  }
  int wait = -1;
  if (next) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - Clock::now()).count();
    wait = static_cast<int>(std::clamp<long>(left, 0, 60000));
  }
  std::array<pollfd, 2> waited{
      {{.fd = signals_.descriptor(), .events = POLLIN, .revents = 0},
       {.fd = probe_ ? probe_->descriptor() : -1, .events = POLLIN, .revents = 0}}};
  poll(waited.data(), waited.size(), wait);
}

void Session::take_signals() {
  while (const auto info = signals_.take()) {
    const int number = static_cast<int>(info->ssi_signo);
    if (number == SIGCHLD) {
      after_a_child_ended();
      continue;
    }
    // What the terminal sends has reached QEMU already, which is in our group.
    if (info->ssi_code != SI_KERNEL) qemu_->send(number);
    if (tool_) tool_->send(number);
  }
}

void Session::after_a_child_ended() {
  const bool qemu_ran = qemu_->running();
  const bool tool_ran = tool_runs();
  qemu_->poll();
  if (tool_) tool_->poll();
  const bool ended = (qemu_ran && !qemu_->running()) || (tool_ran && !tool_runs());
  if (ended && !terminate_at_ && !kill_at_) terminate_at_ = Clock::now() + request_.grace;
}

void Session::take_probe() {
  try {
    // At the end of the connection QEMU is about to end, too: its exit code tells more.
    if (!probe_->on_readable()) return;
    const bool answered = probe_->answered();
    report_.facts = probe_->facts();
    probe_.reset();  // QEMU talks to one client at a time; the socket is free from here on
    if (!answered) return;
    answer_by_.reset();
    announce();
    start_tool();
  } catch (const std::exception& error) {
    probe_.reset();
    give_up(error.what());
  }
}

void Session::warn(const std::string& text) {
  plan_.warnings.push_back(text);
  say("warning: " + text);
}

void Session::announce() {
  if (report_.facts.max_cpus == 1 && !report_.facts.kvm) {
    warn("QEMU has one possible CPU (-smp): TCG makes the guest's atomic instructions plain ones");
  }
  report_.pid = qemu_->pid();
  report_.qmp_socket = directory_.qmp_path();
  report_.spec = "qmp:" + directory_.qmp_path() + ",watch=" + directory_.watch_path() +
                 (plan_.qtest ? ",qtest=" + directory_.qtest_path() : "");
  const std::string json = to_json(report_, plan_);
  spec_file_.write((request_.json ? json : report_.spec) + "\n");
  if (request_.json && request_.spec_file.empty()) std::fprintf(stderr, "%s\n", json.c_str());
  if (request_.json || request_.quiet) return;
  say("attach with " + report_.spec);
  say("QMP socket " + report_.qmp_socket);
}

void Session::start_tool() {
  if (request_.exec.empty()) return;
  std::string line = replaced(request_.exec, "{spec}", quoted(report_.spec));
  line = replaced(line, "{qmp}", quoted(report_.qmp_socket));
  if (!request_.quiet) say("running " + line);
  tool_.emplace(ChildSettings{.words = {"/bin/sh", "-c", line},
                              .inherited = {},
                              .own_group = true,
                              .signal_mask = signals_.before()});
}

void Session::give_up(const std::string& why) {
  say(why);
  failed_ = true;
  answer_by_.reset();
  terminate_at_ = Clock::now();
}

void Session::send_all(int signal) const {
  qemu_->send(signal);
  if (tool_) tool_->send(signal);
}

void Session::keep_limits() {
  const auto now = Clock::now();
  if (answer_by_ && now >= *answer_by_ && qemu_->running()) {
    give_up("QEMU has not answered on QMP for " +
            std::to_string(request_.start_limit.count() / 1000) + " s (--timeout): ending it");
  }
  if (terminate_at_ && now >= *terminate_at_) {
    terminate_at_.reset();
    kill_at_ = now + kKillAfter;
    send_all(SIGTERM);
  }
  if (kill_at_ && now >= *kill_at_) {
    kill_at_.reset();
    say("killing what does not end");
    send_all(SIGKILL);
  }
}

int Session::result() const {
  const int status = qemu_->status();
  const bool early = answer_by_.has_value();
  const bool signalled = status > 128;
  if (early || (status != 0 && !failed_)) {
    say("QEMU ended with exit code " + std::to_string(status) +
        (signalled ? " (signal " + std::to_string(status - 128) + ")" : "") +
        (early ? " before it answered on QMP" : ""));
  }
  if (failed_) return 1;
  if (tool_) return tool_->status();
  return tool_missed() && status == 0 ? 1 : status;
}

}  // namespace

int run(const Request& request) { return Session(request).run(); }

}  // namespace guestlink::launcher
