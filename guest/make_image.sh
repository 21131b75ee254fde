#!/bin/sh
# Copyright The Guestlink Authors
# SPDX-License-Identifier: Apache-2.0
#
# Makes the two files QEMU boots. Needs no root; nothing is installed.
#   make_image.sh kernel OUTPUT            the distribution's newest kernel, by `apt-get download`
#   make_image.sh pci-kernel OUTPUT        the same with drivers for the DMA engine: OUTPUT/vmlinuz,
#                                          OUTPUT/modules/{dca,ioatdma,dmatest}.ko; what is missing
#                                          for dmatest is said in OUTPUT/modules/dmatest.missing
#   make_image.sh initrd OUTPUT INIT ITEM...
#                                          busybox, INIT as /init, programs in /bin, folders;
#                                          `lspci` is this host's, if there, with its libraries
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

# kernel_package META...: the versioned package behind the first of these that there is
kernel_package() {
  for meta in "$@"; do
    name=$(apt apt-cache depends "$meta" 2> /dev/null |
      sed -n 's/^ *Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' | head -n 1)
    if [ -n "$name" ]; then
      echo "$name"
      return
    fi
  done
}

# download META...: into the current directory; the name of the package goes to standard output
download() {
  package=$(kernel_package "$@")
  [ -n "$package" ] && apt apt-get download "$package" >&2 && echo "$package"
}

# download_kernel META...: the same; sets $package, and $lists for what is downloaded after it
download_kernel() {
  [ "$(uname -m)" = x86_64 ] || die "the guest is x86-64, and its program and busybox are this" \
    "host's: only x86-64 hosts are supported yet, and this is $(uname -m)"
  need apt-get apt
  need dpkg-deb dpkg
  lists=
  if ! package=$(download "$@"); then
    echo "make_image.sh: the package lists are missing or old; fetching them into the build" >&2
    lists=$work/lists
    apt apt-get -o APT::Update::Error-Mode=any update >&2 ||
      die "cannot fetch the package lists: is there a network?"
    package=$(download "$@") || die "cannot download a kernel package: run  apt-get update  and" \
      "try again, or give a kernel with GUESTLINK_KERNEL=FILE"
  fi
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
  cd "$work"
  # The cloud kernel is the smaller one.
  download_kernel linux-image-cloud-amd64 linux-image-amd64
  dpkg-deb -x "$work"/linux-image-*.deb "$work/kernel"
  set -- "$work"/kernel/boot/vmlinuz-*
  [ -f "$1" ] || die "no boot/vmlinuz-* in package $package"
  cp "$1" "$output.part"
  mv "$output.part" "$output"
  echo "make_image.sh: kernel $package"
}

# The kernel and its drivers for the engine, out of the package; `release` names it and its version.
unpack_pci_kernel() {
  dpkg-deb -x "$work"/linux-image-*.deb "$work/image"
  for name in dca ioatdma; do
    file=$(find "$work/image" -name "$name.ko*" | head -n 1)
    [ -n "$file" ] || die "no module $name in package $package"
    cp "$file" "$output/modules/"
  done
  set -- "$output"/modules/*.xz
  if [ -f "$1" ]; then
    need xz xz-utils
    xz -d "$@"
  fi
  cp "$work"/image/boot/vmlinuz-* "$output/vmlinuz"
  echo "${package#linux-image-} $(dpkg-deb -f "$work"/linux-image-*.deb Version)" \
    > "$output/release.part"
  mv "$output/release.part" "$output/release"  # the last: what is there is whole
}

# The headers of kernel $release and what they name, unpacked and made to find each other there.
get_headers() {
  apt apt-get download "linux-headers-$release=$version" >&2 || return 1
  parts=$(dpkg-deb -f linux-headers-*.deb Depends | tr ',' '\n' |
    sed -n 's/^ *\(linux-headers-[^ ]*\|linux-kbuild-[^ ]*\).*/\1/p')
  for part in $parts; do
    apt apt-get download "$part=$version" >&2 || return 1
  done
  for file in linux-headers-*.deb linux-kbuild-*.deb; do
    dpkg-deb -x "$file" root || return 1
  done
  sed -i "s|^include /usr|include $work/root/usr|" "$headers/Makefile"
}

# drivers/dma/dmatest.c of the kernel's sources, 140 MB for one file
get_source() {
  series=$(echo "$version" | cut -d . -f 1-2)
  apt apt-get download "linux-source-$series=$version" >&2 || return 1
  mkdir -p source
  # All ends as soon as the file is found, in the middle of the package.
  dpkg-deb --fsys-tarfile linux-source-*.deb 2> /dev/null | tar -xO --wildcards '*.tar.xz' |
    tar -xJ -C source --strip-components=3 --occurrence=1 --wildcards '*/drivers/dma/dmatest.c'
  [ -f source/dmatest.c ]
}

# dmatest is in no kernel package. Prints what is missing to make it, or nothing.
make_dmatest() {
  headers=$work/root/usr/src/linux-headers-$release
  get_headers || {
    echo "the headers of kernel $release $version cannot be downloaded"
    return
  }
  compiler=$(sed -n 's/^CC *=.*\(gcc-[0-9]*\).*/\1/p' "$headers/.kernelvariables")
  for tool in "$compiler" make xz; do
    command -v "$tool" > /dev/null || {
      echo "no $tool, which kernel $release needs to compile a module"
      return
    }
  done
  get_source || {
    echo "the sources of kernel $version cannot be downloaded"
    return
  }
  echo 'obj-m := dmatest.o' > source/Makefile
  # Without type information for BPF, which would take pahole.
  make -C "$headers" M="$work/source" CONFIG_DEBUG_INFO_BTF_MODULES= modules >&2 || {
    echo "dmatest of kernel $version does not compile: see the build's output"
    return
  }
  strip --strip-debug source/dmatest.ko
  mv source/dmatest.ko "$output/modules/dmatest.ko"
}

make_pci_kernel() {
  mkdir -p "$output/modules"
  cd "$work"
  lists=
  if [ ! -f "$output/release" ]; then
    download_kernel linux-image-amd64
    unpack_pci_kernel
    echo "make_image.sh: kernel $package with ioatdma"
  fi
  [ ! -f "$output/modules/dmatest.ko" ] || return 0  # all kept
  read -r release version < "$output/release"
  why=$(make_dmatest)
  rm -f "$output/modules/dmatest.missing"
  if [ -n "$why" ]; then
    echo "make_image.sh: no dmatest: $why" >&2
    echo "$why" > "$output/modules/dmatest.missing"
  fi
}

# lspci with its libraries and the names it knows; the guest does without where it is not.
add_lspci() {
  program=$(command -v lspci) || return 0
  for file in /usr/share/misc/pci.ids \
    $(ldd "$program" | sed -n 's/.*[[:space:]]\(\/[^ ]*\) (0x.*/\1/p'); do
    [ -f "$file" ] || continue
    mkdir -p "$work/root$(dirname "$file")"
    cp -L "$file" "$work/root$file"
  done
  cp "$program" "$work/root/bin/"
}

make_initrd() {  # make_initrd INIT ITEM...
  need busybox busybox-static
  need cpio cpio
  need gzip gzip
  busybox=$(command -v busybox)
  ! ldd "$busybox" > /dev/null 2>&1 ||
    die "$busybox is not static: run  apt-get install busybox-static"
  mkdir -p "$work/root/bin" "$work/root/proc" "$work/root/sys" "$work/root/dev"
  cp "$busybox" "$work/root/bin/busybox"
  cp "$1" "$work/root/init"
  shift
  for item in "$@"; do
    if [ "$item" = lspci ]; then
      add_lspci
    elif [ -d "$item" ]; then
      cp -R "$item" "$work/root/"
    else
      cp "$item" "$work/root/bin/"
    fi
  done
  chmod 755 "$work/root/init" "$work/root/bin"/*
  find "$work/root" -exec touch -h -d @0 {} +
  (cd "$work/root" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 --reproducible) |
    gzip -n -9 > "$output.part"
  mv "$output.part" "$output"
}

usage="usage: make_image.sh kernel OUTPUT | pci-kernel OUTPUT | initrd OUTPUT INIT ITEM..."
[ $# -ge 2 ] || die "$usage"
what=$1
mkdir -p "$(dirname "$2")"
output=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
shift 2
work=$(mktemp -d "$output.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
case $what in
  kernel) make_kernel ;;
  pci-kernel) make_pci_kernel ;;
  initrd)
    [ $# -ge 2 ] || die "$usage"
    make_initrd "$@"
    ;;
  *) die "what is '$what'? $usage" ;;
esac
