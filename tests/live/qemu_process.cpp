// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "live/qemu_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace guestlink::live {
namespace {

constexpr auto kStartLimit = std::chrono::seconds(20);

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), by);
    at += by.size();
  }
  return text;
}

}  // namespace

bool has_program(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access(folder.append("/").append(name).c_str(), X_OK) == 0) return true;
  }
  return false;
}

int major_version(const std::string& program) {
  using Pipe = std::unique_ptr<FILE, int (*)(FILE*)>;
  const Pipe output(popen((program + " --version 2>/dev/null").c_str(), "r"), pclose);
  int version = 0;
  if (!output || std::fscanf(output.get(), "QEMU emulator version %d", &version) != 1) return 0;
  return version;
}

QemuProcess::QemuProcess(const std::string& program, std::vector<std::string> arguments) {
  for (std::string& argument : arguments) {
    argument = replaced(argument, "DIR", directory.file("."));
  }
  const std::vector<std::string> own = {
      "-nodefaults",
      "-display",
      "none",
      "-accel",
      "tcg",
      "-qtest-log",
      "none",
      "-qmp",
      "unix:" + socket() + ",server=on,wait=off",
      "-qmp",
      "unix:" + directory.file("qmp-of-test") + ",server=on,wait=off",
      "-qtest",
      "unix:" + directory.file("qtest") + ",server=on,wait=off"};
  arguments.insert(arguments.begin(), own.begin(), own.end());
  // Boards with a sound device take the host's sound; from QEMU 8.2 on there has to be some.
  if (major_version(program) >= 9) arguments.insert(arguments.end(), {"-audio", "none"});
  try {
    start(program, std::move(arguments));
    connect_qtest();
  } catch (...) {
    stop();
    throw;
  }
}

QemuProcess::~QemuProcess() { stop(); }

void QemuProcess::stop() noexcept {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

bool QemuProcess::ended() const {
  siginfo_t info = {};
  return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == pid_;
}

void QemuProcess::start(const std::string& program, std::vector<std::string> arguments) {
  const std::string log = directory.file("log");
  arguments.insert(arguments.begin(), program);
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a killed test leaves no QEMU behind
    const int fd = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    execvp(program.c_str(), argv.data());
    _exit(127);
  }
  const auto limit = std::chrono::steady_clock::now() + kStartLimit;
  while (!std::filesystem::exists(directory.file("qtest"))) {
    if (ended() || std::chrono::steady_clock::now() > limit) {
      throw std::runtime_error(program + " did not start: " + test::content_of(log));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  try {
    qmp_.emplace(directory.file("qmp-of-test"),
                 detail::QmpClient::Limits{.call = kStartLimit, .total = 3 * kStartLimit});
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(std::string(error.what()) + "\n" + test::content_of(log));
  }
}

void QemuProcess::connect_qtest() {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, directory.file("qtest").c_str(), sizeof address.sun_path - 1);
  qtest_ = FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(qtest_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("no connection to qtest");
  }
}

std::uint64_t QemuProcess::peek(std::uint64_t address) {
  std::ostringstream line;
  line << "xp /1gx 0x" << std::hex << address;
  // "0000000000001000: 0x0123456789abcdef", the address as the version has it.
  const std::string text = qmp_->monitor(line.str());
  const std::size_t at = text.rfind(": 0x");
  if (at == std::string::npos) throw std::runtime_error("xp says " + text + " to " + line.str());
  return std::stoull(text.substr(at + 4), nullptr, 16);
}

void QemuProcess::poke(std::uint64_t address, std::uint64_t value) {
  std::ostringstream line;
  line << std::hex << "writeq 0x" << address << " 0x" << value << "\n";
  const std::string text = line.str();
  (void)send(qtest_.get(), text.data(), text.size(), MSG_NOSIGNAL);
  std::string answer;
  while (!answer.ends_with('\n')) {
    pollfd entry = {.fd = qtest_.get(), .events = POLLIN, .revents = 0};
    std::array<char, 64> part;
    const ssize_t got = poll(&entry, 1, 10000) == 1 ? recv(qtest_.get(), part.data(), 64, 0) : 0;
    if (got <= 0) throw std::runtime_error("no answer from qtest to " + text);
    answer.append(part.data(), static_cast<std::size_t>(got));
  }
  if (answer != "OK\n") throw std::runtime_error("qtest says " + answer + " to " + text);
}

}  // namespace guestlink::live
