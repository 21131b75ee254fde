# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""Real QEMUs to break, and the simulator that runs on them: what the drills have in common."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

QEMU = "qemu-system-x86_64"
LIMIT = 20  # seconds, for everything that is waited for
MIB = 1 << 20
QEMU_USER, OTHER_USER = 65533, 65534  # who own nothing
RAM_BYTES = 64 * MIB
RANGE_BASE, RANGE_BYTES = 32 * MIB, 4 * MIB  # what the simulator may overwrite
KEPT = ((MIB, RANGE_BASE), (RANGE_BASE + RANGE_BYTES, RAM_BYTES))  # what it must leave alone


class Monitor:
    """A QMP client: one command at a time."""

    def __init__(self, path: pathlib.Path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT)
        try:
            self.socket.connect(str(path))
        except OSError:
            self.socket.close()
            raise
        self.reader = self.socket.makefile("r", encoding="utf-8")
        self.reader.readline()
        self.events: list[str] = []
        self.execute("qmp_capabilities")

    def execute(self, command: str, **arguments: object) -> object:
        """What QEMU returns; RuntimeError with its words if it refuses."""
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while True:
            message = json.loads(self.reader.readline())
            if "error" in message:
                raise RuntimeError(f"{command}: {message['error']['desc']}")
            if "return" in message:
                return message["return"]
            self.events.append(message["event"])

    def wait_for_event(self, name: str) -> None:
        try:
            while name not in self.events:
                self.events.append(json.loads(self.reader.readline())["event"])
        except TimeoutError:
            raise AssertionError(f"waited {LIMIT} s for {name}, got {self.events}") from None

    def close(self) -> None:
        self.reader.close()
        self.socket.close()


class Qemu:
    """A QEMU with its RAM in `ram`; `qmp` is for who attaches, `monitor` for the drill."""

    def __init__(self, directory: pathlib.Path, command: list[str]):
        self.qmp = directory / "qmp.sock"
        own_socket = directory / "drill.sock"
        for path in (self.qmp, own_socket):
            path.unlink(missing_ok=True)
        self.log = directory / "qemu.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*command, "-qmp", f"unix:{self.qmp},server=on,wait=off",
                 "-qmp", f"unix:{own_socket},server=on,wait=off"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            self.monitor = self.connect(own_socket)
        except BaseException:
            self.end()
            raise

    def connect(self, path: pathlib.Path) -> Monitor:
        end = time.monotonic() + LIMIT
        while True:
            if self.process.poll() is not None:
                raise RuntimeError("QEMU has ended: " + self.log.read_text(encoding="utf-8"))
            try:
                return Monitor(path)
            except (FileNotFoundError, ConnectionRefusedError):
                if time.monotonic() > end:
                    raise TimeoutError(f"QEMU makes no {path}") from None
                time.sleep(0.02)

    def alive(self) -> bool:
        """Whether it answers, too."""
        return self.process.poll() is None and bool(self.monitor.execute("query-status"))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(LIMIT)

    def quit(self) -> int:
        self.monitor.execute("quit")
        return self.process.wait(LIMIT)

    def end(self) -> None:
        if hasattr(self, "monitor"):
            self.monitor.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(LIMIT)


class Outcome:
    """How a program ended."""

    def __init__(self, program: "Program", code: int):
        self.code = code
        self.output, self.errors = program.texts()
        self.seconds = time.monotonic() - program.started
        self.peak_bytes = program.peak_bytes  # of resident memory, that of shared files included

    @property
    def summary(self) -> dict:
        """The JSON object of guestlink-sim."""
        return json.loads(self.output)

    def __str__(self) -> str:
        return (f"exit code {self.code} after {self.seconds:.1f} s, {self.peak_bytes >> 10} KiB at "
                f"most\n{self.output}\n{self.errors}")


class Program:
    """A program under test that runs beside the drill."""

    def __init__(self, command: list[str], directory: pathlib.Path):
        self.files = [tempfile.TemporaryFile("w+", encoding="utf-8", dir=directory)
                      for _ in range(2)]
        self.started = time.monotonic()
        self.peak_bytes = 0
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.files[0],
                                        stderr=self.files[1])

    def texts(self) -> list[str]:
        """All that it has said: standard output, standard error."""
        texts = []
        for file in self.files:
            length = os.fstat(file.fileno()).st_size
            texts.append(os.pread(file.fileno(), length, 0).decode())
        return texts

    def outcome(self, limit: float = LIMIT) -> Outcome:
        """Waits for its end."""
        end = time.monotonic() + limit
        while self.poll() is None:
            if time.monotonic() > end:
                raise AssertionError(f"it hangs: {self.process.args}\n{self.texts()}")
            time.sleep(0.01)
        return Outcome(self, self.process.returncode)

    def poll(self) -> int | None:
        """Its exit code, or minus the signal that ended it; None while it runs."""
        if self.process.returncode is None:
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid != 0:
                self.process.returncode = os.waitstatus_to_exitcode(status)
                self.peak_bytes = usage.ru_maxrss << 10
        return self.process.returncode

    def kill(self) -> Outcome:
        self.process.kill()
        return self.outcome()

    def end(self) -> None:
        if self.poll() is None:
            self.kill()
        for file in self.files:
            file.close()


def pattern(first: int, end: int) -> bytes:
    """The bytes of the RAM file from `first` to `end` at the start: each page tells its place."""
    words = (0x9E3779B97F4A7C15 * (at | 1) & (1 << 64) - 1 for at in range(first, end, 4096))
    return b"".join(word.to_bytes(8, "little") * 512 for word in words)


def as_user(user: int | None) -> list[str]:
    """What to put before a command."""
    return [] if user is None else [
        "setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--"]


class Drill(unittest.TestCase):
    """One situation. The programs are set by who runs it."""

    guestlink: pathlib.Path
    sim: pathlib.Path
    program: pathlib.Path
    image: pathlib.Path

    def setUp(self) -> None:
        self.require(shutil.which(QEMU), f"no {QEMU}: apt-get install qemu-system-x86")
        self.directory = self.new_directory()
        self.ram = self.directory / "ram"

    def new_directory(self) -> pathlib.Path:
        """On a tmpfs where there is one: 64 MiB of RAM are no load for it."""
        shared = pathlib.Path("/dev/shm")
        fits = os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > 4 * RAM_BYTES
        directory = tempfile.TemporaryDirectory(dir=shared if fits else None)
        self.addCleanup(directory.cleanup)
        return pathlib.Path(directory.name)

    def require(self, present: object, message: str) -> None:
        """Of a tool: a machine that is to have all of them must not skip."""
        if not present and os.environ.get("GUESTLINK_REQUIRE_LIVE") == "1":
            self.fail(message)
        if not present:
            self.skipTest(message)

    # ------------------------------------------------------------------ what takes part
    def make_ram(self) -> None:
        with open(self.ram, "wb") as ram:
            ram.write(pattern(0, RAM_BYTES))

    def start_qemu(self, *options: str, size: int = RAM_BYTES, backend: str = "",
                   user: int | None = None) -> Qemu:
        """A pc that does not run: nothing but who attaches changes its RAM."""
        qemu = Qemu(self.directory, [
            *as_user(user), QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-S",
            "-accel", "tcg", "-smp", "1,maxcpus=2", "-M", "pc,memory-backend=mem", "-object",
            f"memory-backend-file,id=mem,size={size},mem-path={self.ram},share=on{backend}",
            *options])
        self.addCleanup(qemu.end)
        return qemu

    def start(self, *command: object) -> Program:
        program = Program([str(word) for word in command], self.directory)
        self.addCleanup(program.end)
        return program

    def start_linux(self, words: str, *options: str) -> Qemu:
        """One with 256 MiB that runs dma_check with these words, and is there already."""
        for name in ("vmlinuz", "initrd.gz"):
            self.require((self.image / name).exists(), f"no {self.image / name}: build guest_image")
        serial = self.directory / "serial"
        qemu = self.start_qemu(
            "-serial", f"file:{serial}", "-kernel", str(self.image / "vmlinuz"),
            "-initrd", str(self.image / "initrd.gz"), "-append",
            # Without the check, a vCPU that gets no CPU time at boot is no broken timer.
            f"console=ttyS0 quiet panic=-1 no_timer_check -- {words}", *options, size=256 * MIB)
        qemu.monitor.execute("cont")
        self.wait_until(lambda: b"dma_check: seed" in serial.read_bytes(), "Linux")
        return qemu

    def let_others_in(self, qemu: Qemu, socket_mode: int = 0o666) -> None:
        """Other users, to folder and QMP socket; and to the programs, wherever those are."""
        self.directory.chmod(0o755)
        qemu.qmp.chmod(socket_mode)
        for name in ("guestlink", "sim"):
            setattr(self, name, shutil.copy(getattr(self, name), self.directory))

    def run_as(self, user: int, *command: object) -> Outcome:
        """As a user without rights; as who we are, if that is one."""
        return self.run_program(*as_user(user if os.geteuid() == 0 else None), *command)

    def run_program(self, *command: object) -> Outcome:
        return self.start(*command).outcome()

    def start_sim(self, spec: str, *options: str) -> Program:
        return self.start(self.sim, "--attach", spec, "--json", *options)

    def start_self_test(self, spec: str, *options: str) -> Program:
        return self.start_sim(spec, "--self-test", "--descriptors", "1000000", "--range",
                              f"{RANGE_BASE:#x}+{RANGE_BYTES:#x}", *options)

    def start_dma(self, spec: str, *options: str) -> Program:
        """The simulator's self-test, once its DMA has written to the guest."""
        before = self.read_range()
        sim = self.start_self_test(spec, *options)
        self.wait_until(lambda: "self-test:" in sim.texts()[1] and
                        self.read_range() != before, "DMA", sim)
        return sim

    def start_program(self, *options: str) -> Program:
        """A program of the guest's, in its RAM."""
        return self.start(self.program, "--ram", self.ram, "--no-huge", *options)

    def start_serving(self, spec: str, *options: str) -> tuple[Program, Program]:
        """The simulator in DMA for a program of the guest's, and that program."""
        sim = self.start_sim(spec, "--doorbell", *options)
        program = self.start_program("--count", "1000000")
        self.wait_for_words(sim, "attached to the guest program; serving")
        before = self.read_ram(0, RAM_BYTES)
        self.wait_until(lambda: self.read_ram(0, RAM_BYTES) != before, "copies", sim)
        return sim, program

    def specs(self) -> dict[str, str]:
        return {"file": f"file:{self.ram},machine=pc", "qmp": f"qmp:{self.directory}/qmp.sock"}

    # ------------------------------------------------------------------ what is looked at
    def read_ram(self, offset: int, length: int) -> bytes:
        with open(self.ram, "rb") as ram:
            return os.pread(ram.fileno(), length, offset)

    def read_range(self) -> bytes:
        return self.read_ram(RANGE_BASE, RANGE_BYTES)

    def wait_until(self, done, what: str, program: Program | None = None) -> None:
        end = time.monotonic() + LIMIT
        while not done():
            if program and program.poll() is not None:
                self.fail(f"no {what}: {program.outcome()}")
            if time.monotonic() > end:
                self.fail(f"waited {LIMIT} s for {what}: {program.texts() if program else ''}")
            time.sleep(0.02)

    def wait_for_words(self, program: Program, words: str) -> None:
        self.wait_until(lambda: words in program.texts()[1], words, program)

    def check_kept(self, length: int = RAM_BYTES) -> None:
        """No byte outside the range has changed; of a file that was cut to `length`."""
        for first, end in KEPT:
            if first < length and self.read_ram(first, end - first) != pattern(first, end):
                self.fail(f"a wild write between {first:#x} and {end:#x}")

    def check_stopped(self, sim: Program, reasons: str, words: str) -> Outcome:
        """It ended by itself, with exit code 1 and a reason, in words too."""
        outcome = sim.outcome()
        self.assertEqual(outcome.code, 1, outcome)
        self.assertIn(outcome.summary["stop_reason"], reasons.split("|"), outcome)
        self.assertRegex("\n".join(outcome.summary["errors"]), words)
        return outcome

    def check_passed(self, program: Program) -> None:
        """The guest's program found all copies right."""
        outcome = program.outcome()
        self.assertEqual(outcome.code, 0, outcome)
        self.assertIn("GUESTLINK-GUEST: PASS", outcome.output)

    def check_attaches(self, kind: str) -> None:
        outcome = self.run_program(self.guestlink, "info", self.specs()[kind])
        self.assertEqual(outcome.code, 0, outcome)

    def check_failed(self, outcome: Outcome, words: str) -> None:
        self.assertEqual(outcome.code, 1, outcome)
        self.assertRegex(outcome.errors, words)
