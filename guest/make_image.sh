#!/bin/sh
# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
#
# Makes the two files QEMU boots. Needs no root; nothing is installed.
#   make_image.sh kernel OUTPUT            the distribution's newest kernel, by `apt-get download`
#   make_image.sh initrd OUTPUT INIT PROGRAM...
#                                          busybox, INIT as /init and each PROGRAM in /bin
# A kernel of one's own: GUESTLINK_KERNEL=/boot/vmlinuz-... make_image.sh kernel OUTPUT
set -eu
umask 022

die() {
  echo "make_image.sh: $*" >&2
  exit 1
}

need() {  # need TOOL PACKAGE
  command -v "$1" > /dev/null 2>&1 || die "no $1: run  apt-get install $2"
}

# apt-get and apt-cache as any user. With $lists set, on package lists of our own.
apt() {
  tool=$1
  shift
  set -- -q -o APT::Sandbox::User="$(id -un)" "$@"
  if [ -n "$lists" ]; then
    mkdir -p "$lists/partial" "$lists.cache/archives/partial"
    set -- -o Dir::State::Lists="$lists" -o Dir::Cache="$lists.cache" "$@"
  fi
  timeout 300 "$tool" "$@"
}

# The versioned package behind the distribution's kernel package: cloud kernel, else the generic.
kernel_package() {
  for meta in linux-image-cloud-amd64 linux-image-amd64; do
    name=$(apt apt-cache depends "$meta" 2> /dev/null |
      sed -n 's/^ *Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' | head -n 1)
    if [ -n "$name" ]; then
      echo "$name"
      return
    fi
  done
}

download() {  # into the current directory; the name of the package goes to standard output
  package=$(kernel_package)
  [ -n "$package" ] && apt apt-get download "$package" >&2 && echo "$package"
}

make_kernel() {
  if [ -n "${GUESTLINK_KERNEL:-}" ]; then
    # "HdrS" at 0x202: Documentation/x86/boot.rst of Linux
    [ "$(dd if="$GUESTLINK_KERNEL" bs=1 skip=514 count=4 2> /dev/null)" = HdrS ] ||
      die "GUESTLINK_KERNEL=$GUESTLINK_KERNEL is not a Linux kernel for x86 that can be read"
    cp "$GUESTLINK_KERNEL" "$output.part" && mv "$output.part" "$output" ||
      die "GUESTLINK_KERNEL=$GUESTLINK_KERNEL cannot be copied"
    return
  fi
  [ ! -f "$output" ] || return 0  # kept
  [ "$(uname -m)" = x86_64 ] || die "the guest is x86-64, and its program and busybox are this" \
    "host's: only x86-64 hosts are supported yet, and this is $(uname -m)"
  need apt-get apt
  need dpkg-deb dpkg
  cd "$work"
  lists=
  if ! package=$(download); then
    echo "make_image.sh: the package lists are missing or old; fetching them into the build" >&2
    lists=$work/lists
    apt apt-get -o APT::Update::Error-Mode=any update >&2 ||
      die "cannot fetch the package lists: is there a network?"
    package=$(download) || die "cannot download a kernel package: run  apt-get update  and try" \
      "again, or give a kernel with GUESTLINK_KERNEL=FILE"
  fi
  dpkg-deb -x "$work"/linux-image-*.deb "$work/kernel"
  set -- "$work"/kernel/boot/vmlinuz-*
  [ -f "$1" ] || die "no boot/vmlinuz-* in package $package"
  cp "$1" "$output.part"
  mv "$output.part" "$output"
  echo "make_image.sh: kernel $package"
}

make_initrd() {  # make_initrd INIT PROGRAM...
  need busybox busybox-static
  need cpio cpio
  need gzip gzip
  busybox=$(command -v busybox)
  ! ldd "$busybox" > /dev/null 2>&1 ||
    die "$busybox is not static: run  apt-get install busybox-static"
  mkdir -p "$work/root/bin" "$work/root/proc" "$work/root/dev"
  cp "$busybox" "$work/root/bin/busybox"
  cp "$1" "$work/root/init"
  shift
  cp "$@" "$work/root/bin/"
  chmod 755 "$work/root/init" "$work/root/bin"/*
  find "$work/root" -exec touch -h -d @0 {} +
  (cd "$work/root" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 --reproducible) |
    gzip -n -9 > "$output.part"
  mv "$output.part" "$output"
}

[ $# -ge 2 ] || die "usage: make_image.sh kernel OUTPUT | initrd OUTPUT INIT PROGRAM..."
what=$1
mkdir -p "$(dirname "$2")"
output=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
shift 2
work=$(mktemp -d "$output.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
case $what in
  kernel) make_kernel ;;
  initrd)
    [ $# -ge 2 ] || die "usage: make_image.sh initrd OUTPUT INIT PROGRAM..."
    make_initrd "$@"
    ;;
  *) die "what is '$what'? kernel or initrd" ;;
esac
