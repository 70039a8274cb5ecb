#!/bin/sh
# Gets a checkout ready to run. Called by the Makefile, never needed by hand.
#
#   deploy/setup.sh runtime   .venv with what the bot needs (requirements.lock)
#   deploy/setup.sh dev       .venv with what its tests need as well (requirements-dev.lock)
#   deploy/setup.sh browser   sees that Chromium and a Chinese font are there; exits 1 if there is no Chromium
#
# Installs Debian packages only as root on a machine with apt-get; elsewhere it names the command that does.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*"; }
fail() {
    printf '\n' >&2
    printf '%s\n' "$@" >&2
    exit 1
}

may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }

apt_install() {
    say "Installing $* from Debian …"
    if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@"; } >.setup.log 2>&1; then
        tail -n 5 .setup.log >&2
        say "That did not work (whole log: .setup.log)." >&2
        return 1
    fi
    rm -f .setup.log
}

# ── Python ───────────────────────────────────────────────────────────────────

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if new_enough "$candidate"; then
            printf '%s' "$candidate"
            return
        fi
    done
    return 1
}

make_venv() {
    # A .venv that was copied or moved, or whose Python is gone, is made anew.
    if new_enough .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1 &&
        [ "$(cat .venv/.place 2>/dev/null)" = "$(pwd -P)" ]; then
        return
    fi
    python=$(find_python) || fail "Suifang needs Python 3.11 or newer; $(python3 --version 2>/dev/null || echo 'no python3') was found." \
        "Install one (Debian and Ubuntu: apt-get install -y python3 python3-venv), or say where it is: make PYTHON=/path/to/python3"
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        { may_install && apt_install "$package"; } ||
            fail "This Python cannot make virtual environments. As root, run: apt-get install -y $package" "Then run make again."
    fi
    say "Making .venv with $("$python" --version) …"
    rm -rf .venv
    "$python" -m venv .venv || fail "The virtual environment could not be made; the lines above say why."
    pwd -P >.venv/.place
}

count_packages() { # prints "  12 of 58: aiohttp" while pip goes through the lock
    awk -v total="$1" -v terminal="$2" '
        /^(Collecting|Requirement already satisfied:) / {
            name = $1 == "Collecting" ? $2 : $4
            sub(/==.*/, "", name)
            seen++
            if (terminal) printf "\r\033[K  %d of %d: %s", seen, total, name
            else if (seen % 20 == 0) printf "  %d of %d\n", seen, total
            fflush()
        }
        /^Installing collected packages/ {
            printf "%s  unpacking …", terminal ? "\r\033[K" : ""
            if (!terminal) printf "\n"
            fflush()
        }
        END { if (terminal) printf "\r\033[K" }'
}

why_it_failed() {
    # A missing network shows as "no matching distribution" too, so it is looked for first.
    if grep -qiE 'connection (broken|refused|reset|aborted)|NewConnectionError|name resolution|timed out|unreachable|ProxyError|SSLError|Max retries' "$1"; then
        say "The Python package index could not be reached. Check the network (or the proxy), then run make again."
    elif grep -q 'DO NOT MATCH THE HASHES' "$1"; then
        say "A package differs from the one that was locked. Nothing of it was installed; do not go round this check."
    elif grep -qi 'no space left' "$1"; then
        say "The disk is full. About 1 GB is needed."
    elif grep -qi 'permission denied' "$1"; then
        say "No right to write here. Run make as the owner of this folder."
    elif grep -qE 'No matching distribution|Failed to build|requires a different Python' "$1"; then
        say "A package has no ready build for this Python and machine. CPython 3.11 on Linux is what is tested."
    else
        say "pip could not install the packages:"
        grep -vE '^WARNING' "$1" | tail -n 8
    fi
    say "The whole log: $1"
}

pip() { .venv/bin/python -m pip --disable-pip-version-check --no-input "$@"; }

install_lock() { # name of the lock file
    log=.venv/setup.log
    total=$(grep -c '^[a-z0-9].*==' "$1")
    terminal=0
    if [ -t 1 ]; then terminal=1; fi
    say "Installing $total packages from $1 (the first time takes a minute or two) …"
    {
        if pip install --progress-bar off --require-hashes -r "$1" 2>&1; then echo ok >.venv/.outcome; else echo failed >.venv/.outcome; fi
    } | tee "$log" | count_packages "$total" "$terminal"
    [ "$(cat .venv/.outcome)" = ok ] || fail "$(why_it_failed "$log")"
    # Suifang itself, in place; hatchling comes from the lock, so nothing is fetched here.
    pip install --no-deps --no-build-isolation --no-index --editable . >"$log" 2>&1 || fail "$(why_it_failed "$log")"
}

# ── Chromium, for the browser tests ──────────────────────────────────────────

find_chromium() {
    for candidate in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        if [ -n "$candidate" ] && command -v "$candidate"; then return; fi
    done
    return 1
}

has_chinese_font() { command -v fc-list >/dev/null 2>&1 && [ -n "$(fc-list :lang=zh family 2>/dev/null)" ]; }

make_browser() {
    missing=
    find_chromium >/dev/null || missing=" chromium"
    has_chinese_font || missing="$missing fonts-noto-cjk"
    [ -n "$missing" ] || return 0
    # shellcheck disable=SC2086  # a list of package names
    if ! { may_install && apt_install $missing; }; then
        say "Missing for the browser tests:$missing"
        say "As root, run: apt-get update && apt-get install -y$missing"
    fi
    find_chromium >/dev/null
}

# ── What was asked for ───────────────────────────────────────────────────────

case "${1:-}" in
runtime)
    make_venv
    install_lock requirements.lock
    touch .venv/.runtime
    ;;
dev)
    make_venv
    install_lock requirements-dev.lock
    touch .venv/.runtime .venv/.dev # the development lock holds all of the other
    ;;
browser) make_browser ;;
find-browser) find_chromium ;;
*) fail "usage: deploy/setup.sh runtime|dev|browser|find-browser" ;;
esac
