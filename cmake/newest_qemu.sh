#!/bin/sh
# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
#
#   newest_qemu.sh FOLDER     FOLDER/bin/qemu-system-{x86_64,aarch64,riscv64}
#
# Unpacks the newest QEMU that Debian has, with every library it needs, beside the system's own.
# Needs no root; nothing is installed. What is there is kept: remove FOLDER for a newer one. The
# mirror is that of the machine's own apt.
set -eu
umask 022

# A suite has what the next one has, or newer; one version is not pinned, since a mirror keeps only
# the current one.
suites='trixie-backports forky sid'
packages='qemu-system-x86 qemu-system-arm qemu-system-riscv'
programs='qemu-system-x86_64 qemu-system-aarch64 qemu-system-riscv64'
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

die() {
  echo "newest_qemu.sh: $*" >&2
  exit 1
}

say() { echo "newest_qemu.sh: $*" >&2; }

# With an empty list of installed packages, apt names all that is needed, the C library included.
apt() {
  timeout 600 apt-get -qq -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=- \
    -o Dir::State="$work" -o Dir::State::Lists="$work/lists" -o Dir::State::Status="$work/status" \
    -o Dir::Cache="$work/cache" -o Acquire::Languages=none -o APT::Install-Recommends=0 \
    -o APT::Update::Error-Mode=any -o Acquire::http::Timeout=20 \
    -o APT::Sandbox::User="$(id -un)" "$@" >&2
}

download() {  # download MIRROR SUITE
  rm -rf "$work"
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  : > "$work/status"
  for suite in "${2%-backports}" "$2"; do
    echo "deb [signed-by=$keyring] $1 $suite main"
  done | uniq > "$work/sources.list"
  # shellcheck disable=SC2086  # a list
  apt update && apt -y -t "$2" --download-only install $packages
}

unpack() {
  for package in "$work"/cache/archives/*.deb; do
    dpkg-deb -x "$package" "$folder.part/root"
  done
  mkdir "$folder.part/bin"
  for program in $programs; do
    cat > "$folder.part/bin/$program" << 'END'
#!/bin/sh
# QEMU with the C library and the modules it was built with.
usr=$(cd "$(dirname "$0")/../root/usr" && pwd) || exit 1
libraries=$usr/lib/x86_64-linux-gnu
program=$(basename "$0")
QEMU_MODULE_DIR=$libraries/qemu exec "$usr/lib64/ld-linux-x86-64.so.2" \
  --library-path "$libraries" --argv0 "$program" "$usr/bin/$program" \
  -L "$usr/share/qemu" -L "$usr/share/seabios" "$@"
END
    chmod 755 "$folder.part/bin/$program"
  done
}

[ $# -eq 1 ] || die "usage: newest_qemu.sh FOLDER"
mkdir -p "$(dirname "$1")"
folder=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
[ ! -x "$folder/bin/qemu-system-x86_64" ] || exit 0
[ "$(uname -m)" = x86_64 ] || die "only for x86-64 hosts, and this is $(uname -m)"
command -v apt-get > /dev/null && command -v dpkg-deb > /dev/null || die "no apt-get: not a Debian"
[ -f "$keyring" ] || die "no $keyring: run  apt-get install debian-archive-keyring"
mirrors=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
  awk '!seen[$0]++')
work=$folder.part/apt
trap 'rm -rf "$folder.part"' EXIT
trap 'exit 1' HUP INT TERM
for suite in $suites; do
  for mirror in $mirrors; do
    say "unpacking QEMU of $suite"
    download "$mirror" "$suite" || continue
    unpack
    rm -rf "$work" "$folder"
    mv "$folder.part" "$folder"
    say "$("$folder/bin/qemu-system-x86_64" --version | head -n 1)"
    exit 0
  done
done
die "no QEMU can be downloaded: is there a network, and are the machine's apt sources Debian's?"
