# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""`guestlink run` around a stand-in for QEMU: guestlink_run_test.py GUESTLINK [CASE ...].

Exit codes, signals, descriptors, the files that are made and removed. A case is a class below.
"""
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

GUESTLINK = pathlib.Path(sys.argv[1]).resolve()
LIMIT = 20  # seconds, for everything that is waited for


def ended(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stream:
            return stream.read().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


class Run(unittest.TestCase):
    """What the cases share: a directory with the stand-in, and runs of the launcher."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.qemu = self.directory / "qemu-system-x86_64"
        shutil.copy(pathlib.Path(__file__).parent / "fake_qemu.py", self.qemu)
        self.qemu.chmod(0o755)
        self.log = self.directory / "log"
        self.places = self.directory / "tmp"
        self.places.mkdir()

    def environment(self, fake: str, **more: str) -> dict:
        return {**os.environ, "FAKE": fake, "LOG": str(self.log), "TMPDIR": str(self.places),
                **more}

    def start(self, fake: str, *options: str, **settings: object) -> subprocess.Popen:
        process = subprocess.Popen(
            [str(GUESTLINK), "run", *options, "--", str(self.qemu), "-m", "64M"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            **{"stdin": subprocess.DEVNULL, "env": self.environment(fake), **settings})
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process: subprocess.Popen) -> None:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=LIMIT)

    def run_to_end(self, fake: str, *options: str, **settings: object) -> tuple[int, str, str]:
        process = self.start(fake, *options, **settings)
        out, errors = process.communicate(timeout=LIMIT)
        self.assertEqual(list(self.places.iterdir()), [], "the socket's directory is left")
        return process.returncode, out, errors

    def seen(self) -> dict:
        facts = {}
        for line in self.log.read_text().splitlines() if self.log.exists() else []:
            facts.update(json.loads(line))
        return facts

    def signals(self) -> list[int]:
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line["signal"] for line in lines if "signal" in line]

    def wait(self, what) -> None:
        end = time.monotonic() + LIMIT
        while not what():
            self.assertLess(time.monotonic(), end, f"waited in vain; seen: {self.seen()}")
            time.sleep(0.02)


class Usage(Run):
    def check(self, code: int, text: str, *words: str) -> None:
        done = subprocess.run([str(GUESTLINK), "run", *words], capture_output=True, text=True,
                              timeout=LIMIT, check=False, env=self.environment("run"))
        self.assertEqual(done.returncode, code, done)
        self.assertIn(text, done.stdout + done.stderr)

    def test_help(self) -> None:
        self.check(0, "Exit codes", "--help")

    def test_usage(self) -> None:
        self.check(2, "no '--' before the QEMU command", "qemu-system-x86_64", "-m", "512")
        self.check(2, "no QEMU command")
        self.check(2, "no QEMU command", "--quiet", "--")
        self.check(2, "'--quite' is no option", "--quite", "--", str(self.qemu))
        self.check(2, "--timeout", "--timeout", "soon", "--", str(self.qemu))
        self.check(2, "-daemonize", "--", str(self.qemu), "-daemonize")
        self.check(2, "'lots' is not a size", "--", str(self.qemu), "-m", "lots")
        self.assertEqual(self.seen(), {}, "QEMU was started")

    def test_program(self) -> None:
        self.check(127, "cannot execute no-such-qemu", "--", "no-such-qemu")
        self.qemu.chmod(0o644)
        self.check(126, "Permission denied", "--", str(self.qemu))

    def test_ram_that_cannot_be(self) -> None:
        self.check(1, "cannot make 8589934592 GiB", "--", str(self.qemu), "-m", "8E")
        shell = f"ulimit -f 1000; exec {GUESTLINK} run -- {self.qemu} -m 1G"
        done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=LIMIT,
                              check=False, env=self.environment("run"))
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("ulimit -f", done.stderr)

    def test_a_place_for_the_socket(self) -> None:
        long = self.places / ("x" * 100)
        long.mkdir()
        done = subprocess.run([str(GUESTLINK), "run", "--", str(self.qemu)], capture_output=True,
                              text=True, timeout=LIMIT, check=False,
                              env=self.environment("run", TMPDIR=str(long)))
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("set TMPDIR to a shorter path", done.stderr)
        self.assertEqual(list(long.iterdir()), [])


class Start(Run):
    def test_what_qemu_finds(self) -> None:
        process = self.start("run")
        self.wait(lambda: "ready" in self.seen())
        seen = self.seen()
        self.assertEqual((seen["seals"], seen["size"], seen["resize"]), (7, 64 << 20, "EPERM"))
        self.assertEqual(seen["mode"], 0o700)
        self.assertEqual(seen["blocked"], 0)
        self.assertEqual(seen["group"], os.getpgid(process.pid))
        self.assertEqual(len(seen["descriptors"]), 7, "3 and RAM and sockets")

    def test_stdin_is_qemus(self) -> None:
        process = self.start("stdin", stdin=subprocess.PIPE)
        process.stdin.write("typed\n")
        process.stdin.flush()
        self.wait(lambda: "ready" in self.seen())
        self.assertEqual(self.seen()["stdin"], "typed\n")

    def test_exit_codes(self) -> None:
        self.assertEqual(self.run_to_end("exit0")[0], 0)
        code, _, errors = self.run_to_end("exit33")
        self.assertEqual(code, 33)
        self.assertEqual(errors.splitlines()[-1], "guestlink run: QEMU ended with exit code 33")
        code, _, errors = self.run_to_end("crash")
        self.assertEqual(code, 128 + signal.SIGSEGV)
        self.assertIn("exit code 139 (signal 11)", errors)

    def test_qemu_that_ends_at_once(self) -> None:
        code, _, errors = self.run_to_end("early", "--exec", "touch ran", cwd=self.directory)
        self.assertEqual(code, 1)
        self.assertIn("fake: cannot start\n", errors)
        self.assertEqual(errors.splitlines()[-1],
                         "guestlink run: QEMU ended with exit code 1 before it answered on QMP")
        self.assertFalse((self.directory / "ran").exists())

    def test_qemu_that_does_not_answer(self) -> None:
        code, _, errors = self.run_to_end("silent", "--timeout", "1")
        self.assertEqual(code, 1)
        self.assertIn("not answered on QMP for 1 s", errors)
        self.assertTrue(ended(self.seen()["pid"]))

    def test_qemu_that_does_not_end(self) -> None:
        code, _, errors = self.run_to_end("stubborn", "--timeout", "1")
        self.assertEqual(code, 1)
        self.assertIn("killing what does not end", errors)
        self.assertTrue(ended(self.seen()["pid"]))

    def test_what_is_no_qmp(self) -> None:
        for fake, text in (("garbage", "cannot understand 'this is no QMP'"),
                           ("endless", "an endless line")):
            code, _, errors = self.run_to_end(fake)
            self.assertEqual(code, 1)
            self.assertIn(text, errors)

    def test_quiet(self) -> None:
        self.assertEqual(self.run_to_end("exit0", "--quiet"), (0, "", ""))


class Signals(Run):
    def test_are_passed_on(self) -> None:
        process = self.start("run")
        self.wait(lambda: "ready" in self.seen())
        sent = [signal.SIGINT, signal.SIGHUP, signal.SIGQUIT]
        for number in sent:
            process.send_signal(number)
            self.wait(lambda: self.signals()[-1:] == [number])
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(LIMIT), 7)
        self.assertEqual(self.signals(), [*sent, signal.SIGTERM])
        self.assertEqual(list(self.places.iterdir()), [])

    def test_early_ones_too(self) -> None:
        process = self.start("silent")
        self.wait(lambda: "ready" in self.seen())
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(LIMIT), 7)

    def test_of_a_terminal_come_once(self) -> None:
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(GUESTLINK, ["guestlink", "run", "--", str(self.qemu)],
                      self.environment("run"))
        self.addCleanup(os.close, terminal)
        self.wait(lambda: "ready" in self.seen())
        os.write(terminal, b"\x03")
        self.wait(self.signals)
        os.kill(pid, signal.SIGTERM)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 7)
        self.assertEqual(self.signals(), [signal.SIGINT, signal.SIGTERM])

    def test_ignored_ones_stay_ignored(self) -> None:
        self.start("run", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        self.wait(lambda: "ready" in self.seen())
        self.assertTrue(self.seen()["ignored"] >> (signal.SIGHUP - 1) & 1)

    def test_qemu_dies_with_the_launcher(self) -> None:
        tool = self.directory / "tool"
        process = self.start("run", "--exec", f"echo $$ > {tool}; exec sleep 60")
        self.wait(lambda: tool.exists() and tool.read_text().endswith("\n"))
        process.kill()
        self.wait(lambda: ended(self.seen()["pid"]))
        self.wait(lambda: ended(int(tool.read_text())))


class Spec(Run):
    def test_file(self) -> None:
        path = self.directory / "spec"
        path.write_text("of an earlier run")
        process = self.start("run", "--spec-file", str(path))
        self.wait(lambda: path.exists() and path.read_text() != "of an earlier run")
        spec = path.read_text()
        self.assertRegex(
            spec, r"\Aqmp:/\S+/qmp.sock,watch=/\S+/watch.sock,qtest=/\S+/qtest.sock\n\Z")
        for part in spec.strip().split(","):
            self.assertTrue(pathlib.Path(re.split("[:=]", part)[1]).is_socket(), part)
        process.terminate()
        errors = process.communicate(timeout=LIMIT)[1]
        self.assertIn("attach with " + spec, errors)
        self.assertFalse(path.exists())

    def test_json(self) -> None:
        path = self.directory / "spec"
        process = self.start("run", "--json", "--spec-file", str(path))
        self.wait(path.exists)
        report = json.loads(path.read_text())
        self.assertEqual((report["machine"], report["target"], report["qemu_version"]),
                         ("pc-i440fx-7.2", "x86_64", "7.2.1"))
        self.assertEqual(report["pid"], self.seen()["pid"])
        self.assertTrue(pathlib.Path(report["qmp_socket"]).is_socket())
        self.assertEqual(len(report["changes"]), 5)
        process.terminate()
        process.communicate(timeout=LIMIT)

    def test_json_on_stderr(self) -> None:
        errors = self.run_to_end("run", "--json", "--quiet", "--exec", "true", "--grace", "0")[2]
        self.assertRegex(json.loads(errors.splitlines()[0])["spec"], r"^qmp:/")

    def test_file_that_cannot_be_written(self) -> None:
        code, _, errors = self.run_to_end("run", "--spec-file", "/proc/no-such/spec")
        self.assertEqual(code, 1)
        self.assertIn("cannot write /proc/no-such/spec", errors)


class Exec(Run):
    def test_status_and_words(self) -> None:
        code, out, errors = self.run_to_end(
            "run", "--grace", "0", "--exec", "echo s={spec} q={qmp}; ps -o pgid= $$; cat; exit 5")
        self.assertEqual(code, 5, errors)
        words, group = out.splitlines()
        self.assertRegex(words, r"^s=qmp:/\S+ q=/\S+/qmp.sock$")
        self.assertNotEqual(int(group), self.seen()["group"])
        self.assertEqual(self.signals(), [signal.SIGTERM])

    def test_place_with_special_letters(self) -> None:
        places = self.directory / "it's a $place"
        places.mkdir()
        code, out, _ = self.run_to_end("run", "--grace", "0", "--exec", "echo {qmp}",
                                       env=self.environment("run", TMPDIR=str(places)))
        self.assertEqual(code, 0)
        self.assertTrue(out.startswith(str(places) + "/guestlink-run-"), out)

    def test_qemu_ends_first(self) -> None:
        code, out, _ = self.run_to_end("exit3", "--exec", "sleep 0.5; echo done; exit 4")
        self.assertEqual((code, out), (4, "done\n"))

    def test_tool_that_does_not_notice(self) -> None:
        start = time.monotonic()
        code = self.run_to_end("exit0", "--grace", "0.2", "--exec", "exec sleep 30")[0]
        self.assertEqual(code, 128 + signal.SIGTERM)
        self.assertLess(time.monotonic() - start, 15)

    def test_signals_reach_it(self) -> None:
        process = self.start("run", "--exec", "exec sleep 60")
        self.wait(lambda: "ready" in self.seen())
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        self.assertIn(process.wait(LIMIT), (128 + signal.SIGINT, 128 + signal.SIGTERM))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
