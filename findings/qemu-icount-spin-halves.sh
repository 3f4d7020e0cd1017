#!/bin/sh
# Two processors under QEMU's instruction clock: the same question, each time answered
# in half the time.
#
# Guess     Both processors run in turns of a fixed length, so one that spins on a flag
#           waits about as long each time, or a few instructions, as the other needs five.
# Behaviour A turn is the time to QEMU's next timer divided by the number of processors,
#           and one that spins keeps its turn to the end. The timer here is milliseconds
#           away, and each wait takes half of what is left, so ten waits fall from seven
#           million instructions to thirteen thousand. With `pause` in the
#           loop, which ends a turn, the same wait takes 9. So a spin lock or a
#           cross-call without `pause` measures the distance to a timer.
# Version   QEMU 10.0.13 (Debian 13, package qemu-system-x86), -icount shift=0,sleep=off
#           -smp 2
# Output    ticks (= instructions of both processors) from question to answer
#             without pause: 6865088 3432506 1716216 858068 428998 214460 107192 53558
#                            26742 13334
#             with pause:    9
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

# The second processor copies a number; the first raises it, waits for the copy and
# prints how long that took: first with `pause`, then ten times without, then with.
assemble questions <<'GUEST'
.code16
.set QUESTION, 0x6000
.set ANSWER, 0x6002
.set START, 0x8000
.set APIC, 0xfee00000
.macro ask wait:vararg
    incw QUESTION
    mov QUESTION, %bx
    rdtsc
    mov %eax, %esi
1:  \wait
    cmp ANSWER, %bx
    jne 1b
    rdtsc
    sub %esi, %eax
    call print
.endm
start:
    ljmp $0xf000, $1f
1:  xor %ax, %ax
    mov %ax, %ds
    mov %ax, %ss
    mov $0x7000, %sp
    lgdtl %cs:table         # a visit to protected mode: %fs keeps a limit of 4 GiB
    mov %cr0, %eax
    inc %ax
    mov %eax, %cr0
    mov $8, %cx
    mov %cx, %fs
    dec %ax
    mov %eax, %cr0
    movb $0xea, START       # ljmp $0xf000, $answerer
    movw $answerer, START + 1
    movw $0xf000, START + 3
    mov $APIC, %ebp
    movl $0x01000000, %fs:0x310(%ebp)
    movl $0x4500, %fs:0x300(%ebp)
    mov $1000, %cx          # the other takes the INIT in its turn
1:  pause
    loop 1b
    movl $0x4600 + START / 4096, %fs:0x300(%ebp)
    ask pause
    .rept 10
    ask
    .endr
    ask pause
    out %al, $0xf4
    cli
    hlt
answerer:
    xor %ax, %ax
    mov %ax, %ds
1:  pause
    mov QUESTION, %ax
    mov %ax, ANSWER
    jmp 1b
descriptors:
    .quad 0, 0x00cf93000000ffff
table:
    .word 15
    .long 0xf0000 + descriptors
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

fetch_qemu trixie
qemu trixie --version | head -n 1
qemu trixie -accel tcg -icount shift=0,sleep=off -smp 2 -cpu max -nodefaults -display none \
    -m 16 -bios "$work/questions.rom" -debugcon stdio -device isa-debug-exit,iobase=0xf4 \
    > "$work/ticks" || true
while read -r ticks; do echo $((0x$ticks)); done < "$work/ticks" > "$work/waits"
echo "  without pause: $(sed '1d;$d' "$work/waits" | paste -s -d ' ')"
echo "  with pause:    $(tail -n 1 "$work/waits")"

# Half of the wait before, to within what happens between two questions.
if awk 'NR == 1 { next }
        NR == 12 { paused = $1; next }
        NR > 2 && ($1 * 2 > before || $1 * 2 < before * 0.99 - 500) { wrong = 1 }
        { before = $1 }
        NR == 2 && $1 < 1000000 { wrong = 1 }
        END { exit !(NR == 12 && !wrong && paused < 50) }' "$work/waits"; then
    echo 'as found: each wait is half the one before, and a handful with pause'
else
    echo 'CHANGED: the waits no longer halve, or pause no longer ends a turn'
    exit 1
fi
