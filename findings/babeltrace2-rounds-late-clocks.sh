#!/bin/sh
# babeltrace2 rounds the time of a clock that is not 1 GHz, by several nanoseconds after
# a year of uptime.
#
# Guess     A CTF time stamp is an integer of 64 bits and so is the result in nanoseconds,
#           so the conversion is exact: of 40 events one cycle of 3 GHz apart, three share
#           each nanosecond.
# Behaviour The conversion goes through floating point of 53 bits. After a year, the 40
#           events fall on three instants instead of fourteen, 4 and 8 ns apart, and the
#           first event, exactly at one year, is shown 4 ns before it. A clock of
#           1 GHz takes another path, which is exact. Raw time stamp counters are best
#           declared with an offset near the recording, or written as nanoseconds.
# Version   babeltrace2 2.1.1 (Debian 13, package babeltrace2)
# Output
#             3 GHz, 40 events on consecutive cycles:
#               31535999.999999996 s  9 events
#               31536000.000000004 s  15 events
#               31536000.000000008 s  16 events
#             1 GHz, the same:
#               40 instants from 31536000.000000000 s on
#
# Needs apt-get with Debian's archive keys (elsewhere than on Debian, DEBIAN_MIRROR names
# the archive) and python3. Everything is kept in a temporary folder.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# Debian 13's package, unpacked and not installed: apt keeps lists of its own.
fetch_babeltrace2() {
    mkdir -p "$work/apt/none" "$work/apt/lists/partial" "$work/apt/archives/partial"
    : > "$work/apt/status"
    set -- /usr/share/keyrings/debian-archive-keyring.*
    mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)}
    printf 'deb [arch=amd64 signed-by=%s] %s trixie main\n' "$1" "$mirror" > "$work/apt/sources.list"
    cat > "$work/apt/conf" <<CONF
Dir::State "$work/apt";
Dir::State::status "$work/apt/status";
Dir::Cache "$work/apt";
Dir::Etc::sourcelist "$work/apt/sources.list";
Dir::Etc::sourceparts "$work/apt/none";
Dir::Etc::preferencesparts "$work/apt/none";
APT::Sandbox::User "root";
CONF
    APT_CONFIG=$work/apt/conf apt-get -qq update >&2
    APT_CONFIG=$work/apt/conf apt-get -qq --yes --no-install-recommends --download-only install babeltrace2 >&2
    for package in "$work"/apt/archives/*.deb; do dpkg-deb --extract "$package" "$work/tree"; done
}

babeltrace2() {
    loader=$(find "$work/tree" -type f -name ld-linux-x86-64.so.2)
    libraries=$work/tree/usr/lib/x86_64-linux-gnu
    "$loader" --library-path "$libraries" "$work/tree/usr/bin/babeltrace2" \
        --omit-home-plugin-path --omit-system-plugin-path \
        --plugin-path="$libraries/babeltrace2/plugins" "$@"
}

# A trace of one packet: 40 events on consecutive cycles, the first after exactly a year.
write_trace() { # HERTZ
    mkdir -p "$work/trace-$1"
    python3 - "$1" "$work/trace-$1" <<'PYTHON'
import pathlib, struct, sys

hertz, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
cycles = [365 * 86400 * hertz + n for n in range(40)]
events = b"".join(struct.pack("<Q", at) for at in cycles)
bits = 8 * (4 * 8 + len(events))
packet = struct.pack("<QQQQ", bits, bits, cycles[0], cycles[-1])
(folder / "stream").write_bytes(packet + events)
(folder / "metadata").write_text("""/* CTF 1.8 */
trace { major = 1; minor = 8; byte_order = le; };
clock { name = counter; freq = %d; };
typealias integer { size = 64; align = 8; signed = false; } := number;
typealias integer { size = 64; align = 8; signed = false; map = clock.counter.value; } := time;
stream {
    packet.context := struct {
        number content_size;
        number packet_size;
        time timestamp_begin;
        time timestamp_end;
    };
    event.header := struct { time timestamp; };
};
event { name = cycle; };
""" % hertz)
PYTHON
}

seconds() { # HERTZ
    babeltrace2 --clock-seconds "$work/trace-$1" | sed 's/^\[\([0-9.]*\)\].*/\1/' | uniq -c
}

fetch_babeltrace2
babeltrace2 --version | head -n 1
for hertz in 3000000000 1000000000; do
    write_trace $hertz
    seconds $hertz > "$work/seconds-$hertz"
done
echo '3 GHz, 40 events on consecutive cycles:'
awk '{ print "  " $2 " s  " $1 " events" }' "$work/seconds-3000000000"
echo '1 GHz, the same:'
echo "  $(wc -l < "$work/seconds-1000000000") instants from $(awk 'NR == 1 { print $2 }' "$work/seconds-1000000000") s on"

year=31536000.000000000
if [ "$(wc -l < "$work/seconds-3000000000")" -lt 10 ] && ! grep -q "$year" "$work/seconds-3000000000" &&
    [ "$(wc -l < "$work/seconds-1000000000")" = 40 ] && grep -q "$year" "$work/seconds-1000000000"; then
    echo 'as found: exact at 1 GHz, rounded at 3 GHz'
else
    echo 'CHANGED: 3 GHz is no longer rounded, or 1 GHz is'
    exit 1
fi
