"""Sealing: what is secret is encrypted for the one place it is stored in, and opens nowhere else."""

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.storage.errors import SealBroken

_VERSION = b"\x01"
_NONCE = 12
_KEY_BYTES = 32  # SHA-256's own length: HKDF needs one block of it


@dataclass(frozen=True, slots=True)
class Place:
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
    _extracted: dict[str, bytes] = field(default_factory=dict, init=False, repr=False, compare=False)
    _labelled: dict[str, bytes] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.current not in self.keys:
            raise SealBroken(f"expected the current key among the keys, found no key '{self.current}': add it")
        for name, key in [*self.keys.items(), *([("pepper", self.pepper)] if self.pepper is not None else [])]:
            if len(key) < _KEY_BYTES or not 0 < len(name.encode()) < 256:
                raise SealBroken(
                    f"expected at least 32 random bytes and a short id, found {len(key)} bytes for '{name}'"
                )
        self._extracted.update((name, _extract(key)) for name, key in self.keys.items())

    def seal(self, place: Place, plain: bytes) -> bytes:
        """Return *plain* encrypted for *place* under the current key, with a fresh nonce."""
        nonce = os.urandom(_NONCE)
        name = self.current.encode()
        sealed = AESGCM(self._data_key(self.current, place)).encrypt(nonce, plain, _bound(self.current, place))
        return _VERSION + bytes([len(name)]) + name + nonce + sealed

    def open(self, place: Place, blob: bytes) -> bytes:
        """Return what was sealed for *place*; raise SealBroken for anything else."""
        where = f"{place.table}.{place.column}"
        name, nonce, sealed = _split(blob, where)
        if name not in self.keys:
            raise SealBroken(f"{where} is sealed under the key '{name}', which is not in the keyring: add it")
        try:
            return AESGCM(self._data_key(name, place)).decrypt(nonce, sealed, _bound(name, place))
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
            key = self._labelled[label] = _expand(_extract(pepper), b"mac", label)
        return hmac.digest(key, _joined(*parts), "sha256")

    def _data_key(self, name: str, place: Place) -> bytes:
        return _expand(self._extracted[name], b"seal", place.table, place.row)


def _extract(master: bytes) -> bytes:
    # HKDF without a salt takes zeros for one.
    return hmac.digest(bytes(_KEY_BYTES), master, "sha256")


def _expand(extracted: bytes, *info: bytes | str) -> bytes:
    # HKDF's second half (RFC 5869 section 2.3) for one block. Every row has a key of its own, so this is a hot place.
    return hmac.digest(extracted, _joined(b"lockhouse", *info) + b"\x01", "sha256")


def _bound(name: str, place: Place) -> bytes:
    return _joined(name, place.table, place.column, place.row, str(place.revision), place.extra)


def _joined(*parts: bytes | str) -> bytes:
    """Return *parts* in one, each behind its length, so that no two lists give the same bytes."""
    joined: list[bytes] = []
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        joined += (len(raw).to_bytes(8, "big"), raw)
    return b"".join(joined)


def _split(blob: bytes, where: str) -> tuple[str, bytes, bytes]:
    end = 2 + (blob[1] if len(blob) > 1 else 0)
    if blob[:1] != _VERSION or len(blob) < end + _NONCE + 16:
        raise SealBroken(f"expected a sealed value in {where}, found something else")
    try:
        name = blob[2:end].decode()
    except UnicodeDecodeError:
        raise SealBroken(f"expected a sealed value in {where}, found something else") from None
    return name, blob[end : end + _NONCE], blob[end + _NONCE :]
