# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the README's testbench by the README's own commands: readme.py SOURCE BUILD

What a user copies must work as it stands; only the build folder's name is put in.
"""

import pathlib
import re
import subprocess
import sys
import tempfile


def block(readme: str, language: str, word: str) -> str:
    """The code block of this language that has `word` in it."""
    found = [b for b in re.findall(rf"```{language}\n(.*?)```", readme, re.S) if word in b]
    if len(found) != 1:
        raise SystemExit(f"readme: {len(found)} {language} blocks with {word!r}, expected 1")
    return found[0]


def main() -> int:
    source, build = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    readme = (source / "README.md").read_text(encoding="ascii")
    commands = block(readme, "sh", "--binary")
    commands = "".join(re.split(r"(?m)^make .*\n", commands))
    commands = commands.replace("$PWD/build/release", str(build))
    commands = commands.replace("dpi/sv/guestlink_pkg.sv", str(source / "dpi/sv/guestlink_pkg.sv"))
    with tempfile.TemporaryDirectory() as work:
        (pathlib.Path(work) / "tb.sv").write_text(block(readme, "systemverilog", "guestlink_open"))
        run = subprocess.run(["sh", "-ex", "-c", commands], cwd=work, capture_output=True,
                             text=True, timeout=240)
    print(run.stderr, run.stdout)
    return 0 if run.returncode == 0 and "read 000000000000cafe" in run.stdout else 1


if __name__ == "__main__":
    sys.exit(main())
