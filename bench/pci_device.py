# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""The RTL as a PCI device of a QEMU guest, beside a server that does the least.

Times are the guest's own, under TCG. Server and simulator take turns, so that both see the same
machine; a value is the median of the runs' medians.
"""

import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "sim" / "demo"))
from qemu_device import has_device  # noqa: E402

LATENCY = re.compile(r"latency ([a-z+]+) min=(\d+) median=(\d+) p99=(\d+) ns")
LIMIT = 180  # seconds, for one guest from start to end
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def find_qemu(build: pathlib.Path) -> str | None:
    for qemu in "qemu-system-x86_64", str(build / "qemu" / "bin" / "qemu-system-x86_64"):
        if has_device(qemu):
            return qemu
    return None


class Pair:
    """A device's process and the QEMU that has it, or a QEMU alone."""

    def __init__(self, qemu: str, server: list[str] | None, guest: list[str]):
        self.folder = tempfile.TemporaryDirectory(prefix="guestlink-bench-")
        socket = pathlib.Path(self.folder.name) / "device.sock"
        command = [qemu, "-M", "q35,memory-backend=mem", "-accel", "tcg", "-nodefaults",
                   "-object", "memory-backend-memfd,id=mem,size=512M,share=on",
                   "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio",
                   "-device", "isa-debug-exit,iobase=0xf4,iosize=4", *guest]
        self.server = None
        self.heard = ""
        if server:
            self.server = subprocess.Popen([word.replace("SOCKET", str(socket)) for word in server],
                                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                           stderr=subprocess.DEVNULL, text=True)
            while not socket.exists():
                if self.server.poll() is not None:
                    raise RuntimeError(f"{server[0]} has ended with {self.server.returncode}")
                time.sleep(0.01)
            device = {"driver": "vfio-user-pci", "socket": {"type": "unix", "path": str(socket)},
                      "x-msg-timeout": 2147483647}
            command += ["-device", json.dumps(device)]
        self.start = time.monotonic()
        self.timer = threading.Timer(LIMIT, self.kill)
        self.timer.daemon = True
        self.timer.start()
        self.guest = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL, text=True, errors="replace")

    def kill(self) -> None:
        """Ends what hangs: whoever waits for a line then gets the end of the output."""
        for process in (self.guest, self.server):
            if process is not None:
                process.kill()

    def seconds_to(self, wanted: str) -> float:
        """From QEMU's start to this line of its guest."""
        for line in self.guest.stdout:
            self.heard += line
            if wanted in line:
                return time.monotonic() - self.start
        self.kill()
        raise RuntimeError(f"no '{wanted}' from the guest within {LIMIT} s:\n{self.heard}")

    def cpu_seconds(self) -> float:
        """The server's, so far."""
        fields = pathlib.Path(f"/proc/{self.server.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS

    def end(self) -> tuple[str, str]:
        """What guest and server printed."""
        guest = self.heard + self.guest.communicate()[0]
        server = self.server.communicate()[0] if self.server else ""
        self.timer.cancel()
        self.folder.cleanup()
        return guest, server


class Bench:
    def __init__(self, build: pathlib.Path, qemu: str, quick: bool):
        self.qemu = qemu
        self.quick = quick
        self.bare = [str(build / "bench" / "vfio_bare_server"), "SOCKET"]
        self.sim = [str(build / "sim" / "cli" / "guestlink-sim"), "--json", "--vfio-user", "SOCKET"]
        self.check = str(build / "guest" / "bare" / "pci_check")
        self.linux = build / "guest" / "pci"

    def linux_guest(self, words: str) -> list[str]:
        return ["-kernel", str(self.linux / "vmlinuz"), "-initrd", str(self.linux / "initrd.gz"),
                "-append", f"console=ttyS0 quiet panic=-1 {words}"]

    def latencies(self) -> dict[str, dict[str, float]]:
        """Nanoseconds by operation and server: medians of the runs' medians."""
        seen: dict[str, dict[str, list[int]]] = {}
        for _ in range(1 if self.quick else 15):
            for name, server in ("bare", self.bare), ("sim", self.sim):
                samples = 100 if self.quick else 3000
                pair = Pair(self.qemu, server, ["-kernel", self.check, "-append",
                                                f"latency={samples} msix"])
                guest, _ = pair.end()
                if "PCI-CHECK: PASS" not in guest:
                    raise RuntimeError(f"the guest failed on {name}: {guest}")
                for operation, _, median, _ in LATENCY.findall(guest):
                    seen.setdefault(operation, {}).setdefault(name, []).append(int(median))
        return {operation: {name: statistics.median(values) for name, values in by_server.items()}
                for operation, by_server in seen.items()}

    def dmatest(self) -> tuple[float, float, float]:
        """MB/s and copies/s of the guest, and clock cycles per second of the simulator's CPU."""
        rates = []
        for _ in range(1 if self.quick else 5):
            copies = 100 if self.quick else 4000
            pair = Pair(self.qemu, self.sim, self.linux_guest(
                f"GUESTLINK_PCI=ioat GUESTLINK_DMATEST_BUFFER=65536 "
                f"GUESTLINK_DMATEST_ITERATIONS={copies}"))
            pair.seconds_to("ioat-msix")
            cpu = pair.cpu_seconds()
            guest, server = pair.end()
            match = re.search(r"0 failures ([0-9.]+) iops (\d+) KB/s", guest)
            if match is None:
                raise RuntimeError(f"dmatest: {guest}")
            cycles = json.loads(server)["cycles"]
            rates.append((int(match[2]) / 1000, float(match[1]), cycles / max(cpu, 0.01)))
        return tuple(statistics.median(column) for column in zip(*rates))

    def idle_cpu(self) -> float:
        """Percent of one CPU that the simulator takes beside a guest that does nothing."""
        seconds = 2 if self.quick else 20
        pair = Pair(self.qemu, self.sim,
                    self.linux_guest(f"GUESTLINK_PCI=idle GUESTLINK_IDLE={seconds + 1}"))
        pair.seconds_to("PCI-GUEST: idle")
        before = pair.cpu_seconds()
        time.sleep(seconds)
        percent = 100 * (pair.cpu_seconds() - before) / seconds
        pair.end()
        return percent

    def boot_ratio(self) -> float:
        """Boot time with the device of that without: median of the ratios of runs side by side."""
        ratios = []
        for _ in range(1 if self.quick else 11):
            seconds = []
            for server in (None, self.sim):
                pair = Pair(self.qemu, server, self.linux_guest("GUESTLINK_PCI=boot"))
                seconds.append(pair.seconds_to("PCI-GUEST: PASS"))
                pair.end()
            ratios.append(seconds[1] / seconds[0])
        return statistics.median(ratios)


def rows(build: pathlib.Path, quick: bool) -> list[tuple]:
    qemu = find_qemu(build)
    if qemu is None:
        print("bench: the PCI device is left out: no QEMU with vfio-user-pci; run  make -f "
              "Makefile.verilator qemu", file=sys.stderr, flush=True)
        return []
    print("bench: the PCI device beside a bare server ...", file=sys.stderr, flush=True)
    bench = Bench(build, qemu, quick)
    time_of = bench.latencies()
    result = []
    for operation, title, goal in (("read", "register read", 1.2), ("write", "posted write", 1.2),
                                   ("write+read", "posted write and read back", None)):
        times = time_of[operation]
        result.append((f"{title}, of a bare server's", times["sim"] / times["bare"],
                       "<=" if goal else "", goal))
    for name, title in ("bare", "bare server"), ("sim", "RTL"):
        result += [(f"register read, us, {title}", time_of["read"][name] / 1e3, "", None),
                   (f"doorbell to MSI-X handler, us, {title}", time_of["msix"][name] / 1e3, "",
                    None)]
    if not (bench.linux / "vmlinuz").is_file():
        print("bench: Linux with the PCI device is left out: no image; build the target "
              "guest_pci_image", file=sys.stderr, flush=True)
        return result
    print("bench: Linux with the PCI device ...", file=sys.stderr, flush=True)
    megabytes, copies, cycles = bench.dmatest()
    return result + [
        ("dmatest, 64 KiB, MB/s of guest data", megabytes, ">=", 40.0),
        ("the same, copies/s", copies, "", None),
        ("the same, million RTL cycles per CPU second", cycles / 1e6, "", None),
        ("an idle attached device, percent of a CPU", bench.idle_cpu(), "<=", 1.0),
        ("boot time of Linux with it, of that without", bench.boot_ratio(), "<=", 1.05)]
