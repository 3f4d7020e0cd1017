#!/bin/sh
# No QEMU plugin of one API version loads into 7.2, 10.0 and 11.1.
#
# Guess     A plugin states the API version it was built for, and QEMU takes every
#           version up to its own, as the window that it prints suggests.
# Behaviour The window moves at both ends. 10.0 refuses version 1, which 7.2 needs, and
#           11.1 takes version 7 alone, so that an object has to be built per QEMU. The
#           stated number is all that QEMU checks: this object has one function that does
#           nothing.
# Version   QEMU 7.2.22, 10.0.13 and 11.1.3 (Debian 12, 13 and sid, package
#           qemu-system-x86); sid moves on, and another QEMU there is a change
# Output
#             QEMU 7.2 takes API version 0 1
#             QEMU 10.0 takes API version 2 3 4
#               of version 1 it says: ... plugin requires API version 1, but this QEMU
#               supports only a minimum version of 2
#             QEMU 11.1 takes API version 7
#               of version 1 it says: ... plugin requires API version 1, but this QEMU
#               supports only a minimum version of 7
#
# Needs apt-get with Debian's archive keys (elsewhere than on Debian, DEBIAN_MIRROR names
# the archive) and a C compiler. Everything is kept in a temporary folder.
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

build_plugin() { # API-VERSION
    cc -shared -fPIC -DVERSION="$1" -o "$work/version-$1.so" -x c - <<'SOURCE'
#include <stdint.h>
__attribute__((visibility("default"))) int qemu_plugin_version = VERSION;
/* The second argument points to what QEMU says of itself; nothing here reads it. */
int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);
int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
    (void)id, (void)info, (void)argc, (void)argv;
    return 0;
}
SOURCE
}

# A machine without a processor, left through its monitor as soon as it stands.
loads() { # RELEASE API-VERSION
    echo quit | qemu "$1" -machine none -display none -nodefaults -monitor stdio \
        -plugin "file=$work/version-$2.so" > "$work/said" 2>&1
}

versions='0 1 2 3 4 5 6 7 8'
for version in $versions; do build_plugin "$version"; done

for release in bookworm trixie sid; do
    fetch_qemu $release
    taken=
    refusal=
    for version in $versions; do
        if loads $release "$version"; then
            taken="$taken $version"
        elif ! grep -q 'plugin.*version' "$work/said"; then
            cat "$work/said"
            exit 1
        elif [ "$version" = 1 ]; then
            refusal=$(grep 'plugin.*version' "$work/said" | sed "s|$work/||")
        fi
    done
    number=$(qemu $release --version | sed -n '1s/.*version \([0-9]*\.[0-9]*\).*/\1/p')
    echo "QEMU $number takes API version$taken" | tee -a "$work/windows"
    if [ -n "$refusal" ]; then echo "  of version 1 it says: $refusal"; fi
done

if [ "$(cat "$work/windows")" = 'QEMU 7.2 takes API version 0 1
QEMU 10.0 takes API version 2 3 4
QEMU 11.1 takes API version 7' ]; then
    echo 'as found: the three have no version in common'
else
    echo 'CHANGED: other windows than 0 to 1, 2 to 4 and 7'
    exit 1
fi
