#!/usr/bin/env python3
# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""Stands in for QEMU in guestlink_run_test.py: looks at what it was started with, answers on QMP,
then does what FAKE says. What it saw goes to the file LOG, a JSON object a line.
"""
import fcntl
import json
import os
import re
import signal
import socket
import sys
import time

F_GET_SEALS = 1034


def log(**facts: object) -> None:
    with open(os.environ["LOG"], "a", encoding="utf-8") as stream:
        stream.write(json.dumps(facts) + "\n")


def on_signal(number: int, _frame: object) -> None:
    log(signal=number)
    if number == signal.SIGTERM and MODE != "stubborn":
        sys.exit(7)


def value_of(option: str) -> str:
    return sys.argv[sys.argv.index(option) + 1]


def look_at_ram() -> None:
    number = int(re.search(r"/proc/self/fd/(\d+)", value_of("-object"))[1])
    try:
        os.ftruncate(number, 4096)
        resized = "resized"
    except PermissionError:
        resized = "EPERM"
    log(seals=fcntl.fcntl(number, F_GET_SEALS), size=os.fstat(number).st_size, resize=resized)


def look_at_process() -> None:
    # The descriptor of the listing itself is closed again by now.
    numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    with open("/proc/self/status", encoding="ascii") as stream:
        status = dict(line.split(":\t", 1) for line in stream.read().splitlines() if ":\t" in line)
    log(pid=os.getpid(), group=os.getpgid(0), blocked=int(status["SigBlk"], 16),
        ignored=int(status["SigIgn"], 16),
        descriptors=[number for number in numbers if os.path.exists(f"/proc/self/fd/{number}")])


def serve_qmp() -> None:
    settings = open(value_of("-readconfig"), encoding="ascii").read()
    listener = socket.socket(fileno=int(re.search(r'fd = "(\d+)"', settings)[1]))
    directory = os.path.dirname(listener.getsockname())
    log(directory=directory, mode=os.stat(directory).st_mode & 0o777)
    connection, _ = listener.accept()
    # Two files: one that is read and written drops what it has read ahead.
    stream = connection.makefile("w", encoding="ascii")
    if MODE == "garbage":
        stream.write("this is no QMP\n")
        stream.flush()
        return
    if MODE == "endless":
        stream.write("x" * (3 << 20))
        stream.flush()
        return
    stream.write('{"QMP": {"version": {"qemu": {"micro": 1, "minor": 2, "major": 7}}}}\r\n')
    stream.flush()
    answers = {"machine": "pc-i440fx-7.2-machine",
               "target": {"arch": "x86_64"}, "kvm": {"enabled": False, "present": True}}
    for line in connection.makefile("r", encoding="ascii"):
        name = json.loads(line)["id"]
        stream.write('{"event": "RESUME", "timestamp": {}}\r\n')
        stream.write(json.dumps({"return": answers.get(name, {}), "id": name}) + "\r\n")
        stream.flush()


MODE = os.environ.get("FAKE", "run")
for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
    if signal.getsignal(signal_number) != signal.SIG_IGN:
        signal.signal(signal_number, on_signal)
look_at_process()
look_at_ram()
if MODE == "early":
    sys.exit("fake: cannot start")
if MODE in ("silent", "stubborn"):
    log(ready=True)
    time.sleep(60)
serve_qmp()
if MODE == "stdin":
    log(stdin=sys.stdin.readline())
if MODE == "crash":
    os.kill(os.getpid(), signal.SIGSEGV)
if MODE.startswith("exit"):
    sys.exit(int(MODE[4:]))
log(ready=True)
END = time.monotonic() + 60
while time.monotonic() < END:
    time.sleep(1)
