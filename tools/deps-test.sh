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
. tools/packages.sh

requirements=tools/requirements-test.txt
venv=${CARGO_TARGET_DIR:-target}/test-venv

# Some mirrors take their time; a test run must not wait for them for ever.
download_limit=
! have timeout || download_limit="timeout 180"

have_browser() {
    have chromium || have chromium-browser || have google-chrome
}

have_venv_module() {
    python3 -c 'import ensurepip, venv' >/dev/null 2>&1
}

have_capnp() { have capnp; }

# Each for itself, so that one that is not to be had costs only its own tests.
install_packages() {
    if have_browser && have_capnp && have_venv_module; then
        return 0
    elif have apt-get && may_install; then
        here=yes
        install_unless have_browser chromium fonts-dejavu-core || here=no
        install_unless have_capnp capnproto || here=no
        install_unless have_venv_module python3-venv || here=no
        [ $here = no ] || return 0
    else
        say "capbench: test components are missing and cannot be installed without a password; one of:
  sudo apt-get install --no-install-recommends chromium capnproto fonts-dejavu-core python3-venv
  sudo dnf install chromium-headless capnproto dejavu-sans-fonts python3
  sudo pacman -S chromium capnproto ttf-dejavu python"
    fi
    say "capbench: tests of what is missing will be skipped"
    return 1
}

install_unless() {
    "$1" && return 0
    shift
    say "a test component is missing; installing $*"
    apt_add "$@"
}

# The environment holds a copy of the requirements it was made from, so that other
# pins make another one. The copy comes last: an interrupted installation has none.
# shellcheck disable=SC2086 # $download_limit is a list
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
        $download_limit "$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: \
            --requirement "$requirements" >&2 &&
        cp "$requirements" "$venv/requirements.txt" && return 0
    say "capbench: pip could not install $requirements; its messages are above. Tests of readers will be skipped"
    return 1
}

complete=yes
install_packages || complete=no
install_python || complete=no
[ $complete = yes ]
