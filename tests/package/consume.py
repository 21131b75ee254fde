# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""Builds and runs a user's project against Guestlink: consume.py WAY SOURCE BUILD

WAY is `find_package` (installs BUILD into a fresh prefix first) or `add_subdirectory` (of SOURCE).
"""

import pathlib
import subprocess
import sys
import tempfile


def run(*command: str) -> None:
    print("+", *command, flush=True)
    subprocess.run(command, check=True, timeout=240)


def main() -> int:
    way, source, build = sys.argv[1:]
    consumer = str(pathlib.Path(__file__).parent / "consumer")
    with tempfile.TemporaryDirectory() as work:
        options = [f"-DGUESTLINK_SOURCE={source}"]
        if way == "find_package":
            run("cmake", "--install", build, "--prefix", f"{work}/prefix")
            options = [f"-DCMAKE_PREFIX_PATH={work}/prefix"]
        run("cmake", "-S", consumer, "-B", f"{work}/build", "-G", "Ninja", *options)
        run("cmake", "--build", f"{work}/build", "--target", "consumer")
        run(f"{work}/build/consumer")
    return 0


if __name__ == "__main__":
    sys.exit(main())
