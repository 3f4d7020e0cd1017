#!/bin/sh
# QEMU's instruction clock: a `rep` costs n + 1, all else 1, fxsave and CR3 included.
#
# Guess     The clock counts instructions, so `rep stosb` costs 1, whatever its count;
#           or it costs its iterations, and what is as slow on hardware (512 bytes
#           saved, a TLB emptied, a cache written back) costs more than a `nop`, too.
# Behaviour `rep` costs its iterations and one more, and 1 where it does nothing. All
#           else costs 1. 512 bytes copied by `rep movsb` look 513 times as dear as 512
#           bytes saved by fxsave, and a switch of address spaces looks free.
# Version   QEMU 10.0.13 (Debian 13, package qemu-system-x86), -icount shift=0,sleep=off
# Output    ticks of the time stamp counter, without the two reads' own
#             nop                          1
#             rep stosb, 0 times           1
#             rep stosb, 1 time            2
#             rep stosb, 1000 times     1001
#             rep movsb, 1000 times     1001
#             rep movsl, 1000 times     1001
#             fxsave                       1
#             load of CR3                  1
#             wbinvd                       1
#             cpuid                        1
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

# The guest prints the distance of two reads, first with nothing between them.
assemble prices <<'GUEST'
.code16
.macro price instruction:vararg
    rdtsc
    mov %eax, %ebp
    \instruction
    rdtsc
    sub %ebp, %eax
    call print
.endm
.macro price_of_rep iterations, instruction
    mov $\iterations, %cx
    mov $0x8000, %si
    mov $0x9000, %di
    price rep \instruction
.endm
start:
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $0x7000, %sp
    price
    price nop
    price_of_rep 0 stosb
    price_of_rep 1 stosb
    price_of_rep 1000 stosb
    price_of_rep 1000 movsb
    price_of_rep 1000 movsl
    price fxsave 0x6000
    mov %cr3, %edx
    price mov %edx, %cr3
    price wbinvd
    price cpuid
    out %al, $0xf4
    cli
    hlt
# %eax in hexadecimal, on a line of the debug console.
print:
    mov %eax, %edx
    mov $8, %cx
1:  rol $4, %edx
    mov %dl, %al
    and $15, %al
    cmp $10, %al
    jb 2f
    add $'a' - '0' - 10, %al
2:  add $'0', %al
    out %al, $0xe9
    loop 1b
    mov $'\n', %al
    out %al, $0xe9
    ret
.org 0xfff0             # the first instruction of an x86 processor
    jmp start
.org 0x10000
GUEST

cat > "$work/expected" <<'PRICES'
1 nop
1 rep stosb, 0 times
2 rep stosb, 1 time
1001 rep stosb, 1000 times
1001 rep movsb, 1000 times
1001 rep movsl, 1000 times
1 fxsave
1 load of CR3
1 wbinvd
1 cpuid
PRICES

fetch_qemu trixie
qemu trixie --version | head -n 1
qemu trixie -accel tcg -icount shift=0,sleep=off -cpu max -nodefaults -display none -m 16 \
    -bios "$work/prices.rom" -debugcon stdio -device isa-debug-exit,iobase=0xf4 \
    > "$work/ticks" || true

{
    read -r reads
    while read -r ticks; do echo $((0x$ticks - 0x$reads)); done
} < "$work/ticks" > "$work/prices"
cut -d ' ' -f 2- "$work/expected" | paste -d ' ' "$work/prices" - | tee "$work/found" |
    while read -r ticks name; do printf '  %-24s %5d\n' "$name" "$ticks"; done

if cmp -s "$work/found" "$work/expected"; then
    echo 'as found: n + 1 for a repeated instruction, 1 for any other'
else
    echo 'CHANGED: other prices than these:'
    cat "$work/expected"
    exit 1
fi
