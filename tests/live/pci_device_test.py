# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""The RTL as a PCI device of a stock QEMU with a bare-metal guest:
pci_device_test.py SIMULATOR GUEST QEMU_FOLDER TB_PCI [CASE...].

Skips without a QEMU that has vfio-user-pci.
"""
import pathlib
import signal
import subprocess
import sys
import time

import cases
import pci_support
from pci_support import PASS, Monitor, Output, stop_for


class PciTest(pci_support.PciTest):
    sim_program, guest_program, qemu_folder, bench_program = sys.argv[1:5]


class Checks(PciTest):
    """What the guest checks of registers, DMA and interrupts."""

    def test_passes_on_both_machines(self) -> None:
        for machine in "pc", "q35":
            with self.subTest(machine=machine):
                summary = self.check("scan mmio dma baddma msix intx copies=300", machine=machine)
                self.assertEqual(summary["stop_reason"], "guest has gone")
                self.assertGreater(summary["descriptors"], 300)
                self.assertGreaterEqual(summary["interrupts_sent"], 33)
                self.assertEqual(summary["mmio_timeouts"], 0)
                self.assertEqual(summary["errors"], [])

    def test_tells_why_dma_was_refused(self) -> None:
        sim = self.start_sim()
        guest = self.start_qemu("baddma", "-no-reboot")
        self.end_of(guest, PASS)
        text = self.end_of(sim, 0)
        self.assertIn("DMA refused by guest memory: OUT_OF_RANGE at 0xf0000000000", text)
        self.assertIn("bus master is off", text)
        # Firmware comes without a file.
        self.assertIn("the guest gave no file for this memory", text)

    def test_every_memory_that_can_be_shared(self) -> None:
        ram = self.folder / "ram"
        for backend in ("memory-backend-ram,share=on", "memory-backend-shm",
                        f"memory-backend-file,share=on,mem-path={ram}"):
            with self.subTest(backend=backend):
                self.check("dma msix", backend=backend)

    def test_slow_memory_and_clocks_all_the_time(self) -> None:
        summary = self.check("mmio dma msix", "--read-latency", "200", "--write-latency", "100",
                             "--accept-stall", "0x55555555", "--beat-stall", "0x0f0f0f0f")
        self.assertEqual(summary["errors"], [])
        idle_skip = self.check("mmio dma msix")["cycles"]
        free_run = self.check("mmio dma msix", "--free-run")["cycles"]
        self.assertGreater(free_run, 10 * idle_skip)

    def test_wrong_memory_is_told(self) -> None:
        for backend, words in (("memory-backend-ram", "came without a file"),
                               ("memory-backend-file,share=off,mem-path=" +
                                str(self.folder / "private"), "is private to QEMU")):
            with self.subTest(backend=backend):
                sim = self.start_sim()
                guest = self.start_qemu("dma patience=2", "-no-reboot", backend=backend)
                text = guest.rest()
                self.assertIn("PCI-CHECK: FAIL", text)
                told = self.end_of(sim, 0)
                self.assertIn(words, told)
                self.assertIn("share=on", told)


class SystemVerilog(PciTest):
    """The bench without C++ in the place of the simulator."""

    def test_serves_the_guest(self) -> None:
        bench = Output(self.start([self.bench_program, f"+socket={self.socket}"],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
        bench.read_until("x-msg-timeout")
        guest = self.start_qemu("mmio dma baddma msix intx", "-no-reboot")
        self.assertIn("PCI-CHECK: PASS", self.end_of(guest, PASS))
        text = self.end_of(bench, 0)
        self.assertRegex(text, r"PASS: \d+ descriptors, \d+ interrupts, [1-9] resets")

    def test_qemu_refuses_the_device(self) -> None:
        bench = Output(self.start([self.bench_program, f"+socket={self.socket}"],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
        bench.read_until("x-msg-timeout")
        self.end_of(self.start_qemu("scan", "-no-reboot", "-device", self.device()), 1)
        self.assertIn("FAIL: QEMU has closed the connection", bench.rest())
        self.assertNotEqual(bench.process.returncode, 0)

    def test_no_guest_comes(self) -> None:
        bench = Output(self.start([self.bench_program, f"+socket={self.socket}", "+patience=1"],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
        text = bench.rest()
        self.assertNotEqual(bench.process.returncode, 0)
        self.assertIn("FAIL: no QEMU has connected within 1 s", text)


class LockStep(PciTest):
    """Two runs of the same guest are the same to the clock cycle.

    Not of one with INTx: what its handler reads depends on when QEMU takes the second interrupt
    that follows from its first read (docs/pci.md).
    """

    def log_of(self, number: int, *qemu_options: str) -> str:
        log = self.folder / f"log{number}"
        sim = self.start_sim("--lock-step", "--log", str(log))
        guest = self.start_qemu("scan mmio dma msix seed=7", "-no-reboot", *qemu_options,
                                **{"x-no-posted-writes": True})
        self.end_of(guest, PASS)
        self.end_of(sim, 0)
        return log.read_text()

    def test_repeats(self) -> None:
        for options in [(), ("-icount", "shift=3,sleep=off")]:
            with self.subTest(options=options):
                first, second = (self.log_of(i, *options) for i in range(2))
                self.assertGreater(len(first.splitlines()), 500)
                self.assertEqual(first, second)
                # What the guest got of a read of one byte, and no more.
                self.assertRegex(first, r"read  0x0 1 bytes 0x1\n")


class Resets(PciTest):
    def test_guest_reboots(self) -> None:
        for how in "cf9", "fault":
            with self.subTest(how=how):
                sim = self.start_sim()
                guest = self.start_qemu(f"reboot={how} mmio dma msix")
                text = self.end_of(guest, PASS)
                self.assertIn("second boot", text)
                self.end_of(sim, 0)
                # At the start, and at least once more.
                self.assertGreaterEqual(self.summary()["guest_resets"], 2)

    def test_guest_crashes(self) -> None:
        sim = self.start_sim()
        guest = self.start_qemu("dma crash", "-no-reboot")
        self.assertIn("by triple fault", self.end_of(guest, 0))
        self.assertIn("closed the connection", self.end_of(sim, 0))


class Deaths(PciTest):
    """One of the two is killed, or stops, while the guest reads a register in a loop."""

    def start_both(self, *qemu_options: str):
        sim = self.start_sim()
        guest = self.start_qemu("hang", "-no-reboot", *qemu_options)
        guest.read_until("READY")
        return sim, guest

    def test_qemu_killed(self) -> None:
        sim, guest = self.start_both()
        guest.process.kill()
        self.assertIn("closed the connection", self.end_of(sim, 0, 10))
        self.assertEqual(self.summary()["stop_reason"], "guest has gone")

    def test_simulator_killed(self) -> None:
        """QEMU lives on, and the guest reads ones; 11.1 aborts if it was waiting for an answer."""
        qmp = self.folder / "qmp"
        sim, guest = self.start_both("-qmp", f"unix:{qmp},server=on,wait=off")
        sim.process.kill()
        time.sleep(1)
        if guest.process.poll() is not None:
            self.assertEqual(guest.process.returncode, -signal.SIGABRT)
            self.assertIn("Assertion", guest.rest())
            return
        self.assert_running(qmp)
        self.end_of(guest, 0)

    def assert_running(self, qmp: pathlib.Path) -> None:
        monitor = Monitor(qmp)
        self.addCleanup(monitor.close)
        self.assertTrue(monitor.execute("query-status")["running"])
        monitor.execute("quit")

    def test_simulator_told_to_end(self) -> None:
        """It answers what it was asked, so that QEMU always lives on."""
        qmp = self.folder / "qmp"
        for _ in range(5):
            sim, guest = self.start_both("-qmp", f"unix:{qmp},server=on,wait=off")
            sim.process.send_signal(signal.SIGTERM)
            self.end_of(sim, 1, 10)
            self.assertEqual(self.summary()["stop_reason"], "signal")
            time.sleep(0.2)
            self.assert_running(qmp)
            self.end_of(guest, 0)

    def test_cycle_limit(self) -> None:
        sim = self.start_sim("--max-cycles", "500")
        guest = self.start_qemu("hang", "-no-reboot")
        guest.read_until("READY")
        self.end_of(sim, 1, 10)
        self.assertEqual(self.summary()["stop_reason"], "cycle limit")


class Stopped(PciTest):
    def test_simulator_stopped_for_a_minute(self) -> None:
        sim = self.start_sim()
        guest = self.start_qemu("mmio dma msix copies=4000", "-no-reboot")
        guest.read_until("pci_check: seed")
        stop_for(sim.process, 60)
        self.assertIn("PCI-CHECK: PASS", self.end_of(guest, PASS))
        self.end_of(sim, 0)


class Usage(PciTest):
    def test_qemu_refuses_the_device(self) -> None:
        sim = self.start_sim()
        guest = self.start_qemu("scan", "-no-reboot", **{"no-such-property": 1})
        self.assertIn("no-such-property", self.end_of(guest, 1))
        self.end_of(self.start_qemu("scan", "-no-reboot", "-device", self.device()), 1)
        self.assertIn("its own message says why", self.end_of(sim, 1, 10))
        self.assertEqual(self.summary()["stop_reason"], "protocol error")

    def test_no_guest_comes(self) -> None:
        sim = self.start_sim("--attach-timeout", "0.2")
        self.assertIn("no QEMU has connected", self.end_of(sim, 1, 10))
        self.assertEqual(self.summary()["stop_reason"], "attach timeout")
        self.assertFalse(self.socket.exists())

    def test_socket_is_private_and_replaced_only_if_dead(self) -> None:
        sim = self.start_sim()
        self.assertEqual(self.socket.stat().st_mode & 0o777, 0o600)
        with self.assertRaisesRegex(AssertionError, "has somebody who listens"):
            self.start_sim()
        sim.process.kill()
        sim.process.wait()
        self.start_sim()
        self.assertEqual([path.name for path in self.folder.iterdir()
                          if path.name.startswith("device.sock")], ["device.sock"])

    def test_two_modes(self) -> None:
        with self.assertRaisesRegex(AssertionError, "--attach"):
            self.start_sim("--attach", "mock:,size=1M")

    def test_log_that_cannot_be_written(self) -> None:
        with self.assertRaisesRegex(AssertionError, "cannot write the log"):
            self.start_sim("--log", str(pathlib.Path("/proc/none")))


if __name__ == "__main__":
    cases.main(5)
