#!/bin/sh
# The proof of a checkout. Called by the Makefile.
#
#   deploy/check.sh checks          style, format, types, layers: all four run, whichever fails
#   deploy/check.sh tests [ARG…]    pytest; browser tests are left out, loudly, where there is no Chromium
set -u
cd "$(dirname "$0")/.."
bin=.venv/bin

checks() {
    failed=
    for check in "ruff check --quiet ." "ruff format --check --quiet ." "mypy --no-error-summary" "lint-imports --no-logo"; do
        # shellcheck disable=SC2086  # a command and its arguments
        if output=$($bin/$check 2>&1); then
            printf '  ok      %s\n' "$check"
        else
            printf '  FAILED  %s\n%s\n\n' "$check" "$output"
            failed="$failed
  $check"
        fi
    done
    [ -z "$failed" ] && return 0
    printf '\nFailed checks:%s\n`make fix` repairs style and format where it can.\n' "$failed" >&2
    return 1
}

tests() {
    if CHROMIUM=$(sh deploy/setup.sh find-browser); then
        export CHROMIUM
        $bin/python -m pytest -n 3 --dist worksteal "$@"
        outcome=$?
    else
        $bin/python -m pytest -n 3 --dist worksteal -m "not browser" "$@"
        outcome=$?
        printf '\n!!! BROWSER TESTS WERE LEFT OUT: there is no Chromium on this machine.\n'
        printf '!!! As root, run: apt-get update && apt-get install -y chromium fonts-noto-cjk\n'
    fi
    case $outcome in
    0) printf '\nChecks and tests passed.\n' ;;
    5) printf '\nNo test was run: that counts as a failure.\n' >&2 ;;
    *) printf '\nTests failed (see above). One alone: .venv/bin/python -m pytest -k "words of its name"\n' >&2 ;;
    esac
    return $outcome
}

case "${1:-}" in
checks) checks ;;
tests) shift && tests "$@" ;;
*) echo "usage: deploy/check.sh checks | tests [ARG…]" >&2 && exit 2 ;;
esac
