#!/usr/bin/env python3
# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the scoreboard bench over many seeds, several at a time, each on a mock RAM file of its own.

No QEMU. Writes OUT/junit.xml and OUT/summary.json. A seed that fails is run again with a trace:
its waves, its log and its RAM file stay in OUT, and the exact command line is printed. Exit code 0
if all seeds passed, 1 if one failed, 2 usage.
"""
import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import random
import shlex
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

# The same RAM under the layouts of several machines; the bench picks its place in it by the seed.
LAYOUTS = ("", ",machine=pc", ",machine=q35", ",machine=arm-virt", ",base=0x4000000000")
TRACE_LIMIT_CYCLES = 2_000_000


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


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--sim", type=pathlib.Path, required=True, help="guestlink-sim")
    add("--seeds", type=int, default=20, help="how many seeds (default %(default)s)")
    add("--first-seed", type=int, help="the first of them; random if not given")
    add("--jobs", type=int, default=os.cpu_count(), help="runs at a time (default %(default)s)")
    add("--out", type=pathlib.Path, required=True, metavar="DIR", help="results; made if missing")
    add("--descriptors", type=int, default=2000, help="descriptors a seed (default %(default)s)")
    add("--timeout", type=float, default=120, metavar="S",
        help="limit of one run (default %(default)s)")
    add("--sim-args", default="", metavar="ARGS", help="more arguments for guestlink-sim")
    arguments = parser.parse_args(argv)
    if arguments.seeds < 1 or arguments.jobs < 1:
        parser.error("--seeds and --jobs must be at least 1")
    if not os.access(arguments.sim, os.X_OK):
        parser.error(f"--sim {arguments.sim}: no such program; build the target guestlink-sim")
    if arguments.first_seed is None:
        arguments.first_seed = random.SystemRandom().randrange(1, 1 << 31)
    return arguments


class Regression:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.out = arguments.out
        self.outcomes: list[Outcome] = []
        self.start = time.monotonic()

    def command(self, seed: int) -> list[str]:
        layout = LAYOUTS[seed % len(LAYOUTS)]
        ram = self.out / f"seed-{seed}.ram"
        return [str(self.arguments.sim), "--attach", f"mock:{ram},size=64M{layout}", "--self-test",
                "--descriptors", str(self.arguments.descriptors), "--seed", str(seed), "--json",
                "--quiet", *shlex.split(self.arguments.sim_args)]

    def execute(self, command: list[str]) -> tuple[int, str, str]:
        """Exit code, standard output and standard error; the code is -1 after a timeout."""
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace",
                                  timeout=self.arguments.timeout, check=False)
        except subprocess.TimeoutExpired:
            return -1, "", f"no end within {self.arguments.timeout:g} s"
        return done.returncode, done.stdout, done.stderr

    def run_seed(self, seed: int) -> Outcome:
        command = self.command(seed)
        ram = self.out / f"seed-{seed}.ram"
        ram.unlink(missing_ok=True)
        start = time.monotonic()
        code, output, errors = self.execute(command)
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

    def keep(self, outcome: Outcome) -> None:
        """Runs a failing seed once more with a trace, and keeps its log beside the waves."""
        waves = self.out / f"seed-{outcome.seed}.fst"
        log = self.out / f"seed-{outcome.seed}.log"
        ram = self.out / f"seed-{outcome.seed}.ram"
        ram.unlink(missing_ok=True)
        limit = outcome.summary.get("cycles") or TRACE_LIMIT_CYCLES
        code, output, errors = self.execute(outcome.command + [
            "--trace", str(waves), "--max-cycles", str(min(limit + 1000, TRACE_LIMIT_CYCLES))])
        if waves.exists():
            outcome.waves = str(waves)
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
        self.out.mkdir(parents=True, exist_ok=True)
        seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
        print(f"regress: seeds {seeds[0]} to {seeds[-1]}, {arguments.descriptors} descriptors "
              f"each, {arguments.jobs} at a time", flush=True)
        pool = concurrent.futures.ThreadPoolExecutor(arguments.jobs)
        try:
            for done in concurrent.futures.as_completed(
                    [pool.submit(self.run_seed, seed) for seed in seeds]):
                self.report(done.result())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            self.write_junit()
        summary = self.write_summary()
        print(f"regress: {summary['passed']} of {summary['seeds']} seeds passed, "
              f"{summary['descriptors']} descriptors, {summary['cycles']} cycles, "
              f"{summary['wall_seconds']:.1f} s; {self.out}/junit.xml")
        return 1 if summary["failed_seeds"] else 0


def printable(text: str) -> str:
    """XML 1.0 has no way to write most control characters."""
    return "".join(c if c in "\n\t" or c >= " " else "?" for c in text)


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return Regression(parse_arguments(sys.argv[1:])).run()
    except KeyboardInterrupt:
        print("regress: interrupted; junit.xml holds what had ended", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
