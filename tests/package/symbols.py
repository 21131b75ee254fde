# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""Checks what libguestlink_dpi.so exports and needs: symbols.py LIBRARY HEADER

It must export exactly the functions that the header declares, and need nothing but what every
process of a simulator has: versioned symbols of the C and C++ runtimes, and the standard svdpi
functions (IEEE 1800-2017 annex I), which the simulator defines.
"""

import re
import subprocess
import sys

# Symbols a linker or the compiler's start-up code refers to weakly; absent is fine.
WEAK_RUNTIME = {"__gmon_start__", "_ITM_deregisterTMCloneTable", "_ITM_registerTMCloneTable"}
SVDPI = {
    "svGetArrayPtr", "svGetArrElemPtr", "svGetArrElemPtr1", "svGetArrElemPtr2", "svGetArrElemPtr3",
    "svSize", "svLow", "svHigh", "svLeft", "svRight", "svIncrement", "svDimensions",
    "svSizeOfArray", "svDpiVersion",
}  # fmt: skip


def symbols(library: str, *options: str) -> list[str]:
    command = ["nm", "-D", "-P", *options, library]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [line.split()[0] for line in output.splitlines()]


def declared(header: str) -> set[str]:
    with open(header, encoding="ascii") as file:
        text = re.sub(r"//[^\n]*|/\*.*?\*/", "", file.read(), flags=re.S)
    names = set(re.findall(r"\b(guestlink_\w+)\s*\(", text))
    if any(name.endswith("_") for name in names):
        raise SystemExit("symbols: the header must declare every function by its full name")
    return names


def main() -> int:
    library, header = sys.argv[1:]
    wanted = declared(header)
    exported = {name.split("@")[0] for name in symbols(library, "--defined-only")}
    problems = [f"exported, but not in the header: {name}" for name in sorted(exported - wanted)]
    problems += [f"in the header, but not exported: {name}" for name in sorted(wanted - exported)]
    for name in symbols(library, "--undefined-only"):
        runtime = re.search(r"@(GLIBC|GLIBCXX|CXXABI|GCC)_", name)
        if not runtime and name not in WEAK_RUNTIME and name not in SVDPI:
            problems.append(f"needs a symbol of neither the runtime nor svdpi: {name}")
    print("\n".join(problems) or f"symbols: {len(exported)} exported, as declared")
    return 1 if problems or len(wanted) < 40 else 0


if __name__ == "__main__":
    sys.exit(main())
