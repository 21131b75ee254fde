# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""guestlink-sim and tb/regress.py from outside: guestlink_sim_test.py SIM REGRESS [CASE ...].

A case is the name of a class below. The guest of the doorbell cases is this script, on the mock
RAM file.
"""
import json
import mmap
import os
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as ElementTree

SIM = pathlib.Path(sys.argv[1])
REGRESS = pathlib.Path(sys.argv[2])
MEBIBYTE = 1 << 20
LIMIT = 30  # seconds, for everything that is waited for


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([str(SIM), *arguments], capture_output=True, text=True, timeout=LIMIT,
                          check=False)


def alive(pid: str) -> bool:
    """A process that has ended and waits for its parent counts as ended."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Temporary(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def check(self, code: int, text: str, *arguments: str) -> None:
        done = run(*arguments)
        self.assertEqual(done.returncode, code, done)
        self.assertIn(text, done.stdout + done.stderr)


class Usage(Temporary):
    def test_help(self) -> None:
        self.check(0, "Exit codes", "--help")

    def test_usage_errors(self) -> None:
        mock = ("--attach", "mock:,size=16M")
        self.check(2, "--attach", "--self-test")
        self.check(2, "--doorbell", *mock)
        self.check(2, "--doorbell", *mock, "--self-test", "--doorbell")
        self.check(2, "--nonsense", *mock, "--self-test", "--nonsense")
        self.check(2, "--descriptors", *mock, "--self-test", "--descriptors", "0")
        self.check(2, "--read-latency", *mock, "--self-test", "--read-latency", "70000")
        self.check(2, "0xffffffff", *mock, "--self-test", "--beat-stall", "0xffffffff")
        self.check(2, "nonsense", *mock, "--self-test", "--range", "nonsense")
        self.check(2, "2^64", *mock, "--self-test", "--range", "0xffffffffffffffff+1M")
        for option in ("--max-cycles", "--seed", "--read-latency", "--beat-stall"):
            for bad in ("-1", "1x", "0x", "18446744073709551616"):
                self.check(2, f"'{bad}' is not a number", *mock, "--self-test", f"{option}={bad}")
            self.check(2, option, *mock, "--self-test", option, "")
        for bad in ("nan", "-1", "1e300"):
            self.check(2, f"'{bad}' is not a number of seconds", *mock, "--self-test",
                       f"--idle-timeout={bad}")
        for option in ("--idle-timeout", "--trace"):
            self.check(2, option, *mock, "--self-test", option, "")

    def test_self_test_needs_a_range_on_a_guest(self) -> None:
        ram = self.directory / "ram"
        ram.write_bytes(bytes(2 * MEBIBYTE))
        spec = f"file:{ram},base=0"
        self.check(2, "--range", "--attach", spec, "--self-test")
        self.check(2, "'moc:,size=4M' is not a mock: spec", "--attach", "moc:,size=4M",
                   "--self-test")
        self.assertEqual(ram.read_bytes(), bytes(2 * MEBIBYTE))

    def test_bad_specs_are_told(self) -> None:
        self.check(2, "nosuch", "--attach", "nosuch:x", "--doorbell")
        self.check(1, str(self.directory), "--attach", f"file:{self.directory}/absent,machine=pc",
                   "--doorbell")
        self.check(1, "cannot write the trace", "--attach", "mock:,size=16M", "--self-test",
                   "--trace", f"{self.directory}/absent/x.fst")
        for _ in range(2):  # the file is made by the first run and used again by the second
            self.check(1, "is a file of the attach spec", "--attach",
                       f"mock:{self.directory}/ram,size=16M", "--self-test",
                       "--trace", f"{self.directory}/ram")

    def test_a_trace_over_a_file_of_the_spec_is_refused(self) -> None:
        ram, image = self.directory / "ram", self.directory / "image"
        image.write_bytes(b"image")
        for spec, trace in ((f"mock:{ram},size=16M", ram),
                            (f"mock:,size=16M,image={image}", image)):
            self.check(1, "is a file of the attach spec", "--attach", spec, "--self-test",
                       "--trace", str(trace))
        self.assertEqual(ram.stat().st_size, 16 * MEBIBYTE)
        self.assertEqual(image.read_bytes(), b"image")

    def test_a_trace_that_cannot_be_written_fails_the_run(self) -> None:
        full = self.directory / "full"
        full.mkdir()
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(full)],
                               capture_output=True, text=True)
        if mount.returncode != 0:
            self.skipTest(f"a small tmpfs cannot be mounted: {mount.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", str(full)], check=True)
        self.check(1, "is not whole", "--attach", "mock:,size=16M", "--self-test", "--seed", "1",
                   "--descriptors", "500", "--trace", f"{full}/x.fst")


class Pci(Temporary):
    """--vfio-user without a QEMU; with one: tests/live/pci_device_test.py."""

    def test_usage_errors(self) -> None:
        socket = str(self.directory / "socket")
        self.check(2, "--device", "--vfio-user", socket, "--device", "toaster")
        self.check(2, "no serial line", "--vfio-user", socket, "--serial", socket + "-line")
        self.check(2, "--lock-step", "--vfio-user", socket, "--free-run", "--lock-step")
        self.check(2, "--vfio-user", "--vfio-user", socket, "--self-test")
        self.check(2, "--vfio-user", "--vfio-user", socket, "--attach", "mock:,size=1M")

    def test_paths_that_cannot_be(self) -> None:
        file = self.directory / "file"
        file.write_text("mine")
        for path, text in ((str(file), "something else is there"), ("x" * 200, "200 bytes"),
                           (str(self.directory / "no" / "such" / "socket"), "cannot be made")):
            self.check(1, text, "--vfio-user", path, "--attach-timeout", "0")
        self.assertEqual(file.read_text(), "mine")
        done = run("--vfio-user", str(file), "--json")
        self.assertEqual(json.loads(done.stdout)["stop_reason"], "error")
        self.check(1, "cannot be made", "--vfio-user", str(self.directory / "socket"),
                   "--device", "uart", "--serial", str(file))
        self.assertEqual([path.name for path in self.directory.iterdir()], ["file"])

    def test_waves(self) -> None:
        """From the first cycle; and a file that cannot be whole fails the run."""
        for device in "ioat", "uart":
            trace = self.directory / f"{device}.fst"
            done = run("--vfio-user", str(self.directory / "socket"), "--device", device,
                       "--attach-timeout", "0.1", "--trace", str(trace))
            self.assertIn("no QEMU has connected", done.stderr)
            self.assertNotIn("not whole", done.stderr)
            self.assertGreater(trace.stat().st_size, 100)
        self.check(1, "regular file", "--vfio-user", str(self.directory / "socket"),
                   "--attach-timeout", "0", "--trace", "/dev/full")

    def test_nobody_comes(self) -> None:
        socket = self.directory / "new" / "socket"
        done = run("--vfio-user", str(socket), "--attach-timeout", "0.1", "--json")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(json.loads(done.stdout)["stop_reason"], "attach timeout")
        self.assertIn('"x-msg-timeout":2147483647', done.stderr)
        self.assertEqual(socket.parent.stat().st_mode & 0o777, 0o700)
        self.assertFalse(socket.exists())
        odd = self.directory / "it's"
        done = run("--vfio-user", str(odd), "--attach-timeout", "0.1")
        self.assertIn("it'\\''s", done.stdout)
        done = run("--vfio-user", str(socket), "--attach-timeout", "0.1", "--lock-step")
        self.assertIn('"x-no-posted-writes":true', done.stdout)


class SelfTest(Temporary):
    def summary(self, *arguments: str, code: int = 0) -> dict:
        done = run("--attach", "mock:,size=16M", "--self-test", "--json", *arguments)
        self.assertEqual(done.returncode, code, done)
        return json.loads(done.stdout)

    def test_passes_and_repeats(self) -> None:
        first = self.summary("--seed", "3", "--descriptors", "200")
        again = self.summary("--seed", "3", "--descriptors", "200")
        other = self.summary("--seed", "4", "--descriptors", "200")
        self.assertEqual(first["stop_reason"], "self-test passed")
        self.assertEqual((first["descriptors"], first["seed"]), (200, 3))
        self.assertEqual(first["cycles"], again["cycles"])
        self.assertNotEqual(first["cycles"], other["cycles"])
        self.assertEqual(set(first), {
            "stop_reason", "page_address", "cycles", "wall_seconds", "cycles_per_second",
            "descriptors", "bytes_read", "bytes_written", "interrupts", "guest_resets",
            "reattached", "generation", "guest_verdict", "errors", "seed"})

    def test_latency_costs_cycles(self) -> None:
        fast, slow = (self.summary("--seed", "1", "--descriptors", "50", "--accept-stall", "0",
                                   "--beat-stall", "0", "--write-latency", latency,
                                   "--read-latency", latency)["cycles"] for latency in ("1", "300"))
        self.assertGreater(slow, fast)

    def test_the_longest_latencies_are_waited_for(self) -> None:
        for seed in ("1", "2"):  # a batch, and a descriptor with a fault, that took too long
            self.summary("--seed", seed, "--descriptors", "8", "--read-latency", "65535",
                         "--write-latency", "65535")

    def test_an_injected_error_is_found(self) -> None:
        summary = self.summary("--seed", "3", "--descriptors", "100", "--inject-error", "40",
                               code=1)
        self.assertEqual(summary["stop_reason"], "self-test failed")
        self.assertIn("written by descriptor 40 ", summary["errors"][0])

    def test_cycle_limit(self) -> None:
        summary = self.summary("--max-cycles", "500", code=1)
        self.assertEqual((summary["stop_reason"], summary["cycles"]), ("cycle limit", 500))

    def test_only_the_range_is_written(self) -> None:
        ram = self.directory / "ram"
        ram.write_bytes(bytes(4 * MEBIBYTE))
        done = run("--attach", f"file:{ram},base=0x80000000", "--self-test", "--seed", "1",
                   "--range", "0x80100000+1M")
        self.assertEqual(done.returncode, 0, done)
        content = ram.read_bytes()
        self.assertEqual(content[:MEBIBYTE], bytes(MEBIBYTE))
        self.assertEqual(content[2 * MEBIBYTE:], bytes(2 * MEBIBYTE))
        self.assertNotEqual(content[MEBIBYTE:2 * MEBIBYTE], bytes(MEBIBYTE))

    def test_a_signal_ends_it_with_a_summary(self) -> None:
        with subprocess.Popen([str(SIM), "--attach", "mock:,size=16M", "--self-test", "--json",
                               "--descriptors", "100000000"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as process:
            process.stderr.readline()
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=LIMIT)
        self.assertEqual((process.returncode, json.loads(output)["stop_reason"]), (1, "signal"))


    def test_a_ram_file_that_is_cut_short_ends_it(self) -> None:
        ram = self.directory / "ram"
        with subprocess.Popen([str(SIM), "--attach", f"mock:{ram},size=16M", "--self-test",
                               "--json", "--descriptors", "100000000"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as process:
            process.stderr.readline()
            os.truncate(ram, 0)
            output, errors = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, 1, errors)
        summary = json.loads(output)
        self.assertEqual(summary["stop_reason"], "memory lost")
        self.assertRegex(summary["errors"][-1], "guest memory was lost at guest address 0x.*: file "
                         f"'{ram}' was cut short to 0x0 bytes.*attach again")

    def test_a_second_writer_is_refused(self) -> None:
        ram = self.directory / "ram"
        with subprocess.Popen([str(SIM), "--attach", f"mock:{ram},size=16M", "--self-test",
                               "--json", "--descriptors", "100000000"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as process:
            process.stderr.readline()
            done = run("--attach", f"file:{ram},base=0", "--doorbell", "--attach-timeout", "0.1")
            self.assertEqual(done.returncode, 1, done)
            self.assertIn(f"file '{ram}' is attached for writing already", done.stderr)
            self.assertIn(",shared", done.stderr)
            done = run("--attach", f"file:{ram},base=0,shared", "--doorbell", "--attach-timeout",
                       "0.1")
            self.assertIn("no live doorbell page", done.stderr)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=LIMIT)


class Guest:
    """The least a guest program does, on the RAM file that guestlink-sim makes."""
    SESSION = 0x1234ABCD

    def __init__(self, ram: pathlib.Path, page: int) -> None:
        self.page = page
        with ram.open("r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 0)

    def store(self, offset: int, value: int) -> None:
        struct.pack_into("<Q", self.memory, self.page + offset, value)

    def load(self, offset: int) -> int:
        return struct.unpack_from("<Q", self.memory, self.page + offset)[0]

    def publish(self, self_address: int | None = None) -> None:
        self.store(0x10, self.page if self_address is None else self_address)
        self.store(0x18, self.SESSION << 32 | 1)
        self.store(0x50, 1)
        self.store(0x58, self.SESSION)
        self.memory[self.page:self.page + 16] = b"GUESTLINK-" + b"DBELL1"

    def wait(self, condition, what: str) -> None:
        end = time.monotonic() + LIMIT
        beat = 0
        while not condition():
            beat += 1
            self.store(0x20, beat)
            if time.monotonic() > end:
                raise TimeoutError(what)
            time.sleep(0.001)

    def attach(self) -> None:
        self.wait(lambda: self.load(0x88) == self.SESSION, "attached")

    def read_register(self, sequence: int, offset: int) -> int:
        self.store(0x40, sequence << 53 | offset << 32)
        self.wait(lambda: self.load(0x80) >> 53 == sequence, "reply")
        return self.load(0x80) & 0xFFFFFFFF


class Doorbell(Temporary):
    def start(self, *arguments: str) -> None:
        self.ram = self.directory / "ram"
        self.process = subprocess.Popen(
            [str(SIM), "--attach", f"mock:{self.ram},size=16M", "--doorbell", "--json",
             *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.process.communicate)
        self.addCleanup(self.process.kill)
        self.assertIn("attached", self.process.stderr.readline())

    def finish(self, code: int) -> dict:
        output, errors = self.process.communicate(timeout=LIMIT)
        self.assertEqual(self.process.returncode, code, errors)
        return json.loads(output)

    def serve(self, state: int, code: int) -> dict:
        self.start()
        guest = Guest(self.ram, 0x123000)
        guest.publish()
        guest.attach()
        self.assertEqual(guest.read_register(1, 0x08) & 0xFF, 0x34)
        guest.store(0x50, state)
        guest.wait(lambda: guest.load(0x88) == 0, "detached")
        summary = self.finish(code)
        self.assertEqual(summary["page_address"], "0x123000")
        self.assertEqual(summary["stop_reason"], "guest closed the page")
        return summary

    def test_the_guest_passes(self) -> None:
        self.assertEqual(self.serve(2, 0)["guest_verdict"], "pass")

    def test_the_guest_fails(self) -> None:
        self.assertEqual(self.serve(3, 1)["guest_verdict"], "fail")

    def test_a_page_that_became_something_else_is_not_written(self) -> None:
        self.start()
        guest = Guest(self.ram, 0x123000)
        guest.publish()
        guest.attach()
        guest.store(0x50, 0)
        summary = self.finish(1)
        self.assertEqual(guest.load(0x88), Guest.SESSION)
        self.assertEqual(summary["stop_reason"], "page error")
        self.assertEqual(summary["guest_verdict"], "none")
        self.assertIn("0x123000", summary["errors"][0])

    def test_dead_pages_and_copies_are_never_written(self) -> None:
        self.start("--attach-timeout", "0.5")
        dead = Guest(self.ram, 0x200000)
        dead.publish()
        Guest(self.ram, 0x300000).publish(0x200000)
        before = dead.memory[:]
        summary = self.finish(1)
        self.assertEqual(summary["stop_reason"], "attach timeout")
        self.assertEqual(dead.memory[:], before)

    def start_served(self) -> Guest:
        self.start()
        guest = Guest(self.ram, 0x123000)
        guest.publish()
        guest.attach()
        return guest

    def test_a_ram_file_that_is_cut_short_ends_it(self) -> None:
        self.start_served()
        os.truncate(self.ram, 0)
        summary = self.finish(1)
        self.assertEqual(summary["stop_reason"], "memory lost")
        self.assertRegex(summary["errors"][-1],
                         f"lost at guest address 0x123.*'{self.ram}' was cut short to 0x0 bytes")

    def test_a_removed_file_ends_the_search(self) -> None:
        self.start()
        self.ram.unlink()
        summary = self.finish(1)
        self.assertEqual(summary["stop_reason"], "file changed")
        self.assertIn(f"'{self.ram}' was removed", summary["errors"][0])

    def test_a_file_that_is_another_one_ends_it_and_the_page_is_released(self) -> None:
        guest = self.start_served()
        self.ram.unlink()
        self.ram.write_bytes(bytes(16 * MEBIBYTE))
        summary = self.finish(1)
        self.assertEqual(summary["stop_reason"], "file changed")
        self.assertIn(f"'{self.ram}' was replaced by another file", summary["errors"][0])
        self.assertEqual(guest.load(0x88), 0)

    def test_a_file_that_grows_ends_it(self) -> None:
        guest = self.start_served()
        os.truncate(self.ram, 32 * MEBIBYTE)
        summary = self.finish(1)
        self.assertEqual(summary["stop_reason"], "file changed")
        self.assertIn(f"'{self.ram}' grew from 0x1000000 to 0x2000000", summary["errors"][0])
        self.assertEqual(guest.load(0x88), 0)

    def test_a_signal_detaches(self) -> None:
        self.start()
        guest = Guest(self.ram, 0x123000)
        guest.publish()
        guest.attach()
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.finish(1)["stop_reason"], "signal")
        self.assertEqual(guest.load(0x88), 0)

    def test_a_silent_guest_is_given_up(self) -> None:
        self.start("--idle-timeout", "0.3")
        guest = Guest(self.ram, 0x123000)
        guest.publish()
        guest.attach()
        summary = self.finish(1)
        self.assertEqual(summary["stop_reason"], "idle timeout")
        self.assertIn("--idle-timeout", summary["errors"][0])
        self.assertEqual(guest.load(0x88), 0)

    def test_the_cycle_limit_detaches(self) -> None:
        self.start("--max-cycles", "20000")
        guest = Guest(self.ram, 0x123000)
        guest.publish()
        guest.wait(lambda: guest.load(0x88) != 0 or self.process.poll() is not None, "attached")
        self.assertEqual(self.finish(1)["stop_reason"], "cycle limit")
        self.assertEqual(guest.load(0x88), 0)

    def test_an_idle_guest_costs_little(self) -> None:
        self.start()
        guest = Guest(self.ram, 0x123000)
        guest.publish()
        guest.attach()
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat")
        time.sleep(0.5)
        before = sum(map(int, stat.read_text().rsplit(")", 1)[1].split()[11:13]))
        time.sleep(1)
        used = sum(map(int, stat.read_text().rsplit(")", 1)[1].split()[11:13])) - before
        self.assertLess(used, 50, "ticks of 10 ms in one second")
        self.assertEqual(guest.read_register(1, 0x08) & 0xFF, 0x34)


class Regress(Temporary):
    def regress(self, code: int, *arguments: str) -> tuple[str, ElementTree.Element]:
        done = subprocess.run(
            [sys.executable, str(REGRESS), "--sim", str(SIM), "--jobs", "2", "--out",
             str(self.directory), "--descriptors", "60", *arguments],
            capture_output=True, text=True, timeout=90, check=False)
        self.assertEqual(done.returncode, code, done)
        return done.stdout, ElementTree.parse(self.directory / "junit.xml").getroot()

    def test_passing_seeds(self) -> None:
        output, suite = self.regress(0, "--seeds", "5", "--first-seed", "10")
        self.assertIn("5 of 5 seeds passed", output)
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("5", "0"))
        self.assertEqual(sorted(file.name for file in self.directory.iterdir()),
                         ["junit.xml", "summary.json"])

    def test_failing_seeds_leave_entry_command_and_waves(self) -> None:
        output, suite = self.regress(1, "--seeds", "2", "--first-seed", "10", "--sim-args",
                                     "--inject-error 20")
        self.assertEqual(suite.get("failures"), "2")
        failure = suite.find("testcase[@name='seed-11']/failure")
        self.assertIn("written by descriptor 20", failure.get("message"))
        self.assertIn("--seed 11 ", failure.text)
        self.assertIn("--seed 11 ", output)
        self.assertGreater((self.directory / "seed-11.fst").stat().st_size, 1000)
        self.assertIn("--trace", (self.directory / "seed-11.log").read_text())

    def test_a_simulator_that_breaks_is_an_error(self) -> None:
        output, suite = self.regress(1, "--seeds", "1", "--sim-args=--nonsense")
        self.assertEqual(suite.get("errors"), "1")
        self.assertIn("ERROR", output)

    def fake_simulator(self, body: str) -> str:
        """A program in the simulator's place: `body` sees its arguments as sys.argv."""
        path = self.directory / "fake-sim"
        path.write_text(f"#!{sys.executable}\nimport json, os, subprocess, sys, time\n{body}")
        path.chmod(0o755)
        return str(path)

    def traced_arguments(self, *arguments: str) -> list[str]:
        """What the traced run of seed 1 was started with: the fake writes it as its waves."""
        _, suite = self.regress(1, "--seeds", "1", "--first-seed", "1", *arguments)
        self.assertIn(f"waves: {self.directory}/seed-1.fst", suite.find("testcase/*").text)
        return json.loads((self.directory / "seed-1.fst").read_text())

    WRITE_WAVES = (
        "if '--trace' in sys.argv:\n"
        "    open(sys.argv[sys.argv.index('--trace') + 1], 'w').write(json.dumps(sys.argv))\n")

    def test_waves_hold_a_late_failure(self) -> None:
        fake = self.fake_simulator(self.WRITE_WAVES + "print(json.dumps({'cycles': 7654321}))\n"
                                   "sys.exit(1)\n")
        arguments = self.traced_arguments("--sim", fake)
        self.assertGreater(int(arguments[arguments.index("--max-cycles") + 1]), 7654321)

    def test_a_cycle_limit_of_the_user_stays(self) -> None:
        self.regress(1, "--seeds", "1", "--first-seed", "1", "--sim-args", "--max-cycles 500")
        self.assertGreater((self.directory / "seed-1.fst").stat().st_size, 1000)

    def test_a_run_beyond_its_time_is_ended_with_what_it_started(self) -> None:
        fake = self.fake_simulator(
            self.WRITE_WAVES + "child = subprocess.Popen(['sleep', '60'])\n"
            f"open('{self.directory}/pids', 'a').write(f'{{os.getpid()}} {{child.pid}} ')\n"
            "child.wait()\n")
        arguments = self.traced_arguments("--sim", fake, "--timeout", "0.5")
        self.assertIn("--max-cycles", arguments)
        self.assertIn("no end within 0.5 s", (self.directory / "junit.xml").read_text())
        self.assert_ended((self.directory / "pids").read_text().split(), 4)

    def assert_ended(self, pids: list[str], count: int) -> None:
        self.assertEqual(len(pids), count)
        end = time.monotonic() + LIMIT
        for pid in pids:
            while alive(pid):
                self.assertLess(time.monotonic(), end, f"process {pid} still runs")
                time.sleep(0.01)

    def stop_with(self, number: int) -> None:
        """Seed 1 passes at once, the others would run for a minute and do not heed SIGTERM."""
        fake = self.fake_simulator(
            "import signal\n"
            "if sys.argv[sys.argv.index('--seed') + 1] == '1':\n"
            "    print(json.dumps({'cycles': 5}))\n    sys.exit(0)\n"
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            f"open('{self.directory}/pids', 'a').write(f'{{os.getpid()}} ')\n"
            "time.sleep(60)\n")
        with subprocess.Popen(
                [sys.executable, str(REGRESS), "--sim", fake, "--jobs", "2", "--out",
                 str(self.directory), "--seeds", "20", "--first-seed", "1"],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            self.addCleanup(process.kill)
            for line in process.stdout:
                if "1/20 seeds" in line:
                    break
            pids = self.directory / "pids"
            end = time.monotonic() + LIMIT
            while not pids.exists() or len(pids.read_text().split()) < 2:
                self.assertLess(time.monotonic(), end)
                time.sleep(0.01)
            process.send_signal(number)
            _, errors = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, 1, errors)
        self.assertIn(f"stopped by {signal.Signals(number).name}; 1 of 20 seeds", errors)
        self.assertNotIn("Traceback", errors)
        self.assert_ended(pids.read_text().split(), 2)
        suite = ElementTree.parse(self.directory / "junit.xml").getroot()
        self.assertEqual([case.get("name") for case in suite], ["seed-1"])
        self.assertEqual(suite.get("failures"), "0")

    def test_signals_end_the_children_and_report_what_had_ended(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(number=number):
                self.stop_with(number)
                (self.directory / "pids").unlink()

    def test_usage_errors_name_the_value_in_one_line(self) -> None:
        file = self.directory / "file"
        file.write_text("")
        for option, value in (
                ("--seeds", "0"), ("--seeds", "x"), ("--jobs", "-2"), ("--first-seed", "-1"),
                ("--first-seed", "4294967290"), ("--descriptors", "0"), ("--descriptors", "-5"),
                ("--timeout", "0"), ("--timeout", "-1"), ("--timeout", "nan"),
                ("--timeout", "1e300"),
                ("--sim", str(self.directory)), ("--sim", str(file)), ("--sim", "/no/such/sim"),
                ("--out", str(file)), ("--out", f"{file}/below"), ("--out", "/proc/absent"),
                ("--out", f"{self.directory}/a,b"), ("--sim-args", "--range 'x"),
                ("--sim-args", "--trace x.fst"), ("--sim-args", "--seed=3")):
            with self.subTest(option=option, value=value):
                done = subprocess.run(
                    [sys.executable, str(REGRESS), f"--sim={SIM}", f"--out={self.directory}",
                     f"{option}={value}"], capture_output=True, text=True, timeout=LIMIT,
                    check=False)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertIn(option, done.stderr)
                self.assertIn(value, done.stderr)

    def test_a_program_that_cannot_be_started_is_an_error_of_the_seed(self) -> None:
        path = self.directory / "no-program"
        path.write_text("")
        path.chmod(0o755)
        path.write_bytes(b"\x7fELF")
        _, suite = self.regress(1, "--seeds", "1", "--sim", str(path))
        self.assertIn("Exec format error", suite.find("testcase/error").get("message"))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
