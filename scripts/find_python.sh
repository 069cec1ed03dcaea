#!/bin/sh
# Print the first Python on this machine that is new enough and complete, by running each candidate:
# a shim can exist for a version that is not installed, and Debian ships Python without venv.
set -u

for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3 python python3.14}; do
    if "$candidate" -c 'import ensurepip, ssl, sqlite3, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        echo "$candidate"
        exit 0
    fi
done

{
    echo "lockhouse: no usable Python was found."
    echo "  expected: Python 3.11 or newer with its venv, ssl and sqlite3 modules"
    echo "  tried:    ${PYTHON:-python3.13 python3.12 python3.11 python3 python python3.14}"
    echo "  to do:    install one (Debian: apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python"
} >&2
exit 1
