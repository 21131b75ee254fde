# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""Times the program guestlink beside cp and memchr: shell.py [--build BUILD] [--quick]

Wall-clock time, as a user waits for it, the two sides in turns, medians. Needs 8 GiB of room in
/dev/shm (--quick: 256 MiB). A number that misses its goal does not fail the run.
"""
import argparse
import ctypes
import mmap
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

MEBIBYTE = 1 << 20
ABSENT = 0xFE  # no byte of the RAM file has this value
PATTERN = "fe 4c 69 6e 75 78 20 76"  # begins with it, and has others that are there


def make_ram(path: pathlib.Path, mebibytes: int, random: bool) -> None:
    block = os.urandom(16 * MEBIBYTE).replace(bytes([ABSENT]), b"\x00") if random else bytes(
        16 * MEBIBYTE)
    with path.open("wb") as file:
        for _ in range(mebibytes // 16):
            file.write(block)


def seconds_of(*command: str, codes: tuple = (0,)) -> float:
    start = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=300,
                          check=False)
    if done.returncode not in codes:
        raise RuntimeError(f"{command}: {done.returncode}, {done.stderr.decode()}")
    return time.monotonic() - start


def memchr_seconds(path: pathlib.Path) -> float:
    """One memchr over a fresh mapping, to its end."""
    memchr = ctypes.CDLL(None).memchr
    memchr.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)
    memchr.restype = ctypes.c_void_p
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as ram:
        view = (ctypes.c_char * len(ram)).from_buffer(ram)
        start = time.monotonic()
        found = memchr(ctypes.addressof(view), ABSENT, len(ram))
        used = time.monotonic() - start
        del view
    if found is not None:
        raise RuntimeError("the byte that should be absent is there")
    return used


def ratio(ours, theirs, rounds: int) -> float:
    """Speed of ours, of theirs."""
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return statistics.median(b for _, b in pairs) / statistics.median(a for a, _ in pairs)


def rows(build: pathlib.Path, quick: bool) -> list[tuple]:
    program = str(build / "sim" / "shell" / "guestlink")
    rounds = 1 if quick else 5
    small, large = (64, 128) if quick else (1024, 4096)
    print("bench: guestlink beside cp and memchr ...", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        ram, out = pathlib.Path(folder, "ram"), pathlib.Path(folder, "out")
        spec = f"file:{ram},base=0"

        def against_cp(*words: str) -> float:
            def clean(run):
                out.unlink(missing_ok=True)
                return run()
            return ratio(lambda: clean(lambda: seconds_of(program, *words)),
                         lambda: clean(lambda: seconds_of("cp", str(ram), str(out))), rounds)

        make_ram(ram, small, random=True)
        results = [
            ("save of 1 GiB, of cp",
             against_cp("save", spec, "0", f"{small}M", str(out)), ">=", 0.8),
            ("dump of 1 GiB of random bytes, of cp",
             against_cp("dump", spec, "0", f"{small}M"), ">=", 0.8)]
        make_ram(ram, small, random=False)
        results.append(("dump of 1 GiB of zeroes, of cp",
                        against_cp("dump", spec, "0", f"{small}M"), ">=", 0.8))
        out.unlink(missing_ok=True)
        make_ram(ram, large, random=True)
        for name, words in (("bytes", ("--bytes", PATTERN)),
                            ("text", ("--text", "Linux version 6.1.0"))):
            find = lambda: seconds_of(program, "find", spec, *words, codes=(1,))
            results.append((f"find {name} in 4 GiB, of memchr",
                            ratio(find, lambda: memchr_seconds(ram), rounds), ">=", 0.5))
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release", help="build tree (default %(default)s)")
    parser.add_argument("--quick", action="store_true", help="shows that it runs, not how fast")
    options = parser.parse_args()
    for name, value, sign, goal in rows(pathlib.Path(options.build), options.quick):
        met = "met" if value >= goal else "NOT MET"
        print(f"{name:58} {value:8.3f}  {sign} {goal}  {met}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
