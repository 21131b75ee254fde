# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""The program guestlink from outside, on mock: and file: specs.

    guestlink_test.py GUESTLINK [CASE ...]

A case is the name of a class below. GUESTLINK_SEED repeats the random parts.
"""
import json
import os
import pathlib
import random
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

GUESTLINK = pathlib.Path(sys.argv[1]).resolve()
SEED = int(os.environ.get("GUESTLINK_SEED", random.SystemRandom().randrange(1 << 32)))
PAGE = 4096
MEBIBYTE = 1 << 20
LIMIT = 30  # seconds, for everything that is waited for
COMMANDS = ("map", "info", "read", "write", "dump", "load", "save", "fill", "compare", "find",
            "watch", "snapshot", "diff", "doctor", "completion")


class Shell(unittest.TestCase):
    """A RAM file of one MiB, and the layout of a PC for those that want holes."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.ram = self.directory / "ram"
        self.spec = f"mock:{self.ram},size=1M"
        self.pc = f"mock:{self.directory}/pc,size=4M,machine=pc"
        self.random = random.Random(SEED)
        print(f"GUESTLINK_SEED={SEED}", file=sys.stderr)

    def run_it(self, *arguments: object, binary: bool = False) -> subprocess.CompletedProcess:
        return subprocess.run([str(GUESTLINK), *map(str, arguments)], capture_output=True,
                              text=not binary, timeout=LIMIT, check=False)

    def ok(self, *arguments: object, code: int = 0) -> str:
        done = self.run_it(*arguments)
        self.assertEqual(done.returncode, code, done)
        return done.stdout

    def data(self, *arguments: object, code: int = 0) -> dict:
        return json.loads(self.ok(*arguments, "--json", code=code))

    def refused(self, code: int, part: str, *arguments: object) -> None:
        """Exit code and message; with --json the same message is the one object on stdout."""
        done = self.run_it(*arguments)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done)
        self.assertIn(part, done.stderr)
        done = self.run_it(*arguments, "--json")
        self.assertEqual(done.returncode, code, done)
        self.assertIn(part, json.loads(done.stdout)["error"])

    def make_ram(self, content: bytes | None = None) -> bytes:
        content = self.random.randbytes(MEBIBYTE) if content is None else content
        self.ram.write_bytes(content)
        return content

    def fifo(self) -> tuple[pathlib.Path, int]:
        """A FIFO and the end to read from, which has to be open first."""
        path = self.directory / "fifo"
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        os.set_blocking(reader, True)
        self.addCleanup(os.close, reader)
        return path, reader

    def file(self, name: str, content: bytes) -> pathlib.Path:
        path = self.directory / name
        path.write_bytes(content)
        return path

    def unchanged(self, code: int, part: str, *arguments: object) -> None:
        """Refused, and not a byte of RAM written."""
        before = self.ram.read_bytes()
        self.refused(code, part, *arguments)
        self.assertEqual(self.ram.read_bytes(), before)


class Usage(Shell):
    def test_every_command_has_help_with_an_example(self) -> None:
        overview = self.ok("--help")
        for command in COMMANDS:
            self.assertIn(f"  {command} ", overview)
            text = self.ok(command, "--help")
            self.assertIn(f"Usage: guestlink {command}", text)
            self.assertIn("Example:\n  ", text)
            self.assertIn("--json", text)
        self.assertRegex(self.ok("--version"), r"^guestlink \d+\.\d+\.\d+\n$")

    def test_examples_are_right(self) -> None:
        """Each parses: what fails is that there is no such socket or file, not the words."""
        for command in COMMANDS:
            example = self.ok(command, "--help").split("Example:\n  ")[1].splitlines()[0]
            if "<(" in example:
                continue
            done = subprocess.run(example.replace("guestlink", str(GUESTLINK), 1), shell=True,
                                  cwd=self.directory, capture_output=True, text=True,
                                  timeout=LIMIT, check=False)
            self.assertIn(done.returncode, (0, 1), done)

    def test_usage_errors(self) -> None:
        self.make_ram()
        for part, *arguments in (
                ("no command", ), ("'nonsense' is no command", "nonsense"),
                ("SPEC is missing", "read"),
                ("ADDRESS is missing", "read", self.spec),
                ("not expected: 9", "map", self.spec, "9"),
                ("--nonsense", "map", self.spec, "--nonsense"),
                ("ADDRESS is 'here', expected a guest address", "read", self.spec, "here"),
                ("ADDRESS is '-1'", "read", self.spec, "--", "-1"),
                ("ADDRESS is '1x'", "read", self.spec, "1x"),
                ("--width is '12', expected 8, 16, 32 or 64", "read", self.spec, 0, "--width", 12),
                ("--count is 'x'", "read", self.spec, 0, "--count", "x"),
                ("--count is 0", "read", self.spec, 0, "--count", 0),
                ("more than there can be", "read", self.spec, 0, "--count", 1 << 63),
                ("VALUE is missing", "write", self.spec, 0),
                ("VALUE is 'red'", "write", self.spec, 0, "red"),
                ("VALUE is '256', which does not fit in 8 bits", "write", self.spec, 0, 1, 256,
                 "--width", 8),
                ("LENGTH is 0", "dump", self.spec, 0, 0),
                ("LENGTH is missing", "dump", self.spec, 0),
                ("LENGTH is 0x2000000, with --json", "dump", self.spec, 0, "32M", "--json"),
                ("ADDRESS is missing", "load", self.spec, self.ram),
                ("ADDRESS is given", "load", self.spec, self.ram, 0, "--elf"),
                ("FILE is missing", "save", self.spec, 0, 1),
                ("expected a multiple of the word of 4", "fill", self.spec, 0, 6, 1, "--width", 32),
                ("VALUE is '0x100'", "fill", self.spec, 0, 6, "0x100"),
                ("--file FILE and --with", "compare", self.spec, 0, 1),
                ("--file FILE and --with", "compare", self.spec, 0, 1, "--with", 1, "--file", "x"),
                ("LENGTH is missing", "compare", self.spec, 0, "--with", 1),
                ("--with is 'x'", "compare", self.spec, 0, 1, "--with", "x"),
                ("give one of --bytes", "find", self.spec),
                ("give one of --bytes", "find", self.spec, "--text", "x", "--value", 1),
                ("--bytes is 'abc'", "find", self.spec, "--bytes", "abc"),
                ("--bytes is 'xy'", "find", self.spec, "--bytes", "xy"),
                ("--value is '65536'", "find", self.spec, "--value", 65536, "--width", 16),
                ("--align is 0x0", "find", self.spec, "--text", "x", "--align", 0),
                ("--align is 0x8000000000", "find", self.spec, "--text", "x", "--align", 1 << 63),
                ("--limit is 0", "find", self.spec, "--text", "x", "--limit", 0),
                ("LENGTH is missing", "find", self.spec, 0, "--text", "x"),
                ("4097 bytes", "find", self.spec, "--text", "x" * 4097),
                ("--interval is '0'", "watch", self.spec, 0, "--interval", 0),
                ("--interval is 'nan'", "watch", self.spec, 0, "--interval", "nan"),
                ("--timeout is '-1'", "watch", self.spec, 0, "--timeout=-1"),
                ("LENGTH is 0x3", "watch", self.spec, 0, 3),
                ("FILE is missing", "snapshot", self.spec),
                ("OLD is missing", "diff", self.spec),
                ("give one of NEW", "diff", "a.snap"),
                ("give one of NEW", "diff", self.spec, "a.snap", "b.snap"),
                ("is one too many", "doctor", "nonsense"),
                ("SHELL is 'csh', expected bash, zsh or fish", "completion", "csh")):
            with self.subTest(arguments):
                self.unchanged_usage(part, *arguments)

    def unchanged_usage(self, part: str, *arguments: object) -> None:
        before = self.ram.read_bytes()
        done = self.run_it(*arguments)
        self.assertEqual(done.returncode, 2, done)
        self.assertIn(part, done.stderr)
        self.assertIn("--help tells more", done.stderr)
        self.assertEqual(self.ram.read_bytes(), before)

    def test_specs_that_are_wrong_and_that_cannot_be_had(self) -> None:
        for command, *rest in (("map",), ("info",), ("read", 0), ("write", 0, 1), ("dump", 0, 1),
                               ("save", 0, 1, "x"), ("fill", 0, 1, 1), ("find", "--text", "x"),
                               ("watch", 0), ("snapshot", "x"), ("load", self.file("f", b"x"), 0),
                               ("compare", 0, 1, "--with", 1)):
            with self.subTest(command):
                self.refused(2, "key 'colour' is not known", command, "mock:,size=1M,colour=red",
                             *rest)
                self.refused(2, "no scheme", command, "nonsense", *rest)
                self.refused(1, "/absent", command, f"file:{self.directory}/absent,base=0", *rest)
        self.assertFalse((self.directory / "absent").exists())

    def test_attach_takes_the_place_of_the_first_operand(self) -> None:
        content = self.make_ram()
        word = f"0x{struct.unpack_from('<I', content, 16)[0]:08x}\n"
        self.assertEqual(self.ok("read", self.spec, 16), word)
        self.assertEqual(self.ok("read", "--attach", self.spec, 16), word)
        self.assertEqual(self.ok("read", 16, "--attach", self.spec), word)
        self.ok("write", 16, 1, 2, 3, "--attach", self.spec)
        self.assertEqual(self.ram.read_bytes()[16:28], struct.pack("<III", 1, 2, 3))
        self.refused(2, "'16' is one too many", "read", "--attach", self.spec, 16, 16)

    def test_output_that_cannot_be_written_is_a_failure(self) -> None:
        self.make_ram()
        with open("/dev/full", "w") as full:
            for arguments in (("map", self.spec), ("dump", self.spec, "0", "1M"),
                              ("read", self.spec, "0", "--json")):
                done = subprocess.run([GUESTLINK, *arguments], stdout=full, stderr=subprocess.PIPE,
                                      text=True, timeout=LIMIT, check=False)
                self.assertEqual(done.returncode, 1, done)
                self.assertIn("standard output cannot be written", done.stderr)


class Words(Shell):
    def test_read_shows_each_width(self) -> None:
        self.make_ram(bytes(range(256)) * (MEBIBYTE // 256))
        for width, text in ((8, "0x08"), (16, "0x0908"), (32, "0x0b0a0908"),
                            (64, "0x0f0e0d0c0b0a0908")):
            self.assertEqual(self.ok("read", self.spec, 8, "--width", width), text + "\n")
        self.assertEqual(self.ok("read", self.spec, "0x7", "--count", 2),
                         "0x7: 0x0a090807\n0xb: 0x0e0d0c0b\n")
        self.assertEqual(self.data("read", self.spec, "1K", "--count", 2, "--width", 8),
                         {"address": "0x400", "width": 8, "values": ["0x00", "0x01"]})

    def test_write_writes_the_words_and_nothing_else(self) -> None:
        for width in (8, 16, 32, 64):
            for address in (0x100, 0x103, MEBIBYTE - 2 * width // 8):
                content = bytearray(self.make_ram())
                values = [self.random.getrandbits(width) for _ in range(2)]
                self.ok("write", self.spec, address, *values, "--width", width)
                for i, value in enumerate(values):
                    at = address + i * width // 8
                    content[at:at + width // 8] = value.to_bytes(width // 8, "little")
                self.assertEqual(self.ram.read_bytes(), content)
        self.assertEqual(self.data("write", self.spec, 0, "0x1f", "4K"),
                         {"address": "0x0", "width": 32, "values": ["0x0000001f", "0x00001000"]})

    def test_the_whole_range_has_to_be_ram(self) -> None:
        self.make_ram()
        hole = "0xa0000 is not RAM; RAM goes on at 0x100000"
        self.ok("read", self.pc, "0x9fffc")
        self.refused(1, hole, "read", self.pc, "0x9fffd")
        self.refused(1, hole, "read", self.pc, "0x9fffc", "--count", 2)
        self.refused(1, "0xfffff is not RAM", "read", self.pc, "0xfffff", "--width", 8)
        self.ok("read", self.pc, "0x100000")
        self.refused(1, "0x400000 is not RAM; RAM ends at 0x3fffff", "read", self.pc, "0x3fffff")
        self.refused(1, "RAM ends at 0xfffff", "read", self.spec, (1 << 64) - 4)
        self.refused(1, "RAM ends at 0xfffff", "read", self.spec, (1 << 64) - 1)
        pc = self.directory / "pc"
        before = pc.read_bytes()
        self.refused(1, hole, "write", self.pc, "0x9fffc", 1, 2)
        self.refused(1, hole, "fill", self.pc, "0x90000", "1M", 1)
        self.assertEqual(pc.read_bytes(), before)
        self.unchanged(1, "0x100000 is not RAM", "write", self.spec, MEBIBYTE - 4, 1, 2)
        self.unchanged(1, "0x0 is read-only", "write", self.spec + ",ro", 0, 1)

    def test_reading_needs_no_right_to_write(self) -> None:
        content = self.make_ram()
        self.ram.chmod(0o444)
        command = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        self.directory.chmod(0o755)
        if command and subprocess.run([*command, "test", "-r", self.ram], check=False).returncode:
            self.skipTest("skipped: setpriv, or a folder that others may read")
        spec = f"file:{self.ram},base=0"
        done = subprocess.run([*command, GUESTLINK, "read", spec, "0", "--width", "8"],
                              capture_output=True, text=True, timeout=LIMIT, check=False)
        self.assertEqual(done.stdout, f"0x{content[0]:02x}\n", done)
        done = subprocess.run([*command, GUESTLINK, "write", spec, "0", "1"],
                              capture_output=True, text=True, timeout=LIMIT, check=False)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("Permission denied", done.stderr)

    def test_map_and_info(self) -> None:
        self.ok("write", self.pc, "0x9fffc", 1)
        rows = self.data("map", self.pc)["rows"]
        self.assertEqual([(row["guest_address"], row["length"], row["permission"],
                           row["file_offset"]) for row in rows],
                         [("0x0", 0xA0000, "rw", "0x0"), ("0x100000", 0x300000, "rw", "0x100000")])
        pc = self.directory / "pc"
        self.assertEqual((rows[0]["path"], rows[0]["inode"]), (str(pc), pc.stat().st_ino))
        lines = self.ok("map", self.pc).splitlines()
        self.assertEqual(len(lines), 3)
        self.assertRegex(lines[1], r"^0x0 - 0x9ffff +640 KiB +rw +0x0 +- +" + str(pc) + "$")
        info = self.data("info", self.pc)
        self.assertEqual((info["machine"], info["ram_bytes"]), ("pc", 0x3A0000))
        self.assertEqual(info["populated_bytes"], PAGE)
        text = self.ok("info", self.pc)
        self.assertIn("3712 KiB (0x3a0000) in 2 rows", text)
        self.assertIn("populated    4 KiB", text)


class Dump(Shell):
    def hexdump(self, content: bytes, *arguments: str) -> str:
        return subprocess.run(["hexdump", "-C", *arguments, self.file("hexdump.in", content)],
                              capture_output=True, text=True, timeout=LIMIT, check=True).stdout

    def setUp(self) -> None:
        super().setUp()
        if shutil.which("hexdump") is None:
            self.skipTest("skipped: no hexdump")

    def test_is_what_hexdump_prints(self) -> None:
        content = bytearray(self.random.randbytes(MEBIBYTE))
        content[0x100:0x400] = bytes(0x300)
        content[0x1000:0x1100] = b"guest memory, 16" * 16
        self.make_ram(bytes(content))
        for length in (1, 15, 16, 17, 0x100, 0x101, 0x110, 0x1FF, 0x200, 0x2000, MEBIBYTE):
            self.assertEqual(self.ok("dump", self.spec, 0, length),
                             self.hexdump(bytes(content[:length])), length)
            self.assertEqual(self.ok("dump", self.spec, 0, length, "-v"),
                             self.hexdump(bytes(content[:length]), "-v"), length)

    def test_holes_and_starts_anywhere(self) -> None:
        """A sparse file; the address column is that of the guest."""
        self.ok("write", self.spec, "0x5008", "0x11223344")
        for start in (0, 1, 0xFFF, 0x4FF9):
            expected = self.hexdump(bytes(start) + self.ram.read_bytes()[start:0x7003], "-s",
                                    str(start))
            self.assertEqual(self.ok("dump", self.spec, start, 0x7003 - start), expected)
        base = 0xFFFFFFF0
        spec = f"mock:,size=8K,base={0xFFFFF000}"
        self.assertEqual(self.ok("dump", spec, base, 32),
                         f"{base:08x}  {'00 ' * 8} {'00 ' * 8} |{'.' * 16}|\n*\n100000010\n")

    def test_json_and_ranges(self) -> None:
        content = self.make_ram()
        self.assertEqual(self.data("dump", self.spec, 7, 300),
                         {"address": "0x7", "length": 300, "bytes": content[7:307].hex()})
        self.refused(1, "0x100000 is not RAM", "dump", self.spec, 1, "1M")
        self.refused(1, "0xa0000 is not RAM", "dump", self.pc, 0, "1M")


class Files(Shell):
    def test_load_and_save_move_every_byte(self) -> None:
        ram = bytearray(self.make_ram())
        for address, length in ((0, 1), (5, 4095), (0xFFF, PAGE + 2), (0, MEBIBYTE)):
            content = self.random.randbytes(length)
            image = self.file("image", content)
            self.ok("load", self.spec, image, address)
            ram[address:address + length] = content
            self.assertEqual(self.ram.read_bytes(), ram)
            out = self.directory / "out"
            summary = self.data("save", self.spec, address, length, out)
            self.assertEqual(out.read_bytes(), content)
            self.assertEqual((summary["address"], summary["length"]), (hex(address), length))
        self.assertEqual(self.data("load", self.spec, self.file("image", b"abc"), 1),
                         {"segments": [{"address": "0x1", "file_offset": "0x0", "file_bytes": 3,
                                        "zero_bytes": 0}], "entry": None})
        self.ok("load", self.spec, self.file("empty", b""), 0)

    def test_load_writes_all_or_nothing(self) -> None:
        self.make_ram()
        self.unchanged(1, "0x100000 is not RAM", "load", self.spec, self.file("i", bytes(2)),
                       MEBIBYTE - 1)
        self.unchanged(1, "cannot be opened: No such file", "load", self.spec, "/nowhere/x", 0)
        self.unchanged(1, "is not a regular file", "load", self.spec, self.directory, 0)
        self.unchanged(1, "is not a regular file", "load", self.spec, "/dev/zero", 0)

    def test_save_replaces_whole_files_and_never_the_ram(self) -> None:
        self.make_ram()
        out = self.file("out", b"old")
        out.chmod(0o640)
        self.refused(1, "0x100000 is not RAM", "save", self.spec, 1, "1M", out)
        self.assertEqual(out.read_bytes(), b"old")
        self.ok("save", self.spec, 0, 10, out)
        self.assertEqual(out.read_bytes(), self.ram.read_bytes()[:10])
        self.assertEqual(out.stat().st_mode & 0o777, 0o640)
        self.unchanged(1, "is the RAM file of this guest", "save", self.spec, 0, 10, self.ram)
        link = self.directory / "link"
        link.symlink_to(self.ram)
        self.unchanged(1, "is the RAM file of this guest", "save", self.spec, 0, 10, link)
        self.unchanged(1, "is the RAM file of this guest", "snapshot", self.spec, self.ram)
        self.refused(1, "No such file", "save", self.spec, 0, 10, "/nowhere/out")
        self.refused(1, "No space left", "save", self.spec, 0, 10, "/dev/full")
        self.assertEqual(sorted(path.name for path in self.directory.iterdir()),
                         ["link", "out", "ram"])

    def test_save_to_a_pipe(self) -> None:
        self.ok("write", self.spec, "0x9000", "0x11223344")
        done = self.run_it("save", self.spec, "0x8ffe", "0x5000", "/dev/stdout", binary=True)
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(done.stdout, self.ram.read_bytes()[0x8FFE:0xDFFE])

    def test_what_the_guest_never_touched_is_a_hole(self) -> None:
        spec = f"mock:{self.directory}/large,size=64G,base=0"
        self.ok("write", spec, "0x800000000", 1)
        out = self.directory / "out"
        summary = self.data("save", spec, 0, "64G", out)
        self.assertEqual((out.stat().st_size, summary["populated_bytes"]), (64 << 30, PAGE))
        self.assertLess(out.stat().st_blocks * 512, MEBIBYTE)

    def test_an_interrupted_save_ends_with_a_message(self) -> None:
        self.make_ram(bytes(8 * MEBIBYTE))
        fifo, reader = self.fifo()
        with subprocess.Popen([GUESTLINK, "save", f"file:{self.ram},base=0", "0", "8M", fifo],
                              stderr=subprocess.PIPE, text=True) as process:
            select.select([reader], [], [], LIMIT)  # it writes; the pipe takes less than one MiB
            process.send_signal(signal.SIGINT)
            while os.read(reader, 65536):
                pass
            _, errors = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, 1)
        self.assertIn("stopped by SIGINT while saving, after 1 MiB of 8 MiB", errors)

    def test_a_ram_file_cut_short_ends_a_save_with_a_message(self) -> None:
        self.make_ram(bytes(8 * MEBIBYTE))
        fifo, reader = self.fifo()
        with subprocess.Popen([GUESTLINK, "save", f"file:{self.ram},base=0", "0", "8M", fifo],
                              stderr=subprocess.PIPE, text=True) as process:
            select.select([reader], [], [], LIMIT)
            os.truncate(self.ram, 2 * MEBIBYTE)
            while os.read(reader, 65536):
                pass
            _, errors = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, 1)
        self.assertIn("the memory went away", errors)

    def test_a_pipe_that_nobody_reads_is_told(self) -> None:
        fifo = self.directory / "fifo"
        os.mkfifo(fifo)
        self.refused(1, "nobody reads this pipe", "save", self.spec, 0, "8K", fifo)

    def test_fill(self) -> None:
        ram = bytearray(self.make_ram())
        self.ok("fill", self.spec, 3, 4099, "0xa5")
        ram[3:4102] = b"\xa5" * 4099
        self.assertEqual(self.ram.read_bytes(), ram)
        summary = self.data("fill", self.spec, 2, "512K", "0x1122334455667788", "--width", 64)
        ram[2:2 + (512 << 10)] = struct.pack("<Q", 0x1122334455667788) * (64 << 10)
        self.assertEqual(self.ram.read_bytes(), ram)
        self.assertEqual(summary, {"address": "0x2", "length": 512 << 10, "width": 64,
                                   "value": "0x1122334455667788"})
        self.unchanged(1, "0x100000 is not RAM", "fill", self.spec, 1, "1M", 0)

    def test_compare(self) -> None:
        content = bytearray(self.make_ram())
        image = self.file("image", bytes(content))
        self.assertEqual(self.ok("compare", self.spec, 0, "--file", image), "")
        content[0x12345] ^= 0xFF
        content[0x54321] ^= 1
        image = self.file("image", bytes(content))
        text = self.ok("compare", self.spec, 0, "--file", image, code=1)
        self.assertEqual(text, f"0x12345 is 0x{content[0x12345] ^ 0xFF:02x}, but byte 0x12345 of "
                         f"{image} is 0x{content[0x12345]:02x}; 2 of 1048576 bytes differ\n")
        self.ok("compare", self.spec, 0, "0x12345", "--file", image)
        found = self.data("compare", self.spec, 0, "0x12346", "--file", image, code=1)
        self.assertEqual((found["equal"], found["different_bytes"]), (False, 1))
        self.assertEqual(found["first_difference"]["address"], "0x12345")
        self.refused(1, "fewer than LENGTH", "compare", self.spec, 0, "2M", "--file", image)
        self.refused(1, "cannot be opened", "compare", self.spec, 0, "--file", "/nowhere/x")
        self.refused(1, "0x100000 is not RAM", "compare", self.spec, 1, "--file", image)

    def test_compare_two_ranges(self) -> None:
        self.ok("fill", self.spec, 0, "64K", 7)
        self.ok("fill", self.spec, "128K", "64K", 7)
        self.ok("compare", self.spec, 0, "64K", "--with", "128K")
        self.ok("compare", self.spec, "64K", "64K", "--with", "192K")
        text = self.ok("compare", self.spec, 0, "64K", "--with", 1, code=1)
        self.assertEqual(text, "0xffff is 0x07, but 0x10000 is 0x00; 1 of 65536 bytes differ\n")
        self.assertTrue(self.data("compare", self.spec, 0, 9, "--with", 1)["equal"])
        self.refused(1, "0x100000 is not RAM", "compare", self.spec, 0, 2, "--with", MEBIBYTE - 1)


class Elf(Shell):
    """A 64-bit file with two segments, spoilt in one place a case."""
    EHDR = "<16sHHIQQQIHHHHHH"
    PHDR = "<IIQQQQQQ"

    def build(self, programs: list[tuple], **changes: object) -> pathlib.Path:
        fields = {"ident": b"\x7fELF\x02\x01\x01" + bytes(9), "type": 2, "machine": 62,
                  "version": 1, "entry": 0x40010, "phoff": 64, "shoff": 0, "flags": 0,
                  "ehsize": 64, "phentsize": 56, "phnum": len(programs), "shentsize": 0,
                  "shnum": 0, "shstrndx": 0}
        fields.update(changes)
        header = struct.pack(self.EHDR, *fields.values())
        for kind, offset, physical, in_file, in_memory in programs:
            header += struct.pack(self.PHDR, kind, 5, offset, 0xFFFF000000000000, physical,
                                  in_file, in_memory, 4096)
        return self.file("elf", header.ljust(0x1000, b"\0") + bytes(range(256)) * 16)

    GOOD = [(1, 0x1000, 0x40000, 0x300, 0x300), (4, 0, 0, 0, 0), (1, 0x1100, 0x10000, 0x80, 0x200)]

    def test_segments_go_to_their_physical_addresses(self) -> None:
        ram = bytearray(self.make_ram())
        summary = self.data("load", self.spec, self.build(self.GOOD), "--elf")
        data = bytes(range(256)) * 16
        ram[0x40000:0x40300] = data[:0x300]
        ram[0x10000:0x10200] = data[0x100:0x180] + bytes(0x180)
        self.assertEqual(self.ram.read_bytes(), ram)
        self.assertEqual(summary, {"segments": [
            {"address": "0x10000", "file_offset": "0x1100", "file_bytes": 0x80,
             "zero_bytes": 0x180},
            {"address": "0x40000", "file_offset": "0x1000", "file_bytes": 0x300,
             "zero_bytes": 0}], "entry": "0x40010"})
        text = self.ok("load", self.spec, self.build(self.GOOD), "--elf")
        self.assertIn("0x10000: 128 bytes from byte 0x1100 of the file, then 384 bytes of zeroes",
                      text)
        self.assertIn("entry 0x40010", text)

    def test_32_bits(self) -> None:
        ram = bytearray(self.make_ram())
        header = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\x01\x01\x01" + bytes(9), 2, 40, 1,
                             0x8000, 52, 0, 0, 52, 32, 1, 0, 0, 0)
        header += struct.pack("<IIIIIIII", 1, 0x54, 0xC0000000, 0x8000, 4, 8, 7, 4)
        self.ok("load", self.spec, self.file("elf", header + b"code"), "--elf")
        ram[0x8000:0x8008] = b"code\0\0\0\0"
        self.assertEqual(self.ram.read_bytes(), ram)

    def test_hostile_headers_write_nothing(self) -> None:
        self.make_ram()
        top = (1 << 64) - 1
        one = self.GOOD[:1]
        ident = b"\x7fELF\x02\x01\x01" + bytes(9)
        for part, programs, changes in (
                ("does not start with", one, {"ident": b"\x7fELG\x02\x01\x01" + bytes(9)}),
                ("EI_DATA is 2", one, {"ident": ident[:5] + b"\x02" + ident[6:]}),
                ("EI_CLASS is 3", one, {"ident": ident[:4] + b"\x03" + ident[5:]}),
                ("e_phentsize is 0x37", one, {"phentsize": 0x37}),
                ("e_phnum is 0xffff", one, {"phnum": 0xFFFF}),
                ("e_phnum 65534, but the file has only", one, {"phnum": 0xFFFE}),
                ("e_phoff is 0x2000", one, {"phoff": 0x2000}),
                ("e_phoff is 0xffffffffffffffff", one, {"phoff": top}),
                ("no PT_LOAD", [], {}),
                ("no PT_LOAD", [(4, 0, 0, 0, 0), (1, 0, 0x1000, 0, 0)], {}),
                ("p_filesz 0x300, more than its p_memsz 0x2ff",
                 [(1, 0x1000, 0x40000, 0x300, 0x2FF)], {}),
                ("p_offset 0x1000 and p_filesz 0x1001", [(1, 0x1000, 0, 0x1001, 0x1001)], {}),
                ("p_offset 0xffffffffffffff00", [(1, top - 255, 0, 0x1000, 0x1000)], {}),
                ("p_filesz 0xffffffffffffffff", [(1, 0x1000, 0, top, top)], {}),
                ("ends above 2^64 - 1", [(1, 0, top, 1, 1)], {}),
                ("ends above 2^64 - 1", [(1, 0, 0x1000, 0, top)], {}),
                ("0x100000 is not RAM", [(1, 0, 0xFFFFF, 1, 2)], {}),
                ("is not RAM", [(1, 0, 0x1000, 1, top - 0x1000)], {}),
                ("0x10000 overlaps the one at 0xff00",
                 [(1, 0, 0x10000, 1, 1), (1, 0, 0xFF00, 1, 0x101)], {}),
                ("0x100000 is not RAM", [(1, 0, 0x10000, 9, 9), (1, 0, 0x100000, 1, 1)], {})):
            with self.subTest(part):
                self.unchanged(1, part, "load", self.spec, self.build(programs, **changes), "--elf")
        whole = self.build(self.GOOD).read_bytes()
        for length in (0, 3, 15, 16, 63, 64, 119):
            self.unchanged(1, "ELF file", "load", self.spec, self.file("short", whole[:length]),
                           "--elf")

    def test_random_headers_end_in_a_message(self) -> None:
        self.make_ram()
        good = self.build(self.GOOD).read_bytes()
        for _ in range(60):
            bad = bytearray(good)
            for _ in range(self.random.randint(1, 6)):
                bad[self.random.randrange(4, 232)] = self.random.choice((0, 1, 0x7F, 0x80, 0xFF))
            done = self.run_it("load", self.spec, self.file("elf", bytes(bad)), "--elf")
            self.assertIn(done.returncode, (0, 1), done)


class Find(Shell):
    def matches(self, *arguments: object, code: int = 0) -> list[int]:
        return [int(line, 0) for line in self.ok("find", *arguments, code=code).split()]

    def test_bytes_text_and_words(self) -> None:
        self.ok("write", self.spec, "0x5001", "0x44434241", "--width", 32)
        self.ok("write", self.spec, "0x7ffc", "0x4443424144434241", "--width", 64)
        everywhere = [0x5001, 0x7FFC, 0x8000]
        self.assertEqual(self.matches(self.spec, "--text", "ABCD"), everywhere)
        self.assertEqual(self.matches(self.spec, "--bytes", "41 42:4344"), everywhere)
        self.assertEqual(self.matches(self.spec, "--value", "0x44434241"), everywhere[1:])
        self.assertEqual(self.matches(self.spec, "--value", "0x44434241", "--align", 1), everywhere)
        self.assertEqual(self.matches(self.spec, "--text", "ABCD", "--align", "4K"), [0x8000])
        self.assertEqual(self.matches(self.spec, "--value", "0x4443424144434241", "--width", 64,
                                      "--align", 4), [0x7FFC])
        self.assertEqual(self.matches(self.spec, "--text", "ABCE", code=1), [])
        self.assertEqual(self.matches(self.spec, "0x5002", "0x3001", "--text", "ABCD"), [0x7FFC])
        self.assertEqual(self.matches(self.spec, "0x5002", "0x2ffd", "--text", "ABCD", code=1), [])

    def test_json_and_limit(self) -> None:
        self.ok("fill", self.spec, "0x1000", 16, "0x61")
        found = self.data("find", self.spec, "--text", "aa", "--limit", 3)
        self.assertEqual(found, {"matches": ["0x1000", "0x1001", "0x1002"], "more": True,
                                 "populated_bytes_searched": PAGE})
        self.assertEqual(len(self.data("find", self.spec, "--text", "aa")["matches"]), 15)
        self.assertEqual(self.data("find", self.spec, "--text", "b", code=1)["matches"], [])
        done = self.run_it("find", self.spec, "--text", "aa", "--limit", 3)
        self.assertIn("stopped after 3 matches", done.stderr)

    def test_zeroes_are_found_in_holes_too(self) -> None:
        self.ok("fill", self.spec, "0x1000", 4096, 1)
        zeroes = self.matches(self.spec, "--value", 0, "--align", "0x800", "--limit", 4)
        self.assertEqual(zeroes, [0, 0x800, 0x2000, 0x2800])
        self.assertEqual(self.matches(self.spec, 0, "0x2004", "--value", 0, "--align", 1,
                                      "--limit", "1M")[-2:],
                         [0xFFC, 0x2000])

    def test_random_patterns_against_a_model(self) -> None:
        """Of few letters, so that there are many matches; with holes, across pages and chunks."""
        content = bytearray(3 * MEBIBYTE)
        for page in range(0, len(content), PAGE):
            if self.random.random() < 0.5:
                content[page:page + PAGE] = bytes(self.random.choices(b"\0\0ab", k=PAGE))
        ram = self.directory / "sparse"
        with ram.open("wb") as file:
            file.truncate(len(content))
            for page in range(0, len(content), PAGE):
                if any(content[page:page + PAGE]):
                    file.seek(page)
                    file.write(content[page:page + PAGE])
        spec = f"file:{ram},base=0x80000000"
        for _ in range(40):
            start = self.random.choice((0, PAGE - 3, MEBIBYTE - 2,
                                        self.random.randrange(len(content))))
            length = self.random.choice((1, 2, 3, 5, 9, 17, 5000 - PAGE))
            pattern = bytes(content[start:start + length])
            align = self.random.choice((1, 1, 2, 8, 64, 4096))
            expected = []
            at = content.find(pattern)
            while at >= 0 and len(expected) < 200:
                if at % align == 0:
                    expected.append(0x80000000 + at)
                at = content.find(pattern, at + 1)
            found = self.matches(spec, "--bytes", pattern.hex(), "--align", align, "--limit", 200,
                                 code=0 if expected else 1)
            self.assertEqual(found, expected, (pattern, align))

    def test_a_match_may_lie_across_rows_of_two_files_but_not_a_hole(self) -> None:
        self.ok("fill", self.pc, "0x9fffe", 2, "0x61")
        self.ok("fill", self.pc, "0x100000", 2, "0x61")
        self.assertEqual(self.matches(self.pc, "--text", "aa"), [0x9FFFE, 0x100000])
        self.assertEqual(self.matches(self.pc, "--text", "aaa", code=1), [])
        self.refused(1, "no RAM in the range", "find", self.pc, "0xa0000", "64K", "--text", "a")

    def test_doorbell_pages_and_what_they_are(self) -> None:
        def publish(address: int, self_address: int) -> None:
            page = bytearray(0x60)
            page[:16] = b"GUESTLINK-" + b"DBELL1"
            struct.pack_into("<QII", page, 0x10, self_address, 1, 0xCAFE)
            struct.pack_into("<Q", page, 0x50, 1)
            self.ok("load", self.spec, self.file("page", bytes(page)), address)
        publish(0x5000, 0x5000)
        publish(0x7000, 0x5000)
        publish(0x9010, 0x9010)  # no page start
        publish(0xB000, 0xB000)
        stop = threading.Event()

        def beat() -> None:
            with self.ram.open("r+b", buffering=0) as file:
                for value in range(1, 1 << 32):
                    os.pwrite(file.fileno(), struct.pack("<Q", value), 0xB020)
                    if stop.wait(0.002):
                        return
        thread = threading.Thread(target=beat)
        thread.start()
        try:
            found = self.data("find", self.spec, "--doorbell")["matches"]
        finally:
            stop.set()
            thread.join()
        self.assertEqual([(page["address"], page["self_address"], page["live"]) for page in found],
                         [("0x5000", "0x5000", False), ("0x7000", "0x5000", False),
                          ("0xb000", "0xb000", True)])
        self.assertEqual((found[0]["session"], found[0]["state"]), ("0xcafe", 1))
        text = self.ok("find", self.spec, "--doorbell")
        self.assertIn("0x5000: session 0xcafe, state 1, its heartbeat stands still\n", text)
        self.assertIn("0x7000: session 0xcafe, state 1, a copy of the page at 0x5000\n", text)
        self.ok("find", self.pc, "--doorbell", code=1)

    def test_a_sparse_guest_is_not_read_through(self) -> None:
        spec = f"mock:{self.directory}/large,size=64G,base=0"
        self.ok("write", spec, "0xc00000000", "0x12345678")
        start = time.monotonic()
        self.assertEqual(self.matches(spec, "--value", "0x12345678"), [0xC00000000])
        self.assertLess(time.monotonic() - start, LIMIT / 2)
        self.assertLess((self.directory / "large").stat().st_blocks * 512, MEBIBYTE)


class Watch(Shell):
    def start(self, *arguments: object) -> subprocess.Popen:
        process = subprocess.Popen([GUESTLINK, "watch", self.spec, *map(str, arguments)],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def store(self, address: int, value: int) -> None:
        with self.ram.open("r+b", buffering=0) as file:
            os.pwrite(file.fileno(), struct.pack("<I", value), address)

    def test_a_word_until_a_signal(self) -> None:
        self.make_ram(bytes(MEBIBYTE))
        process = self.start("0x1000", "--interval", "0.001")
        self.assertRegex(process.stdout.readline(),
                         r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z 0x1000: 0x00000000\n$")
        self.store(0x1000, 5)
        self.assertIn("0x1000: 0x00000000 -> 0x00000005", process.stdout.readline())
        self.store(0x1004, 6)
        self.store(0x1000, 7)
        self.assertIn("0x1000: 0x00000005 -> 0x00000007", process.stdout.readline())
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=LIMIT)
        self.assertRegex(rest, r"^2 changes in \d+\.\d{3} s, ended by SIGINT\n$")
        self.assertEqual(process.returncode, 0)

    def test_a_signal_ends_a_long_pause(self) -> None:
        self.make_ram(bytes(MEBIBYTE))
        process = self.start("0x1000", "--interval", 10 * LIMIT)
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=LIMIT)
        self.assertRegex(rest, r"^0 changes in .* ended by SIGTERM\n$")
        self.assertEqual(process.returncode, 0)

    def test_a_range_and_a_count(self) -> None:
        self.make_ram(bytes(MEBIBYTE))
        process = self.start("0x1000", "0x3000", "--interval", "0.001", "--count", 2, "--json",
                             "--timeout", LIMIT)
        time.sleep(0.2)  # nothing is printed before the first change of a range
        self.store(0x2FFC, 1)
        self.assertIn("0x2ffc: 0x00000000 -> 0x00000001", process.stderr.readline())
        self.store(0x3FFC, 2)
        output, _ = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, 0)
        found = json.loads(output)
        self.assertEqual((found["count"], found["ended_by"]), (2, "count"))
        self.assertEqual([(change["address"], change["old"], change["new"])
                          for change in found["changes"]],
                         [("0x2ffc", "0x00000000", "0x00000001"),
                          ("0x3ffc", "0x00000000", "0x00000002")])

    def test_time_over(self) -> None:
        self.make_ram(bytes(MEBIBYTE))
        text = self.ok("watch", self.spec, 0, "--timeout", "0.05", "--interval", LIMIT, code=1)
        self.assertRegex(text.splitlines()[-1], r"^0 changes in .* ended by timeout$")
        self.refused(1, "0x100000 is not RAM", "watch", self.spec, MEBIBYTE - 2)


class Snapshots(Shell):
    def setUp(self) -> None:
        super().setUp()
        self.before = self.directory / "before.snap"
        self.after = self.directory / "after.snap"

    def test_round_trip(self) -> None:
        content = bytearray(self.make_ram())
        content[0x3000:0x9000] = bytes(0x6000)
        self.make_ram(bytes(content))
        self.assertEqual(self.data("snapshot", self.spec, self.before),
                         {"file": str(self.before), "ram_bytes": MEBIBYTE,
                          "data_bytes": MEBIBYTE - 0x6000})
        self.assertEqual(self.ok("diff", self.spec, self.before), "0 pages differ, 0 bytes\n")
        for address, value in ((0, 1), (0xFFF, 1), (0x5000, 0xFF), (0x20000, 1), (0x20010, 3),
                               (0xFFFFF, 1)):
            content[address] ^= value
        content[0x40000:0x41000] = bytes(PAGE)
        old = self.ram.read_bytes()
        self.make_ram(bytes(content))
        self.ok("snapshot", self.spec, self.after)
        changed = self.data("diff", self.before, self.after, code=1)
        self.assertEqual([page["address"] for page in changed["pages"]],
                         ["0x0", "0x5000", "0x20000", "0x40000", "0xff000"])
        self.assertEqual(changed["pages"][2], {
            "address": "0x20000", "bytes": 2, "first": "0x20000",
            "old": f"0x{old[0x20000]:02x}", "new": f"0x{content[0x20000]:02x}"})
        self.assertEqual(changed["different_pages"], 5)
        self.assertEqual(changed["different_bytes"], sum(a != b for a, b in zip(old, content)))
        self.assertTrue(changed["same_map"])
        self.assertEqual(self.data("diff", self.spec, self.before, code=1), changed)
        self.assertEqual(self.data("diff", self.before, "--attach", self.spec, code=1), changed)
        self.assertEqual(self.data("diff", self.spec, self.after)["different_pages"], 0)
        text = self.ok("diff", self.before, self.after, "--limit", 2, code=1)
        self.assertEqual(text.splitlines()[0], f"0x0: 2 bytes, the first at 0x0: 0x{old[0]:02x} -> "
                         f"0x{content[0]:02x}")
        self.assertIn("and 3 more (--limit)\n5 pages differ, ", text)

    def test_a_sparse_guest_makes_a_small_file(self) -> None:
        spec = f"mock:{self.directory}/large,size=16G,machine=q35"
        self.ok("write", spec, "0x200000000", 1)
        self.ok("snapshot", spec, self.before)
        self.assertLess(self.before.stat().st_size, 16384)
        self.ok("write", spec, "0x1000", "0x99")
        text = self.ok("diff", spec, self.before, code=1)
        self.assertEqual(text, "0x1000: 1 byte, the first at 0x1000: 0x00 -> 0x99\n"
                         "1 page differs, 1 byte\n")

    def test_another_map_is_a_difference(self) -> None:
        self.ok("snapshot", self.spec, self.before)
        self.ok("snapshot", f"mock:,size=2M", self.after)
        text = self.ok("diff", self.before, self.after, code=1)
        self.assertEqual(text, "only before: RAM 0x0 - 0xfffff\nonly after: RAM 0x0 - 0x1fffff\n"
                         "0 pages differ, 0 bytes\n")
        self.assertFalse(self.data("diff", self.before, self.after, code=1)["same_map"])

    def test_hostile_files_are_refused(self) -> None:
        self.ok("write", self.spec, "0x1000", 1)
        self.ok("write", self.spec, "0x8000", 1)
        self.ok("snapshot", self.spec, self.before)
        good = self.before.read_bytes()
        self.assertEqual(len(good), 3 * PAGE + 16 + 2 * 16)
        top = (1 << 64) - 1
        tables = 3 * PAGE

        def spoilt(offset: int, value: int) -> bytes:
            return good[:offset] + struct.pack("<Q", value) + good[offset + 8:]
        for part, content in (
                ("is too short", b""), ("is too short", good[:PAGE - 1]),
                ("does not start with GLSNAP01", b"x" + good[1:]),
                ("bytes of data do not fit", spoilt(8, top)),
                ("rows do not fit", spoilt(16, top)), ("rows do not fit", spoilt(16, 1 << 60)),
                ("runs do not fit", spoilt(24, top)), ("runs do not fit", spoilt(24, 1 << 60)),
                ("too many", good + b"x"), ("do not fit", good[:-1]),
                ("is empty, overlaps or ends above", spoilt(tables + 8, 0)),
                ("is empty, overlaps or ends above", spoilt(tables, top)),
                ("is in no row of RAM", spoilt(tables + 16, MEBIBYTE)),
                ("is empty or overlaps", spoilt(tables + 24, 0)),
                ("has no data in the file", spoilt(tables + 24, 3 * PAGE)),
                ("has no data in the file", spoilt(tables + 24, top)),
                ("is empty or overlaps", spoilt(tables + 32, 0x1000)),
                ("bytes of data in no run", spoilt(tables + 40, 1))):
            with self.subTest(part):
                self.refused(1, part, "diff", self.file("bad.snap", content), self.before)
                self.refused(1, part, "diff", self.before, self.directory / "bad.snap")
        self.refused(1, "cannot be opened", "diff", "/nowhere/x.snap", self.before)
        for _ in range(40):
            bad = bytearray(good)
            for _ in range(self.random.randint(1, 4)):
                at = self.random.choice((self.random.randrange(32),
                                         self.random.randrange(tables, len(good))))
                bad[at] = self.random.choice((0, 1, 0x7F, 0x80, 0xFF))
            done = self.run_it("diff", self.file("bad.snap", bytes(bad)), self.before)
            self.assertIn(done.returncode, (0, 1), done)


class Doctor(Shell):
    def fake_qemu(self, version: str, objects: str, devices: str, rest: str = "") -> pathlib.Path:
        path = self.file("qemu", (
            f"#!/bin/sh\ncase $1 in --version) echo 'QEMU emulator version {version}' ;;\n"
            f"-object) echo '{objects}' ;; -device) echo '{devices}' ;; esac\n{rest}").encode())
        path.chmod(0o755)
        return path

    def checks(self, qemu: pathlib.Path | str, code: int, *more: str) -> dict:
        found = self.data("doctor", *more, "--qemu", qemu, code=code)
        self.assertEqual(found["ok"], code == 0)
        for check in found["checks"]:
            self.assertEqual(check["advice"] == "", check["verdict"] == "OK", check)
        return {check["name"]: check for check in found["checks"]}

    ALL = "memory-backend-file\n  memory-backend-memfd\n"

    def test_a_good_qemu(self) -> None:
        qemu = self.fake_qemu("10.1.0 (Debian)", self.ALL, 'name "vfio-user-pci", bus PCI')
        checks = self.checks(qemu, 0)
        self.assertEqual(checks["QEMU"]["found"],
                         f"QEMU emulator version 10.1.0 (Debian), {qemu}")
        for name in ("QEMU", "memory-backend-file", "memory-backend-memfd", "vfio-user-pci"):
            self.assertEqual(checks[name]["verdict"], "OK")
        self.assertEqual(set(checks) - {"QEMU"}, {
            "memory-backend-file", "memory-backend-memfd", "vfio-user-pci", "/dev/shm",
            "/dev/kvm", "locked memory", "file size", "max map count", "Verilator"})
        text = self.ok("doctor", "--qemu", qemu)
        self.assertIn("OK    QEMU", text)

    def test_what_is_missing_is_told_with_advice(self) -> None:
        checks = self.checks(self.directory / "absent", 1)
        self.assertEqual(checks["QEMU"]["verdict"], "FAIL")
        self.assertIn("install qemu", checks["QEMU"]["advice"])
        self.assertEqual(self.checks(self.fake_qemu("4.2.1", self.ALL, ""), 1)["QEMU"]["verdict"],
                         "FAIL")
        self.assertEqual(self.checks(self.fake_qemu("seven", "", ""), 1)["QEMU"]["verdict"], "FAIL")
        checks = self.checks(self.fake_qemu("7.2.0", "memory-backend-files", ""), 1)
        self.assertEqual(checks["memory-backend-file"]["verdict"], "FAIL")
        self.assertEqual(checks["memory-backend-memfd"]["verdict"], "WARN")
        self.assertEqual(checks["vfio-user-pci"]["verdict"], "WARN")
        self.assertEqual(self.checks(self.fake_qemu("7.2.0", self.ALL, "", "exit 3"), 1)
                         ["QEMU"]["verdict"], "FAIL")

    def test_limits_are_seen(self) -> None:
        qemu = self.fake_qemu("7.2.0", self.ALL, "")
        done = subprocess.run(["bash", "-c", f"ulimit -f 1024; '{GUESTLINK}' doctor --qemu {qemu}"],
                              capture_output=True, text=True, timeout=LIMIT, check=False)
        self.assertIn("WARN  file size             1 MiB\n", done.stdout)
        self.assertIn("-> ulimit -f unlimited", done.stdout)

    def test_a_spec_is_tried(self) -> None:
        qemu = self.fake_qemu("7.2.0", self.ALL, "")
        self.assertEqual(self.checks(qemu, 0, self.spec)["attach"]["verdict"], "OK")
        check = self.checks(qemu, 1, f"file:{self.directory}/absent,base=0")["attach"]
        self.assertEqual(check["verdict"], "FAIL")
        self.assertIn("/absent' does not exist", check["found"])


class Completion(Shell):
    def script(self, shell: str) -> pathlib.Path:
        text = self.ok("completion", shell)
        self.assertEqual(self.data("completion", shell), {"shell": shell, "script": text})
        return self.file(f"script.{shell}", text.encode())

    def complete(self, *words: str) -> list[str]:
        """What bash offers for the last word."""
        quoted = " ".join(f"'{word}'" for word in words)
        code = (f"source {self.directory}/script.bash; COMP_WORDS=({quoted}); "
                f"COMP_CWORD={len(words) - 1}; _guestlink 2>/dev/null; "
                "printf '%s\\n' \"${COMPREPLY[@]}\"")
        done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, timeout=LIMIT,
                              cwd=self.directory, check=True)
        return done.stdout.split()

    def test_bash(self) -> None:
        script = self.script("bash")
        done = subprocess.run(["bash", "-n", script], capture_output=True, text=True,
                              timeout=LIMIT, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(sorted(self.complete("guestlink", "s")), ["save", "snapshot"])
        self.assertEqual(set(COMMANDS) - set(self.complete("guestlink", "")), set())
        self.assertEqual(self.complete("guestlink", "read", "--w"), ["--width"])
        self.assertEqual(self.complete("guestlink", "read", "--width", ""), ["8", "16", "32", "64"])
        self.assertEqual(self.complete("guestlink", "map", "mo"), ["mock:"])
        self.assertEqual(self.complete("guestlink", "completion", ""), ["bash", "zsh", "fish"])
        self.file("kernel.elf", b"")
        self.assertEqual(self.complete("guestlink", "compare", "--file", "ker"), ["kernel.elf"])

    def test_every_option_of_every_command_is_in_every_script(self) -> None:
        for shell in ("bash", "zsh", "fish"):
            text = self.script(shell).read_text()
            for command in COMMANDS:
                self.assertIn(command, text)
                for line in self.ok(command, "--help").splitlines():
                    words = line.split()
                    if not words or not words[0].startswith("-"):
                        continue
                    for name in words[0].split(","):
                        bare = name.lstrip("-")
                        self.assertIn(f"-l {bare}" if shell == "fish" and name.startswith("--")
                                      else f"-s {bare}" if shell == "fish" else name, text)


class OtherShells(Shell):
    def test_zsh_and_fish_take_theirs(self) -> None:
        tried = 0
        for shell, *options in (("zsh", "-n"), ("fish", "--no-execute")):
            if shutil.which(shell) is None:
                continue
            tried += 1
            script = self.file("script", self.ok("completion", shell).encode())
            done = subprocess.run([shell, *options, script], capture_output=True, text=True,
                                  timeout=LIMIT, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        if tried == 0:
            self.skipTest("skipped: no zsh, no fish")


class ProgressLines(Shell):
    def test_a_slow_save_tells_how_far_it_is(self) -> None:
        fifo, reader = self.fifo()
        self.make_ram(bytes(8 * MEBIBYTE))
        spec = f"file:{self.ram},base=0"
        with subprocess.Popen([GUESTLINK, "save", spec, "0", "8M", fifo],
                              stderr=subprocess.PIPE, text=True) as process:
            select.select([reader], [], [], LIMIT)
            time.sleep(2.3)
            while os.read(reader, 1 << 20):
                pass
            _, errors = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, 0, errors)
        self.assertRegex(errors, r"^saving: 1 MiB of 8 MiB, 12 %, \d+ MB/s\n")
        self.assertLessEqual(errors.count("saving:"), 3)
        self.assertIn("8 MiB from 0x0", errors)


if __name__ == "__main__":
    del sys.argv[1]
    unittest.main(verbosity=1)
