# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""Memory order, host and guest: memory_order_live_test.py GUESTLINK HOST PROGRAM IMAGE [CASE].

HOST is memory_order_host, PROGRAM the guest's memory_order, IMAGE the folder of vmlinuz and
initrd.gz. Without QEMU, or the image, the tests that want it skip and say so; with
GUESTLINK_REQUIRE_LIVE=1 they fail.
"""
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import cases

GUESTLINK, HOST, PROGRAM, IMAGE = (pathlib.Path(word).resolve() for word in sys.argv[1:5])
QEMU = "qemu-system-x86_64"
LIMIT = 120  # seconds, for a whole run
RAM_BYTES = 256 << 20


class Order(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory(dir=self.fast_directory())
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    @staticmethod
    def fast_directory() -> str | None:
        """Where 256 MiB of RAM are no load for a disk, if there is such a place."""
        shared = pathlib.Path("/dev/shm")
        fits = shared.is_dir() and shutil.disk_usage(shared).free > 2 * RAM_BYTES
        return str(shared) if fits and os.access(shared, os.W_OK) else None

    def require_guest(self) -> None:
        missing = [text for present, text in (
            (shutil.which(QEMU), f"no {QEMU}: apt-get install qemu-system-x86"),
            ((IMAGE / "vmlinuz").exists(), f"no {IMAGE / 'vmlinuz'}: build guest_image"),
            ((IMAGE / "initrd.gz").exists(), f"no {IMAGE / 'initrd.gz'}: build guest_image"),
        ) if not present]
        if missing and os.environ.get("GUESTLINK_REQUIRE_LIVE") == "1":
            self.fail(missing[0])
        if missing:
            self.skipTest(missing[0])

    @staticmethod
    def qemu(*options: str) -> list[str]:
        return [QEMU, "-nodefaults", "-no-user-config", "-display", "none",
                "-no-reboot", "-accel", "tcg", "-serial", "stdio",
                "-kernel", str(IMAGE / "vmlinuz"), "-initrd", str(IMAGE / "initrd.gz"), "-append",
                # Without the check, a vCPU that gets no CPU time at boot is no broken timer.
                "console=ttyS0 quiet panic=-1 no_timer_check GUESTLINK_PROGRAM=memory_order",
                *options]

    def start(self, command: list[str]) -> subprocess.Popen:
        with open(self.directory / "guest.log", "w", encoding="utf-8") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=subprocess.STDOUT)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process: subprocess.Popen) -> None:
        if process.poll() is None:
            process.kill()
        process.wait(LIMIT)

    def wait_for_ram(self, ram: pathlib.Path, guest: subprocess.Popen) -> None:
        end = time.monotonic() + LIMIT
        while not ram.exists() or ram.stat().st_size < RAM_BYTES:
            self.assertIsNone(guest.poll(), "QEMU has ended: " + self.guest_log())
            self.assertLess(time.monotonic(), end, "QEMU makes no RAM")
            time.sleep(0.02)

    def guest_log(self) -> str:
        return (self.directory / "guest.log").read_text(encoding="utf-8")

    def run_host(self, *arguments: str) -> subprocess.CompletedProcess:
        done = subprocess.run([str(HOST), *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=LIMIT, check=False)
        print(done.stdout, flush=True)
        return done


class Mock(Order):
    """Both halves on this machine, without QEMU."""

    def test_order(self) -> None:
        ram = self.directory / "ram"
        guest = self.start([str(PROGRAM), "--ram", str(ram)])
        done = self.run_host(f"mock:{ram},size=16M", "--seconds", "0.1")
        self.assertEqual(guest.wait(LIMIT), 0, self.guest_log())
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("GUESTLINK-GUEST: PASS steps=9", self.guest_log())


class Launcher(Order):
    """The launcher's settings: what no option of the user says, it sets so that all holds."""

    def test_order(self) -> None:
        self.require_guest()
        done = subprocess.run(
            [str(GUESTLINK), "run", "--grace", "20", "--exec",
             f"{shlex.quote(str(HOST))} {{spec}} >{self.directory / 'host.log'} 2>&1", "--",
             *self.qemu("-M", "pc", "-m", "256")],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT, check=False)
        host_log = (self.directory / "host.log").read_text(encoding="utf-8")
        print(host_log, flush=True)
        self.assertEqual(done.returncode, 0, host_log + str(done))
        self.assertIn("added -smp 1,maxcpus=2", done.stderr)
        self.assertIn("GUESTLINK-GUEST: PASS steps=9", done.stdout, host_log)


class Losses(Order):
    """The same programs, on a QEMU with one possible CPU: the test can fail, and does."""

    def test_additions_are_lost(self) -> None:
        self.require_guest()
        if len(os.sched_getaffinity(0)) < 2:
            self.skipTest("one CPU: host and guest hardly ever meet within an instruction")
        ram = self.directory / "ram"
        guest = self.start(self.qemu(
            "-M", "pc,memory-backend=mem", "-smp", "1,maxcpus=1", "-object",
            f"memory-backend-file,id=mem,size={RAM_BYTES},mem-path={ram},share=on"))
        self.wait_for_ram(ram, guest)
        done = self.run_host(f"file:{ram},machine=pc", "--expect-losses")
        self.assertEqual(guest.wait(LIMIT), 0, self.guest_log())
        self.assertEqual(done.returncode, 0, str(done) + self.guest_log())
        self.assertRegex(done.stdout, r"FAIL fetch-add, \d+ bits: \d+ additions lost")
        self.assertIn("GUESTLINK-GUEST: FAIL", self.guest_log())


if __name__ == "__main__":
    cases.main(5)
