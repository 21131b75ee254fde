# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""The arguments of live.py, and what can be found wrong with them before anything is started."""

import argparse
import os
import pathlib
import re
import shlex
import shutil
import tempfile

UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
PAGE_BYTES = 4096
# phase: what it waits for, limit in seconds
PHASES = {
    "start": ("QEMU to make its RAM", 20),
    "boot": ("Linux to boot and start the guest's program", 60),
    "attach": ("the RTL to find the doorbell page", 40),
    "copy": ("the guest to check the RTL's copies", 60),
    "end": ("the guest and the simulator to end", 20),
}
MOST_SECONDS = 30 * 24 * 3600
MOST_SEED = (1 << 32) - 1
# Debian's kernel runs out of memory while it boots with 96M; the program wants 8M of a mock file.
# The machines have 40 address bits, some of them for devices.
LEAST_GUEST, LEAST_MOCK, MOST_MEMORY = "128M", "8M", "512G"
# Linux reads no more of its command line on x86.
COMMAND_LINE_BYTES = 2047
KERNEL_ARGUMENTS = "console=ttyS0 quiet panic=-1"
# A 512M guest touches about 110 MiB until the end of the demo; leave room for more. Linux keeps 64
# bytes for each page of its RAM.
ROOM_BYTES = 400 << 20
ROOM_SHARE = 64


class UsageError(Exception):
    """Something is missing or wrong before anything was started: exit status 2."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> None:
        self.exit(2, f"{self.prog}: {message}\n")


def parse_bytes(text: str) -> int:
    match = re.fullmatch(r"([1-9][0-9]{0,17})([KMG]?)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"'{text}' is not a size like 512M or 3G")
    return int(match[1]) * UNITS[match[2]]


def memory_size(least: str, most: str):
    def parse(text: str) -> int:
        size = parse_bytes(text)
        if not parse_bytes(least) <= size <= parse_bytes(most) or size % PAGE_BYTES:
            raise argparse.ArgumentTypeError(
                f"'{text}' is not from {least} to {most} in whole pages of 4K")
        return size
    return parse


def parse_seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", text) or not 0 < float(text) <= MOST_SECONDS:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not a time above 0 and up to {MOST_SECONDS} seconds")
    return float(text)


def parse_limit(text: str) -> tuple[str, float]:
    name, _, limit = text.partition("=")
    if name not in PHASES or not limit:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not PHASE=SECONDS with a phase of {', '.join(PHASES)}")
    try:
        return name, parse_seconds(limit)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"'{text}': {error}") from error


def parse_seed(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", text) or int(text) > MOST_SEED:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 to {MOST_SEED}")
    return int(text)


def simulator_arguments(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}': {error}") from error


def guest_arguments(text: str) -> str:
    """The kernel splits its command line at spaces, and knows quotes of another kind."""
    if not re.fullmatch(r"[ -~]*", text) or re.search(r"[\"'\\]", text):
        raise argparse.ArgumentTypeError(
            f"'{text}': a kernel command line takes no quotes, backslashes or what is not ASCII")
    return text


def parse_arguments(description: str, argv: list[str]) -> argparse.Namespace:
    parser = Parser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--build", type=pathlib.Path, default=pathlib.Path("build/release"), metavar="DIR",
        help="build tree that has the files below (default %(default)s)")
    add("--sim", type=pathlib.Path, help="guestlink-sim (default DIR/sim/cli/guestlink-sim)")
    add("--kernel", type=pathlib.Path, help="guest kernel (default DIR/guest/vmlinuz)")
    add("--initrd", type=pathlib.Path, help="guest initramfs (default DIR/guest/initrd.gz)")
    add("--qemu", default="qemu-system-x86_64", help="QEMU program (default %(default)s)")
    add("--machine", choices=("pc", "q35"), default="pc", help="QEMU machine (default pc)")
    add("--memory", type=memory_size(LEAST_GUEST, MOST_MEMORY), default="512M", metavar="SIZE",
        help="guest RAM (default 512M)")
    add("--mock", type=memory_size(LEAST_MOCK, MOST_MEMORY), metavar="SIZE",
        help="no QEMU: run the guest's program here, on a mock RAM file of this size")
    add("--program", type=pathlib.Path,
        help="the guest's program, for --mock (default DIR/guest/dma_check)")
    add("--seed", type=parse_seed, default=1, help="seed of guest and simulator (default 1)")
    add("--guest-args", type=guest_arguments, default="", metavar="ARGS",
        help="more arguments for the guest's program")
    add("--sim-args", type=simulator_arguments, default=[], metavar="ARGS",
        help="more arguments for guestlink-sim")
    add("--trace", type=pathlib.Path, metavar="FILE", help="write the RTL's waves (FST)")
    add("--timeout", type=parse_seconds, default=90, metavar="S",
        help="limit of the whole run in seconds (default 90)")
    add("--limit", type=parse_limit, action="append", default=[], metavar="PHASE=S",
        help="limit of one phase: " + ", ".join(f"{k} {v[1]} s" for k, v in PHASES.items()))
    add("--keep", type=pathlib.Path, metavar="DIR", help="keep guest.log and sim.log in DIR")
    add("--json", action="store_true",
        help="one JSON object on standard output; progress goes to standard error")
    arguments = parser.parse_args(argv)
    arguments.sim = arguments.sim or arguments.build / "sim/cli/guestlink-sim"
    arguments.kernel = arguments.kernel or arguments.build / "guest/vmlinuz"
    arguments.initrd = arguments.initrd or arguments.build / "guest/initrd.gz"
    arguments.program = arguments.program or arguments.build / "guest/dma_check"
    return arguments


def kernel_command_line(arguments: argparse.Namespace) -> str:
    return f"{KERNEL_ARGUMENTS} -- --seed {arguments.seed} {arguments.guest_args}"


def check_built(path: pathlib.Path, target: str, mode: int, build: pathlib.Path) -> None:
    if not path.is_file():
        if path.is_relative_to(build) and not (build / "CMakeCache.txt").is_file():
            raise UsageError(f"--build {build}: no build tree; run  cmake -S . -B {build} -G Ninja "
                             f"&& cmake --build {build} --target guestlink-sim guest_image")
        raise UsageError(f"no file {path}: run  cmake --build {build} --target {target}")
    if not os.access(path, mode):
        raise UsageError(f"{path} cannot be {'run' if mode == os.X_OK else 'read'}: permissions")


def check_files(arguments: argparse.Namespace) -> None:
    needed = [(arguments.sim, "guestlink-sim", os.X_OK)]
    if arguments.mock:
        needed.append((arguments.program, "guestlink_dma_check", os.X_OK))
    else:
        needed.append((arguments.kernel, "guest_image", os.R_OK))
        needed.append((arguments.initrd, "guest_image", os.R_OK))
        if not shutil.which(arguments.qemu):
            raise UsageError(f"no {arguments.qemu}: run  apt-get install qemu-system-x86")
    for path, target, mode in needed:
        check_built(path, target, mode, arguments.build)


def check_places(arguments: argparse.Namespace) -> None:
    """Where the run is to write: made if missing (--keep), and tried."""
    try:
        if arguments.keep:
            arguments.keep.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=arguments.keep):
                pass
    except OSError as error:
        raise UsageError(f"--keep {arguments.keep}: {error.strerror}") from error
    trace = arguments.trace
    try:
        if trace and trace.exists() and not trace.is_file():
            raise UsageError(f"--trace {trace}: this is no regular file")
        if trace:
            with tempfile.TemporaryFile(dir=trace.parent):
                pass
    except OSError as error:
        raise UsageError(f"--trace {trace}: {error.strerror}") from error


def check(arguments: argparse.Namespace) -> None:
    """Raises UsageError for the first thing that cannot work."""
    check_files(arguments)
    check_places(arguments)
    length = len(kernel_command_line(arguments))
    if length > COMMAND_LINE_BYTES:
        raise UsageError(f"--guest-args: the kernel's command line would have {length} bytes, and "
                         f"{COMMAND_LINE_BYTES} is the most")


def make_work_directory(arguments: argparse.Namespace) -> pathlib.Path:
    """A private directory for the RAM file: shared memory, or a disk when that is too small."""
    size = arguments.mock or arguments.memory
    room = min(size, ROOM_BYTES + (0 if arguments.mock else size // ROOM_SHARE))
    seen = []
    for place in ("/dev/shm", tempfile.gettempdir()):
        if not os.access(place, os.W_OK):
            seen.append(f"{place}: not writable")
            continue
        status = os.statvfs(place)
        free = status.f_bavail * status.f_frsize
        if free >= room:
            return pathlib.Path(tempfile.mkdtemp(prefix="guestlink-", dir=place))
        seen.append(f"{place}: {free >> 20} MiB free")
    raise UsageError(f"no room for the guest's RAM, {room >> 20} MiB are needed "
                     f"({', '.join(seen)}); free some, or set TMPDIR")
