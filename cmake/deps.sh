#!/usr/bin/env bash
# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
#
# Makes sure that the tools Guestlink builds and runs with are there:
#   deps.sh [build|all|test|fuzz|tidy]
# As root, installs what is missing from the distribution; otherwise prints the one line to run and
# exits 1.
# `build` leaves out what only a live guest needs (QEMU, the guest image); `test` is `all` and what
# only tests want; `fuzz` and `tidy` are `build` and Clang's fuzzer or its tools.
set -euo pipefail

# package, and what shows that it is there: a command, a header or a file. Probing for the thing and
# not for the package lets a tool that was built by hand count.
build_deps='
g++                cmd:g++
cmake              cmd:cmake
ninja-build        cmd:ninja
ccache             cmd:ccache
python3            cmd:python3
verilator          cmd:verilator
yosys              cmd:yosys
zlib1g-dev         header:zlib.h
libgtest-dev       header:gtest/gtest.h
libbenchmark-dev   header:benchmark/benchmark.h
libcli11-dev       header:CLI/CLI.hpp
nlohmann-json3-dev header:nlohmann/json.hpp
pkg-config         cmd:pkg-config
libsystemc-dev     header:systemc
'
live_deps='
qemu-system-x86    cmd:qemu-system-x86_64
busybox-static     cmd:busybox
cpio               cmd:cpio
xz-utils           cmd:xz
pciutils           cmd:lspci
pci.ids            file:/usr/share/misc/pci.ids
'
# Other machines' QEMUs, and what the shell tool's output is compared with or loaded into.
test_deps='
libsystemc-doc     file:/usr/share/doc/libsystemc/examples/tlm
qemu-system-arm    cmd:qemu-system-aarch64
qemu-system-misc   cmd:qemu-system-riscv64
bsdextrautils      cmd:hexdump
zsh                cmd:zsh
fish               cmd:fish
'
fuzz_deps='
clang              cmd:clang++
libclang-rt-dev    fuzzer:
'
tidy_deps='
clang-format       cmd:clang-format
clang-tidy         cmd:run-clang-tidy
'

present() {
  case $1 in
    file:*) [[ -e ${1#file:} ]] ;;
    cmd:*) command -v "${1#cmd:}" >/dev/null ;;
    fuzzer:) echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, long) { return 0; }' |
      clang++ -x c++ -fsanitize=fuzzer -o /dev/null - 2>/dev/null ;;
    header:*) [[ -e /usr/include/${1#header:} || -e /usr/local/include/${1#header:} ]] ;;
  esac
}

case ${1:-all} in
  build) wanted=$build_deps ;;
  all) wanted=$build_deps$live_deps ;;
  test) wanted=$build_deps$live_deps$test_deps ;;
  fuzz) wanted=$build_deps$fuzz_deps ;;
  tidy) wanted=$build_deps$tidy_deps ;;
  *) echo "deps.sh: unknown set '$1', expected build, all, test, fuzz or tidy" >&2; exit 2 ;;
esac

missing=()
while read -r package probe; do
  [[ -z $package ]] || present "$probe" || missing+=("$package")
done <<<"$wanted"
if ((${#missing[@]} == 0)); then
  echo "deps: all present"
  exit 0
fi

echo "deps: missing: ${missing[*]}"
install="apt-get install -y --no-install-recommends ${missing[*]}"
if ! command -v apt-get >/dev/null; then
  echo "deps: no apt-get here; install the above with this system's package manager" >&2
  exit 1
elif [[ $EUID != 0 ]]; then
  printf 'deps: run this, then try again:\n\n  sudo sh -c "apt-get update && %s"\n\n' "$install" >&2
  exit 1
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt="timeout 900 apt-get -q -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3"
export DEBIAN_FRONTEND=noninteractive
echo "deps: installing ${#missing[@]} packages and what they need (apt, at most 15 minutes) ..."
{ $apt update && $apt ${install#apt-get }; } >"$log" 2>&1 </dev/null &
apt_pid=$!
while sleep 5 && kill -0 "$apt_pid" 2>/dev/null; do
  printf 'deps: %3d s  %.80s\n' "$SECONDS" "$(tail -n 1 "$log")"
done
if ! wait "$apt_pid"; then
  tail -n 30 "$log" >&2
  echo "deps: '$install' failed, its last lines are above" >&2
  exit 1
fi
echo "deps: installed in $SECONDS s"
