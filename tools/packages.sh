# Packages of the distribution, added where that removes and upgrades nothing. Read by
# other scripts (`. tools/packages.sh`), which find what they miss and say what for.
# shellcheck shell=sh
# shellcheck disable=SC2086 # commands with their options are lists

say() { printf '%s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

# In English, because its words are looked for. It waits for another package manager.
apt="env LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get --quiet -o DPkg::Lock::Timeout=60"
add="install --no-install-recommends"

# A command that limits how long a download takes; empty is no limit. It never limits
# the installation itself, which must not end half-way.
download_limit=

# Whether packages can be installed without asking for a password, and how.
may_install() {
    as_root=
    [ "$(id -u)" != 0 ] || return 0
    as_root="sudo -n"
    have sudo && $as_root true 2>/dev/null
}

# Adds packages, after `may_install`. Status 1 where they cannot be had, with the
# reason and what to type: then nothing that was installed has changed.
apt_add() {
    log=$(mktemp)
    status=0
    apt_attempt "$@" || status=$?
    if [ $status = $old_lists ]; then
        say "fetching package lists"
        # Where that fails the attempt says what is still missing.
        $download_limit $as_root $apt update >"$log" 2>&1 || cat "$log" >&2
        status=0
        apt_attempt "$@" || status=$?
    fi
    if [ $status = $failed ] || [ $status = $old_lists ]; then
        cat "$log" >&2
        say "capbench: apt-get cannot install $*; its messages are above"
    fi
    rm -f "$log"
    [ $status = 0 ]
}

# What becomes of an attempt, beside 0. Only for lists that do not know a package, or
# name a file that is gone, there is a second.
failed=1
refused=2
old_lists=3

apt_attempt() {
    # Asked first, and without forbidding anything: apt would upgrade what new
    # packages depend on, and of what it may not remove it names no more than that.
    $apt --simulate $add "$@" >"$log" 2>&1 || return "$(failure)"
    losses=$(losses)
    if [ -n "$losses" ]; then
        say "capbench: installing $* would change what is installed here:"
        say "$losses"
        say "Nothing was done. If that is what you want:
  ${as_root:+sudo }apt-get $add $*"
        return $refused
    fi
    set -- $add --no-remove --no-upgrade --yes "$@"
    $download_limit $as_root $apt "$@" --download-only >"$log" 2>&1 || return "$(failure)"
    $as_root $apt "$@" >"$log" 2>&1 || return $failed
}

# `Remv NAME [OLD]`, `Inst NAME [OLD] (NEW ...)`: what is new has no old version.
losses() {
    awk '$1 == "Remv" { print "  removed:  " $2 }
         $1 == "Inst" && $3 ~ /^\[/ { print "  upgraded: " $2 }' "$log"
}

failure() {
    if grep -q -e 'Unable to locate package' -e 'has no installation candidate' -e '404 *Not Found' "$log"; then
        echo $old_lists
    else
        echo $failed
    fi
}
