# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""Fault drills: what may happen to a guest and its RAM file, done to a real QEMU while the RTL
works in its memory. drills.py GUESTLINK SIM IMAGE [CASE ...]

Whatever happens, guestlink-sim ends by itself with exit code 1 and a sentence, or goes on as
docs/faults.md says; it does not die of a signal, and writes nothing outside of its range. IMAGE is
the folder of vmlinuz and initrd.gz.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import cases

GUESTLINK, SIM, IMAGE = (pathlib.Path(word).resolve() for word in sys.argv[1:4])
QEMU = "qemu-system-x86_64"
LIMIT = 30  # seconds, for everything that is waited for
MIB = 1 << 20
NOBODY = 65534
RANGE = "0x400000+8M"  # what the self-tests may overwrite
GUARD = b"\xA5" * (64 << 10)
GUARDS = (0x3F0000, 0xC00000)  # right before and right behind it


class Monitor:
    """A QMP client."""

    def __init__(self, path: pathlib.Path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT)
        self.socket.connect(str(path))
        self.reader = self.socket.makefile("r", encoding="utf-8")
        self.reader.readline()
        self.execute("qmp_capabilities")

    def execute(self, command: str, **arguments: object) -> object:
        self.send(command, **arguments)
        while True:
            message = json.loads(self.reader.readline())
            if "error" in message:
                raise RuntimeError(f"{command}: {message['error']['desc']}")
            if "event" not in message:
                return message["return"]

    def send(self, command: str, **arguments: object) -> None:
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())

    def close(self) -> None:
        self.reader.close()
        self.socket.close()


class Guest:
    """A QEMU with its RAM in a file, and two QMP sockets: for who attaches, and for the drill."""

    def __init__(self, directory: pathlib.Path, ram: pathlib.Path, *options: str,
                 size: str = "64M"):
        self.ram = ram
        self.socket = directory / "qmp"
        own = directory / "qmp-drill"
        for path in (self.socket, own):
            path.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [QEMU, "-M", "pc,memory-backend=mem", "-accel", "tcg", "-nodefaults", "-no-user-config",
             "-display", "none",
             "-object", f"memory-backend-file,id=mem,size={size},mem-path={ram},share=on",
             "-qmp", f"unix:{self.socket},server=on,wait=off",
             "-qmp", f"unix:{own},server=on,wait=off",
             *(options or ("-S", "-m", size))],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + LIMIT
        while not (self.socket.exists() and own.exists()):
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"QEMU did not start: {self.process.stderr.read()}")
            time.sleep(0.01)
        self.monitor = Monitor(own)

    def specs(self) -> dict[str, str]:
        return {"file": f"file:{self.ram},machine=pc", "qmp": f"qmp:{self.socket}"}

    def running(self) -> bool:
        return self.process.poll() is None

    def kill(self, number: int = signal.SIGKILL) -> None:
        self.monitor.close()
        if self.running():
            self.process.send_signal(number)
        self.process.communicate(timeout=LIMIT)


class Drill(unittest.TestCase):
    def setUp(self) -> None:
        self.require(shutil.which(QEMU), f"no {QEMU}: apt-get install qemu-system-x86")
        directory = tempfile.TemporaryDirectory(dir="/dev/shm", prefix="guestlink-drill-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.ram = self.directory / "ram"

    def require(self, present: object, message: str) -> None:
        if not present and os.environ.get("GUESTLINK_REQUIRE_LIVE") == "1":
            self.fail(message)
        if not present:
            self.skipTest(message)

    def require_root(self) -> None:
        if os.geteuid() != 0:
            self.skipTest("needs root, for another user or a file system of its own")

    def guest(self, *options: str, **settings: str) -> Guest:
        guest = Guest(self.directory, settings.pop("ram", self.ram), *options, **settings)
        self.addCleanup(guest.kill)
        return guest

    def guestlink(self, *words: object, code: int | None = 0, user: int | None = None) -> str:
        """A run of the shell tool, as another user if wanted: all that it printed."""
        done = subprocess.run([str(GUESTLINK), *map(str, words)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=LIMIT, user=user,
                              check=False)
        self.assertGreaterEqual(done.returncode, 0, f"died of a signal: {done}")
        if code is not None:
            self.assertEqual(done.returncode, code, done)
        return done.stdout + done.stderr

    def start_sim(self, spec: str, *options: str, mode: str = "--self-test") -> subprocess.Popen:
        """guestlink-sim, attached; the self-test with DMA under way in RANGE, till it is ended."""
        words = ["--range", RANGE, "--descriptors", "100000000"] if mode == "--self-test" else []
        sim = subprocess.Popen([str(SIM), "--attach", spec, mode, "--json", *words, *options],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.stop, sim)
        line = sim.stderr.readline()
        self.assertIn("attached", line, line + sim.stderr.read() if "attached" not in line else "")
        time.sleep(0.3)
        self.assertIsNone(sim.poll(), "the simulator has ended before the drill")
        return sim

    @staticmethod
    def stop(sim: subprocess.Popen) -> None:
        if sim.poll() is None:
            sim.kill()
        sim.communicate()

    def end_of(self, sim: subprocess.Popen, *reasons: str) -> dict:
        """The summary of a run that has ended: failed, for one of the reasons, and says why."""
        try:
            output, messages = sim.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            self.fail(f"the simulator goes on after {LIMIT} s")
        self.assertEqual(sim.returncode, 1, output + messages)
        summary = json.loads(output)
        self.assertIn(summary["stop_reason"], reasons, summary)
        self.assertTrue(summary["errors"] or summary["stop_reason"] == "signal", summary)
        return summary

    def write_guards(self) -> None:
        with open(self.ram, "r+b") as ram:
            for address in GUARDS:
                ram.seek(address)
                ram.write(GUARD)

    def check_guards(self) -> None:
        with open(self.ram, "rb") as ram:
            for address in GUARDS:
                ram.seek(address)
                self.assertEqual(ram.read(len(GUARD)), GUARD, f"written outside: {address:#x}")


class Ends(Drill):
    """QEMU goes away in the middle of DMA."""

    def check(self, how: str) -> None:
        for scheme in ("file", "qmp"):
            with self.subTest(scheme):
                guest = self.guest()
                self.write_guards()
                sim = self.start_sim(guest.specs()[scheme])
                begin = time.monotonic()
                if how == "quit":
                    guest.monitor.execute("quit")
                else:
                    guest.process.kill()
                summary = self.end_of(sim, "guest ended")
                self.assertLess(time.monotonic() - begin, 10)
                self.assertGreater(summary["descriptors"], 0)
                self.assertEqual(summary["generation"], 2)
                self.check_guards()
                guest.kill()

    def test_kill_9(self) -> None:
        self.check("kill")

    def test_quit(self) -> None:
        self.check("quit")


class Resets(Drill):
    def test_the_self_test_ends(self) -> None:
        guest = self.guest()
        self.write_guards()
        sim = self.start_sim(guest.specs()["qmp"])
        guest.monitor.execute("system_reset")
        self.end_of(sim, "guest reset")
        self.check_guards()
        self.assertTrue(guest.running())

    def test_a_search_for_a_page_starts_anew(self) -> None:
        guest = self.guest()
        sim = self.start_sim(guest.specs()["qmp"], "--attach-timeout", "3", mode="--doorbell")
        guest.monitor.execute("system_reset")
        summary = self.end_of(sim, "attach timeout")
        self.assertEqual((summary["guest_resets"], summary["generation"]), (1, 3))

    def test_stop_is_an_option(self) -> None:
        guest = self.guest()
        sim = self.start_sim(guest.specs()["qmp"], "--on-guest-reset", "stop", mode="--doorbell")
        guest.monitor.execute("system_reset")
        self.end_of(sim, "guest reset")

    # A file alone tells of no reset: the memory stays, and the RTL goes on in it.
    def test_a_file_does_not_tell(self) -> None:
        guest = self.guest()
        sim = self.start_sim(guest.specs()["file"])
        guest.monitor.execute("system_reset")
        time.sleep(1.5)
        self.assertIsNone(sim.poll())
        sim.send_signal(signal.SIGINT)
        self.assertEqual(self.end_of(sim, "signal", "self-test failed")["generation"], 1)


class Restarts(Drill):
    """The guest is started again, and whoever serves it waits for that."""

    def check(self, scheme: str, remove: bool) -> None:
        guest = self.guest()
        sim = self.start_sim(guest.specs()[scheme], "--reattach", "20", "--attach-timeout", "6",
                             mode="--doorbell")
        guest.kill()
        if remove:
            self.ram.unlink()
        time.sleep(0.5)
        self.guest()
        summary = self.end_of(sim, "attach timeout")
        self.assertEqual((summary["reattached"], summary["generation"]), (1, 3), summary)

    def test_on_the_same_file(self) -> None:
        self.check("file", remove=False)

    def test_on_the_same_file_by_qmp(self) -> None:
        self.check("qmp", remove=False)

    def test_after_rm(self) -> None:
        self.check("file", remove=True)

    def test_after_rm_by_qmp(self) -> None:
        self.check("qmp", remove=True)

    def test_the_file_is_removed_and_another_guest_has_its_name(self) -> None:
        guest = self.guest()
        sim = self.start_sim(guest.specs()["file"])
        self.ram.unlink()
        self.ram.write_bytes(b"\x5A" * 64 * MIB)
        self.end_of(sim, "file changed")
        self.assertEqual(self.ram.read_bytes(), b"\x5A" * 64 * MIB, "the other's memory is written")


class Sizes(Drill):
    def test_truncate(self) -> None:
        for scheme in ("file", "qmp"):
            with self.subTest(scheme):
                guest = self.guest()
                sim = self.start_sim(guest.specs()[scheme])
                os.truncate(self.ram, 1 * MIB)
                self.end_of(sim, "memory lost", "file changed")
                self.assertEqual(self.ram.stat().st_size, 1 * MIB, "the file was made larger")
                guest.kill()
                self.ram.unlink()

    # The pages come back as zeroes: that is another memory, whether a missing page was met or not.
    def test_shrink_and_grow(self) -> None:
        guest = self.guest()
        sim = self.start_sim(guest.specs()["file"])
        os.truncate(self.ram, 1 * MIB)
        os.truncate(self.ram, 64 * MIB)
        self.end_of(sim, "memory lost", "file changed", "self-test failed")

    def test_grow(self) -> None:
        guest = self.guest()
        sim = self.start_sim(guest.specs()["file"])
        os.truncate(self.ram, 65 * MIB)
        self.end_of(sim, "file changed")

    def test_the_shell_tool_says_so(self) -> None:
        guest = self.guest()
        os.truncate(self.ram, 1 * MIB)
        for words in (("read", guest.specs()["qmp"], "0x800000"),
                      ("fill", guest.specs()["qmp"], "0x800000", "64K", "0xff"),
                      ("info", guest.specs()["qmp"])):
            self.assertRegex(self.guestlink(*words, code=1), r"bytes|size|cut short|0x100000")


class FullFileSystem(Drill):
    """RAM on a tmpfs that has no room for all of it."""

    def setUp(self) -> None:
        super().setUp()
        self.require_root()
        self.small = self.directory / "small"
        self.small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16M", "tmpfs", str(self.small)],
                       check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.small)], check=True)
        self.ram = self.small / "ram"

    def fill_file_system(self) -> None:
        """To the last page."""
        other = os.open(self.small / "other", os.O_CREAT | os.O_WRONLY)
        try:
            while True:
                os.write(other, b"x" * 4096)
        except OSError:
            os.close(other)

    def test_in_the_middle_of_dma(self) -> None:
        guest = self.guest()
        sim = self.start_sim(guest.specs()["file"])
        self.fill_file_system()
        done = subprocess.run(
            [str(GUESTLINK), "fill", guest.specs()["file"] + ",shared", "0x2000000", "16M", "0xee"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT, check=False)
        self.assertEqual(done.returncode, 1, done)
        self.assertRegex(done.stderr, "no room|full|No space")
        sim.send_signal(signal.SIGINT)
        self.end_of(sim, "signal", "memory lost")
        self.assertTrue(guest.running())

    # The self-test of an attach must not need a page that cannot be had: QEMU would die of it.
    def test_attaching(self) -> None:
        guest = self.guest()
        self.fill_file_system()
        text = self.guestlink("info", guest.specs()["qmp"], code=None)
        self.assertTrue(guest.running(), f"QEMU died of the attach: {text}")
        self.assertIn("the file system of the guest's RAM is full", text)
        guest.monitor.execute("query-status")


class Attachers(Drill):
    def test_one_writer(self) -> None:
        guest = self.guest()
        spec = guest.specs()["file"]
        self.start_sim(spec)
        for second in (spec, guest.specs()["qmp"]):
            text = self.guestlink("write", second, "0x100000", "1", code=1)
            self.assertIn("shared", text, "what to do is not said")
        self.guestlink("write", spec + ",shared", "0x100000", "0x1234")
        self.assertIn("1234", self.guestlink("read", spec + ",ro", "0x100000"))
        self.assertIn("1234", self.guestlink("read", spec + ",shared", "0x100000"))

    def test_two_simulators(self) -> None:
        guest = self.guest()
        self.start_sim(guest.specs()["file"])
        second = subprocess.run(
            [str(SIM), "--attach", guest.specs()["file"], "--self-test", "--range", RANGE],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT, check=False)
        self.assertEqual(second.returncode, 1, second)
        self.assertIn("shared", second.stderr)


class Sparse(Drill):
    def test_64_gib(self) -> None:
        guest = self.guest("-S", "-m", "64G", size="64G")
        spec = guest.specs()["qmp"]
        address = 0x100000000 + (40 << 30)
        self.guestlink("write", spec, hex(address), "0x5AFEC0DE")
        begin = time.monotonic()
        find = subprocess.Popen([str(GUESTLINK), "find", spec, "--bytes", "dec0fe5a"],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        text = find.stdout.read()
        find.stdout.close()
        _, status, usage = os.wait4(find.pid, 0)
        find.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(find.returncode, 0)
        self.assertIn(f"{address:#x}", text)
        self.assertLess(time.monotonic() - begin, 10)
        self.assertLess(usage.ru_maxrss, 32 << 10, "KiB resident")
        self.assertLess(self.ram.stat().st_blocks * 512, 64 * MIB, "holes were filled")


class Permissions(Drill):
    def setUp(self) -> None:
        super().setUp()
        self.require_root()
        # Another user's run needs the programs' folder to be one that it may enter.
        reachable = subprocess.run([str(GUESTLINK), "--version"], user=NOBODY, check=False,
                                   capture_output=True) if self.may_run() else None
        if reachable is None or reachable.returncode != 0:
            copy = self.directory / "guestlink"
            shutil.copy(GUESTLINK, copy)
            copy.chmod(0o755)
            self.program = copy
        else:
            self.program = GUESTLINK
        self.directory.chmod(0o755)

    @staticmethod
    def may_run() -> bool:
        return all(folder.stat().st_mode & 0o005 == 0o005 for folder in GUESTLINK.parents)

    def as_nobody(self, *words: str, code: int) -> str:
        done = subprocess.run([str(self.program), *words], user=NOBODY, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=LIMIT, check=False)
        self.assertEqual(done.returncode, code, done)
        return done.stdout + done.stderr

    def test_read_only_file(self) -> None:
        guest = self.guest()
        self.ram.chmod(0o444)
        spec = guest.specs()["file"]
        text = self.as_nobody("write", spec, "0x1000", "1", code=1)
        self.assertIn("ro", text)
        self.assertRegex(text, "Permission denied|read-only|not be written")
        self.as_nobody("read", spec + ",ro", "0x1000", code=0)
        self.as_nobody("write", spec + ",ro", "0x1000", "1", code=1)

    def test_foreign_owner(self) -> None:
        guest = self.guest()
        self.ram.chmod(0o600)
        for words in (("read", guest.specs()["file"], "0"), ("info", guest.specs()["qmp"])):
            self.assertIn("Permission denied", self.as_nobody(*words, code=1))


class DimmUnplug(Drill):
    """The RTL works in a DIMM that Linux then gives up."""

    def test_it_ends_the_run(self) -> None:
        for name in ("vmlinuz", "initrd.gz"):
            self.require((IMAGE / name).exists(), f"no {IMAGE / name}: build guest_image")
        dimm = self.directory / "dimm"
        console = self.directory / "console"
        guest = self.guest(
            "-m", "256M,slots=2,maxmem=1G", "-serial", f"file:{console}", "-no-reboot",
            "-object", f"memory-backend-file,id=more,size=128M,mem-path={dimm},share=on",
            "-kernel", str(IMAGE / "vmlinuz"), "-initrd", str(IMAGE / "initrd.gz"),
            "-append", "console=ttyS0 quiet panic=-1 memhp_default_state=offline -- --seed 1",
            size="256M")
        end = time.monotonic() + LIMIT
        while "waiting for the RTL" not in (console.read_text() if console.exists() else ""):
            self.assertLess(time.monotonic(), end, "Linux is not up")
            time.sleep(0.05)
        guest.monitor.execute("device_add", driver="pc-dimm", id="dimm", memdev="more")
        time.sleep(1)
        info = json.loads(self.guestlink("map", guest.specs()["qmp"] + ",ro", "--json"))
        rows = [row for row in re.findall(r"0x[0-9a-f]+", json.dumps(info))]
        self.assertIn("0x100000000", rows, "the DIMM is not in the map")
        sim = subprocess.Popen(
            [str(SIM), "--attach", guest.specs()["qmp"], "--self-test", "--json", "--range",
             "0x100000000+16M", "--descriptors", "100000000"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.stop, sim)
        self.assertIn("attached", sim.stderr.readline())
        time.sleep(0.3)
        guest.monitor.send("device_del", id="dimm")
        summary = self.end_of(sim, "map changed")
        self.assertEqual(summary["generation"], 2)
        self.assertTrue(guest.running())


if __name__ == "__main__":
    cases.main(4)
