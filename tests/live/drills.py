# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""Fault drills, each with a real QEMU: drills.py GUESTLINK SIM PROGRAM IMAGE [DRILL].

PROGRAM is dma_check, IMAGE the folder of vmlinuz and initrd.gz. What each drill is to end in stands
in docs/faults.md. Most guests do not run (-S): what the RAM holds is then known to the byte, and a
write outside the range that the simulator was given is seen. Exit code 0 passed, 1 failed, 77 some
skipped and none failed. With GUESTLINK_REQUIRE_LIVE=1 nothing skips but for want of root.
"""
import pathlib
import sys

from drill_support import Drill, Program, Qemu, run_drills

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


if __name__ == "__main__":
    Drill.guestlink, Drill.sim, Drill.program, Drill.image = (
        pathlib.Path(word).resolve() for word in sys.argv[1:5])
    sys.exit(run_drills(__name__, sys.argv[5] if len(sys.argv) > 5 else None))
