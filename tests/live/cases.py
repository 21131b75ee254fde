# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs unittest cases for CTest: exit code 77, CTest's "skipped", only if nothing ran."""
import sys
import unittest

SKIPPED = 77


def main(first_name: int) -> None:
    """The words of the command line from `first_name` on name the cases; without, all run."""
    program = unittest.main(module="__main__", argv=[sys.argv[0], *sys.argv[first_name:]],
                            verbosity=2, exit=False)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(SKIPPED if result.testsRun == len(result.skipped) else 0)
