# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""The bare-metal guest on machines without the device it checks: pci_check_live_test.py PROGRAM.

Without QEMU the tests skip; with GUESTLINK_REQUIRE_LIVE=1 they fail.
"""
import os
import shutil
import subprocess
import sys
import unittest

import cases

PROGRAM = sys.argv[1]
QEMU = "qemu-system-x86_64"
PASS, FAIL = 33, 35  # QEMU's exit status: see guest/bare/console.h
LIMIT = 60  # seconds


class PciCheck(unittest.TestCase):
    def setUp(self) -> None:
        if shutil.which(QEMU) is None:
            if os.environ.get("GUESTLINK_REQUIRE_LIVE") == "1":
                self.fail(f"no {QEMU}")
            self.skipTest(f"no {QEMU}: apt-get install qemu-system-x86")

    def boot(self, machine: str, words: str, *more: str) -> tuple[int, list[str]]:
        command = [QEMU, "-M", machine, "-accel", "tcg", "-nodefaults", "-no-user-config",
                   "-display", "none", "-serial", "stdio", "-kernel", PROGRAM, "-append", words,
                   "-device", "isa-debug-exit,iobase=0xf4,iosize=4", *more]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              timeout=LIMIT, check=False)
        print(f"{machine}, {words!r}:", done.stdout, sep="\n")
        return done.returncode, done.stdout.splitlines()

    def test_says_that_the_device_is_missing(self) -> None:
        for machine in "pc", "q35":
            status, lines = self.boot(machine, "seed=5", "-no-reboot")
            self.assertEqual((status, lines[-1]), (FAIL, "PCI-CHECK: FAIL no PCI device 8086:0b00"))
            self.assertIn("pci_check: seed=5", lines)

    def test_finds_another_device_and_its_bar(self) -> None:
        status, lines = self.boot("q35", "scan id=1b36:0005", "-no-reboot",
                                  "-device", "pci-testdev")
        self.assertEqual((status, lines[-1]), (PASS, "PCI-CHECK: PASS scan"))
        bars = [line for line in lines if line.startswith("scan: BAR ")]
        self.assertEqual(len(bars), 2, bars)
        self.assertTrue(bars[0].endswith(", 0x1000 bytes"), bars)

    def test_passes_at_the_second_boot(self) -> None:
        for how in "cf9", "fault":
            status, lines = self.boot("pc", f"scan reboot={how} id=1b36:0005",
                                      "-device", "pci-testdev")
            self.assertEqual((status, lines[-1]), (PASS, "PCI-CHECK: PASS scan reboot"))
            self.assertEqual(len([line for line in lines if "seed=" in line]), 2, lines)

    def test_refuses_a_word_that_it_does_not_know(self) -> None:
        status, lines = self.boot("pc", "scan msi", "-no-reboot")
        self.assertEqual((status, lines[-1]), (FAIL, "PCI-CHECK: FAIL what is the word 'msi'?"))


if __name__ == "__main__":
    cases.main(2)
