# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""Processes of a demo: a guest, a simulator, and what they print, line by line."""

import collections
import contextlib
import ctypes
import os
import pathlib
import re
import signal
import subprocess
import sys

# A guest may send anything, a terminal acts on some of it.
NOT_PRINTABLE = re.compile(r"[^\t -~]")
TAIL_LINES = 12


class RunError(Exception):
    """The run failed: exit status 1."""


def die_with_parent() -> None:
    """In the child before exec: a killed launcher leaves no QEMU behind (PR_SET_PDEATHSIG is 1)."""
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)


class Child:
    """One process in a process group of its own, and its output as lines."""

    def __init__(self, name: str, command: list[str], log: pathlib.Path | None):
        self.name = self.title = name
        self.tail = collections.deque(maxlen=TAIL_LINES)
        self.log = log.open("w", encoding="utf-8") if log else None
        self.partial = {}
        self.stdout_text = ""
        self.last_error = ""
        try:
            # One thread only in this program, so preexec_fn is safe.
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                start_new_session=True, preexec_fn=die_with_parent)
        except OSError as error:
            raise RunError(f"{command[0]} cannot be started: {error.strerror}") from error
        for stream in (self.process.stdout, self.process.stderr):
            os.set_blocking(stream.fileno(), False)
            self.partial[stream] = b""

    def read_lines(self, stream) -> list[str] | None:
        """What came, as whole lines; None at the end of the stream."""
        data = stream.read()
        if data is None:
            return []
        *lines, rest = (self.partial[stream] + data).split(b"\n")
        if not data:
            lines, rest = ([rest] if rest else []), b""
        self.partial[stream] = rest
        text = [NOT_PRINTABLE.sub("?", line.decode("latin-1").strip("\r")) for line in lines]
        if self.log:
            self.log.writelines(line + "\n" for line in text)
        self.tail.extend(text)
        if stream is self.process.stdout:
            self.stdout_text += "".join(line + "\n" for line in text)
        elif text:
            self.last_error = text[-1]
        return None if not data and not text else text

    def how_it_ended(self) -> str:
        status = self.process.returncode
        if status >= 0:
            return f"{self.title} ended with status {status}"
        return f"{self.title} was killed by signal {-status} ({signal.strsignal(-status)})"

    def stop(self) -> None:
        """Ends the process group, gently first. Safe to call at any time, any number of times."""
        for number, patience in ((signal.SIGTERM, 2), (signal.SIGKILL, 5)):
            if self.process.poll() is not None:
                break
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
        if self.log:
            self.log.close()
            self.log = None


def stop_on_signal(number: int, _frame) -> None:
    raise RunError(f"stopped by signal {signal.Signals(number).name}")


def let_go_of_broken_pipes() -> None:
    """Whoever read the output has gone: nothing more can be said, not at exit either."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
