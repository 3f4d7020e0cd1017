#!/bin/sh
# QEMU's instruction clock differs from boot to boot once the guest halts.
#
# Guess     With `-icount shift=0,sleep=off` the virtual clock counts instructions and
#           jumps to the next timer where the guest halts. One processor, no input, no
#           network: every boot ends at the same time stamp.
# Behaviour Some boots end one or more ticks later. The main thread may move the clock
#           over a halt before the processor's last instructions are counted; they are
#           then counted on top. Each halt is one more chance, so a guest that idles
#           differs often, and one that never does, never. `rr=record` into /dev/null,
#           a recording that nobody replays, makes the two threads take turns, and all
#           boots are equal.
# Version   QEMU 10.0.13 (Debian 13, package qemu-system-x86)
# Output    k of n depends on the machine and its load; the recording's 0 does not
#             -icount shift=0,sleep=off
#               3 of 16 boots differ; time stamps at the end, in ticks:
#               830111425 (13 x) 830111426 (3 x)
#             -icount shift=0,sleep=off,rr=record,rrfile=/dev/null
#               0 of 16 boots differ; time stamps at the end, in ticks:
#               830111425 (16 x)
#
# Needs apt-get with Debian's archive keys (elsewhere than on Debian, DEBIAN_MIRROR names
# the archive) and binutils. Everything is kept in a temporary folder. Takes one minute
# on an idle machine.
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

# The guest: 30 000 times, set the timer to 20 to 36 microseconds and halt until then.
# Without a local APIC the timer reaches the processor unconfigured.
assemble halts <<'GUEST'
.code16
start:
    ljmp $0xf000, $1f       # below 1 MiB, where the interrupt table points
1:  xor %ax, %ax
    mov %ax, %ds
    mov %ax, %ss
    mov $0x7000, %sp
    movw $tick, 8 * 4
    movw $0xf000, 8 * 4 + 2
    mov $0x11, %al          # interrupt controller: timer is vector 8, all else masked
    out %al, $0x20
    mov $8, %al
    out %al, $0x21
    mov $4, %al
    out %al, $0x21
    mov $1, %al
    out %al, $0x21
    mov $0xfe, %al
    out %al, $0x21
    mov $30000, %si
    mov $24, %bl
1:  mov $0x10, %al          # one shot after %bl periods of 838 ns
    out %al, $0x43
    mov %bl, %al
    out %al, $0x40
    sti
    hlt
    cli
    inc %bl
    cmp $43, %bl
    jb 2f
    mov $24, %bl
2:  dec %si
    jnz 1b
    rdtsc
    call print
    out %al, $0xf4
    hlt
tick:
    mov $0x20, %al
    out %al, $0x20
    iret
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

boot() { # ICOUNT-SETTINGS
    qemu trixie -accel tcg -icount "$1" -cpu max,-apic -nodefaults -display none -m 16 \
        -bios "$work/halts.rom" -debugcon stdio -device isa-debug-exit,iobase=0xf4 \
        2>/dev/null || true
}

# Boots whose last time stamp is not the most frequent one.
odd_ones() { # FILE
    sort "$1" | uniq -c | sort -rn | awk 'NR > 1 { odd += $1 } END { print odd + 0 }'
}

report() { # FILE ICOUNT-SETTINGS
    printf '%s\n  %d of %d boots differ; time stamps at the end, in ticks:' \
        "-icount $2" "$(odd_ones "$1")" "$(wc -l < "$1")"
    sort "$1" | uniq -c | while read -r boots stamp; do printf ' %d (%d x)' "0x$stamp" "$boots"; done
    echo
}

fetch_qemu trixie
qemu trixie --version | head -n 1

# At least 16 boots; up to 48 until one differs, as a quiet machine has fewer.
plain=shift=0,sleep=off
boots=0
: > "$work/plain"
while [ $boots -lt 16 ] || { [ $boots -lt 48 ] && [ "$(odd_ones "$work/plain")" = 0 ]; }; do
    boot $plain >> "$work/plain"
    boots=$((boots + 1))
done
report "$work/plain" $plain

recorded=$plain,rr=record,rrfile=/dev/null
: > "$work/recorded"
for _ in $(seq $boots); do boot $recorded >> "$work/recorded"; done
report "$work/recorded" $recorded

[ "$(wc -l < "$work/plain")" = $boots ] && [ "$(wc -l < "$work/recorded")" = $boots ] || {
    echo 'CHANGED: not every boot printed its time stamp'
    exit 1
}
if [ "$(odd_ones "$work/plain")" -gt 0 ] && [ "$(odd_ones "$work/recorded")" = 0 ]; then
    echo 'as found: boots differ, and do not when recorded'
else
    echo 'CHANGED: plain boots no longer differ, or recorded ones do'
    exit 1
fi
