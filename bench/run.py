# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs every benchmark and sets the numbers beside what they are meant to be.

Ratios and differences are within one run of one program, in CPU time, medians of many: the way to
get something repeatable out of a shared machine. A number that misses its goal is shown as such and
does not fail the run; goals are for the reader of docs/performance.md.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys

import attach
import pci_device
import shell

# A measure without a goal is stated for what it says.
MEETS = {">=": lambda value, goal: value >= goal,
         "<=": lambda value, goal: value <= goal,
         "": lambda value, goal: None}


def run(*command: str, limit: int) -> None:
    try:
        subprocess.run(command, check=True, timeout=limit, stdout=sys.stderr)
    except subprocess.TimeoutExpired:
        sys.exit(f"bench: {command[0]} ran for more than {limit} s")
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"bench: {error}")


def medians(program: pathlib.Path, file: pathlib.Path, quick: bool) -> dict[str, dict]:
    """Median nanoseconds of each benchmark of a program: its `cpu_time` and its `real_time`."""
    run(str(program), f"--benchmark_out={file}", "--benchmark_out_format=json",
        "--benchmark_enable_random_interleaving=true", "--benchmark_report_aggregates_only=true",
        f"--benchmark_repetitions={2 if quick else 25}",
        f"--benchmark_min_time={0.001 if quick else 0.02}", limit=600)
    nano = {"ns": 1.0, "us": 1e3, "ms": 1e6}
    return {row["run_name"].removesuffix("/real_time"):
            {clock: row[clock] * nano[row["time_unit"]] for clock in ("cpu_time", "real_time")}
            for row in json.loads(file.read_text())["benchmarks"]
            if row.get("aggregate_name") == "median"}


def memory_rows(out: pathlib.Path, bench: pathlib.Path, quick: bool) -> list[tuple]:
    print("bench: the memory library beside raw pointers ...", file=sys.stderr, flush=True)
    results = medians(bench / "memory_bench", out / "memory.json", quick)
    time = {name: result["cpu_time"] for name, result in results.items()}
    rows = [
        ("block read, 64 KiB, of memcpy",
         time["BM_memcpy_out"] / time["BM_block_read"], ">=", 0.95),
        ("block write, 64 KiB, of memcpy",
         time["BM_memcpy_in"] / time["BM_block_write"], ">=", 0.95),
        ("aligned 8-byte load, ns over raw",
         time["BM_load64"] - time["BM_load64_raw"], "<=", 2.0),
        ("the same, of one that does not look for a SIGBUS",
         time["BM_load64"] / time["BM_load64_without_a_look"], "", None),
        ("random 8-byte loads in 64 rows, of those in one",
         time["BM_load64_random<64>"] / time["BM_load64_random<1>"], "<=", 1.5),
        ("8-byte loads row by row of 64, cached, of one row",
         time["BM_load64_row_by_row<64>"] / time["BM_load64_row_by_row<1>"], "", None),
    ]
    rows.append(("clock of a PCI device that the guest wants nothing of, ns",
                 time["BM_mmio_next"], "", None))
    for way in ("read", "write"):
        more = time[f"BM_beat_{way}<512>"] - time[f"BM_beat_{way}_raw<512>"]
        rows.append((f"64-byte beat {way} by the C ABI, ns over raw", more, "<=", 15.0))
    return rows


def systemc_rows(out: pathlib.Path, bench: pathlib.Path, quick: bool) -> list[tuple]:
    print("bench: the TLM-2.0 target beside the calls it makes ...", file=sys.stderr, flush=True)
    results = medians(bench / "systemc_memory_bench", out / "systemc_memory.json", quick)
    time = {name: result["cpu_time"] for name, result in results.items()}
    rows = []
    for way, memcpy in (("read", "out"), ("write", "in")):
        # Half of a socket's work is another thread's.
        by_socket = results[f"BM_socket_{way}"]["real_time"]
        rows += [
            (f"DMI {way}, 64 KiB, of memcpy",
             time[f"BM_memcpy_{memcpy}"] / time[f"BM_dmi_{way}"], ">=", 0.95),
            (f"b_transport, 64-byte {way}, ns over the C++ call",
             time[f"BM_transport_{way}"] - time[f"BM_api_{way}"], "<=", 60.0),
            (f"64-byte {way} through a socket, times b_transport",
             by_socket / results[f"BM_transport_{way}"]["real_time"], "", None),
        ]
    return rows


def attach_rows(bench: pathlib.Path, quick: bool) -> list[tuple]:
    if shutil.which(attach.QEMU) is None:
        print(f"bench: attaching by QMP is left out: no {attach.QEMU}", file=sys.stderr, flush=True)
        return []
    print("bench: attaching to a running guest ...", file=sys.stderr, flush=True)
    times = attach.milliseconds(bench / "attach_bench", 3 if quick else 31)
    return [("attaching by QMP to a running guest, ms", statistics.median(times), "<=", 50.0)]


def clocking_rows(bench: pathlib.Path, quick: bool) -> list[tuple]:
    print("bench: the engine clocked by the plain driver and by SystemC ...", file=sys.stderr,
          flush=True)
    rates: dict[str, list[float]] = {"plain": [], "quantum": [], "edge": []}
    for _ in range(1 if quick else 11):
        for driver, seen in rates.items():
            command = [str(bench / "systemc_rtl_bench"), "--driver", driver,
                       "--copies", "256" if quick else "8192"]
            done = subprocess.run(command, check=True, timeout=120, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL)
            seen.append(json.loads(done.stdout)["rate"])

    def of_plain(driver: str) -> float:
        """Median of the ratios of runs next to each other."""
        return statistics.median(one / plain for one, plain in zip(rates[driver], rates["plain"]))

    return [("clocks a second in SystemC, quantum 1000, of plain", of_plain("quantum"), ">=", 0.90),
            ("clocks a second in SystemC, an event an edge, of plain", of_plain("edge"),
             "", None)]


def rtl_rows(out: pathlib.Path, bench: pathlib.Path, quick: bool) -> list[tuple]:
    file = out / "rtl.json"
    print("bench: the engine on guest memory beside an array ...", file=sys.stderr, flush=True)
    run(str(bench / "rtl_bench"), "--json", str(file), "--scratch", str(out),
        *(["--quick"] if quick else []), limit=900)
    results = json.loads(file.read_text())
    page = [row for row in results if row["size"] == 4096]
    rows = [(f"4 KiB copies, {'un' if row['source_offset'] else ''}aligned, "
             f"latency {row['latency']}, beats a clock", row["beats_per_clock"], ">=", 0.95)
            for row in page]
    aligned = [row for row in page if row["source_offset"] == 0]
    speed = statistics.median(row["speed_ratio"] for row in aligned)
    beat = statistics.median(row["dpi_ns_per_beat"] for row in aligned)
    rows.append(("clocks a second on guest memory, of those on an array", speed, ">=", 0.90))
    rows.append(("64-byte beat through DPI in the RTL, ns over the array", beat, "<=", 15.0))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--build", default="build/release", help="build tree (default %(default)s)")
    add("--quick", action="store_true", help="shows that it runs, not how fast")
    add("--json", action="store_true", help="the results as JSON on standard output")
    options = parser.parse_args()
    bench = pathlib.Path(options.build) / "bench"
    for program in ("memory_bench", "systemc_memory_bench", "attach_bench", "rtl_bench"):
        if not (bench / program).is_file():
            parser.error(f"no program {bench / program}: run  cmake --build {options.build} "
                         "--target guestlink_bench")
    out = bench / "results"
    out.mkdir(parents=True, exist_ok=True)
    rows = memory_rows(out, bench, options.quick) + systemc_rows(out, bench, options.quick)
    rows += attach_rows(bench, options.quick)
    rows += rtl_rows(out, bench, options.quick) + clocking_rows(bench, options.quick)
    rows += shell.rows(pathlib.Path(options.build), options.quick)
    rows += pci_device.rows(pathlib.Path(options.build), options.quick)
    results = [{"measure": name, "value": value, "goal": f"{sign} {goal}" if sign else None,
                "met": MEETS[sign](value, goal)} for name, value, sign, goal in rows]
    (out / "summary.json").write_text(json.dumps(results, indent=2) + "\n")
    if options.json:
        print(json.dumps(results, indent=2))
        return 0
    print(f"\n{'measure':58} {'value':>8}  {'goal':>8}")
    for row in results:
        verdict = {True: "met", False: "NOT MET", None: ""}[row["met"]]
        goal = row["goal"] or "stated"
        print(f"{row['measure']:58} {row['value']:8.3f}  {goal:>8}  {verdict}".rstrip())
    goals = [row["met"] for row in results if row["goal"]]
    note = " (--quick: too short to mean anything)" if options.quick else ""
    print(f"bench: {sum(goals)} of {len(goals)} goals met{note}; details in {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
