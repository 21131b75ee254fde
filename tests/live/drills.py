# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""Fault drills, each with a real QEMU: drills.py GUESTLINK SIM PROGRAM IMAGE [DRILL].

PROGRAM is dma_check, IMAGE the folder of vmlinuz and initrd.gz. What each drill is to end in stands
in docs/faults.md. Most guests do not run (-S): what the RAM holds is then known to the byte, and a
write outside the range that the simulator was given is seen. Exit code 0 passed, 1 failed, 77 some
skipped and none failed. With GUESTLINK_REQUIRE_LIVE=1 nothing skips but for want of root.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys

from drill_support import MIB, RAM_BYTES, RANGE_BASE, Drill, Outcome, Program, Qemu, run_drills

ENDED = r"QEMU has ended|QEMU \(process \d+\) has ended"


class KillQemu(Drill):
    """kill -9 of QEMU, which has no time for a word."""

    def kill(self, kind: str) -> None:
        self.make_ram()
        qemu = self.start_qemu()
        sim = self.start_dma(self.specs()[kind])
        qemu.kill()
        self.check_stopped(sim, "guest ended", ENDED)
        self.check_kept()

    def test_qmp(self) -> None:
        self.kill("qmp")

    def test_file(self) -> None:
        self.kill("file")

    def test_while_a_page_is_looked_for(self) -> None:
        self.make_ram()
        qemu = self.start_qemu()
        sim = self.start_sim(self.specs()["qmp"], "--doorbell")
        self.wait_for_words(sim, "looking for a doorbell page")
        qemu.kill()
        self.check_stopped(sim, "guest ended", ENDED)

    def test_attach_to_what_is_left(self) -> None:
        """The socket's file has no listener; the RAM file can still be read."""
        self.make_ram()
        self.start_qemu().kill()
        for command in ("info", "map"):
            self.check_failed(self.run_program(self.guestlink, command, self.specs()["qmp"]),
                              "nobody who listens; has its QEMU ended")
        self.check_kept()


class Quit(Drill):
    """QMP quit: QEMU says that it ends."""

    def quit(self, kind: str, words: str) -> None:
        self.make_ram()
        qemu = self.start_qemu()
        sim = self.start_dma(self.specs()[kind])
        self.assertEqual(qemu.quit(), 0)
        self.check_stopped(sim, "guest ended", words)
        self.check_kept()

    def test_qmp(self) -> None:
        self.quit("qmp", r"shut down from outside \(host-qmp-quit\)")

    def test_file(self) -> None:
        self.quit("file", ENDED)


class Reset(Drill):
    """system_reset in mid-DMA."""

    def test_self_test_ends(self) -> None:
        self.make_ram()
        qemu = self.start_qemu()
        sim = self.start_dma(self.specs()["qmp"])
        qemu.monitor.execute("system_reset")
        outcome = self.check_stopped(sim, "guest reset",
                                     r"reset from outside \(host-qmp-system-reset\)")
        self.assertEqual(outcome.summary["generation"], 2)
        self.assertTrue(qemu.alive())
        self.check_kept()

    def test_file_goes_on(self) -> None:
        """Nobody tells a file: spec of a reset (docs/memory.md): its DMA goes on."""
        self.make_ram()
        qemu = self.start_qemu()
        sim = self.start_dma(self.specs()["file"])
        qemu.monitor.execute("system_reset")
        qemu.monitor.wait_for_event("RESET")
        before = self.read_range()
        self.wait_until(lambda: self.read_range() != before, "DMA after the reset", sim)
        qemu.kill()
        self.check_stopped(sim, "guest ended", ENDED)
        self.check_kept()

    def served(self, *options: str) -> tuple[Program, Program, Qemu]:
        """A simulator in DMA for a program, and the QEMU whose RAM both are in."""
        qemu = self.start_qemu()
        return *self.start_serving(self.specs()["qmp"], *options), qemu

    def test_doorbell_goes_on(self) -> None:
        sim, program, qemu = self.served()
        program.process.kill()  # a reset ends what runs in the guest
        qemu.monitor.execute("system_reset")
        self.wait_for_words(sim, "attached again")
        self.check_passed(self.start_program())
        outcome = sim.outcome()
        self.assertEqual(outcome.code, 0, outcome)
        self.assertEqual(outcome.summary["guest_resets"], 1)
        self.assertEqual(outcome.summary["generation"], 3)

    def test_doorbell_stops_where_asked(self) -> None:
        sim, _, qemu = self.served("--on-guest-reset", "stop")
        qemu.monitor.execute("system_reset")
        self.check_stopped(sim, "guest reset", "reset from outside")


class Restart(Drill):
    """A new QEMU on the same path: the same file, with what the last guest left in it."""

    def restart(self, kind: str) -> None:
        self.make_ram()
        qemu = self.start_qemu()
        sim = self.start_dma(self.specs()[kind])
        qemu.kill()
        again = self.start_qemu()
        self.check_stopped(sim, "guest ended", ENDED)
        before = self.read_range()
        self.assertTrue(again.alive())
        self.check_kept()
        self.check_attaches(kind)
        self.assertEqual(self.read_range(), before, "the new guest's RAM was written to")

    def test_qmp(self) -> None:
        self.restart("qmp")

    def test_file(self) -> None:
        self.restart("file")

    def come_back(self, kind: str) -> None:
        qemu = self.start_qemu()
        sim, program = self.start_serving(self.specs()[kind], "--reattach", "15")
        program.process.kill()
        qemu.kill()
        self.wait_for_words(sim, "has ended")
        self.start_qemu()
        self.wait_for_words(sim, "attached again")
        self.check_passed(self.start_program())
        outcome = sim.outcome()
        self.assertEqual(outcome.code, 0, outcome)
        self.assertEqual(outcome.summary["reattached"], 1)

    def test_qmp_comes_back(self) -> None:
        self.come_back("qmp")

    def test_file_comes_back(self) -> None:
        self.come_back("file")

    def test_does_not_come_back(self) -> None:
        qemu = self.start_qemu()
        sim = self.start_sim(self.specs()["file"], "--doorbell", "--reattach", "0.5")
        self.wait_for_words(sim, "looking for a doorbell page")
        qemu.kill()
        self.check_stopped(sim, "guest ended", "was not back in time: .*no QEMU has the file")


class Remove(Drill):
    """rm of the RAM file, and a new QEMU, which makes another file at the path."""

    def remove(self, kind: str) -> None:
        self.make_ram()
        qemu = self.start_qemu()
        sim = self.start_dma(self.specs()[kind])
        self.ram.unlink()
        self.check_stopped(sim, "file changed", "was removed")
        self.assertTrue(qemu.alive())

    def test_qmp(self) -> None:
        self.remove("qmp")

    def test_file(self) -> None:
        self.remove("file")

    def replace(self, kind: str) -> None:
        """The old QEMU lives on, in a file that has no name."""
        self.make_ram()
        self.start_qemu()
        sim = self.start_dma(self.specs()[kind])
        self.ram.unlink()
        again = self.start_qemu()
        self.check_stopped(sim, "file changed", "another file|was removed")
        self.assertTrue(again.alive())
        self.assertEqual(self.read_ram(0, RAM_BYTES), bytes(RAM_BYTES), "of the new guest")
        self.check_attaches(kind)

    def test_qmp_replaced(self) -> None:
        self.replace("qmp")

    def test_file_replaced(self) -> None:
        self.replace("file")

    def come_back(self, kind: str) -> None:
        qemu = self.start_qemu()
        inode = self.ram.stat().st_ino
        sim, program = self.start_serving(self.specs()[kind], "--reattach", "15")
        program.process.kill()
        qemu.kill()
        self.ram.unlink()
        self.start_qemu()
        self.assertNotEqual(self.ram.stat().st_ino, inode)
        self.wait_for_words(sim, "attached again")
        self.check_passed(self.start_program())
        self.assertEqual(sim.outcome().code, 0)

    def test_qmp_comes_back(self) -> None:
        self.come_back("qmp")

    def test_file_comes_back(self) -> None:
        self.come_back("file")

    def test_attach_to_a_removed_file(self) -> None:
        """QEMU's own descriptor still has it, and a warning says so."""
        qemu = self.start_qemu()
        self.ram.unlink()
        outcome = self.run_program(self.guestlink, "info", self.specs()["qmp"])
        self.assertEqual(outcome.code, 0, outcome)
        self.assertIn("taken from QEMU instead", outcome.output)
        self.check_failed(self.run_program(self.guestlink, "info", self.specs()["file"]),
                          "does not exist")
        self.assertTrue(qemu.alive())


class Truncate(Drill):
    """The RAM file is cut short under both."""

    def truncate(self, kind: str) -> None:
        self.make_ram()
        qemu = self.start_qemu()
        sim = self.start_dma(self.specs()[kind])
        os.truncate(self.ram, RANGE_BASE)
        self.check_stopped(sim, "memory lost|file changed", "cut short")
        self.assertTrue(qemu.alive())
        self.assertEqual(self.ram.stat().st_size, RANGE_BASE)
        self.check_kept(RANGE_BASE)

    def test_qmp(self) -> None:
        self.truncate("qmp")

    def test_file(self) -> None:
        self.truncate("file")

    def test_attach_afterwards(self) -> None:
        """Before QEMU is asked to look at what would end it."""
        qemu = self.start_qemu()
        os.truncate(self.ram, 4096)
        for command in (("info",), ("read", "0x100000"), ("write", "0x100000", "1")):
            words = [command[0], self.specs()["qmp"], *command[1:]]
            self.check_failed(self.run_program(self.guestlink, *words), "cut short")
        self.assertTrue(qemu.alive())
        self.assertEqual(self.ram.stat().st_size, 4096)


class ShrinkAndGrow(Drill):
    """Cut short, and back to its length: what was behind the cut is zeroes."""

    def test_noticed(self) -> None:
        self.make_ram()
        self.start_qemu()
        sim = self.start_dma(self.specs()["qmp"])
        os.truncate(self.ram, RANGE_BASE)
        self.check_stopped(sim, "memory lost|file changed", "cut short")
        os.truncate(self.ram, RAM_BYTES)
        self.check_kept(RANGE_BASE)
        self.check_zero_behind(RANGE_BASE)
        self.check_attaches("qmp")

    def test_unnoticed(self) -> None:
        """Nothing is accessed in between: the copies are found to be wrong, nothing else is."""
        for kind in self.specs():
            self.make_ram()
            qemu = self.start_qemu()
            sim = self.start_dma(self.specs()[kind])
            sim.process.send_signal(signal.SIGSTOP)
            os.truncate(self.ram, RANGE_BASE)
            os.truncate(self.ram, RAM_BYTES)
            sim.process.send_signal(signal.SIGCONT)
            print(self.check_stopped(sim, "self-test failed", "differ|expected|CHANERR|in time"))
            self.check_kept(RANGE_BASE)
            qemu.end()

    def check_zero_behind(self, offset: int) -> None:
        self.assertEqual(self.read_ram(offset, RAM_BYTES), bytes(RAM_BYTES - offset))


class FullTmpfs(Drill):
    """No room for a page that was never touched, as in a container's /dev/shm."""

    def setUp(self) -> None:
        super().setUp()
        small = self.directory / "small"
        small.mkdir()
        mounted = os.geteuid() == 0 and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={16 * MIB}", "tmpfs", str(small)],
            capture_output=True, check=False).returncode == 0
        if not mounted:
            self.skipTest("this user may not mount a tmpfs")
        self.addCleanup(subprocess.run, ["umount", "-l", str(small)], check=True)
        self.ram = small / "ram"
        self.qemu = self.start_qemu()

    def fill(self) -> None:
        with open(self.ram.with_name("ballast"), "wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(4096))
            except OSError:
                self.assertEqual(shutil.disk_usage(self.ram.parent).free, 0)

    def run_guestlink(self, command: str, kind: str, *options: object) -> Outcome:
        """Whatever comes of it, QEMU lives and the file has not grown."""
        outcome = self.run_program(self.guestlink, command, self.specs()[kind], *options)
        self.assertTrue(self.qemu.alive(), f"{command} {kind}: {outcome}")
        self.assertEqual(self.ram.stat().st_blocks, 0, f"{command} {kind}: {outcome}")
        return outcome

    def test_attach(self) -> None:
        """The self-test must not have QEMU look at a page for which there is no room."""
        self.fill()
        outcome = self.run_guestlink("info", "qmp")
        self.assertEqual(outcome.code, 0, outcome)
        self.assertIn("the self-test could not be made: the file system of the guest's RAM is full",
                      outcome.output)
        self.assertEqual(self.run_guestlink("info", "file").code, 0)

    def test_attach_with_pages(self) -> None:
        """Those that are there are looked at, and no more."""
        with open(self.ram, "r+b") as ram:
            os.pwrite(ram.fileno(), b"guest" * 100, 0)
            os.pwrite(ram.fileno(), b"guest" * 100, 2 * MIB)
        self.fill()
        outcome = self.run_program(self.guestlink, "info", self.specs()["qmp"])
        self.assertEqual(outcome.code, 0, outcome)
        self.assertNotIn("self-test", outcome.output)
        self.assertTrue(self.qemu.alive())

    def test_shell(self) -> None:
        self.fill()
        for kind in self.specs():
            for command in (("read", RANGE_BASE), ("write", RANGE_BASE, 1),
                            ("fill", RANGE_BASE, MIB, 5)):
                outcome = self.run_guestlink(command[0], kind, *command[1:])
                self.check_failed(outcome, r"lost at guest address 0x20000\w\w: .*is full; make room")
            for command in (("dump", RANGE_BASE, 64),
                            ("save", RANGE_BASE, MIB, self.directory / "saved")):
                outcome = self.run_guestlink(command[0], kind, *command[1:])
                self.assertEqual(outcome.code, 0, outcome)
            self.assertEqual(self.run_guestlink("find", kind, "--text", "guest").code, 1)

    def test_dma(self) -> None:
        for kind in self.specs():
            self.fill()
            sim = self.start_self_test(self.specs()[kind])
            self.check_stopped(sim, "memory lost", "is full; make room")
            self.assertTrue(self.qemu.alive())

    def test_what_qemu_reads(self) -> None:
        """It is QEMU itself that the kernel ends, and a simulator says so."""
        sim = self.start_dma(self.specs()["qmp"])
        self.fill()
        with self.assertRaises((ValueError, ConnectionError)):
            self.qemu.monitor.execute("pmemsave", val=48 * MIB, size=4096,
                                      filename=str(self.directory / "page"))
        self.assertEqual(self.qemu.process.wait(10), -signal.SIGBUS)
        self.check_stopped(sim, "guest ended", ENDED)


if __name__ == "__main__":
    Drill.guestlink, Drill.sim, Drill.program, Drill.image = (
        pathlib.Path(word).resolve() for word in sys.argv[1:5])
    sys.exit(run_drills(__name__, sys.argv[5] if len(sys.argv) > 5 else None))
