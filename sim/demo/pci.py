#!/usr/bin/env python3
# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""Boots Linux with the RTL as a PCI device, which the kernel's own driver drives.

--device ioat: the DMA engine; ioatdma's self-test, then dmatest copies random lengths. --device
uart: the 16550; the guest asks for a name on it, and this program answers at the other end of the
line. Exit status: 0 only if the guest said PASS and the simulator ended cleanly; 1 for any failure;
2 for wrong usage or a missing tool or file.
"""

import argparse
import json
import os
import pathlib
import re
import selectors
import shutil
import signal
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # all output is under build/
from children import Child, RunError, let_go_of_broken_pipes, stop_on_signal
from qemu_device import has_device

OWN_PREFIX = re.compile(r"^(guestlink-sim: |\[ *[0-9.]+\] (?=[a-zA-Z ]))")
VERDICT = re.compile(r"^PCI-GUEST: (PASS|FAIL) ?(.*)")
PANIC = re.compile(r"Kernel panic - not syncing.*")
SPEED = re.compile(r"(\d+) tests, \d+ failures .* (\d+) KB/s")
SILENCE_SECONDS = 2.0
NAME = "Ada Lovelace"


class UsageError(Exception):
    """Exit status 2."""


def find_qemu(options: argparse.Namespace) -> str:
    candidates = [options.qemu] if options.qemu else [
        "qemu-system-x86_64", str(options.qemu_folder / "bin" / "qemu-system-x86_64")]
    for qemu in candidates:
        if has_device(qemu):
            return qemu
    raise UsageError(f"no QEMU with vfio-user-pci (10.1 and newer): tried {', '.join(candidates)}; "
                     "run  make -f Makefile.verilator qemu")


class Run:
    """One guest, one device, from start to verdict."""

    def __init__(self, options: argparse.Namespace, work: pathlib.Path):
        self.options = options
        self.work = work
        self.out = sys.stderr if options.json else sys.stdout
        self.start = self.last_print = time.monotonic()
        self.selector = selectors.DefaultSelector()
        self.children: list[Child] = []
        self.sim = self.guest = None
        self.verdict: tuple[str, str] | None = None
        self.invited = self.panic = False
        self.line = None  # the serial line's other end
        self.heard = b""

    def say(self, who: str, text: str) -> None:
        self.last_print = time.monotonic()
        print(f"[{self.last_print - self.start:6.2f} s] {who + ':':6} {text}", file=self.out,
              flush=True)

    def launch(self, name: str, command: list[str]) -> Child:
        keep = self.options.keep
        child = Child(name, command, keep / f"{name}.log" if keep else None)
        self.children.append(child)
        for stream in (child.process.stdout, child.process.stderr):
            self.selector.register(stream, selectors.EVENT_READ, child)
        return child

    def launch_sim(self) -> None:
        options = self.options
        command = [str(options.sim), "--vfio-user", str(self.work / "device.sock"),
                   "--device", options.device, "--json"]
        if options.trace:
            command += ["--trace", str(options.trace)]
        if options.device == "uart":
            command += ["--serial", str(self.work / "line")]
        self.sim = self.launch("sim", command + options.sim_args)

    def launch_qemu(self, qemu: str) -> None:
        options = self.options
        device = {"driver": "vfio-user-pci",
                  "socket": {"type": "unix", "path": str(self.work / "device.sock")},
                  "x-msg-timeout": 2147483647}
        words = ["console=ttyS0", "quiet", "panic=-1", f"GUESTLINK_PCI={options.device}",
                 f"GUESTLINK_DMATEST_ITERATIONS={options.iterations}",
                 f"GUESTLINK_DMATEST_BUFFER={options.buffer}", *options.append.split()]
        self.guest = self.launch("guest", [
            qemu, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-M", f"{options.machine},memory-backend=mem", "-accel", "tcg",
            "-object", f"memory-backend-memfd,id=mem,size={options.memory},share=on",
            "-serial", "stdio", "-device", json.dumps(device),
            "-kernel", str(options.kernel), "-initrd", str(options.initrd),
            "-append", " ".join(words), *options.qemu_args])
        self.guest.title = "QEMU"

    # ---------------------------------------------------------------- events
    def pump(self, seconds: float = 0.1) -> None:
        for key, _ in self.selector.select(seconds):
            if key.data is None:
                self.hear()
                continue
            child = key.data
            lines = child.read_lines(key.fileobj)
            if lines is None:
                self.selector.unregister(key.fileobj)
            for line in lines or []:
                if child is not self.sim or key.fileobj is not child.process.stdout:  # its JSON
                    self.take_line(child, line)
        now = time.monotonic()
        if now - self.last_print >= SILENCE_SECONDS:
            self.say("demo", "... the guest is at work")
        if now - self.start > self.options.timeout:
            raise RunError(f"no verdict within {self.options.timeout:g} s{self.tails()}")

    def take_line(self, child: Child, line: str) -> None:
        if not line.strip():
            return
        text = OWN_PREFIX.sub("", line)
        self.say(child.name, text)
        if child is self.sim and text.startswith("listening at"):
            self.invited = True
        if child is self.guest and (match := VERDICT.match(line)) and not self.verdict:
            self.verdict = (match[1], match[2])
        if child is self.guest and PANIC.search(line):
            self.panic = True

    def open_line(self) -> None:
        """The simulator has made a link to its end of a pseudo-terminal by now."""
        self.line = os.open(self.work / "line", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.selector.register(self.line, selectors.EVENT_READ, None)

    def hear(self) -> None:
        try:
            part = os.read(self.line, 4096)
        except OSError:  # the simulator has closed its end
            part = b""
        if not part:
            self.selector.unregister(self.line)
            return
        self.heard += part
        *lines, rest = self.heard.split(b"\n")
        for line in lines:
            self.say("line", line.decode("latin-1").strip("\r"))
        self.heard = rest
        if rest.endswith(b"login: "):
            self.say("line", rest.decode("latin-1") + NAME + "  (typed by this program)")
            self.heard = b""
            os.write(self.line, NAME.encode() + b"\r")

    def tails(self) -> str:
        return "".join(
            f"\n--- last lines of {child.name}:\n    " + "\n    ".join(child.tail or ["(none)"])
            for child in self.children)

    def check_alive(self) -> None:
        for child in self.children:
            if child.process.poll() is None:
                continue
            self.hear_last_words(child)
            if not self.verdict:
                raise RunError(f"{child.how_it_ended()} before the guest's verdict{self.tails()}")
        if self.panic and not self.verdict:
            raise RunError(f"the guest's kernel gave up{self.tails()}")

    def hear_last_words(self, child: Child) -> None:
        end = time.monotonic() + 2
        while time.monotonic() < end and not self.verdict and any(
                key.data is child for key in self.selector.get_map().values()):
            self.pump(0.1)

    def execute(self, qemu: str) -> None:
        self.launch_sim()
        while not self.invited:
            self.pump(0.05)
            self.check_alive()
        if self.options.device == "uart":
            self.open_line()
        self.launch_qemu(qemu)
        while not self.verdict:
            self.pump()
            self.check_alive()
        while any(child.process.poll() is None for child in self.children):
            self.pump(0.05)

    def summary(self) -> dict:
        try:
            return json.loads(self.sim.stdout_text)
        except (AttributeError, ValueError):
            return {}

    def judge(self) -> str:
        """Raises unless guest and simulator agree that all is well; the last line."""
        verdict, text = self.verdict
        self.pump(0)
        if verdict != "PASS":
            raise RunError(f"the guest says: {text}{self.tails()}")
        for child in self.children:
            if child.process.returncode != 0:
                raise RunError(f"the guest says PASS but {child.how_it_ended()}{self.tails()}")
        seen = self.summary()
        if seen.get("interrupts_sent", 0) == 0:
            raise RunError(f"the guest says PASS but the RTL has sent no interrupt: {seen}")
        seconds = time.monotonic() - self.start
        return f"PASS: {text} ({seen.get('cycles')} cycles, {seconds:.1f} s in all)"

    def result(self, reason: str | None) -> dict:
        text = self.verdict[1] if self.verdict else ""
        result = {"verdict": "FAIL" if reason else "PASS", "reason": reason, "guest": text,
                  "seconds": round(time.monotonic() - self.start, 3), "simulator": self.summary()}
        if match := SPEED.search(text):
            result |= {"copies": int(match[1]), "kilobytes_per_second": int(match[2])}
        return result

    def close(self) -> None:
        for child in reversed(self.children):
            child.stop()
        if self.line is not None:
            os.close(self.line)


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--build", type=pathlib.Path, default=pathlib.Path("build/release"), help="build tree")
    add("--device", choices=["ioat", "uart"], default="ioat", help="which device")
    add("--machine", choices=["pc", "q35"], default="q35", help="QEMU's machine")
    add("--memory", default="512M", help="RAM of the guest, in QEMU's notation")
    add("--iterations", type=int, default=2000, help="copies of dmatest")
    add("--buffer", type=int, default=16384, help="bytes of dmatest's largest copy")
    add("--append", default="", help="more words for the kernel's command line")
    add("--qemu", help="this QEMU; else one of PATH that has the device, or --qemu-folder's")
    add("--qemu-folder", type=pathlib.Path,
        help="where cmake/newest_qemu.sh has put one; in the build tree if not given")
    add("--qemu-args", default="", help="more options of QEMU")
    add("--sim-args", default="", help="more options of the simulator")
    add("--trace", type=pathlib.Path, help="write all signals to this FST file")
    add("--keep", type=pathlib.Path, help="folder for the full output of guest and simulator")
    add("--timeout", type=float, default=180, help="seconds that the whole run may take")
    add("--json", action="store_true", help="the result as one JSON object on standard output")
    options = parser.parse_args(argv)
    options.qemu_folder = options.qemu_folder or options.build / "qemu"
    options.sim = options.build / "sim" / "cli" / "guestlink-sim"
    options.kernel = options.build / "guest" / "pci" / "vmlinuz"
    options.initrd = options.build / "guest" / "pci" / "initrd.gz"
    options.sim_args = options.sim_args.split()
    options.qemu_args = options.qemu_args.split()
    for file, target in ((options.sim, "guestlink-sim"), (options.kernel, "guest_pci_image"),
                         (options.initrd, "guest_pci_image")):
        if not file.is_file():
            raise UsageError(f"no file {file}: run  cmake --build {options.build} "
                             f"--target {target}")
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    return options


def check_terminals() -> None:
    try:
        for end in os.openpty():
            os.close(end)
    except OSError as error:
        raise UsageError(f"no pseudo-terminal can be had ({error.strerror}): is devpts mounted "
                         "at /dev/pts?") from error


def run(options: argparse.Namespace) -> tuple[dict, str]:
    qemu = find_qemu(options)
    if options.device == "uart":
        check_terminals()
    work = pathlib.Path(tempfile.mkdtemp(prefix="guestlink-pci-"))
    session = Run(options, work)
    try:
        session.execute(qemu)
        return session.result(None), session.judge()
    except RunError as error:
        return session.result(str(error)), f"FAIL: {error}"
    finally:
        session.close()
        shutil.rmtree(work, ignore_errors=True)


def main(argv: list[str]) -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop_on_signal)
    try:
        options = parse(argv)
        result, line = run(options)
        if options.json:
            print(json.dumps(result), flush=True)
        print(line, file=sys.stderr if options.json else sys.stdout, flush=True)
    except UsageError as error:
        print(f"pci.py: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        let_go_of_broken_pipes()
        return 1
    return 0 if result["verdict"] == "PASS" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
