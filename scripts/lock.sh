#!/bin/sh
# Resolve pyproject.toml into requirements.lock: one file for every supported Python and platform, each package with
# its hashes, no address and no machine path in it. uv resolves; people install with pip.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"

if command -v uv >/dev/null 2>&1; then
    uv=uv
else
    echo "· installing uv beside the environment, to resolve with"
    .venv/bin/python -m venv .venv/lock
    .venv/lock/bin/pip install --quiet --disable-pip-version-check uv
    uv=.venv/lock/bin/uv
fi

"$uv" pip compile pyproject.toml --extra demo --extra metrics --extra tracing --group dev --universal --python-version 3.11 \
    --generate-hashes --no-header --no-annotate --quiet --output-file requirements.lock "$@"
echo "✓ requirements.lock holds $(grep -c '^[a-z0-9]' requirements.lock) packages"
