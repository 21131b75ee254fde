# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""Checks rules of the source tree that no compiler knows: style.py ROOT

Layering (who may include or import what), two header lines, ASCII, line length, white space.
"""

import pathlib
import re
import sys

CODE = {".h", ".cpp", ".c", ".sv", ".f", ".vlt", ".py", ".sh", ".cmake", ".txt"}
COLUMNS = 100
HEADER = ("Copyright The Guestlink Authors", "SPDX-License-Identifier: Apache-2.0")
THIS = "tests/package/style.py"
# text that only some folders may have: pattern, what it is, who may
ONLY = [
    (re.compile(r'#include\s*[<"]svdpi\.h'), "svdpi.h", ("dpi/shim/", "tests/")),
    (re.compile(r'^\s*import\s+"DPI'), 'import "DPI-C"', ("dpi/sv/guestlink_pkg.sv", "tests/")),
    (re.compile(r'#include\s*[<"]verilated'), "a Verilator header", ("sim/", "tests/", "bench/")),
    (re.compile(r"guestlink_pkg::"), "guestlink_pkg", ("dpi/sv/", "tb/", "tests/", "bench/")),
    (re.compile(r'#include\s*"tests/|#include\s*"support/'), "test support", ("tests/", "bench/")),
    (re.compile(r"verilator\s+(lint_off|public|tracing_off)"), "an inline pragma", ()),
    (re.compile(r"^\s*file\(GLOB"), "a globbed source list", ()),
]


def sources(root: pathlib.Path):
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if relative.parts[0] in ("build", ".git") or not path.is_file():
            continue
        if path.suffix in CODE or path.name.startswith("Makefile"):
            yield relative.as_posix(), path


def problems_of(name: str, text: str):
    lines = text.split("\n")
    head = "\n".join(lines[:4])
    if not all(line in head for line in HEADER):
        yield f"{name}:1: the two header lines (copyright, SPDX) are missing"
    if not text.endswith("\n") or text.endswith("\n\n"):
        yield f"{name}: must end with exactly one newline"
    for number, line in enumerate(lines, 1):
        where = f"{name}:{number}:"
        if len(line) > COLUMNS and not name.endswith(".txt") and "CMake" not in name:
            yield f"{where} {len(line)} columns, at most {COLUMNS}"
        if line != line.rstrip() or ("\t" in line and not name.startswith("Makefile")):
            yield f"{where} trailing blank or tab"
        for pattern, what, allowed in ONLY:
            if pattern.search(line) and not name.startswith((*allowed, THIS)):
                yield f"{where} {what} is not for this folder"


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    count, problems = 0, []
    for name, path in sources(root):
        count += 1
        try:
            text = path.read_text(encoding="ascii")
        except UnicodeDecodeError as error:
            problems.append(f"{name}: not ASCII at byte {error.start}")
            continue
        problems += problems_of(name, text)
    print("\n".join(problems) or f"style: {count} files")
    return 1 if problems or count < 10 else 0


if __name__ == "__main__":
    sys.exit(main())
