// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "launcher/child.h"

#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launcher/descriptor.h"

namespace guestlink::launcher {
namespace {

std::vector<char*> argument_vector(const std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (const std::string& word : words) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

// Between fork and exec; makes system calls only. Returns if exec failed, with errno.
void become(const ChildSettings& settings, char* const* arguments, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // it ended before the line above
  for (const int number : settings.inherited) {
    if (fcntl(number, F_SETFD, 0) != 0) return;
  }
  if (settings.own_group) {
    setpgid(0, 0);
    const int nothing = open("/dev/null", O_RDWR);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0) return;
    close(nothing);
  }
  sigprocmask(SIG_SETMASK, &settings.signal_mask, nullptr);
  execvp(arguments[0], arguments);
}

}  // namespace

Child::Child(const ChildSettings& settings) : own_group_(settings.own_group) {
  const std::vector<char*> arguments = argument_vector(settings.words);
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot make a pipe");
  }
  Descriptor reader(ends[0]);
  Descriptor writer(ends[1]);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "cannot fork");
  if (pid_ == 0) {
    become(settings, arguments.data(), parent);
    const int error = errno;
    if (write(writer.get(), &error, sizeof error) < 0) _exit(126);
    _exit(127);
  }
  if (own_group_) setpgid(pid_, pid_);  // both sides do it: a signal may come at once
  writer.close();
  int error = 0;
  if (read(reader.get(), &error, sizeof error) == sizeof error) {
    waitpid(pid_, nullptr, 0);
    throw CannotExecute(error, std::generic_category(), "cannot execute " + settings.words[0]);
  }
}

void Child::poll() {
  int status = 0;
  if (!running() || waitpid(pid_, &status, WNOHANG) != pid_) return;
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void Child::send(int signal) const {
  if (running()) kill(own_group_ ? -pid_ : pid_, signal);
}

}  // namespace guestlink::launcher
