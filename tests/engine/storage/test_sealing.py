"""A sealed value opens at its own place, under a key of the ring, and nowhere else."""

import hmac
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from engine.storage import Keyring, Place, SealBroken

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
RING = Keyring({"old": OLD, "new": NEW}, "old")
PLACE = Place("engine_executions", "state", "e1", 3, "digest")


@given(plain=st.binary(max_size=500), row=st.text(max_size=20), extra=st.text(max_size=20))
def test_what_was_sealed_opens_at_its_place(plain: bytes, row: str, extra: str) -> None:
    place = Place("t", "c", row, 1, extra)

    assert RING.open(place, RING.seal(place, plain)) == plain


@pytest.mark.parametrize(
    "elsewhere",
    [
        PLACE._replace(table="engine_outbox"),
        PLACE._replace(column="other"),
        PLACE._replace(row="e2"),
        PLACE._replace(revision=4),
        PLACE._replace(extra="another digest"),
        Place("engine_executions", "statee", "1", 3, "digest"),
    ],
    ids=str,
)
def test_it_opens_at_no_other_place(elsewhere: Place) -> None:
    blob = RING.seal(PLACE, b"secret")

    with pytest.raises(SealBroken):
        RING.open(elsewhere, blob)


@given(data=st.data())
def test_a_changed_byte_or_a_lost_end_is_noticed(data: st.DataObject) -> None:
    blob = bytearray(RING.seal(PLACE, b"secret"))
    position = data.draw(st.integers(0, len(blob) - 1))
    blob[position] ^= data.draw(st.integers(1, 255))

    with pytest.raises(SealBroken):
        RING.open(PLACE, bytes(blob))
    with pytest.raises(SealBroken):
        RING.open(PLACE, RING.seal(PLACE, b"secret")[:position])


@given(noise=st.binary(max_size=80))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(SealBroken):
        RING.open(PLACE, noise)


def test_a_value_is_never_sealed_to_the_same_bytes_twice_and_does_not_show_itself() -> None:
    blobs = {RING.seal(PLACE, b"secret") for _ in range(100)}

    assert len(blobs) == 100
    assert not any(b"secret" in blob for blob in blobs)


def test_after_a_rotation_old_values_open_and_new_ones_are_under_the_new_key() -> None:
    before = RING.seal(PLACE, b"secret")
    rotated = replace(RING, current="new")
    after = rotated.seal(PLACE, b"secret")

    assert rotated.open(PLACE, before) == rotated.open(PLACE, after) == b"secret"
    assert (rotated.key_of(before), rotated.key_of(after)) == ("old", "new")


def test_a_key_that_is_gone_is_named() -> None:
    blob = RING.seal(PLACE, b"secret")

    with pytest.raises(SealBroken, match="'old'"):
        Keyring({"new": NEW}, "new").open(PLACE, blob)


def test_another_key_of_the_same_name_opens_nothing() -> None:
    with pytest.raises(SealBroken):
        Keyring({"old": NEW}, "old").open(PLACE, RING.seal(PLACE, b"secret"))


def test_a_keyed_hash_keeps_its_parts_apart_and_serves_one_label() -> None:
    macs = [
        RING.mac("hint", "ab", "c"),
        RING.mac("hint", "a", "bc"),
        RING.mac("hint", "abc"),
        RING.mac("hint", "abc", ""),
        RING.mac("link", "abc"),
    ]

    assert len(set(macs)) == 5
    assert all(len(mac) == 32 for mac in macs)
    assert RING.mac("hint", "ab", b"c") == macs[0]


def test_a_keyed_hash_outlives_a_rotation_and_with_a_pepper_every_key() -> None:
    assert replace(RING, current="new").mac("hint", "x") == RING.mac("hint", "x")
    peppered = Keyring({"old": OLD}, "old", pepper=bytes(32))
    assert Keyring({"new": NEW}, "new", pepper=bytes(32)).mac("hint", "x") == peppered.mac("hint", "x")
    assert peppered.mac("hint", "x") != RING.mac("hint", "x")


def test_a_keyring_shows_no_key() -> None:
    ring = Keyring({"k": b"canary" * 6}, "k", pepper=b"canary" * 6)

    assert "canary" not in repr(ring)


@pytest.mark.parametrize(
    ("keys", "current", "pepper"), [({"k": OLD}, "other", None), ({"k": b"short"}, "k", None), ({"k": OLD}, "k", b"")]
)
def test_a_keyring_without_its_current_key_or_with_a_weak_one_is_refused(
    keys: dict[str, bytes], current: str, pepper: bytes | None
) -> None:
    with pytest.raises(SealBroken, match="expected"):
        Keyring(keys, current, pepper)


def joined(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def derived(master: bytes, *info: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=joined(b"lockhouse", *info)).derive(master)


def test_a_row_is_sealed_under_a_key_derived_as_rfc_5869_says_and_bound_to_its_place() -> None:
    blob = replace(RING, current="new").seal(PLACE, b"hello")
    key = derived(NEW, b"seal", b"engine_executions", b"e1")
    bound = joined(b"new", b"engine_executions", b"state", b"e1", b"3", b"digest")
    assert blob[:5] == b"\x01\x03new"
    assert AESGCM(key).decrypt(blob[5:17], blob[17:], bound) == b"hello"


def test_labels_have_keys_derived_as_rfc_5869_says() -> None:
    expected = hmac.digest(derived(OLD, b"mac", b"hint"), (1).to_bytes(8, "big") + b"x", "sha256")
    assert RING.mac("hint", "x") == RING.mac("hint", "x") == expected


def test_more_rows_than_a_keyring_remembers_open_all_the_same() -> None:
    sealed = {place: RING.seal(place, place.row.encode()) for place in (Place("t", "c", f"{n}") for n in range(2_500))}
    assert all(RING.open(place, blob) == place.row.encode() for place, blob in sealed.items())
    assert len(RING._boxes) <= 1024
