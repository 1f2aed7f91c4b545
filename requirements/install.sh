#!/bin/sh
# Makes .venv and installs requirements/<set>.txt into it, each file checked against its hash.
# Does nothing when that very lock file is installed already.
set -eu

cd "$(dirname "$0")/.."
wanted=$1
lock=requirements/$wanted.txt
venv=.venv

fail() {
    echo "handoff: $1" >&2
    exit 1
}

find_python() {
    for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3; do
        # A name on PATH may be a shim for a version that is not there, so it has to run.
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

if ! "$venv/bin/python" -c '' 2>/dev/null; then
    python=$(find_python) || fail "Python 3.11, 3.12 or 3.13 is needed and none was found on PATH (set PYTHON to its path)"
    echo "handoff: making $venv with $("$python" --version)"
    rm -rf "$venv"
    "$python" -m venv "$venv" >/dev/null 2>&1 ||
        fail "$python cannot make a virtual environment; install its venv package (Debian: python3-venv)"
fi

sum=$("$venv/bin/python" -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$lock")
# Whoever has the tools for development has what runs, if the locks were made together.
run_sum=$("$venv/bin/python" -c 'import hashlib; print(hashlib.sha256(open("requirements/run.txt", "rb").read()).hexdigest())')
[ "$(cat "$venv/installed-$wanted" 2>/dev/null)" = "$sum" ] && exit 0

echo "handoff: installing $lock"
"$venv/bin/python" -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r "$lock" ||
    fail "the libraries could not be installed; see the lines above"
echo "$sum" >"$venv/installed-$wanted"
[ "$wanted" = dev ] && echo "$run_sum" >"$venv/installed-run"
exit 0
