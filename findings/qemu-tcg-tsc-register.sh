#!/bin/sh
# QEMU without KVM: the time stamp counter's register reads 0 and cannot be written.
#
# Guess     `rdmsr` of register 0x10, IA32_TIME_STAMP_COUNTER, returns what `rdtsc`
#           returns, a write moves both, and `tsc-frequency=` sets their rate.
# Behaviour CPUID announces the counter and the registers, and `rdtsc` runs. But the
#           register reads 0, a write changes nothing, neither faults, and
#           `tsc-frequency=` is taken without a warning and ignored: under
#           `-icount shift=0`, 1 ns an instruction, 1001 instructions are 1001 ticks and
#           not 3003. A kernel that synchronises or resets its counters by that register
#           only believes that it did.
# Version   QEMU 10.0.13 (Debian 13, package qemu-system-x86), -accel tcg
# Output
#             CPUID announces rdtsc and rdmsr: yes
#             rdmsr 0x10:                      0
#             rdtsc:                           154
#             rdtsc after wrmsr of 2^30:       230
#             ticks of 1001 instructions:      1001
#             warnings:                        0
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

assemble counter <<'GUEST'
.code16
start:
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %ss
    mov $0x7000, %sp
    mov $1, %eax
    cpuid
    mov %edx, %eax
    shr $4, %eax
    and $3, %eax            # bit 0: rdtsc, bit 1: rdmsr and wrmsr
    call print
    mov $0x10, %ecx
    rdmsr
    or %edx, %eax
    call print
    rdtsc
    call print
    mov $0x10, %ecx
    mov $0x40000000, %eax
    xor %edx, %edx
    wrmsr
    rdtsc
    call print
    rdtsc
    mov %eax, %ebp
    mov $499, %cx
1:  dec %cx
    jnz 1b
    rdtsc
    sub %ebp, %eax
    call print
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

fetch_qemu trixie
qemu trixie --version | head -n 1
qemu trixie -accel tcg -icount shift=0,sleep=off -cpu max,tsc-frequency=3000000000 \
    -nodefaults -display none -m 16 -bios "$work/counter.rom" -debugcon stdio \
    -device isa-debug-exit,iobase=0xf4 > "$work/said" 2> "$work/warnings" || true

{ read -r announced; read -r register; read -r before; read -r after; read -r thousand; } < "$work/said"
printf '  CPUID announces rdtsc and rdmsr: %s\n' "$([ $((0x$announced)) = 3 ] && echo yes || echo no)"
printf '  rdmsr 0x10:                      %d\n' "0x$register"
printf '  rdtsc:                           %d\n' "0x$before"
printf '  rdtsc after wrmsr of 2^30:       %d\n' "0x$after"
printf '  ticks of 1001 instructions:      %d\n' "0x$thousand"
printf '  warnings:                        %d\n' "$(wc -l < "$work/warnings")"

if [ $((0x$announced)) = 3 ] && [ $((0x$register)) = 0 ] && [ $((0x$before)) -gt 0 ] &&
    [ $((0x$after)) -lt 1000000 ] && [ $((0x$thousand)) = 1001 ] && [ ! -s "$work/warnings" ]; then
    echo 'as found: the register is not the counter'
else
    echo 'CHANGED: the register or tsc-frequency has an effect'
    exit 1
fi
