"""The file with the master key."""

from pathlib import Path

import pytest

from engine.storage import Place
from lockhouse.keys import KeysUnusable, create_keys, read_keys

PLACE = Place("t", "c", "r")


def test_a_new_file_is_for_its_owner_only_and_reads_back(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    create_keys(file)

    assert file.stat().st_mode & 0o777 == 0o600
    assert read_keys(file).open(PLACE, read_keys(file).seal(PLACE, b"x")) == b"x"


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    create_keys(file)
    before = file.read_bytes()

    with pytest.raises(KeysUnusable, match="will not be overwritten"):
        create_keys(file)
    assert file.read_bytes() == before


def test_after_a_rotation_old_values_open_and_new_ones_are_under_the_new_key(tmp_path: Path) -> None:
    old, other = tmp_path / "keys", tmp_path / "other"
    create_keys(old)
    create_keys(other)
    sealed, mac = read_keys(old).seal(PLACE, b"x"), read_keys(old).mac("label", "x")
    new_line = other.read_text().splitlines()[-1].replace("k1", "k2")
    old.write_text(old.read_text() + new_line + "\n")

    rotated = read_keys(old)

    assert (rotated.current, rotated.open(PLACE, sealed), rotated.mac("label", "x")) == ("k2", b"x", mac)


KEY = "A" * 43 + "="


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no key"),
        ("# nothing\n", "holds no key"),
        ("k1\n", ":1: expected a key's id and 32 bytes"),
        ("k1 canary\n", ":1: expected a key's id and 32 bytes"),
        (f"k1 {KEY}\nk1 {KEY}\n", ":2: two keys are called k1"),
    ],
)
def test_a_damaged_file_is_refused_with_its_line_and_without_its_text(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "keys"
    file.write_text(text)
    file.chmod(0o600)

    with pytest.raises(KeysUnusable) as caught:
        read_keys(file)
    assert message in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    create_keys(file)
    file.chmod(0o640)

    with pytest.raises(KeysUnusable, match="chmod 600"):
        read_keys(file)


def test_a_missing_file_says_where_it_is_set(tmp_path: Path) -> None:
    with pytest.raises(KeysUnusable, match=r"keys\.file"):
        read_keys(tmp_path / "none")
