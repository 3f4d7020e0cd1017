#!/bin/sh
# What tests need beyond what first-run.sh installs: readers of our files that we
# did not write. A headless Chromium and the `capnp` tool from the distribution, and
# pinned Python packages in a virtual environment below target/. Silent when
# everything is there.
#
# Status 1 where something could not be had: nothing but the tests that use it
# depends on it, and they say `skipped`.
set -eu
cd "$(dirname "$0")/.."

packages="chromium capnproto fonts-dejavu-core"
requirements=tools/requirements-test.txt
venv=${CARGO_TARGET_DIR:-target}/test-venv
# Some mirrors take their time; a test run must not wait for them for ever.
patience_seconds=180

say() { printf '%s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

have_browser() {
    have chromium || have chromium-browser || have google-chrome
}

have_venv_module() {
    python3 -c 'import ensurepip, venv' >/dev/null 2>&1
}

missing_packages() {
    have_browser || printf 'chromium fonts-dejavu-core '
    have capnp || printf 'capnproto '
    have_venv_module || printf 'python3-venv '
}

# Runs a command for no longer than we are patient, where that can be limited.
patiently() {
    if have timeout; then
        timeout "$patience_seconds" "$@"
    else
        "$@"
    fi
}

tell_packages() {
    say "capbench: $1; tests that need them will be skipped. One of:
  sudo apt-get install --no-install-recommends $packages python3-venv
  sudo dnf install chromium-headless capnproto dejavu-sans-fonts python3
  sudo pacman -S chromium capnproto ttf-dejavu python"
    return 1
}

# shellcheck disable=SC2086 # $missing is a list
install_packages() {
    missing=$(missing_packages)
    missing=${missing% }
    [ -n "$missing" ] || return 0
    if ! have apt-get; then
        tell_packages "missing: $missing" || return 1
    elif [ "$(id -u)" = 0 ]; then
        set --
    elif have sudo && sudo -n true 2>/dev/null; then
        set -- sudo -n
    else
        tell_packages "missing, and no root without a password: $missing" || return 1
    fi
    say "Test components are missing; installing $missing"
    set -- "$@" env DEBIAN_FRONTEND=noninteractive apt-get
    patiently "$@" install --quiet --yes --no-install-recommends $missing >&2 && return 0
    say "retrying with fresh package lists"
    patiently "$@" update --quiet >&2 &&
        patiently "$@" install --quiet --yes --no-install-recommends $missing >&2 ||
        tell_packages "apt-get could not install $missing"
}

# The environment holds a copy of the requirements it was made from, so that other
# pins make another one. The copy comes last: an interrupted installation has none.
install_python() {
    ! cmp -s "$requirements" "$venv/requirements.txt" || return 0
    if ! have_venv_module; then
        say "capbench: python3 with the modules venv and ensurepip is missing; tests of readers will be skipped"
        return 1
    fi
    say "Installing readers of exports (pandas, polars, pyarrow, DuckDB, Jupyter) into $venv"
    say "  disk    about 700 MiB"
    say "  time    half a minute"
    rm -rf "$venv"
    python3 -m venv "$venv" >&2 &&
        patiently "$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: \
            --requirement "$requirements" >&2 &&
        cp "$requirements" "$venv/requirements.txt" && return 0
    say "capbench: pip could not install $requirements; its messages are above. Tests of readers will be skipped"
    return 1
}

complete=yes
install_packages || complete=no
install_python || complete=no
[ $complete = yes ]
