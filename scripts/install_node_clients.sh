#!/bin/sh
# Install what tests/foreign/*/package-lock.json say, when it is not there yet.
set -eu

cd "$(dirname -- "$0")/../tests/foreign"

fail() {
    printf '✗ %s\n  to do: %s\n' "$1" "$2" >&2
    exit 1
}

remedy="install Node 20 or newer with npm (Debian: apt-get install nodejs npm), then run make test-foreign again"
command -v node >/dev/null 2>&1 || fail "make test-foreign needs node on the PATH and found none" "$remedy"
command -v npm >/dev/null 2>&1 || fail "make test-foreign needs npm on the PATH and found none" "$remedy"
version=$(node --version 2>&1) || fail "node does not run: $version" "$remedy"
major=${version#v}
[ "${major%%.*}" -ge 20 ] || fail "make test-foreign needs Node 20 or newer, found $version" "$remedy"

for lock in */package-lock.json; do
    folder=${lock%/*}
    # The copy is made last: an interrupted installation is done again.
    cmp -s "$lock" "$folder/node_modules/.installed" && continue
    echo "· installing $folder from its package-lock.json"
    said=$(cd "$folder" && npm ci --ignore-scripts 2>&1) \
        || fail "npm could not install: $said" "is a package registry reachable? then run it again"
    cp "$lock" "$folder/node_modules/.installed"
done
