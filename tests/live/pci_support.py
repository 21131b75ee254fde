# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""A simulator that is a PCI device, and a QEMU that has it: for tests on stock QEMU."""
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "sim" / "demo"))
from qemu_device import has_device  # noqa: E402

PASS, FAIL = 33, 35  # QEMU's exit status when the bare-metal guest says so: guest/bare/console.h
LIMIT = 60.0  # seconds for what takes one


class Output:
    """The lines of a process as they come."""

    def __init__(self, process: subprocess.Popen):
        self.process = process
        self.text = ""

    def read_until(self, wanted: str, limit: float = LIMIT) -> str:
        """All output so far, once it has `wanted`; with what it has at its end otherwise."""
        end = time.monotonic() + limit
        stream = self.process.stdout
        while wanted not in self.text:
            left = end - time.monotonic()
            if left <= 0 or not select.select([stream], [], [], left)[0]:
                raise AssertionError(f"no {wanted!r} within {limit} s in:\n{self.text}")
            part = os.read(stream.fileno(), 65536)
            if not part:
                raise AssertionError(f"no {wanted!r} up to the end of:\n{self.text}")
            self.text += part.decode("latin-1")
        return self.text

    def rest(self, limit: float = LIMIT) -> str:
        """All output, when the process has ended."""
        out, _ = self.process.communicate(timeout=limit)
        self.text += out.decode("latin-1")
        return self.text


class PciTest(unittest.TestCase):
    """One device and one guest; both end with the test."""
    sim_program: str
    guest_program: str
    qemu_folder: str
    qemu = ""

    @classmethod
    def setUpClass(cls) -> None:
        for candidate in ("qemu-system-x86_64", f"{cls.qemu_folder}/bin/qemu-system-x86_64"):
            if has_device(candidate):
                cls.qemu = candidate
                return
        raise unittest.SkipTest("no QEMU with vfio-user-pci: see live.newest_qemu")

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="guestlink-pci-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.socket = self.folder / "device.sock"
        self.summary_file = self.folder / "summary.json"

    def start(self, command: list[str], **streams) -> subprocess.Popen:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **streams)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process: subprocess.Popen) -> None:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()

    def start_sim(self, *options: str) -> Output:
        """Listening when it returns. Its words are on the output, its summary in a file."""
        with self.summary_file.open("w") as summary:
            process = self.start([self.sim_program, "--vfio-user", str(self.socket), "--json",
                                  *options], stdout=summary, stderr=subprocess.PIPE)
        process.stdout, process.stderr = process.stderr, None
        sim = Output(process)
        sim.read_until("memory-backend=mem")
        return sim

    def device(self, **more) -> str:
        return json.dumps({"driver": "vfio-user-pci",
                           "socket": {"type": "unix", "path": str(self.socket)},
                           "x-msg-timeout": 2147483647, **more})

    def start_qemu(self, words: str, *options: str, machine: str = "q35", memory: str = "256M",
                   backend: str = "memory-backend-memfd,share=on", **device) -> Output:
        return Output(self.start(
            [self.qemu, "-M", f"{machine},memory-backend=mem", "-accel", "tcg",
             "-object", f"{backend},id=mem,size={memory}", "-nodefaults", "-no-user-config",
             "-display", "none", "-serial", "stdio", "-kernel", self.guest_program,
             "-append", words, "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
             "-device", self.device(**device), *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT))

    def end_of(self, output: Output, status: int, limit: float = LIMIT) -> str:
        text = output.rest(limit)
        self.assertEqual(output.process.returncode, status, text)
        return text

    def summary(self) -> dict:
        return json.loads(self.summary_file.read_text())

    def check(self, words: str, *sim_options: str, limit: float = LIMIT, **qemu) -> dict:
        """One run from start to end that passes; the simulator's summary."""
        sim = self.start_sim(*sim_options)
        guest = self.start_qemu(words, "-no-reboot", **qemu)
        text = self.end_of(guest, PASS, limit)
        self.assertIn("PCI-CHECK: PASS", text)
        print(text)
        self.end_of(sim, 0)
        return self.summary()


class Monitor:
    """QMP of a QEMU started with `-qmp unix:PATH,server=on,wait=off`."""

    def __init__(self, path: pathlib.Path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT)
        self.socket.connect(str(path))
        self.stream = self.socket.makefile("rw")
        self.stream.readline()
        self.execute("qmp_capabilities")

    def execute(self, command: str) -> dict:
        self.stream.write(json.dumps({"execute": command}) + "\n")
        self.stream.flush()
        while True:
            answer = json.loads(self.stream.readline())
            if "return" in answer:
                return answer["return"]

    def close(self) -> None:
        self.stream.close()
        self.socket.close()


def stop_for(process: subprocess.Popen, seconds: float) -> None:
    process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    process.send_signal(signal.SIGCONT)
