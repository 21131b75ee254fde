# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""Fault drills, each with a real QEMU: drills.py GUESTLINK SIM PROGRAM IMAGE [DRILL ...].

PROGRAM is dma_check, IMAGE the folder of vmlinuz and initrd.gz. What each drill is to end in stands
in docs/faults.md. Most guests do not run (-S): what the RAM holds is then known to the byte, and a
write outside the range that the simulator was given is seen. With GUESTLINK_REQUIRE_LIVE=1 nothing
skips but for want of root.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import cases
from drill_support import (MIB, OTHER_USER, QEMU_USER, RAM_BYTES, RANGE_BASE, Drill, Outcome,
                           Program, Qemu, pattern)

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
        program.kill()  # a reset ends what runs in the guest
        qemu.monitor.execute("system_reset")
        self.wait_for_words(sim, "attached again")
        self.check_passed(self.start_program())
        outcome = sim.outcome()
        self.assertEqual(outcome.code, 0, outcome)
        self.assertEqual(outcome.summary["guest_resets"], 1)
        self.assertEqual(outcome.summary["generation"], 3)

    def test_while_a_page_is_looked_for(self) -> None:
        """The search begins anew, in the memory attached again."""
        qemu = self.start_qemu()
        sim = self.start_sim(self.specs()["qmp"], "--doorbell", "--attach-timeout", "2")
        self.wait_for_words(sim, "looking for a doorbell page")
        qemu.monitor.execute("system_reset")
        outcome = self.check_stopped(sim, "attach timeout", "no live doorbell page")
        self.assertEqual(outcome.summary["guest_resets"], 1)
        self.assertEqual(outcome.summary["generation"], 3)

    def test_linux_goes_on(self) -> None:
        """It boots again, and its program of then is served."""
        qemu = self.start_linux("--seed 1 --count 1500")
        sim = self.start_sim(self.specs()["qmp"], "--doorbell")
        self.wait_for_words(sim, "attached to the guest program; serving")
        qemu.monitor.execute("system_reset")
        self.wait_for_words(sim, "attached again")
        outcome = sim.outcome(40)
        self.assertEqual(outcome.code, 0, outcome)
        self.assertEqual(outcome.summary["guest_verdict"], "pass")
        self.assertGreaterEqual(outcome.summary["guest_resets"], 1)

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
        program.kill()
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
        program.kill()
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

    def test_grown(self) -> None:
        """No page of ours is missing; but it is not the file that was attached to."""
        self.make_ram()
        self.start_qemu()
        sim = self.start_dma(self.specs()["file"])
        os.truncate(self.ram, RAM_BYTES + MIB)
        self.check_stopped(sim, "file changed", "grew from 0x4000000 to 0x4100000")
        self.check_kept()

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
        for kind in 3 * list(self.specs()):  # what it was at decides what is found
            self.make_ram()
            qemu = self.start_qemu()
            sim = self.start_dma(self.specs()[kind])
            sim.process.send_signal(signal.SIGSTOP)
            os.truncate(self.ram, RANGE_BASE)
            os.truncate(self.ram, RAM_BYTES)
            sim.process.send_signal(signal.SIGCONT)
            outcome = self.check_stopped(sim, "self-test failed",
                                         "instead of|CHANERR|completion record")
            self.assertLess(outcome.seconds, 5, "it waits for an engine that stands still")
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
                self.check_failed(outcome, r"lost at guest address 0x20000\w\w: .*full; make room")
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


class Dimm(Drill):
    """A DIMM is plugged in and out, with the simulator's DMA in its file."""

    BASE, BYTES = 4096 * MIB, 128 * MIB  # where pc and Linux have the first one

    def setUp(self) -> None:
        super().setUp()
        self.dimm = self.directory / "dimm"

    def plug(self, qemu: Qemu) -> None:
        qemu.monitor.execute("object-add", **{
            "qom-type": "memory-backend-file", "id": "dimm-ram", "size": self.BYTES,
            "mem-path": str(self.dimm), "share": True})
        qemu.monitor.execute("device_add", driver="pc-dimm", id="dimm", memdev="dimm-ram")

    def start_dimm_dma(self) -> Program:
        self.dimm_blocks = self.dimm.stat().st_blocks
        sim = self.start_sim(self.specs()["qmp"], "--self-test", "--descriptors", "1000000",
                             "--range", f"{self.BASE:#x}+{4 * MIB:#x}")
        self.wait_for_words(sim, "self-test:")
        self.wait_until(lambda: self.dimm.stat().st_blocks > self.dimm_blocks, "DMA", sim)
        return sim

    def check_dimm(self) -> None:
        """Nothing was written behind the range."""
        with open(self.dimm, "rb") as dimm:
            dimm.seek(4 * MIB)
            self.assertEqual(dimm.read(), bytes(self.BYTES - 4 * MIB))

    def test_plug_while_attached(self) -> None:
        """QEMU has no event for it: what tells is the next reason to read the map again."""
        qemu = self.start_qemu("-m", "64M,slots=2,maxmem=1G")
        sim = self.start_dma(self.specs()["qmp"])
        self.plug(qemu)
        qemu.monitor.execute("cont")
        self.wait_for_words(sim, "the guest has more memory: the row at 0x100000000")
        qemu.kill()
        self.check_stopped(sim, "guest ended", ENDED)

    def test_unplug_without_a_guest(self) -> None:
        """Nobody is there to give it up: QEMU keeps it, and DMA goes on."""
        qemu = self.start_qemu("-m", "64M,slots=2,maxmem=1G")
        self.plug(qemu)
        sim = self.start_dimm_dma()
        qemu.monitor.execute("device_del", id="dimm")
        self.assertEqual(len(qemu.monitor.execute("query-memory-devices")), 1)
        self.assertEqual(self.run_program(self.guestlink, "read", f"file:{self.dimm},base=0",
                                          0).code, 0)
        self.assertIsNone(sim.poll())
        qemu.kill()
        self.check_stopped(sim, "guest ended", ENDED)
        self.check_dimm()

    def test_unplug(self) -> None:
        """Linux has it offline, and gives it up at once."""
        qemu = self.start_linux("--timeout 1000", "-m", "256M,slots=2,maxmem=1G")
        self.plug(qemu)
        qemu.monitor.wait_for_event("ACPI_DEVICE_OST")
        sim = self.start_dimm_dma()
        qemu.monitor.execute("device_del", id="dimm")
        self.check_stopped(sim, "map changed", "row at 0x100000000 .*'dimm-ram', is not there")
        qemu.monitor.wait_for_event("DEVICE_DELETED")
        self.assertTrue(qemu.alive())
        self.check_dimm()
        self.check_attaches("qmp")


class TwoAttachers(Drill):
    """A second writer is kept out unless it says shared; a reader is not."""

    def setUp(self) -> None:
        super().setUp()
        self.make_ram()
        self.other = self.directory / "other.sock"
        self.qemu = self.start_qemu("-qmp", f"unix:{self.other},server=on,wait=off")

    def specs(self) -> dict[str, str]:
        return super().specs() | {"other": f"qmp:{self.other}"}

    def second(self, first: str, second: str) -> None:
        sim = self.start_dma(self.specs()[first])
        spec = self.specs()[second]
        self.check_stopped(self.start_sim(spec, "--doorbell"), "error", "for writing already")
        self.check_failed(self.run_program(self.guestlink, "write", spec, MIB, 1),
                          "attached for writing already, by another simulator")
        self.assertEqual(self.run_program(self.guestlink, "read", spec, MIB).code, 0)
        self.assertEqual(self.run_program(self.guestlink, "find", spec + ",ro", "--text", "no such "
                                          "text in it").code, 1)
        self.check_kept()
        outcome = self.run_program(self.guestlink, "write", spec + ",shared", 48 * MIB, 0x12345678)
        self.assertEqual(outcome.code, 0, outcome)
        self.assertEqual(self.read_ram(48 * MIB, 4), b"\x78\x56\x34\x12")
        self.assertIsNone(sim.poll())
        sim.kill()  # which gives up its lock
        self.assertEqual(self.run_program(self.guestlink, "write", spec, 48 * MIB, 1).code, 0)
        self.assertTrue(self.qemu.alive())

    def test_file_and_file(self) -> None:
        self.second("file", "file")

    def test_file_and_qmp(self) -> None:
        self.second("file", "qmp")

    def test_qmp_and_file(self) -> None:
        self.second("qmp", "file")

    def test_qmp_and_qmp(self) -> None:
        self.second("qmp", "other")

    def test_one_socket(self) -> None:
        """Who follows the guest has the socket."""
        self.start_dma(self.specs()["qmp"])
        self.check_failed(self.run_program(self.guestlink, "info", self.specs()["qmp"]),
                          "one client")


class Sparse(Drill):
    """64 GiB of RAM of which nearly nothing is there: so it stays."""

    BYTES = 64 << 30

    def setUp(self) -> None:
        super().setUp()
        self.qemu = self.start_qemu("-m", "64G", size=self.BYTES)

    def run_small(self, command: str, *words: object, code: int = 0) -> Outcome:
        outcome = self.run_program(self.guestlink, command, *words)
        self.assertEqual(outcome.code, code, outcome)
        self.assertLess(outcome.peak_bytes, 256 * MIB, outcome)
        self.assertLess(outcome.seconds, 10, outcome)
        return outcome

    def check_shell(self, spec: str) -> None:
        far = 60 << 30
        self.run_small("info", spec)
        self.run_small("write", spec, far, 0x4B4E494C, "--width", 32)
        found = self.run_small("find", spec, "--text", "LINK")
        self.assertEqual(found.output.split(), [hex(far)])
        self.run_small("find", spec, "--text", "not there", code=1)
        saved = self.directory / "saved"
        self.run_small("save", spec, 4 << 30, 59 << 30, saved)
        self.assertEqual(saved.stat().st_size, 59 << 30)
        self.assertLess(saved.stat().st_blocks * 512, MIB)
        self.run_small("snapshot", spec, self.directory / "snapshot")
        self.run_small("diff", spec, self.directory / "snapshot")
        self.assertLess(self.ram.stat().st_blocks * 512, MIB)

    def test_qmp(self) -> None:
        self.check_shell(self.specs()["qmp"])

    def test_file(self) -> None:
        self.check_shell(self.specs()["file"])

    def test_dma(self) -> None:
        sim = self.start_dma(self.specs()["qmp"])
        self.qemu.kill()
        outcome = self.check_stopped(sim, "guest ended", ENDED)
        self.assertLess(outcome.peak_bytes, 256 * MIB, outcome)
        self.assertLess(self.ram.stat().st_blocks * 512, 2 * MIB)


class ReadOnly(Drill):
    """A file that may be read and not written."""

    def test_mode(self) -> None:
        self.make_ram()
        qemu = self.start_qemu()
        self.ram.chmod(0o444)
        self.let_others_in(qemu)
        for spec in self.specs().values():
            outcome = self.run_as(OTHER_USER, self.guestlink, "read", spec, MIB)
            self.assertEqual(outcome.code, 0, outcome)
            for outcome in (
                    self.run_as(OTHER_USER, self.guestlink, "write", spec, MIB, 1),
                    self.run_as(OTHER_USER, self.sim, "--attach", spec, "--doorbell")):
                self.check_failed(outcome, "reading and writing: Permission denied.*add ,ro")
            outcome = self.run_as(OTHER_USER, self.guestlink, "write", spec + ",ro", MIB, 1)
            self.check_failed(outcome, "is read-only")
        self.assertEqual(self.read_ram(0, RAM_BYTES), pattern(0, RAM_BYTES))
        self.assertTrue(qemu.alive())

    def test_backend(self) -> None:
        self.make_ram()
        qemu = self.start_qemu(backend=",readonly=on")
        self.assertIn("ro", self.run_program(self.guestlink, "map", self.specs()["qmp"]).output)
        outcome = self.run_program(self.guestlink, "read", self.specs()["qmp"], MIB)
        self.assertEqual(outcome.code, 0, outcome)
        self.check_failed(self.run_program(self.guestlink, "write", self.specs()["qmp"], MIB, 1),
                          "is read-only")
        self.check_stopped(self.start_self_test(self.specs()["qmp"]), "error|self-test failed",
                           "no 1024 KiB of writable guest memory")
        self.assertEqual(self.read_ram(0, RAM_BYTES), pattern(0, RAM_BYTES))
        self.assertTrue(qemu.alive())


class ForeignOwner(Drill):
    """The file of another user, by users who have no rights but their own."""

    def setUp(self) -> None:
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("only root can be another user")
        self.make_ram()

    def test_refused(self) -> None:
        qemu = self.start_qemu()
        self.let_others_in(qemu, socket_mode=0o600)
        self.ram.chmod(0o600)
        for spec in self.specs().values():
            for command in (("read", MIB), ("write", MIB, 1), ("info",)):
                outcome = self.run_as(OTHER_USER, self.guestlink, command[0], spec, *command[1:])
                self.check_failed(outcome, "Permission denied")
        self.assertEqual(self.read_ram(0, RAM_BYTES), pattern(0, RAM_BYTES))
        self.assertTrue(qemu.alive())

    def test_socket_without_the_file(self) -> None:
        qemu = self.start_qemu()
        self.let_others_in(qemu)
        self.ram.chmod(0o600)
        outcome = self.run_as(OTHER_USER, self.guestlink, "read", self.specs()["qmp"], MIB)
        self.check_failed(outcome, "for reading: Permission denied; run as a user who may read it")
        self.assertTrue(qemu.alive())

    def test_two_users(self) -> None:
        """The file is open to all; QEMU's process is not. It works, with a warning or two."""
        self.ram.chmod(0o666)
        self.directory.chmod(0o777)
        qemu = self.start_qemu(user=QEMU_USER)
        self.let_others_in(qemu)
        outcome = self.run_as(OTHER_USER, self.guestlink, "info", self.specs()["qmp"])
        self.assertEqual(outcome.code, 0, outcome)
        self.assertRegex(outcome.output, "the self-test could not be made")
        self.assertRegex(outcome.output, "nothing proves that the file is the one QEMU has")
        outcome = self.run_as(OTHER_USER, self.guestlink, "write", self.specs()["qmp"], 48 * MIB, 1)
        self.assertEqual(outcome.code, 0, outcome)
        self.assertEqual(self.read_ram(48 * MIB, 4), b"\x01\0\0\0")
        self.assertTrue(qemu.alive())

    def test_root(self) -> None:
        """Looks at the QEMU of a user: self-test and all."""
        os.chown(self.ram, QEMU_USER, QEMU_USER)
        self.directory.chmod(0o777)
        qemu = self.start_qemu(user=QEMU_USER)
        outcome = self.run_program(self.guestlink, "info", self.specs()["qmp"])
        self.assertEqual(outcome.code, 0, outcome)
        self.assertNotIn("self-test", outcome.output)
        sim = self.start_dma(self.specs()["qmp"])
        qemu.kill()
        self.check_stopped(sim, "guest ended", ENDED)
        self.check_kept()


if __name__ == "__main__":
    Drill.guestlink, Drill.sim, Drill.program, Drill.image = (
        pathlib.Path(word).resolve() for word in sys.argv[1:5])
    cases.main(5)
