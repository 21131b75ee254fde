# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
"""What a QEMU can."""

import subprocess


def has_device(qemu: str) -> bool:
    """Whether this QEMU can have a vfio-user device: 10.1 and newer."""
    try:
        probe = subprocess.run([qemu, "-device", "vfio-user-pci,help"], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return b"x-msg-timeout" in probe.stdout
