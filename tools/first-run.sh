#!/bin/sh
# What has to be there before cargo can build anything, and nothing more: the
# rest is `capbench doctor`. Silent when everything is there. Removes and upgrades
# nothing that is installed.
#
# Usage: first-run.sh [--packages]
#   --packages   install missing distribution packages only; build nothing
#
# CAPBENCH_QEMU names a QEMU that is used instead of an installed one.
set -eu
cd "$(dirname "$0")/.."
. tools/packages.sh

disk_needed_mib=4000
minutes="4 to 8"

stop() { say "capbench: $*"; exit 1; }

oldest_rust=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)

# Whether dotted version $1 is at least $2.
at_least() {
    printf '%s %s\n' "$1" "$2" | awk '{
        n = split($1, a, "."); m = split($2, b, ".")
        for (i = 1; i <= (n > m ? n : m); i++)
            if (a[i] + 0 != b[i] + 0) exit !(a[i] + 0 > b[i] + 0)
    }'
}

state_cost() {
    say "First run: builds the tools and the guests from source."
    say "  disk    about $disk_needed_mib MiB below $(pwd)/target"
    say "  time    $minutes minutes on two cores, seconds afterwards"
    free_mib=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024) }')
    [ "$free_mib" -ge "$disk_needed_mib" ] ||
        stop "only $free_mib MiB are free here; make room, or set CARGO_TARGET_DIR"
}

check_rust() {
    rust_help="install a stable toolchain: https://rustup.rs, or your distribution's"
    { have cargo && have rustc; } || stop "no Rust compiler on PATH; $rust_help"
    rust=$(rustc --version | awk '{ sub(/-.*/, "", $2); print $2 }')
    at_least "$rust" "$oldest_rust" ||
        stop "Rust $rust is too old, $oldest_rust or newer is needed; $rust_help"
}

# A compiler without its C library's files compiles and does not link, so it is tried.
have_c() {
    have cc || return 1
    program=$(mktemp)
    echo 'int main(void) { return 0; }' | cc -x c -o "$program" - 2>/dev/null
    linked=$?
    rm -f "$program"
    return $linked
}

have_qemu() {
    if [ -n "${CAPBENCH_QEMU:-}" ]; then
        { [ -f "$CAPBENCH_QEMU" ] && [ -x "$CAPBENCH_QEMU" ]; } ||
            stop "CAPBENCH_QEMU names no executable file: $CAPBENCH_QEMU"
    else
        have qemu-system-x86_64
    fi
}

# What is missing, as the package manager $1 calls it.
missing() {
    case $1 in
    apt-get) c="gcc libc6-dev" qemu=qemu-system-x86 ;;
    dnf) c="gcc" qemu=qemu-system-x86-core ;;
    pacman) c="gcc" qemu=qemu-system-x86 ;;
    esac
    have_c || printf ' %s' "$c"
    have_qemu || printf ' %s' "$qemu"
}

# shellcheck disable=SC2046 # a list of packages
install_packages() {
    { have_c && have_qemu; } && return 0
    if ! have apt-get || ! may_install; then
        tell_packages
    fi
    say "installing$(missing apt-get)"
    apt_add $(missing apt-get) || { tell_alternative; exit 1; }
    have_c || stop "apt-get reported success, but \`cc\` makes no program"
    have_qemu || stop "apt-get reported success, but qemu-system-x86_64 is not on PATH"
}

tell_packages() {
    say "capbench: packages are missing and cannot be installed without a password; one of:
  sudo apt-get install --no-install-recommends$(missing apt-get)
  sudo dnf install$(missing dnf)
  sudo pacman -S$(missing pacman)"
    tell_alternative
    exit 1
}

tell_alternative() {
    have_qemu || say "To use a QEMU that is unpacked below target/, with nothing installed:
  CAPBENCH_QEMU=\$(sh tools/qemu.sh) make run-measure"
}

if [ "${1:-}" = --packages ]; then
    install_packages
    exit 0
fi

target=${CARGO_TARGET_DIR:-target}
first=no
[ -x "$target/debug/capbench" ] || first=yes

[ $first = no ] || state_cost
check_rust
install_packages
if [ $first = yes ]; then
    cargo build --locked --package capbench
    "$target/debug/capbench" doctor >&2
fi
