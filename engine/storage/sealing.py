"""Sealing: what is secret is encrypted for the one place it is stored in, and opens nowhere else."""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.storage.errors import SealBroken
from engine.storage.key_derivation import digest, expand, expand_joined, extract, joined, keyed

_VERSION = b"\x01"
_NONCE = 12
_KEY_BYTES = 32  # SHA-256's own length: HKDF needs one block of it
_MOST_BOXES = 1024


class Place(NamedTuple):
    """Where a sealed value is stored. A blob opens only at the place it was sealed for.

    ``revision`` ties it to one version of its row, ``extra`` to whatever else must not change (an execution's digest).
    """

    table: str
    column: str
    row: str
    revision: int = 0
    extra: str = ""


@dataclass(frozen=True, slots=True)
class Keyring:
    """The master keys, by id: one seals, all open. To rotate, add a key as the last and make it the current one.

    ``mac`` makes keyed hashes under the pepper, which must outlive rotations, because rows are found by them. Without
    a ``pepper`` it is derived from the first of *keys*: keep that one first.

    >>> keys = Keyring({"k1": bytes(32)}, "k1")
    >>> place = Place("notes", "text", "n1")
    >>> keys.open(place, keys.seal(place, b"hello"))
    b'hello'
    """

    keys: Mapping[str, bytes] = field(repr=False)
    current: str
    pepper: bytes | None = field(default=None, repr=False)
    # HKDF's first half (RFC 5869 section 2.2) is the same for all that one key seals, and so is a label's whole key.
    # They are kept as HMACs that have taken in the key and are copied: making one anew costs as much again, and lets
    # go of the interpreter's lock, for which the writer's thread then waits.
    _extracted: dict[str, hmac.HMAC] = field(default_factory=dict, init=False, repr=False, compare=False)
    _labelled: dict[str, hmac.HMAC] = field(default_factory=dict, init=False, repr=False, compare=False)
    # What opens and seals the rows used last: a unit opens one and seals it again, and the next step comes soon.
    _boxes: dict[tuple[str, str, str, str], _Box] = field(default_factory=dict, init=False, repr=False, compare=False)
    _columns: dict[tuple[str, str, str], _Column] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.current not in self.keys:
            raise SealBroken(f"expected the current key among the keys, found no key '{self.current}': add it")
        for name, key in [*self.keys.items(), *([("pepper", self.pepper)] if self.pepper is not None else [])]:
            if len(key) < _KEY_BYTES or not 0 < len(name.encode()) < 256:
                raise SealBroken(
                    f"expected at least 32 random bytes and a short id, found {len(key)} bytes for '{name}'"
                )
        self._extracted.update((name, extract(key)) for name, key in self.keys.items())

    def seal(self, place: Place, plain: bytes) -> bytes:
        """Return *plain* encrypted for *place* under the current key, with a fresh nonce."""
        nonce, box = os.urandom(_NONCE), self._box(self.current, place)
        return box.head + nonce + box.cipher.encrypt(nonce, plain, box.bound(place))

    def open(self, place: Place, blob: bytes) -> bytes:
        """Return what was sealed for *place*; raise SealBroken for anything else."""
        where = f"{place.table}.{place.column}"
        name, nonce, sealed = _split(blob, where)
        if name not in self.keys:
            raise SealBroken(f"{where} is sealed under the key '{name}', which is not in the keyring: add it")
        try:
            box = self._box(name, place)
            return box.cipher.decrypt(nonce, sealed, box.bound(place))
        except InvalidTag:
            raise SealBroken(f"a value in {where} was altered, or belongs to another row or revision") from None

    def key_of(self, blob: bytes) -> str:
        """Return the id of the key that *blob* is sealed under, so that old rows can be found and sealed anew."""
        return _split(blob, "the value")[0]

    def mac(self, label: str, *parts: bytes | str) -> bytes:
        """Return a keyed hash of *parts* (32 bytes) under a key that serves only *label*.

        Parts are kept apart: ``("ab", "c")`` and ``("a", "bc")`` differ, and so do a text and its bytes' neighbours.
        """
        key = self._labelled.get(label)
        if key is None:  # labels are written in code: there are few
            pepper = self.pepper if self.pepper is not None else next(iter(self.keys.values()))
            key = self._labelled[label] = keyed(expand(extract(pepper), b"mac", label))
        return digest(key, joined(*parts))

    def _box(self, name: str, place: Place) -> _Box:
        found = self._boxes.get(at := (name, place.table, place.column, place.row))
        if found is None:
            if len(self._boxes) >= _MOST_BOXES:
                self._boxes.clear()
            found = self._boxes[at] = self._column(name, place.table, place.column).box(place.row)
        return found

    def _column(self, name: str, table: str, column: str) -> _Column:
        found = self._columns.get(at := (name, table, column))
        if found is None:  # names of keys, tables and columns: there are few
            found = self._columns[at] = _Column(self._extracted[name], name, table, column)
        return found


class _Column:
    """What the boxes of one column have in common."""

    __slots__ = ("_extracted", "_head", "_info", "_where")

    def __init__(self, extracted: hmac.HMAC, name: str, table: str, column: str) -> None:
        raw = name.encode()
        self._extracted = extracted
        self._head = _VERSION + bytes([len(raw)]) + raw
        self._info = joined(b"lockhouse", b"seal", table)
        self._where = joined(name, table, column)

    def box(self, row: str) -> _Box:
        """Return the box of *row*: every row has a key of its own."""
        at = joined(row)
        return _Box(AESGCM(expand_joined(self._extracted, self._info + at)), self._head, self._where + at)


class _Box(NamedTuple):
    """What seals one column of one row under one key: all that its revisions have in common."""

    cipher: AESGCM
    head: bytes
    where: bytes

    def bound(self, place: Place) -> bytes:
        """Return what the seal is bound to besides its key."""
        return self.where + joined(str(place.revision), place.extra)


def _split(blob: bytes, where: str) -> tuple[str, bytes, bytes]:
    end = 2 + (blob[1] if len(blob) > 1 else 0)
    if blob[:1] != _VERSION or len(blob) < end + _NONCE + 16:
        raise SealBroken(f"expected a sealed value in {where}, found something else")
    try:
        name = blob[2:end].decode()
    except UnicodeDecodeError:
        raise SealBroken(f"expected a sealed value in {where}, found something else") from None
    return name, blob[end : end + _NONCE], blob[end + _NONCE :]
