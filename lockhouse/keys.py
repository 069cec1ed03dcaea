"""The file with the master key: made once, readable by its owner only, and read at every start.

One line a key: its id, a space, 32 random bytes in base64url. The last line is the current key; older lines
still open what was sealed under them, so a key is rotated by adding a line. The first line is also the pepper of
the keyed hashes and stays for ever.
"""

import base64
import binascii
import os
import secrets
from pathlib import Path

from engine.storage import Keyring

__all__ = ["KeysUnusable", "create_keys", "read_keys"]

_LENGTH = 32
_OTHERS = 0o077
_HEADER = """\
# Lockhouse master keys: whoever has this file and the database can read everything. Back it up, apart from it.
# To rotate, add a line; keep the first line for ever, since people and clients are found by it.
"""


class KeysUnusable(Exception):
    """The key file is missing, readable by others, or damaged. The message never shows a key."""

    code = "keys_unusable"


def create_keys(file: Path) -> None:
    """Write a new master key. Raise `KeysUnusable` if *file* exists: overwriting it would lose every sealed row."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise KeysUnusable(f"{file}: exists already; it will not be overwritten") from error
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(_HEADER)
        stream.write(f"k1 {base64.urlsafe_b64encode(secrets.token_bytes(_LENGTH)).decode()}\n")


def read_keys(file: Path) -> Keyring:
    """Read *file*. Raise `KeysUnusable` with what to do."""
    try:
        mode = file.stat().st_mode
        text = file.read_text(encoding="ascii")
    except FileNotFoundError as error:
        raise KeysUnusable(
            f"{file}: there is no such key file; name it in keys.file, or run `lockhouse init`"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise KeysUnusable(f"{file}: cannot be read as a key file") from error
    if mode & _OTHERS:
        raise KeysUnusable(f"{file}: others may read it (mode {mode & 0o777:o}); run `chmod 600 {file}`")
    keys: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            key_id, key = _parse(line, f"{file}:{number}")
            if key_id in keys:
                raise KeysUnusable(f"{file}:{number}: two keys are called {key_id}")
            keys[key_id] = key
    if not keys:
        raise KeysUnusable(f"{file}: holds no key; restore it from your backup")
    return Keyring(keys, current=list(keys)[-1])


def _parse(line: str, place: str) -> tuple[str, bytes]:
    key_id, _, encoded = line.strip().partition(" ")
    try:
        key = base64.urlsafe_b64decode(encoded.encode("ascii"))
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _LENGTH:
        raise KeysUnusable(
            f"{place}: expected a key's id and {_LENGTH} bytes in base64url; restore it from your backup"
        )
    return key_id, key
