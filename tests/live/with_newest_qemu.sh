#!/bin/sh
# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
#
#   with_newest_qemu.sh FOLDER COMMAND...     FOLDER as cmake/newest_qemu.sh made it
#
# Runs a test with that QEMU first in PATH. Exit code 77: skipped, there is none.
set -eu
[ -x "$1/bin/qemu-system-x86_64" ] || {
  echo "skipped='no newer QEMU in $1: see live.newest_qemu'"
  exit 77
}
PATH=$1/bin:$PATH
export PATH
shift
qemu-system-x86_64 --version | head -n 1
exec "$@"
