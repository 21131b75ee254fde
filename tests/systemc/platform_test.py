# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""guestlink-systemc and the example platform as their users run them.

    platform_test.py GUESTLINK_SYSTEMC IOAT_PLATFORM TEST...
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

SYSTEMC, EXAMPLE = "", ""


def run(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)


class Clockings(unittest.TestCase):
    def cycles(self, *clocking: str) -> dict:
        done = run(SYSTEMC, "--attach", "mock:,size=16M", "--self-test", "--descriptors", "300",
                   "--seed", "11", "--json", "--quiet", *clocking)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        summary = json.loads(done.stdout)
        return {key: summary[key] for key in
                ("cycles", "descriptors", "interrupts", "bytes_read", "bytes_written")}

    def test_all_take_the_same_clocks(self):
        expected = self.cycles()
        self.assertEqual(expected["descriptors"], 300)
        for clocking in (["--every-edge"], ["--quantum", "1"], ["--quantum", "17"],
                         ["--quantum", "100000"]):
            self.assertEqual(self.cycles(*clocking), expected, clocking)

    def test_waves_do_not_change_them(self):
        expected = self.cycles()
        with tempfile.TemporaryDirectory() as directory:
            for clocking in ([], ["--every-edge"]):
                waves = pathlib.Path(directory, "waves.fst")
                self.assertEqual(self.cycles("--trace", str(waves), *clocking), expected)
                self.assertGreater(waves.stat().st_size, 100_000)

    def test_one_clocking_at_a_time(self):
        done = run(SYSTEMC, "--attach", "mock:,size=16M", "--self-test", "--every-edge",
                   "--quantum", "5")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stdout + done.stderr, "--(quantum|every-edge) excludes --")
        done = run(SYSTEMC, "--attach", "mock:,size=16M", "--self-test", "--quantum", "0")
        self.assertEqual(done.returncode, 2, done.stderr)

    def test_nothing_but_json_on_the_standard_output(self):
        done = run(SYSTEMC, "--attach", "mock:,size=16M", "--self-test", "--descriptors", "1",
                   "--json")
        self.assertTrue(done.stdout.startswith("{"), done.stdout)
        self.assertNotIn("Accellera", done.stdout + done.stderr)


class Example(unittest.TestCase):
    def test_copies_on_a_mock_file(self):
        with tempfile.TemporaryDirectory() as directory:
            ram = pathlib.Path(directory, "ram")
            waves = pathlib.Path(directory, "waves.fst")
            done = run(EXAMPLE, "--attach", f"mock:{ram},size=16M", "--area", "0x800000",
                       "--copies", "70", "--trace", str(waves), "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            summary = json.loads(done.stdout)
            self.assertEqual(summary["verdict"], "PASS")
            self.assertEqual(summary["bytes"], 70 * 4096)
            self.assertGreater(summary["cycles"], 70 * 64)
            self.assertGreater(waves.stat().st_size, 100_000)
            content = ram.read_bytes()
            # The last batch has 6 pages: what the RTL copied is what the driver wrote.
            self.assertEqual(content[0x900000:0x906000], content[0xA00000:0xA06000])
            self.assertEqual(content[:0x800000], bytes(0x800000))
            self.assertEqual(content[0xB00000:], bytes(0x500000))

    def test_an_area_outside_the_memory_is_told(self):
        done = run(EXAMPLE, "--attach", "mock:,size=4M")
        self.assertEqual(done.returncode, 1)
        self.assertIn("TLM_ADDRESS_ERROR_RESPONSE at 0x500000", done.stdout + done.stderr)

    def test_a_bad_spec_is_told(self):
        done = run(EXAMPLE, "--attach", "nix:")
        self.assertEqual(done.returncode, 1)
        self.assertIn("scheme 'nix' is not known", done.stdout + done.stderr)

    def test_it_is_short(self):
        source = pathlib.Path(__file__).parents[2] / "sim/systemc/platform/ioat_platform.cpp"
        self.assertLess(len(source.read_text().splitlines()), 150)


if __name__ == "__main__":
    SYSTEMC, EXAMPLE = sys.argv[1:3]
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
