#!/usr/bin/env bash
# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
#
# Fuzzes what reads QEMU's and the user's text, with clang's libFuzzer:
#   run.sh [SECONDS each] [fuzzers at a time]
# Builds in build/fuzz and starts from what QEMU 7.2, 10.0 and 11.1 wrote: tests/unit/mtree,
# tests/fuzz/qmp, tests/fuzz/qmp_answers; and from messages of vfio-user and accesses to a PCI
# configuration space made by hand: tests/fuzz/vfio_user, tests/fuzz/pci_config. What was found
# stays in build/fuzz/CORPUS; a crash leaves its input there and ends this with an error.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${1:-60}
jobs=${2:-$(nproc)}
out=build/fuzz
if ! command -v clang++ >/dev/null; then
  echo "fuzz: no clang++: run  apt-get install clang" >&2
  exit 2
fi
mkdir -p "$out"/{mtree,spec,qmp_framer,qmp_answers,vfio_user,pci_config}
cp tests/unit/mtree/*.mtree "$out/mtree"
cp tests/fuzz/qmp/* "$out/qmp_framer"
cp tests/fuzz/qmp_answers/* "$out/qmp_answers"
cp tests/fuzz/vfio_user/* "$out/vfio_user"
cp tests/fuzz/pci_config/* "$out/pci_config"
printf 'file:/dev/shm/ram,machine=pc,size=4G,ro' >"$out/spec/file"
printf 'mock:,size=0x4000000,base=64K,fill=0xA5,image=x' >"$out/spec/mock"
printf '{"QMP": {}}\r\n{"event": "\\"}"}{"return": {}}' >"$out/qmp_framer/greeting"

compile=(clang++ -std=c++20 -O1 -g1 -fsanitize=fuzzer-no-link,address,undefined
  -fno-sanitize-recover=all -Idpi/include -Idpi/src -Itests)
sources=(dpi/src/attach/{mtree,number,peer_process,qmp_client,qmp_guest,spec,unix_socket}.cpp
  dpi/src/{memory,pci}/*.cpp)
echo "fuzz: compiling"
printf '%s\n' "${sources[@]}" | xargs -P "$jobs" -I{} sh -c \
  'object=$1/$(basename "$2" .cpp).o; shift 2; "$@" -o "$object"' _ "$out" {} \
  "${compile[@]}" -c {}
objects=()
for source in "${sources[@]}"; do objects+=("$out/$(basename "$source" .cpp).o"); done

fuzz() {
  local name=$1
  "${compile[@]}" -fsanitize=fuzzer "tests/fuzz/${name}_fuzzer.cpp" "${objects[@]}" \
    -o "$out/${name}_fuzzer" || return 1
  (cd "$out/$name" && timeout $((seconds + 60)) "../${name}_fuzzer" -max_total_time="$seconds" \
    -max_len=20000 -rss_limit_mb=1024 -print_final_stats=1 . 2>"../$name.log") ||
    { echo "fuzz: $name failed: $out/$name.log ends with"; tail -n 30 "$out/$name.log"; return 1; }
  echo "fuzz: $name: $(grep -E 'number_of_executed_units|new_units_added' "$out/$name.log" | xargs)"
}

# All are run to their end, whatever one finds.
echo "fuzz: $seconds s each, $jobs at a time"
rm -f "$out/failed"
for name in vfio_user pci_config mtree spec qmp_framer qmp_answers; do
  while [ "$(jobs -pr | wc -l)" -ge "$jobs" ]; do wait -n || true; done
  { fuzz "$name" || touch "$out/failed"; } &
done
wait
[ ! -e "$out/failed" ]
