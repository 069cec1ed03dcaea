#!/bin/sh
# Every check that needs no running, each named, each run even when one before it failed.
set -u

cd "$(dirname -- "$0")/.." || exit 1
bin=.venv/bin
failed=0

check() {
    name=$1
    shift
    if output=$("$@" 2>&1); then
        printf '✓ %s\n' "$name"
    else
        printf '✗ %s\n%s\n\n' "$name" "$output"
        failed=1
    fi
}

check "format   (ruff format; make fix repairs)" "$bin/ruff" format --check
check "lint     (ruff check)" "$bin/ruff" check
check "types    (mypy --strict)" "$bin/mypy"
check "layers   (import-linter)" "$bin/lint-imports" --no-logo
check "docs     (generated files are current; make docs repairs)" "$bin/python" scripts/generate_reference.py --check
check "site     (builds, every link leads somewhere)" "$bin/python" scripts/build_site.py

exit $failed
