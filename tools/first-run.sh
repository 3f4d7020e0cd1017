#!/bin/sh
# What has to be there before cargo can build anything, and nothing more: the
# rest is `capbench doctor`. Silent when everything is there.
#
# Usage: first-run.sh [--packages]
#   --packages   install missing distribution packages only; build nothing
set -eu
cd "$(dirname "$0")/.."

disk_needed_mib=4000
minutes="4 to 8"
packages="qemu-system-x86"

say() { printf '%s\n' "$*" >&2; }
stop() { say "capbench: $*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

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

check_c() {
    have cc || stop "no C compiler (\`cc\`) on PATH; one of:
  apt-get install gcc libc6-dev
  dnf install gcc
  pacman -S gcc"
}

install_packages() {
    have qemu-system-x86_64 && return 0
    if ! have apt-get; then
        tell_packages
    elif [ "$(id -u)" = 0 ]; then
        apt_install
    elif have sudo && sudo -n true 2>/dev/null; then
        apt_install sudo -n
    else
        tell_packages
    fi
    have qemu-system-x86_64 || stop "the package manager reported success, but qemu-system-x86_64 is not on PATH"
}

# shellcheck disable=SC2086 # $packages is a list
apt_install() {
    say "QEMU is missing; installing $packages"
    set -- "$@" env DEBIAN_FRONTEND=noninteractive apt-get
    "$@" install --yes --no-install-recommends $packages >&2 && return 0
    say "retrying with fresh package lists"
    "$@" update >&2 && "$@" install --yes --no-install-recommends $packages >&2 ||
        stop "apt-get could not install $packages; its messages are above"
}

tell_packages() {
    stop "QEMU is missing and cannot be installed without a password; one of:
  sudo apt-get install --no-install-recommends $packages
  sudo dnf install qemu-system-x86-core
  sudo pacman -S qemu-system-x86"
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
check_c
install_packages
if [ $first = yes ]; then
    cargo build --locked --package capbench
    "$target/debug/capbench" doctor >&2
fi
