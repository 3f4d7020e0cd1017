#!/bin/sh
# Debian's QEMU of any release, unpacked below target/qemu/RELEASE and never
# installed: nothing of the system changes, and several stand beside each other.
# Prints the path of each executable, for `--qemu` or CAPBENCH_QEMU.
#
# Usage: qemu.sh [RELEASE ...]     trixie, sid, ... [default: the one installed here]
#
# The archive is the one this machine's Debian sources name; elsewhere
# CAPBENCH_DEBIAN_MIRROR names it (https://MIRROR/debian). Packages are checked by
# apt against Debian's own keys. Needs apt-get, dpkg-deb and those keys; 170 MiB
# and ten seconds a release. A release that is there is not fetched again.
set -eu
cd "$(dirname "$0")/.."

mkdir -p "${CARGO_TARGET_DIR:-target}/qemu"
place=$(cd "${CARGO_TARGET_DIR:-target}/qemu" && pwd)
package=qemu-system-x86

say() { printf '%s\n' "$*" >&2; }
stop() { say "capbench: $*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

help_elsewhere="set CAPBENCH_DEBIAN_MIRROR to a Debian mirror (https://MIRROR/debian), or name a
  QEMU that is there: CAPBENCH_QEMU=/path/to/qemu-system-x86_64"

check_tools() {
    for tool in apt-get dpkg-deb; do
        have "$tool" || stop "no \`$tool\` here, and another release's packages cannot be had without.
  Name a QEMU that is there: CAPBENCH_QEMU=/path/to/qemu-system-x86_64"
    done
}

keyring() {
    for keys in /usr/share/keyrings/debian-archive-keyring.gpg /usr/share/keyrings/debian-archive-keyring.pgp; do
        [ ! -e "$keys" ] || { printf '%s' "$keys"; return 0; }
    done
    stop "Debian's archive keys are not here: apt-get install debian-archive-keyring"
}

# Debian's main archive by the machine's own sources; security updates have their own.
mirror() {
    if [ -n "${CAPBENCH_DEBIAN_MIRROR:-}" ]; then
        printf '%s' "$CAPBENCH_DEBIAN_MIRROR"
        return 0
    fi
    [ "$(sed -n 's/^ID=//p' /etc/os-release)" = debian ] ||
        stop "this is no Debian, so its sources name no Debian mirror.
  $help_elsewhere"
    # shellcheck disable=SC2016 # apt fills in the names
    found=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
        awk '$2 !~ /-/ { print $1; exit }')
    [ -n "$found" ] || stop "apt's sources name no Debian archive.
  $help_elsewhere"
    printf '%s' "$found"
}

own_release() {
    sed -n 's/^VERSION_CODENAME=//p' /etc/os-release
}

# apt with lists and state of its own. What is installed here says nothing about
# another release, and sid's lists may be past their date on a mirror.
apt_apart() {
    apt_root=$work/apt
    apt-get --quiet --quiet \
        -o Dir::State="$apt_root/state" -o Dir::State::status="$apt_root/status" \
        -o Dir::Cache="$apt_root/cache" -o Dir::Cache::archives="$apt_root/archives" \
        -o Dir::Etc::sourcelist="$apt_root/sources.list" -o Dir::Etc::sourceparts="$apt_root/none" \
        -o Dir::Etc::preferencesparts="$apt_root/none" \
        -o Acquire::Check-Valid-Until=false -o APT::Sandbox::User= "$@" >&2
}

fetch() {
    mkdir -p "$work/apt/state/lists/partial" "$work/apt/cache" "$work/apt/archives/partial" "$work/apt/none"
    : > "$work/apt/status"
    printf 'deb [arch=amd64 signed-by=%s] %s %s main\n' "$keys" "$archive" "$release" \
        > "$work/apt/sources.list"
    apt_apart update && apt_apart --yes --no-install-recommends --download-only install "$package"
}

unpack() {
    for deb in "$work"/apt/archives/*.deb; do
        dpkg-deb --extract "$deb" "$work/root" || return 1
    done
    rm -r "$work/apt"
}

# Directories below the tree that hold shared objects, for its loader.
libraries() {
    (cd "$work/root" && find . -name '*.so*' -printf '%h\n') | sort -u |
        awk '{ printf "%s$root/%s", (NR > 1 ? ":" : ""), substr($0, 3) }'
}

# Its own loader and libraries: this machine's may be older or newer. A copy that
# was moved still finds what is beside it.
write_program() {
    loader=$(cd "$work/root" && find . -name 'ld-linux-x86-64.so.2' | head -n 1)
    cat > "$work/qemu-system-x86_64" <<PROGRAM
#!/bin/sh
root=\$(dirname "\$(readlink -f "\$0")")/root
QEMU_MODULE_DIR=\$root/usr/lib/x86_64-linux-gnu/qemu
export QEMU_MODULE_DIR
exec "\$root/${loader#./}" --library-path "$(libraries)" \\
    "\$root/usr/bin/qemu-system-x86_64" \\
    -L "\$root/usr/share/qemu" -L "\$root/usr/share/seabios" "\$@"
PROGRAM
    chmod +x "$work/qemu-system-x86_64"
}

[ $# -gt 0 ] || set -- "$(own_release)"
for release in "$@"; do
    there=$place/$release
    if [ ! -x "$there/qemu-system-x86_64" ]; then
        check_tools
        keys=$(keyring)
        archive=$(mirror)
        say "fetching Debian $release's QEMU into $there; nothing is installed"
        work=$place/$release.part
        rm -rf "$work"
        fetch || stop "apt could not fetch $package of Debian $release; its messages are above"
        unpack || stop "the packages of Debian $release do not unpack; its messages are above"
        write_program
        "$work/qemu-system-x86_64" --version >&2 || stop "Debian $release's QEMU does not start here; its message is above"
        rm -rf "$there"
        mv "$work" "$there"
    fi
    printf '%s\n' "$there/qemu-system-x86_64"
done
