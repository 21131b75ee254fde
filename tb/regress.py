#!/usr/bin/env python3
# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the scoreboard bench over many seeds, several at a time, each on a mock RAM file of its own.

No QEMU. Writes OUT/junit.xml and OUT/summary.json. A seed that fails is run again with a trace:
its waves, its log and its RAM file stay in OUT, and the exact command line is printed. SIGINT,
SIGTERM and SIGHUP end what runs; what had ended is reported. Exit code 0 if all seeds passed, 1 if
one failed or the regression was stopped, 2 usage.
"""
import argparse
import concurrent.futures
import contextlib
import dataclasses
import json
import os
import pathlib
import random
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree

# The same RAM under the layouts of several machines; the bench picks its place in it by the seed.
LAYOUTS = ("", ",machine=pc", ",machine=q35", ",machine=arm-virt", ",base=0x4000000000")
# Waves end so much behind the last cycle of the run that failed. A run without a summary (killed at
# its time limit) does not tell its cycles: its waves end at TRACE_LIMIT_CYCLES.
TRACE_MARGIN_CYCLES = 1000
TRACE_LIMIT_CYCLES = 2_000_000
MOST_SECONDS = 30 * 24 * 3600
MOST_SEED = (1 << 32) - 1
# What this script gives guestlink-sim itself.
OWN_OPTIONS = {"--attach", "--doorbell", "--self-test", "--descriptors", "--seed", "--json",
               "--quiet", "--trace"}


@dataclasses.dataclass
class Outcome:
    seed: int
    command: list[str]
    status: str  # pass, fail or error
    seconds: float
    message: str = ""
    log: str = ""
    waves: str = ""
    summary: dict = dataclasses.field(default_factory=dict)


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> None:
        self.exit(2, f"{self.prog}: {message}\n")


def whole(least: int, most: int):
    def parse(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,20}", text) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(
                f"'{text}' is not a whole number from {least} to {most}")
        return int(text)
    return parse


def seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < float(text) <= MOST_SECONDS:
            return float(text)
    raise argparse.ArgumentTypeError(
        f"'{text}' is not a time above 0 and up to {MOST_SECONDS} seconds")


def simulator(text: str) -> pathlib.Path:
    path = pathlib.Path(text)
    if not path.is_file() or not os.access(path, os.X_OK):
        raise argparse.ArgumentTypeError(f"'{text}' is no program; build the target guestlink-sim")
    return path


def simulator_arguments(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}': {error}") from error
    for word in words:
        if word.partition("=")[0] in OWN_OPTIONS:
            raise argparse.ArgumentTypeError(f"'{text}': regress.py itself sets {word}")
    return words


def make_writable(path: pathlib.Path, parser: Parser) -> None:
    """Made if missing, and tried: what cannot be written is told before hours of runs."""
    if "," in str(path):
        parser.error(f"--out {path}: a comma cannot stand in an attach spec")
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        parser.error(f"--out {path}: {error.strerror}")


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    parser = Parser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--sim", type=simulator, required=True, help="guestlink-sim")
    add("--seeds", type=whole(1, 1_000_000), default=20,
        help="how many seeds (default %(default)s)")
    add("--first-seed", type=whole(0, MOST_SEED), help="the first of them; random if not given")
    add("--jobs", type=whole(1, 1024), default=os.cpu_count(),
        help="runs at a time (default %(default)s)")
    add("--out", type=pathlib.Path, required=True, metavar="DIR", help="results; made if missing")
    add("--descriptors", type=whole(1, 100_000_000), default=2000,
        help="descriptors a seed (default %(default)s)")
    add("--timeout", type=seconds, default=120, metavar="S",
        help="limit of one run (default %(default)s)")
    add("--sim-args", type=simulator_arguments, default=[], metavar="ARGS",
        help="more arguments for guestlink-sim")
    arguments = parser.parse_args(argv)
    if arguments.first_seed is None:
        arguments.first_seed = random.SystemRandom().randrange(1, 1 << 31)
    if arguments.first_seed + arguments.seeds - 1 > MOST_SEED:
        parser.error(f"--first-seed {arguments.first_seed} and --seeds {arguments.seeds}: the "
                     f"last seed is {MOST_SEED}")
    make_writable(arguments.out, parser)
    return arguments


class Regression:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.out = arguments.out
        self.outcomes: list[Outcome] = []
        self.start = time.monotonic()
        self.stopping = threading.Event()
        self.stopped_by = ""

    def stop(self, number: int, _frame) -> None:
        """A signal handler. The workers look at the event: each ends its own child."""
        self.stopped_by = self.stopped_by or signal.Signals(number).name
        self.stopping.set()

    def command(self, seed: int) -> list[str]:
        layout = LAYOUTS[seed % len(LAYOUTS)]
        ram = self.out / f"seed-{seed}.ram"
        return [str(self.arguments.sim), "--attach", f"mock:{ram},size=64M{layout}", "--self-test",
                "--descriptors", str(self.arguments.descriptors), "--seed", str(seed), "--json",
                "--quiet", *self.arguments.sim_args]

    def execute(self, command: list[str]) -> tuple[int | None, str, str]:
        """Exit code, standard output and standard error.

        The code is -1 after a timeout, 127 if the program cannot be started, and None if the
        regression was stopped meanwhile.
        """
        end = time.monotonic() + self.arguments.timeout
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True, errors="replace", start_new_session=True)
        except OSError as error:
            return 127, "", str(error)
        while not self.stopping.is_set() and time.monotonic() < end:
            with contextlib.suppress(subprocess.TimeoutExpired):
                output, errors = process.communicate(timeout=0.1)
                return process.returncode, output, errors
        end_group(process)
        if self.stopping.is_set():
            return None, "", "stopped"
        return -1, "", f"no end within {self.arguments.timeout:g} s"

    def run_seed(self, seed: int) -> Outcome | None:
        """None if the regression was stopped before the seed had ended."""
        if self.stopping.is_set():
            return None
        command = self.command(seed)
        ram = self.out / f"seed-{seed}.ram"
        ram.unlink(missing_ok=True)
        start = time.monotonic()
        code, output, errors = self.execute(command)
        if code is None:
            ram.unlink(missing_ok=True)
            return None
        outcome = Outcome(seed, command, "pass", time.monotonic() - start, log=output + errors)
        try:
            outcome.summary = json.loads(output)
        except ValueError:
            outcome.status = "error"
            outcome.message = f"exit code {code}, no summary: {errors[-500:]}"
        else:
            if code != 0:
                found = outcome.summary.get("errors") or [outcome.summary.get("stop_reason", "")]
                outcome.status, outcome.message = "fail", str(found[0])
        if outcome.status == "pass":
            ram.unlink(missing_ok=True)
        else:
            self.keep(outcome)
        return outcome

    def trace_command(self, outcome: Outcome, waves: pathlib.Path) -> list[str]:
        """The same run, which ends where it ended before, and not later if it now passes."""
        command = outcome.command + ["--trace", str(waves)]
        if any(word.startswith("--max-cycles") for word in self.arguments.sim_args):
            return command
        cycles = outcome.summary.get("cycles") or TRACE_LIMIT_CYCLES
        return command + ["--max-cycles", str(cycles + TRACE_MARGIN_CYCLES)]

    def keep(self, outcome: Outcome) -> None:
        """Runs a failing seed once more with a trace, and keeps its log beside the waves."""
        waves = self.out / f"seed-{outcome.seed}.fst"
        log = self.out / f"seed-{outcome.seed}.log"
        ram = self.out / f"seed-{outcome.seed}.ram"
        ram.unlink(missing_ok=True)
        waves.unlink(missing_ok=True)
        code, output, errors = self.execute(self.trace_command(outcome, waves))
        if waves.exists():
            outcome.waves = str(waves)
            if code is None or code == -1:
                outcome.waves += f" (cut off: {errors})"
        log.write_text(f"{shlex.join(outcome.command)}\n{outcome.log}\n"
                       f"--- with --trace {waves}: exit code {code}\n{output}{errors}\n")

    def report(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        if outcome.status != "pass":
            print(f"seed {outcome.seed}: {outcome.status.upper()}: {outcome.message}\n"
                  f"  repeat: {shlex.join(outcome.command)}\n"
                  f"  waves:  {outcome.waves or 'none were written'}", flush=True)
        failed = sum(o.status != "pass" for o in self.outcomes)
        print(f"[{time.monotonic() - self.start:6.1f} s] {len(self.outcomes)}/"
              f"{self.arguments.seeds} seeds, {failed} failed (seed {outcome.seed}: "
              f"{outcome.status}, {outcome.seconds:.1f} s)", flush=True)

    def write_junit(self) -> None:
        failed = [o for o in self.outcomes if o.status == "fail"]
        broken = [o for o in self.outcomes if o.status == "error"]
        suite = ElementTree.Element(
            "testsuite", name="guestlink.regress", tests=str(len(self.outcomes)),
            failures=str(len(failed)), errors=str(len(broken)),
            time=f"{time.monotonic() - self.start:.3f}")
        for outcome in sorted(self.outcomes, key=lambda o: o.seed):
            case = ElementTree.SubElement(suite, "testcase", classname="guestlink.regress",
                                          name=f"seed-{outcome.seed}",
                                          time=f"{outcome.seconds:.3f}")
            if outcome.status == "pass":
                continue
            kind = "failure" if outcome.status == "fail" else "error"
            detail = ElementTree.SubElement(case, kind, message=printable(outcome.message))
            detail.text = printable(f"repeat: {shlex.join(outcome.command)}\n"
                                    f"waves: {outcome.waves}\n{outcome.log}")
        ElementTree.ElementTree(suite).write(self.out / "junit.xml", encoding="utf-8",
                                             xml_declaration=True)

    def write_summary(self) -> dict:
        cycles = sum(o.summary.get("cycles", 0) for o in self.outcomes)
        summary = {
            "seeds": len(self.outcomes),
            "first_seed": self.arguments.first_seed,
            "passed": sum(o.status == "pass" for o in self.outcomes),
            "failed_seeds": sorted(o.seed for o in self.outcomes if o.status != "pass"),
            "descriptors": sum(o.summary.get("descriptors", 0) for o in self.outcomes),
            "cycles": cycles,
            "wall_seconds": round(time.monotonic() - self.start, 3),
        }
        (self.out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
        return summary

    def run(self) -> int:
        arguments = self.arguments
        seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
        print(f"regress: seeds {seeds[0]} to {seeds[-1]}, {arguments.descriptors} descriptors "
              f"each, {arguments.jobs} at a time", flush=True)
        pool = concurrent.futures.ThreadPoolExecutor(arguments.jobs)
        try:
            for done in concurrent.futures.as_completed(
                    [pool.submit(self.run_seed, seed) for seed in seeds]):
                if outcome := done.result():
                    self.report(outcome)
        finally:
            self.stopping.set()
            pool.shutdown(wait=True, cancel_futures=True)
            self.write_junit()
            summary = self.write_summary()
        print(f"regress: {summary['passed']} of {summary['seeds']} seeds passed, "
              f"{summary['descriptors']} descriptors, {summary['cycles']} cycles, "
              f"{summary['wall_seconds']:.1f} s; {self.out}/junit.xml", flush=True)
        if self.stopped_by:
            print(f"regress: stopped by {self.stopped_by}; {summary['seeds']} of {len(seeds)} "
                  "seeds had ended", file=sys.stderr)
        return 1 if summary["failed_seeds"] or self.stopped_by else 0


def end_group(process: subprocess.Popen) -> None:
    """Ends the process and what it started: gently, so that its waves are whole, then not."""
    for number, patience in ((signal.SIGTERM, 2), (signal.SIGKILL, 5)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=patience)
            return


def printable(text: str) -> str:
    """XML 1.0 has no way to write most control characters."""
    return "".join(c if c in "\n\t" or c >= " " else "?" for c in text)


def main() -> int:
    regression = Regression(parse_arguments(sys.argv[1:]))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, regression.stop)
    try:
        return regression.run()
    except OSError as error:
        with contextlib.suppress(OSError):
            print(f"regress: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
