# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""`guestlink run` around real QEMU: guestlink_run_live_test.py GUESTLINK WRITER SIM IMAGE [CASE].

WRITER is write_word, IMAGE the folder of vmlinuz and initrd.gz. Without QEMU, or the image, the
tests that want it skip and say so; with GUESTLINK_REQUIRE_LIVE=1 they fail.
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

GUESTLINK, WRITER, SIM, IMAGE = (pathlib.Path(word).resolve() for word in sys.argv[1:5])
QEMU = "qemu-system-x86_64"
LIMIT = 30  # seconds, for everything that is waited for
WATCH = re.compile(r"watch=([^,]+)")  # of a spec: a QMP socket of its own


# 16-bit code at 0x7c00: puts `mov al,0x11; ret` at 0x9000, then calls it for ever, with its result
# at 0x8000 and the number of calls at 0x8004.
BOOT_SECTOR = bytes.fromhex(
    "fa 31c0 8ed8 8ed0 bc0070"                 # cli; ds = ss = 0; sp = 0x7000
    "c7060090b011 c6060290c3"                  # [0x9000] = 0x11b0, [0x9002] = 0xc3
    "e8e813 a20080 66ff060480 ebf3")           # again: call 0x9000; [0x8000] = al; ++[0x8004]


class Monitor:
    """A QMP client: one command at a time."""

    def __init__(self, path: str):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT)
        self.socket.connect(path)
        self.reader = self.socket.makefile("r", encoding="utf-8")
        self.reader.readline()
        self.execute("qmp_capabilities")

    def execute(self, command: str, **arguments: object) -> object:
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while True:
            message = json.loads(self.reader.readline())
            if "event" not in message:
                return message["return"]

    def word(self, address: int) -> int:
        """8 bytes of guest memory as the guest has them."""
        text = self.execute("human-monitor-command", **{"command-line": f"xp /1gx {address:#x}"})
        return int(text.split(":")[1], 16)

    def close(self) -> None:
        self.reader.close()
        self.socket.close()


class Live(unittest.TestCase):
    def setUp(self) -> None:
        self.require(shutil.which(QEMU), f"no {QEMU}: apt-get install qemu-system-x86")
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.report_file = self.directory / "report"

    def require(self, present: object, message: str) -> None:
        if not present and os.environ.get("GUESTLINK_REQUIRE_LIVE") == "1":
            self.fail(message)
        if not present:
            self.skipTest(message)

    def start(self, *options: str) -> tuple[subprocess.Popen, dict]:
        """A guest that does not run, and the launcher's report of it."""
        process = subprocess.Popen(
            [str(GUESTLINK), "run", "--json", "--spec-file", str(self.report_file), "--", QEMU,
             "-nodefaults", "-display", "none", "-S", *options],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end, process)
        end = time.monotonic() + LIMIT
        while not self.report_file.exists():
            self.assertIsNone(process.poll(), "the launcher has ended")
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        return process, json.loads(self.report_file.read_text())

    @staticmethod
    def end(process: subprocess.Popen) -> None:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=LIMIT)


class Memory(Live):
    def check_words(self, addresses: tuple, *options: str) -> dict:
        process, report = self.start(*options)
        monitor = Monitor(WATCH.search(report["spec"])[1])  # the other one is for the writer
        for count, address in enumerate(addresses):
            value = 0x1122334455667700 + count
            subprocess.run([str(WRITER), report["spec"], hex(address), hex(value)], check=True,
                           timeout=LIMIT)
            self.assertEqual(monitor.word(address), value, hex(address))
        report["smp"] = monitor.execute("qom-get", path="/machine", property="smp")
        monitor.close()
        process.terminate()
        process.wait(LIMIT)
        return report

    def test_pc(self) -> None:
        report = self.check_words((0, 0x9FFF8, 0x100000, 0x7FFFFF8), "-accel", "tcg")
        self.assertEqual(report["machine"][:10], "pc-i440fx-")
        self.assertEqual((report["smp"]["cpus"], report["smp"]["maxcpus"]), (1, 2))

    def test_q35_above_4_gib(self) -> None:
        report = self.check_words((0, 0x7FFFFFF8, 1 << 32, (1 << 32) + (1 << 30) - 8),
                                  "-machine", "q35", "-M", "accel=tcg", "-m", "size=3G",
                                  "-smp", "1,sockets=1,cores=1,threads=1")
        self.assertEqual((report["smp"]["cpus"], report["smp"]["maxcpus"]), (1, 2))

    def test_microvm_of_an_odd_size(self) -> None:
        self.check_words((0x100000, 12648448 - 8), "-M", "microvm", "-m", "12345k")

    def test_ram_that_the_user_made(self) -> None:
        ram = self.directory / "ram"
        self.check_words(
            (0x100000,), "-M", "q35,memory-backend=mem", "-object",
            f"memory-backend-file,id=mem,size=64M,mem-path={ram},share=on")

    def test_ram_in_two_files(self) -> None:
        self.check_words(
            (0x100000, 0x10000000 - 8, 0x10000000), "-M", "pc", "-m", "512M",
            "-object", "memory-backend-memfd,id=a,size=256M,share=on",
            "-object", "memory-backend-memfd,id=b,size=256M,share=on",
            "-numa", "node,memdev=a", "-numa", "node,memdev=b")

    def test_machine_of_one_cpu(self) -> None:
        report = self.check_words((0x100000,), "-M", "isapc", "-accel", "tcg")
        self.assertIn("QEMU has one possible CPU", report["warnings"][0])

    def test_code_by_qtest(self) -> None:
        """In a guest that does not run, it is a write like others: it has to arrive."""
        _, report = self.start()
        done = subprocess.run([str(GUESTLINK), "write", report["spec"], "0x100000", "0xcafef00d",
                               "--code"], capture_output=True, text=True, timeout=LIMIT,
                              check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        monitor = Monitor(WATCH.search(report["spec"])[1])
        self.assertEqual(monitor.word(0x100000), 0xCAFEF00D)
        monitor.close()

    def test_code_that_the_guest_runs(self) -> None:
        """A boot sector calls 0x9000 for ever and keeps what comes back at 0x8000."""
        disk = self.directory / "disk"
        disk.write_bytes(BOOT_SECTOR.ljust(510, b"\0") + b"\x55\xaa")
        _, report = self.start("-accel", "tcg", "-drive", f"file={disk},format=raw,if=ide")
        monitor = Monitor(WATCH.search(report["spec"])[1])
        monitor.execute("cont")
        self.wait_for_calls(monitor, 0x11)
        self.write_code(report["spec"], 0x22)
        self.wait_for_calls(monitor, monitor.word(0x8000) & 0xFF)
        print(f"after a plain write the guest runs {monitor.word(0x8000) & 0xFF:#x}", flush=True)
        self.write_code(report["spec"], 0x33, "--code")
        self.wait_for_calls(monitor, 0x33)
        monitor.close()

    def write_code(self, spec: str, value: int, *options: str) -> None:
        subprocess.run([str(GUESTLINK), "write", spec, "0x9001", hex(value), "--width", "8",
                        *options], check=True, timeout=LIMIT)

    def wait_for_calls(self, monitor: Monitor, value: int) -> None:
        """Until many calls gave `value`."""
        end = time.monotonic() + LIMIT
        first = monitor.word(0x8000) >> 32
        while True:
            word = monitor.word(0x8000)
            if word & 0xFF == value and (word >> 32) > first + 100000:
                return
            self.assertLess(time.monotonic(), end, f"no {value:#x} at 0x8000, but {word:#x}")
            time.sleep(0.02)

    def test_seals(self) -> None:
        report = self.start()[1]
        ram = next(change for change in report["changes"] if "mem-path=" in change)
        number = re.search(r"/proc/self/fd/(\d+)", ram)[1]
        path = f"/proc/{report['pid']}/fd/{number}"
        with open(path, "r+b") as ram:
            for size in (4096, 1 << 30):
                with self.assertRaises(PermissionError):
                    os.ftruncate(ram.fileno(), size)


class Process(Live):
    def test_kill_9_of_the_launcher_ends_qemu(self) -> None:
        process, report = self.start()
        process.kill()
        end = time.monotonic() + LIMIT
        while pathlib.Path(f"/proc/{report['pid']}/fd/0").exists():
            self.assertLess(time.monotonic(), end, "QEMU lives on")
            time.sleep(0.02)
        shutil.rmtree(pathlib.Path(report["qmp_socket"]).parent)  # no one was left to do it

    def test_exit_code_and_what_is_left(self) -> None:
        process, report = self.start()
        monitor = Monitor(report["qmp_socket"])
        monitor.execute("quit")
        monitor.close()
        self.assertEqual(process.wait(LIMIT), 0)
        self.assertFalse(pathlib.Path(report["qmp_socket"]).parent.exists())
        self.assertFalse(self.report_file.exists())
        self.assertFalse(pathlib.Path(f"/proc/{report['pid']}").exists())

    def test_signal_that_ends_qemu(self) -> None:
        process, report = self.start()
        os.kill(report["pid"], signal.SIGKILL)
        self.assertEqual(process.wait(LIMIT), 128 + signal.SIGKILL)

    def test_qemu_that_refuses(self) -> None:
        done = subprocess.run([str(GUESTLINK), "run", "--", QEMU, "-M", "no-such"],
                              capture_output=True, text=True, timeout=LIMIT, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("unsupported machine type", done.stderr)
        self.assertTrue(done.stderr.endswith(
            "QEMU ended with exit code 1 before it answered on QMP\n"), done.stderr)

    def test_help_of_qemu(self) -> None:
        done = subprocess.run([str(GUESTLINK), "run", "--", QEMU, "-machine", "help"],
                              capture_output=True, text=True, timeout=LIMIT, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("q35", done.stdout)


class Linux(Live):
    def test_the_rtl_copies_the_memory_of_the_guest(self) -> None:
        for name in ("vmlinuz", "initrd.gz"):
            self.require((IMAGE / name).exists(), f"no {IMAGE / name}: build guest_image")
        done = subprocess.run(
            [str(GUESTLINK), "run", "--exec",
             f"{SIM} --attach {{spec}} --doorbell --json >{self.directory / 'summary'}", "--",
             QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-M", "q35",
             "-accel", "tcg", "-m", "512", "-serial", "stdio", "-kernel", str(IMAGE / "vmlinuz"),
             "-initrd", str(IMAGE / "initrd.gz"), "-append",
             "console=ttyS0 quiet panic=-1 -- --seed 1"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=150, check=False)
        self.assertEqual(done.returncode, 0, done)
        self.assertTrue(re.search(r"GUESTLINK-GUEST: PASS", done.stdout), done)
        summary = json.loads((self.directory / "summary").read_text())
        self.assertEqual(summary["guest_verdict"], "pass")
        print(f"copied by the RTL: {summary['bytes_written']} bytes", flush=True)


if __name__ == "__main__":
    cases.main(5)
