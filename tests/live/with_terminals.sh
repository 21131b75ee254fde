#!/bin/sh
# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
#
#   with_terminals.sh COMMAND...
#
# Runs a test that needs a pseudo-terminal. Exit code 77: skipped, a bare chroot has none.
python3 -c 'import os; os.openpty()' || exit 77
exec "$@"
