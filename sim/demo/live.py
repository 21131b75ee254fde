#!/usr/bin/env python3
# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""Boots a Linux guest in stock QEMU, joins the Verilated RTL to its RAM, reports what happens.

With --mock no QEMU is started: the guest's program runs on this host beside the simulator, on a
mock RAM file. Everything else is the same. Exit status: 0 only if the guest said PASS and the
simulator ended cleanly; 1 for any failure; 2 for wrong usage or a missing tool or file.
"""

import argparse
import json
import math
import pathlib
import re
import selectors
import shutil
import signal
import sys
import time

sys.dont_write_bytecode = True  # all output is under build/
from children import Child, RunError, let_go_of_broken_pipes, stop_on_signal
from live_options import (PHASES, UsageError, check, kernel_command_line, make_work_directory,
                          parse_arguments)

# What guest and simulator put in front of their lines: a name, or a time that is shown already.
OWN_PREFIX = re.compile(r"^(dma_check: |guestlink-(?:sim|systemc): |\[ *[0-9.]+\] (?=[a-z]))")
# Not where the program's usage quotes the line.
VERDICT = re.compile(r"(?<!`)GUESTLINK-GUEST: (PASS|FAIL) ?(.*)")
KERNEL_PANIC = re.compile(r"Kernel panic - not syncing.*")
SILENCE_SECONDS = 2.0


class Run:
    """One guest, one simulator, from start to verdict."""

    def __init__(self, arguments: argparse.Namespace, work: pathlib.Path):
        self.arguments = arguments
        self.ram = work / "ram"
        self.limits = {name: limit for name, (_, limit) in PHASES.items()}
        self.limits.update(arguments.limit)
        self.out = sys.stderr if arguments.json else sys.stdout
        self.start = self.phase_start = self.last_print = time.monotonic()
        self.phase = "start"
        self.seconds = {}
        self.selector = selectors.DefaultSelector()
        self.children = []
        self.guest = self.sim = None
        self.verdict = self.panic = None
        self.guest_result = {}

    # ---------------------------------------------------------------- what the user sees
    def say(self, who: str, text: str) -> None:
        self.last_print = time.monotonic()
        print(f"[{self.last_print - self.start:6.2f} s] {who + ':':6} {text}", file=self.out,
              flush=True)

    def say_still_waiting(self) -> None:
        now = time.monotonic()
        if now - self.last_print >= SILENCE_SECONDS:
            self.say("demo", f"... waiting for {PHASES[self.phase][0]}"
                             f" ({now - self.phase_start:.0f} s of {self.limits[self.phase]:g} s)")

    def enter(self, phase: str) -> None:
        now = time.monotonic()
        self.seconds[self.phase] = round(now - self.phase_start, 3)
        self.phase, self.phase_start = phase, now

    def tails(self) -> str:
        return "".join(
            f"\n--- last lines of {child.name}:\n    " + "\n    ".join(child.tail or ["(none)"])
            for child in self.children)

    # ---------------------------------------------------------------- processes
    def launch(self, name: str, command: list[str]) -> Child:
        keep = self.arguments.keep
        child = Child(name, command, keep / f"{name}.log" if keep else None)
        self.children.append(child)
        for stream in (child.process.stdout, child.process.stderr):
            self.selector.register(stream, selectors.EVENT_READ, child)
        return child

    def launch_qemu(self) -> None:
        options = self.arguments
        self.say("demo", f"QEMU: {options.machine}, {options.memory >> 20} MiB of RAM, {self.ram}")
        # maxcpus=2: with one possible CPU, TCG makes the guest's atomics plain for the RTL.
        self.guest = self.launch("guest", [
            options.qemu, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-M", f"{options.machine},memory-backend=mem", "-accel", "tcg", "-smp", "1,maxcpus=2",
            "-object", f"memory-backend-file,id=mem,size={options.memory},mem-path={self.ram},"
                       "share=on",
            "-serial", "stdio", "-kernel", str(options.kernel), "-initrd", str(options.initrd),
            "-append", kernel_command_line(options)])
        self.guest.title = "QEMU"

    def launch_program(self) -> None:
        options = self.arguments
        self.say("demo", f"no QEMU: {options.program.name} here, on the RAM file {self.ram}")
        self.guest = self.launch("guest", [
            str(options.program), "--ram", str(self.ram), "--seed", str(options.seed),
            *options.guest_args.split()])

    def launch_sim(self, spec: str) -> None:
        options = self.arguments
        wait = math.ceil(self.limits["boot"] + self.limits["attach"])
        command = [str(options.sim), "--attach", spec, "--doorbell", "--json",
                   "--seed", str(options.seed), "--attach-timeout", str(wait)]
        if options.trace:
            command += ["--trace", str(options.trace)]
        self.say("demo", f"simulator: --attach {spec} --doorbell")
        self.sim = self.launch("sim", command + options.sim_args)

    # ---------------------------------------------------------------- events
    def pump(self, seconds: float = 0.1) -> None:
        """Waits for output, handles it, then looks after limits and dead children."""
        for key, _ in self.selector.select(seconds):
            child = key.data
            lines = child.read_lines(key.fileobj)
            if lines is None:
                self.selector.unregister(key.fileobj)
            for line in lines or []:
                if child is self.sim and key.fileobj is child.process.stdout:
                    continue  # its JSON
                self.take_line(child, line)
        self.say_still_waiting()
        self.check_limits()

    def take_line(self, child: Child, line: str) -> None:
        if not line.strip():
            return
        self.say(child.name, OWN_PREFIX.sub("", line))
        if child is not self.guest:
            return
        if self.phase == "boot" and "dma_check: " in line:
            self.enter("attach")
        if self.phase == "attach" and "dma_check: RTL attached" in line:
            self.enter("copy")
        if not self.panic and (match := KERNEL_PANIC.search(line)):
            self.panic = match[0]
        if not self.verdict and (match := VERDICT.search(line)):
            self.take_verdict(match[1], match[2])

    def take_verdict(self, verdict: str, text: str) -> None:
        self.verdict = verdict
        self.guest_result = {"text": text}
        self.guest_result.update(
            (key, int(value)) for key, value in re.findall(r"(\w+)=(\d{1,18})\b", text))
        if self.phase not in ("copy", "end"):
            # The simulator would look for a page that never comes.
            raise RunError(f"the guest says {verdict} before the RTL attached: {text}")
        self.enter("end")

    def check_limits(self) -> None:
        now = time.monotonic()
        if now - self.phase_start > self.limits[self.phase]:
            raise RunError(f"phase '{self.phase}': waited more than {self.limits[self.phase]:g} s "
                           f"for {PHASES[self.phase][0]}{self.tails()}")
        if now - self.start > self.arguments.timeout:
            raise RunError(f"the whole run took more than {self.arguments.timeout:g} s; it was "
                           f"waiting for {PHASES[self.phase][0]}{self.tails()}")

    def check_alive(self) -> None:
        """A child that ends before the verdict is a failure, once its last words are heard."""
        if self.panic and not self.verdict:
            self.drain(self.guest)
            raise RunError(f"the guest's kernel gave up: {self.panic}{self.tails()}")
        for child in self.children:
            if child.process.poll() is None or self.was_told_to_end(child):
                continue
            self.drain(child)
            if not self.verdict and not self.was_told_to_end(child):
                raise RunError(f"{child.how_it_ended()} while waiting for "
                               f"{PHASES[self.phase][0]}{self.last_words(child)}{self.tails()}")

    def was_told_to_end(self, child: Child) -> bool:
        """A simulator that ended well, by the guest, whose verdict is under way."""
        if child is not self.sim or child.process.returncode != 0:
            return False
        if self.phase == "copy":
            self.enter("end")
        return self.phase == "end"

    def last_words(self, child: Child) -> str:
        """Why a child ended, in its own words, and what to do if they are QEMU's."""
        if child is self.sim:
            errors = self.simulator_summary().get("errors")
            return f": {errors[0]}" if isinstance(errors, list) and errors else ""
        words = f": {child.last_error}" if child.last_error else ""
        if self.phase == "start" and child.process.returncode > 0:
            words += (f"; the demo needs QEMU 5.0 or newer for x86-64 with the machine "
                      f"{self.arguments.machine}: try  {self.arguments.qemu} --version")
        return words

    def drain(self, child: Child) -> None:
        """Hears a child's last words; a guest may have its say on the simulator's end too."""
        end = time.monotonic() + 1
        while time.monotonic() < end and not self.verdict and (
                child is self.sim or any(key.data is child
                                         for key in self.selector.get_map().values())):
            self.pump(0.1)

    # ---------------------------------------------------------------- the run
    def wait_for_ram(self) -> None:
        while not (self.ram.exists() and self.ram.stat().st_size >= self.arguments.memory):
            self.pump(0.02)
            self.check_alive()

    def execute(self) -> None:
        if self.arguments.mock:
            self.launch_sim(f"mock:{self.ram},size={self.arguments.mock >> 10}K")
            self.launch_program()
            self.enter("boot")
        else:
            self.launch_qemu()
            self.wait_for_ram()
            self.enter("boot")
            self.launch_sim(f"file:{self.ram},machine={self.arguments.machine}")
        while not self.verdict:
            self.pump()
            self.check_alive()
        while any(child.process.poll() is None for child in self.children):
            self.pump(0.02)
        while self.selector.get_map():
            self.pump(0.02)
        self.enter("done")

    def simulator_summary(self) -> dict:
        try:
            summary = json.loads(self.sim.stdout_text)
        except (AttributeError, ValueError):
            return {}
        return summary if isinstance(summary, dict) else {}

    def judge(self) -> None:
        """Raises unless guest and simulator agree that all is well."""
        summary = self.simulator_summary()
        if self.verdict != "PASS":
            raise RunError(f"the guest says: {self.guest_result['text']}; the simulator stopped "
                           f"with: {summary.get('stop_reason')}")
        status = self.sim.process.returncode
        if status != 0:
            raise RunError(f"the guest says PASS but the simulator ended with status {status}"
                           f"{self.tails()}")
        if summary.get("guest_verdict") != "pass":
            raise RunError("the guest says PASS but the simulator's summary has guest_verdict "
                           f"{summary.get('guest_verdict')!r}, stop_reason "
                           f"{summary.get('stop_reason')!r}")
        if summary.get("descriptors", 0) < self.guest_result.get("descriptors", 0):
            raise RunError(f"the guest saw {self.guest_result['descriptors']} descriptors done, "
                           f"the RTL did {summary.get('descriptors')}")
        guest_status = self.guest.process.returncode
        if guest_status != 0:
            raise RunError(f"the guest says PASS but its process ended with {guest_status}")

    def report(self, reason: str | None) -> dict:
        summary = self.simulator_summary()
        result = {"verdict": "FAIL" if reason else "PASS", "reason": reason,
                  "mode": "mock" if self.arguments.mock else self.arguments.machine,
                  "memory_bytes": self.arguments.mock or self.arguments.memory,
                  "seed": self.arguments.seed,
                  "seconds": round(time.monotonic() - self.start, 3), "phases": self.seconds}
        for key in ("descriptors", "bytes", "interrupts"):
            result[key] = self.guest_result.get(key)
        for key in ("page_address", "cycles"):
            result[key] = summary.get(key)
        # The RTL's clock runs while it is attached; the simulator's own rate counts the boot too.
        copy_seconds = self.seconds.get("copy")
        result["cycles_per_second"] = (
            round(summary.get("cycles", 0) / copy_seconds) if copy_seconds else None)
        result["simulator"] = summary
        return result

    def close(self) -> None:
        for child in self.children:
            child.stop()


def last_line(result: dict) -> str:
    if result["verdict"] == "FAIL":
        return f"FAIL: {result['reason']}"
    return (f"PASS: the guest verified {result['bytes']} bytes in {result['descriptors']} "
            f"descriptors copied by RTL DMA ({result['cycles']} cycles, "
            f"{result['cycles_per_second']} cycles/s while attached, "
            f"{result['seconds']:.1f} s in all)")


def run(arguments: argparse.Namespace) -> dict:
    check(arguments)
    work = make_work_directory(arguments)
    reason = None
    try:
        session = Run(arguments, work)
        try:
            session.execute()
            session.judge()
        except RunError as error:
            reason = str(error)
        finally:
            session.close()
        return session.report(reason)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def main(argv: list[str]) -> int:
    arguments = parse_arguments(__doc__, argv)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop_on_signal)
    out = sys.stderr if arguments.json else sys.stdout
    try:
        result = run(arguments)
        if arguments.json:
            print(json.dumps(result), flush=True)
        print(last_line(result), file=out, flush=True)
    except UsageError as error:
        print(f"live.py: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        let_go_of_broken_pipes()
        return 1
    except (RunError, OSError) as error:
        print(f"FAIL: {error}", file=out)
        return 1
    return 0 if result["verdict"] == "PASS" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
