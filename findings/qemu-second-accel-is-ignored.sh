#!/bin/sh
# Two `-accel` options of the same accelerator: the second one's settings are ignored.
#
# Guess     A repeated option adds to the one before or replaces it, as `-cpu` and
#           `-machine` do, so `-accel tcg -accel tcg,one-insn-per-tb=on` runs one
#           instruction per block.
# Behaviour The options are a list of fallbacks. The first accelerator that starts is
#           taken with its own settings alone; the rest of the list is dropped without
#           a word. Who appends a setting to a command line that already names an
#           accelerator gets a log of blocks and takes it for one of instructions.
# Version   QEMU 10.0.13 (Debian 13, package qemu-system-x86)
# Output    lines that `-d exec,nochain` logs for 1000 rounds of 12 instructions, to a
#           few
#             -accel tcg                                        1002
#             -accel tcg,one-insn-per-tb=on                    12003
#             -accel tcg -accel tcg,one-insn-per-tb=on          1003
#             -accel tcg,one-insn-per-tb=on -accel tcg         12005
#
# Needs apt-get with Debian's archive keys (elsewhere than on Debian, DEBIAN_MIRROR names
# the archive) and binutils. Everything is kept in a temporary folder.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# Debian's QEMU of one release, unpacked and not installed: apt keeps lists of its own.
fetch_qemu() { # RELEASE
    root=$work/$1
    mkdir -p "$root/apt/none" "$root/apt/lists/partial" "$root/apt/archives/partial"
    : > "$root/apt/status"
    set -- "$1" /usr/share/keyrings/debian-archive-keyring.*
    mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)}
    printf 'deb [arch=amd64 signed-by=%s] %s %s main\n' "$2" "$mirror" "$1" > "$root/apt/sources.list"
    cat > "$root/apt/conf" <<CONF
Dir::State "$root/apt";
Dir::State::status "$root/apt/status";
Dir::Cache "$root/apt";
Dir::Etc::sourcelist "$root/apt/sources.list";
Dir::Etc::sourceparts "$root/apt/none";
Dir::Etc::preferencesparts "$root/apt/none";
APT::Sandbox::User "root";
Acquire::Check-Valid-Until "false";
CONF
    APT_CONFIG=$root/apt/conf apt-get -qq update >&2
    APT_CONFIG=$root/apt/conf apt-get -qq --yes --no-install-recommends --download-only install qemu-system-x86 >&2
    for package in "$root"/apt/archives/*.deb; do dpkg-deb --extract "$package" "$root"; done
}

# It runs with the loader, libraries and modules of its own release.
qemu() { # RELEASE ARGUMENT...
    root=$work/$1
    shift
    loader=$(find "$root" -type f -name ld-linux-x86-64.so.2)
    libraries=$root/usr/lib/x86_64-linux-gnu
    QEMU_MODULE_DIR=$libraries/qemu timeout 60 "$loader" \
        --library-path "$(dirname "$loader"):$libraries:$libraries/pulseaudio" \
        "$root/usr/bin/qemu-system-x86_64" -L "$root/usr/share/qemu" "$@"
}

assemble() { # NAME: a 64 KiB ROM in the place of the firmware, from standard input
    as --32 -o "$work/$1.o" -
    ld -m elf_i386 --oformat binary -Ttext 0 -e 0 -o "$work/$1.rom" "$work/$1.o"
}

traces() { # ACCEL-OPTION...
    qemu trixie "$@" -nodefaults -display none -m 16 -bios "$work/rounds.rom" \
        -device isa-debug-exit,iobase=0xf4 -d exec,nochain -D "$work/log" || true
    lines=$(grep -c '^Trace' "$work/log")
    printf '  %-46s %8d\n' "$*" "$lines"
}

assemble rounds <<'GUEST'
.code16
start:
    mov $1000, %cx
1:  .rept 10
    nop
    .endr
    dec %cx
    jnz 1b
    out %al, $0xf4
    cli
    hlt
.org 0xfff0             # the first instruction of an x86 processor
    jmp start
.org 0x10000
GUEST

fetch_qemu trixie
qemu trixie --version | head -n 1
echo 'lines that `-d exec,nochain` logs for 1000 rounds of 12 instructions'
traces -accel tcg; plain=$lines
traces -accel tcg,one-insn-per-tb=on; single=$lines
traces -accel tcg -accel tcg,one-insn-per-tb=on; second=$lines
traces -accel tcg,one-insn-per-tb=on -accel tcg; first=$lines

# The interrupt at the end may cut a block in two, so a few lines more or less.
if [ "$plain" -lt 2000 ] && [ "$second" -lt 2000 ] && [ "$single" -ge 12000 ] && [ "$first" -ge 12000 ]; then
    echo 'as found: the second `-accel` is ignored, settings included'
else
    echo 'CHANGED: the second `-accel` is no longer ignored'
    exit 1
fi
