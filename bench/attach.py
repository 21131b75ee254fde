# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""Times attaching by QMP to a guest that runs: attach.py [--build BUILD]

A q35 under TCG in its firmware, with a VGA: vCPU and attachment share the machine's cores, as they
do in use. Wall-clock time of the attachment with every check, from the spec to the report.
"""
import argparse
import contextlib
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

QEMU = "qemu-system-x86_64"
START_SECONDS = 20


@contextlib.contextmanager
def guest(folder: pathlib.Path):
    """The attach spec of a guest that runs while the body does."""
    socket, ram = folder / "qmp", folder / "ram"
    log = (folder / "log").open("w")
    qemu = subprocess.Popen(
        [QEMU, "-nodefaults", "-display", "none", "-accel", "tcg", "-device", "VGA",
         "-M", "q35,memory-backend=mem", "-smp", "1,maxcpus=2",
         "-object", f"memory-backend-file,id=mem,size=512M,share=on,mem-path={ram}",
         "-qmp", f"unix:{socket},server=on,wait=off"], stdout=log, stderr=log)
    try:
        limit = time.monotonic() + START_SECONDS
        while not socket.exists():
            if qemu.poll() is not None or time.monotonic() > limit:
                sys.exit(f"bench: {QEMU} did not start: {(folder / 'log').read_text()}")
            time.sleep(0.01)
        yield f"qmp:{socket}"
    finally:
        qemu.kill()
        qemu.wait()
        log.close()


def milliseconds(program: pathlib.Path, rounds: int) -> list[float]:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, guest(pathlib.Path(folder)) as spec:
        done = subprocess.run([str(program), spec, str(rounds)], capture_output=True, text=True,
                              timeout=300, check=False)
    if done.returncode != 0:
        sys.exit(f"bench: {done.stderr}")
    return [float(line) for line in done.stdout.split()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release", help="build tree (default %(default)s)")
    options = parser.parse_args()
    if shutil.which(QEMU) is None:
        sys.exit(f"bench: no {QEMU} in PATH")
    times = milliseconds(pathlib.Path(options.build) / "bench" / "attach_bench", 31)
    print(f"attaching by QMP: {statistics.median(times):.1f} ms, the median of {len(times)}; "
          f"{min(times):.1f} to {max(times):.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
